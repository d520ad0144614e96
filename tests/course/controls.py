"""What is asked of the controls of every lesson's explorers."""

from __future__ import annotations

from dslab.show import Explorer


def shown(explorer: Explorer) -> str:
    """Give all that a reader is told: the sentence and the numbers of every picture."""
    return str((explorer.sentence, [picture.rows() for picture in explorer.pictures]))


def problems(explorer: Explorer) -> list[str]:
    """Move every control to both ends and back; name each position that is answered with a problem."""
    start, found = dict(explorer.values), []
    for name, control in explorer.controls.items():
        for value in (control.values[0], control.values[-1], start[name]):
            explorer.set(**{name: value})
            found += [f"{name}={value!r}: {explorer.problem}"] if explorer.problem else []
    return found


def dead(explorer: Explorer) -> list[str]:
    """Move every control to both ends, one at a time from where it stands; name those that change nothing shown."""
    found = []
    for name, control in explorer.controls.items():
        start, seen = explorer.values[name], {shown(explorer)}
        for value in (control.values[0], control.values[-1]):
            explorer.set(**{name: value})
            seen.add(shown(explorer))
        explorer.set(**{name: start})
        found += [name] if len(seen) == 1 else []
    return found
