"""The classroom: what a lesson asks of its reader, and what it says of itself. It knows no lesson.

| name                                                    | what it is                                                          |
|---------------------------------------------------------|---------------------------------------------------------------------|
| `Classroom`                                             | the predictions and exercises of one lesson; `scorecard()`            |
| `Prediction`                                            | asked before an act, recorded, compared with what happened            |
| `Exercise`, `Solution`, `WrongAnswer`, `Feedback`       | a question that is checked by running its answer                      |
| `OneOf`, `YesNo`, `Number`, `Settings`, `Span`          | the forms of an answer                                              |
| `decided_by`, `must_hold`, `must_break`, `same_as`, `tells_apart` | judges for exercises                                      |
| `check_exercise`, `exercise_problems`                   | the test of an exercise with its solution and wrong answers           |
| `Zoo`, `Mutant`, `ZooReport`                            | right variants and single-bug mutants, and who tells them apart       |
| `Claim`, `Ledger`, `Measurement`, `holds_only_if` ...   | what an article claims, and what was measured here                    |
| `LessonMeta`, `Source`, `header`, `key_points`, `timetable` | what a lesson says of itself                                      |
| `lessons`, `check_metadata`, `check_structure`          | all lessons; is a notebook built as a lesson is?                      |
| `source`                                                | some lines of the code that runs                                     |
| `Glossary`, `Table`                                     | terms defined once; a captioned table                                |

Widgets (ipywidgets) are imported only where a notebook's kernel shows one. Everything works in plain Python too.
"""

import importlib
from typing import Any

from dslab.teach.claims import (
    EVIDENCE,
    NOT_REPRODUCIBLE,
    REPRODUCED,
    WRONG,
    Claim,
    ClaimRow,
    Ledger,
    LedgerTable,
    Measurement,
    holds_only_if,
)
from dslab.teach.classroom import Classroom, Scorecard
from dslab.teach.exercises import Exercise, Solution, WrongAnswer
from dslab.teach.feedback import Feedback
from dslab.teach.forms import Number, OneOf, Settings, Span, YesNo
from dslab.teach.glossary import Glossary
from dslab.teach.judges import decided_by, must_break, must_hold, same_as, tells_apart
from dslab.teach.lessons import (
    LessonMeta,
    Lessons,
    Source,
    check_metadata,
    header,
    key_points,
    lessons,
    timetable,
)
from dslab.teach.listing import Listing, source
from dslab.teach.page import Table
from dslab.teach.predictions import Comparison, Prediction
from dslab.teach.zoo import Mutant, Zoo, ZooReport

__all__ = [
    "Claim", "ClaimRow", "Classroom", "Comparison", "EVIDENCE", "Exercise", "Feedback", "Glossary", "Ledger", "LedgerTable",
    "LessonMeta", "Lessons", "Listing", "Measurement", "Mutant", "NOT_REPRODUCIBLE", "Number", "OneOf", "Prediction",
    "REPRODUCED", "Scorecard", "Settings", "Solution", "Source", "Span", "Table", "WRONG", "WrongAnswer", "YesNo", "Zoo",
    "ZooReport", "check_exercise", "check_metadata", "check_structure", "decided_by", "exercise_problems", "header",
    "holds_only_if", "key_points", "lessons", "must_break", "must_hold", "same_as", "source", "tells_apart", "timetable",
]  # fmt: skip

_LATER = {
    "check_exercise": "tester",
    "exercise_problems": "tester",
    "check_structure": "structure",
}  # for tests only


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'dslab.teach' has no attribute {name!r}")
    return getattr(importlib.import_module(f"dslab.teach.{_LATER[name]}"), name)
