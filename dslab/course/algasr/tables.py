"""The tables of lesson 7: cages that need no controls, and what happened outside the town."""

from __future__ import annotations

from typing import Any

from dslab import show
from dslab.algasr import numbers, readings, town
from dslab.algasr.switches import MINISTRIES
from dslab.course.algasr.zoo import ZOO

_ZOO_COLUMNS = {0: "variant", 2: "what it does", 3: "outcome", 4: "caught by", 5: "steps"}


def visits_table(trouble: float = 0.1) -> Any:
    """Every ministry as in the story and cured: what it reports and what is measured."""
    rows = []
    for each in MINISTRIES:
        sick, well = town.visit(each.name, False, trouble), town.visit(each.name, True, trouble)
        rows.append({"ministry": each.name, "as in the story": each.sin, "reported %": f"{sick[0]:.0f}", "measured %": f"{sick[1]:.0f}",
                     "cured by": each.cure, "reported %, cured": f"{well[0]:.0f}", "measured %, cured": f"{well[1]:.0f}"})  # fmt: skip
    return show.table(rows, title=f"Nine ministries when {100 * trouble:.0f} % really goes wrong")


def readings_table() -> Any:
    """Truth and Decrees in numbers: closed form, simulated, cured."""
    rows = [
        {"ministry": "Truth", "what is counted": "two readers disagree on a fact; all three editions differ", "closed form": f"{readings.readers_disagree(1, 1):.3f}",
         "simulated": f"{readings.ask_readers(1.0, 1.0):.3f}", "simulated, cured": f"{readings.ask_readers(1.0, 1.0, True):.3f}"},
        {"ministry": "Truth", "what is counted": "the same; a tenth of the facts was changed, a tenth explained otherwise", "closed form": f"{readings.readers_disagree(0.1, 0.1):.3f}",
         "simulated": f"{readings.ask_readers(0.1, 0.1):.3f}", "simulated, cured": f"{readings.ask_readers(0.1, 0.1, True):.3f}"},
        {"ministry": "Decrees", "what is counted": "two interpreters disagree on an account; 5 records, 30 % of a redefined kind", "closed form": f"{1 - readings.same_state(0.3, 5):.3f}",
         "simulated": f"{1 - readings.replay_twice():.3f}", "simulated, cured": f"{1 - readings.replay_twice(versioned=True):.3f}"},
    ]  # fmt: skip
    return show.table(rows, title="Who reads the same record and learns something else: shares, 0 to 1")


def merges_table() -> Any:
    """Replicas that merge by arrival: how often they agree, in closed form and simulated; and with a join."""
    rows = []
    for writes, replicas in ((2, 3), (3, 3), (5, 3), (3, 5)):
        rows.append({"concurrent writes": writes, "replicas": replicas, "agree, closed form": f"{readings.all_agree(writes, replicas):.3f}",
                     "agree, simulated": f"{readings.deliver(writes, replicas):.3f}",
                     "agree, cured (simulated)": f"{readings.deliver(writes, replicas, 'versions', 500):.3f}"})  # fmt: skip
    return show.table(rows, title="Latest arrival wins: do all replicas end alike?")


def stages_table() -> Any:
    """Affirmation and tests: what the board shows and what escapes, in closed form and simulated."""
    rows = []
    for name, detections in (
        ("nothing", ()),
        ("three affirmations", (0.0, 0.0, 0.0)),
        ("one test that finds half", (0.5,)),
        ("three tests: 0.5, 0.6, 0.5", (0.5, 0.6, 0.5)),
    ):
        rows.append({"between a change and the town": name, "bugs that escape, closed form": f"{numbers.escape(detections):.3f}",
                     "simulated": f"{numbers.release(detections):.3f}", "the board": "100 % green" if not any(detections) else "red where one finds it"})  # fmt: skip
    return show.table(rows, title="Of all bugs, the share that reaches the town")


def hops_table() -> Any:
    """Responsibility: mean hops and time-outs, passed on or owned."""
    rows = []
    for acts in (0.05, 0.2, 0.5, 0.9):
        hops, late = numbers.pass_on(acts)
        owned_hops, owned_late = numbers.pass_on(acts, owner=True)
        rows.append({"acts with chance": acts, "hops, closed form": f"{numbers.mean_hops(acts, 8):.2f}", "hops, simulated": f"{hops:.2f}",
                     "timed out": f"{100 * late:.1f} %", "owned: hops, closed form": f"{1 - acts:.2f}", "owned: hops, simulated": f"{owned_hops:.2f}", "owned: timed out": f"{100 * owned_late:.1f} %"})  # fmt: skip
    return show.table(rows, title="A failure is handed on, at most eight times")


def zoo_table() -> Any:
    """The zoo in a line each: what a variant does, how its search ended, by what, and in how many steps."""
    report = ZOO.run()
    rows = [{name: row.cells[place] for place, name in _ZOO_COLUMNS.items()} for row in report.rows]
    return show.table(rows, title=f"Bug zoo: {report.describe_score()}")


def anchors_table() -> Any:
    """What happened outside the town: incidents and studies, with their figures and where they stand."""
    rows = [
        {"what": "GitHub, 21 October 2018", "figure": f"a partition of 43 s, {24 + 11 / 60:.1f} h of degraded service: {(24 * 3600 + 11 * 60) / 43:,.0f} times as long",
         "cage": "Palace, Reconciliation: each coast held writes that the other lacked", "source": "postmortems.app; BYU incident database"},
        {"what": "Elasticsearch, Jepsen 2014", "figure": f"645 of 1,961 acknowledged writes lost, {100 * 645 / 1961:.1f} %, while health could show green",
         "cage": "Palace, Supervision", "source": "aphyr.com/posts/317, read as quoted in study notes on GitHub"},
        {"what": "NEAT, 136 partition failures in 25 systems", "figure": "32 new ones found in 7 systems; isolating one node can be enough", "cage": "Palace: isolated Emir", "source": "usenix.org, abstract (OSDI 2018)"},
        {"what": "Yuan and others, OSDI 2014, 198 failures", "figure": "48 catastrophic; 92 % of those by mishandling a signalled, non-fatal error", "cage": "Responsibility, Victories", "source": "the paper, read as quoted in study notes on GitHub"},
        {"what": "the same", "figure": "35 % trivial handlers (25 ignored, 8 abort too broadly, 2 TODO); 58 % found by simple tests", "cage": "Affirmation", "source": "the paper, read as quoted in study notes on GitHub"},
        {"what": "the same", "figure": "98 % need 3 nodes or fewer to show, 84 % need 2", "cage": "the size of our scenarios", "source": "the paper, read as quoted in study notes on GitHub"},
    ]  # fmt: skip
    return show.table(rows, title="Not only in Al-Gasr")
