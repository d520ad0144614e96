"""What lesson 9 asks before its acts."""

from __future__ import annotations

from typing import Any

from dslab.teach import Classroom, Prediction

ROOM = Classroom("readmodels")

# -- predictions ----------------------------------------------------------------------------------------


def _who_loses(results: dict[str, Any]) -> str:
    """Give the answer that is right: which step, moved behind the whole rebuild, loses the event."""
    lost = [name for name, result in results.items() if result["lost"]]
    return {"begins": "b", "commits": "c"}[lost[0]] if len(lost) == 1 else "d" if lost else "a"


late_commit = ROOM.add(
    Prediction.choice(
        "late step",
        "An append that finds the status *rebuilding* leaves its event `e2` to the replay. Can it be lost, so that it is committed and in no read model?",
        {
            "a": "no: what an append leaves, the replay reads",
            "b": "yes, if the append begins late, when the rebuild is over",
            "c": "yes, if the append commits late, when the rebuild is over",
            "d": "yes, with either",
        },
        {
            "a": "The replay reads what is committed when it looks, and it does not look for ever.",
            "b": "An append that begins after the rebuild finds the status active, and applies its event itself.",
            "d": "An append that begins after the rebuild finds the status active, and applies its event itself.",
        },
        decide=_who_loses,
        because=lambda results: (
            f"Commits late: {results['commits'].text.partition(' (')[0]} Begins late: {results['begins'].text.partition(' (')[0]}"
        ),
    )
)

one_statement = ROOM.add(
    Prediction.yes_no(
        "two repairs",
        "Everything is on: skip records, two statements, and what later acts add. Is there still a schedule of one append beside one rebuild, with up to "
        "three surprises, that loses the event?",
        {
            "yes": "The referee ran every schedule with up to three surprises and found none. That is no proof, but it is a search."
        },
        decide=lambda verdict: not verdict.held,
        because=lambda verdict: verdict.describe(),
    )
)

lost_events = ROOM.add(
    Prediction.number(
        "lost per rebuild",
        "Eight writers, each with a transaction open for 8 ms on average and 2 ms of pause between two. The article's design rebuilds "
        "among them. How many events does one rebuild lose?",
        "events", 0, 100,
        {"low": "Every transaction that is open when the replay looks for the last time has skipped and is not committed.",
         "high": "Only those are lost that are open, or hidden behind one that is open, at one moment: the last look."},
        factor=1.5,
        because="One for each transaction that is open at the last look, and half as many again that are committed but younger than the oldest open one.",
    )
)  # fmt: skip

one_try = ROOM.add(
    Prediction.number(
        "one try",
        "Twenty writers; each has a transaction open for a tenth of the time. A rebuild tries for the exclusive lock without waiting. "
        "How often does one try succeed?",
        "%", 0, 100,
        {"low": "Each writer is away nine tenths of the time; all twenty are away together more often than that.",
         "high": "All twenty must be away at the same moment."},
        tolerance=3,
        because="(1 - 0.1)^20. With forty writers it is the square of it.",
    )
)  # fmt: skip

nothing_left = ROOM.add(
    Prediction.yes_no(
        "nothing left to see",
        "Everything is on but one thing: the replay ends, as Emmett's does, when the source reports nothing left. Two clients append. Can an "
        "event get lost that was applied inline, and committed, before the rebuild began?",
        {
            "no": "The replay sees only what is older than the oldest open transaction. The model was emptied, and it ended without seeing the event."
        },
        decide=lambda verdict: not verdict.held,
        because=lambda verdict: verdict.describe(),
    )
)
