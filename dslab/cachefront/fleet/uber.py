"""What Uber says, with its evidence: the only figures of the fleet which are somebody's claim and not our model.

| mark | meaning                                                                     |
|------|-----------------------------------------------------------------------------|
| V    | read in the original text                                                   |
| S    | seen in secondary texts only: named as reported                             |
| C    | computed here from marked figures                                           |

UB1: Uber, "How Uber Serves Over 40 Million Reads Per Second from Online Storage Using an Integrated Cache",
15 February 2024. UB2: Uber, "How Uber Serves over 150 Million Reads per Second from Integrated Cache with Stronger
Consistency Guarantees", 26 August 2025.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Figure:
    """One figure of the article: its value in ``unit``, what it is the figure of, where it stands, how well it is known."""

    value: float
    unit: str
    about: str
    source: str
    mark: str

    def __str__(self) -> str:
        return f"{self.about}: {self.value:,g} {self.unit} ({self.source}) [{self.mark}]"


FIGURES = MappingProxyType(
    {
        "reads_2024": Figure(40e6, "reads/s", "reads served, more than", "UB1, title", "V"),
        "rows_2025": Figure(150e6, "rows/s", "rows served at peak, more than", "UB2, introduction", "V"),
        "growth": Figure(3.75, "times", "footprint, 'almost 4x'", "UB2, introduction", "C"),
        "use_case_requests": Figure(6e6, "requests/s", "one use case, about", "UB1, results", "S"),
        "use_case_hit_rate": Figure(
            0.99, "share of requests", "hit rate of that use case", "UB1, results", "S"
        ),
        "use_case_redis_cores": Figure(
            3e3, "cores", "Redis cores of that use case, about", "UB1, results", "S"
        ),
        "use_case_cpu_cores": Figure(
            60e3, "cores", "cores it would need without, about", "UB1, results", "S"
        ),
        "compare_cache": Figure(0.9999, "share of reads", "consistency by shadow reads", "UB1", "S"),
        "default_ttl": Figure(300.0, "s", "recommended default TTL", "UB2, magnitude of staleness", "V"),
        "long_ttl": Figure(86_400.0, "s", "TTL of one table, after it was raised", "UB2", "V"),
        "long_ttl_hit_rate": Figure(
            0.999, "share of reads", "hit rate of that one table, more than", "UB2", "V"
        ),
        "reads_per_write": Figure(20.0, "reads per write", "read:write ratio, typically", "UB2", "V"),
        "reads_per_write_high": Figure(100.0, "reads per write", "read:write ratio, even", "UB2", "V"),
        "inspector_delay": Figure(60.0, "s", "delay of the Cache Inspector", "UB2", "V"),
    }
)


def figure(name: str) -> float:
    """Give the value of one of Uber's figures; KeyError names those that there are."""
    if name not in FIGURES:
        raise KeyError(f"no figure {name!r}; there are {', '.join(FIGURES)}")
    return FIGURES[name].value
