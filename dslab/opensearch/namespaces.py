"""Which namespaces an operator watches: a comma-separated list, and a test that came one line too early.

| word      | meaning                                                                                     |
|-----------|---------------------------------------------------------------------------------------------|
| flag      | what the operator is started with: "" for every namespace, or names such as "search, logs"     |
| watched   | the namespaces in which it looks for clusters; None for all                                   |

Before 3.0.0-alpha the flag was looked at before the command line was parsed. It was always empty then, so the operator watched every
namespace, whatever it had been told, and said nothing.
"""

from __future__ import annotations


def watched(flag: str, parsed_first: bool = True) -> tuple[str, ...] | None:
    """Give the namespaces that are watched, None for all; ``parsed_first`` False tests the flag before it is parsed.

    Raises ValueError where a name between two commas is empty.
    """
    if not parsed_first or not flag.strip():
        return None
    names = tuple(name.strip() for name in flag.split(","))
    if not all(names):
        raise ValueError(
            f"{flag!r} has an empty name; write names with one comma between them, such as 'search,logs'"
        )
    return names
