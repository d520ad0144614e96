"""The commands: ``python -m dslab doctor``, ``lessons`` and ``claims``.

| exit code | meaning                                                                            |
|-----------|------------------------------------------------------------------------------------|
| 0         | done                                                                               |
| 1         | done, and the answer is no: something necessary is missing, an experiment failed   |
| 2         | not done: there is no such command, option or lesson                               |
| 130       | interrupted                                                                        |
"""

from __future__ import annotations

import argparse
import os
import pkgutil
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from dslab import __version__, doctor

if TYPE_CHECKING:
    from dslab.teach.claims import ClaimRow, Ledger

LESSONS_BEGIN, LESSONS_END = "<!-- lessons -->", "<!-- end of lessons -->"


class NotThere(ValueError):
    """Something was asked for that does not exist; the sentence names what does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command with its arguments (those of the process unless given) and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="replace"
            )  # an old terminal shows ? for a tick, rather than ending here
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    try:
        return options.command(options)
    except (NotThere, FileNotFoundError) as reason:
        print(f"dslab: {reason}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as missing:
        print(f"dslab: {sys.executable} has no {missing.name}; {doctor.ELSEWHERE}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("dslab: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dslab", description="Distributed systems in notebooks.")
    parser.add_argument("--version", action="version", version=f"dslab {__version__}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    about = "Look whether everything is here that the lessons need. Exit code 1 where something necessary is missing."
    command = commands.add_parser(
        "doctor", help="is everything here that the lessons need?", description=about
    )
    command.set_defaults(command=_doctor)

    about = "List the lessons, or show one: what it needs, what you can do afterwards, and its timetable."
    command = commands.add_parser(
        "lessons", help="what lessons there are, and how long they take", description=about
    )
    command.add_argument("lesson", nargs="?", help="a lesson's name or number: show this one")
    command.add_argument(
        "--folder", type=Path, help="the folder with the notebooks (that beside the package)"
    )
    command.add_argument("--markdown", action="store_true", help="as the table that stands in the README")
    command.add_argument(
        "--into", type=Path, metavar="FILE", help="put that table between its marks in a file"
    )
    command.set_defaults(command=_lessons)

    about = (
        "Show what the articles claim. With --run every experiment is run again; exit code 1 where one fails."
    )
    command = commands.add_parser(
        "claims", help="what the articles claim, and what is measured here", description=about
    )
    command.add_argument("lesson", nargs="?", help="a lesson's name (all lessons unless given)")
    command.add_argument("--run", action="store_true", help="run the experiments and compute the verdicts")
    command.add_argument("--full", action="store_true", help="with the claims' sentences and sources")
    command.set_defaults(command=_claims)
    return parser


def _doctor(options: argparse.Namespace) -> int:
    rows = doctor.check()
    print(doctor.table(rows))
    print("\n" + doctor.conclusion(rows))
    return 0 if doctor.ready(rows) else 1


def _lessons(options: argparse.Namespace) -> int:
    from dslab.teach import header, lessons, timetable

    try:
        found = lessons(options.folder)
    except ValueError as problem:
        print(f"dslab: {problem}", file=sys.stderr)
        return 1
    if options.lesson is not None:
        try:
            meta = found.find(options.lesson)
        except ValueError as reason:
            raise NotThere(reason) from None
        print(
            "\n\n".join([f"{meta.label} {meta.title}", header(meta).describe(), timetable(meta).describe()])
        )
    elif options.into is not None:
        options.into.write_text(with_lessons(options.into.read_text("utf-8"), found.markdown()), "utf-8")
    else:
        print(found.markdown() if options.markdown else found.describe())
    return 0


def with_lessons(page: str, table: str) -> str:
    """Put a table of lessons between the two marks of a page; `NotThere` where the page does not have both, in order."""
    before, begin, rest = page.partition(LESSONS_BEGIN)
    _, end, after = rest.partition(LESSONS_END)
    if not end:
        raise NotThere(f"the page has no place for the lessons: {LESSONS_BEGIN} and after it {LESSONS_END}")
    return f"{before}{begin}\n{table}\n{end}{after}"


def _claims(options: argparse.Namespace) -> int:
    failed = 0
    for place, lesson in enumerate(_chosen(options.lesson)):
        ledger = ledger_of(lesson)
        rows = _measured(ledger) if options.run else ledger.listing()
        failed += sum(bool(row.problem) for row in rows)
        print(
            ("\n" if place else "")
            + (ledger.table(rows).describe() if options.full else _claims_table(ledger, rows))
        )
    if not options.run:
        print("The verdicts of claims with an experiment are computed: add --run.")
    if not options.full:
        print("--full adds each claim's sentence and source.")
    return 1 if failed else 0


def lessons_with_claims() -> list[str]:
    """Give the names of the lessons whose file in dslab.course has CLAIMS, in order."""
    import dslab.course

    parts = sorted(part.name for part in pkgutil.iter_modules(dslab.course.__path__))
    return [part for part in parts if hasattr(import_module(f"dslab.course.{part}"), "CLAIMS")]


def ledger_of(lesson: str) -> Ledger:
    """Give the claims of a lesson from ``dslab.course.<lesson>.CLAIMS``; `NotThere` names the lessons that have some."""
    from dslab.teach.claims import Ledger

    lesson = _chosen(lesson)[0]
    claims = import_module(f"dslab.course.{lesson}").CLAIMS
    return claims if isinstance(claims, Ledger) else Ledger(lesson, claims)


def _chosen(lesson: str | None) -> list[str]:
    known = lessons_with_claims()
    if lesson is None:
        return known
    if lesson not in known:
        raise NotThere(
            f"there is no lesson {lesson!r} with claims; there are {', '.join(known) or 'none yet'}"
        )
    return [lesson]


def _measured(ledger: Ledger) -> list[ClaimRow]:
    """Run the experiments one by one and say on the error stream which one is running."""
    rows = []
    for place, claim in enumerate(ledger.claims, 1):
        print(f"  {place} of {len(ledger.claims)}: {claim.name} ...", end="", file=sys.stderr, flush=True)
        begun = time.perf_counter()
        rows.append(claim.run())
        print(f" {time.perf_counter() - begun:.1f} s", file=sys.stderr, flush=True)
    return rows


def _claims_table(ledger: Ledger, rows: list[ClaimRow]) -> str:
    from dslab.teach.page import text_table

    lines = [
        (
            row.claim.name,
            row.claim.claimed,
            row.measured.describe() if row.measured else "–",
            row.shown_verdict,
        )
        for row in rows
    ]
    head = ("claim", "claimed", "measured here", "verdict")
    return "\n".join([f"Claims: {ledger.lesson}", *text_table(head, lines), ledger.table(rows).summary()])
