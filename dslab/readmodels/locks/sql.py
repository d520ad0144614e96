"""The few SQL statements that a lock matrix is made of, read into plain data; no server needed.

| statement                                                            | becomes                                          |
|----------------------------------------------------------------------|--------------------------------------------------|
| ``SELECT pg_try_advisory_lock(1), pg_advisory_unlock(2, 3) AS gone``   | calls, done from left to right                    |
| ``BEGIN``, ``COMMIT``, ``END``, ``ROLLBACK``, ``ABORT``               | transaction control                               |
| ``SAVEPOINT s``, ``ROLLBACK TO s``, ``RELEASE s``                     | the same, with a name                             |
| ``SET [LOCAL] lock_timeout = '50ms'``, ``RESET lock_timeout``         | a timeout in milliseconds; also statement_timeout, deadlock_timeout |
| ``SELECT 1``, ``SELECT 1/0``, ``DISCARD ALL``                         | nothing; an error, to abort a transaction; everything given back |
| ``SELECT f(1) FROM generate_series(1, 3)``, ``SELECT pg_sleep(0.5)``  | the calls so many times; time that passes           |

A key may also be ``hashtext('name')`` or ``hashtextextended('name', 0)``: another number than PostgreSQL's, but one for each name.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field

from dslab.readmodels.locks.table import Key

TIMEOUTS = {
    "lock_timeout": 0,
    "statement_timeout": 0,
    "deadlock_timeout": 1_000,
}  # defaults, in ms; 0 is never
FUNCTIONS = {
    f"pg_{attempt}advisory_{scope}lock{mode}": (
        not attempt,
        "transaction" if scope else "session",
        "shared" if mode else "exclusive",
    )
    for attempt in ("", "try_")
    for scope in ("", "xact_")
    for mode in ("", "_shared")
}
UNLOCKS = {"pg_advisory_unlock": "exclusive", "pg_advisory_unlock_shared": "shared"}
ALL = "pg_advisory_unlock_all"
_UNITS_MS = {"": 1, "ms": 1, "s": 1_000, "min": 60_000}
_CONTROL = (
    (
        r"(begin|start transaction)( (work|transaction))?( isolation level [a-z ]+| read (only|write))*",
        "begin",
    ),
    (r"(commit|end)( (work|transaction))?(?P<chain> and chain| and no chain)?", "commit"),
    (r"(rollback|abort)( (work|transaction))?(?P<chain> and chain| and no chain)?", "rollback"),
    (r"savepoint (?P<name>\w+)", "savepoint"),
    (r"rollback( (work|transaction))? to( savepoint)? (?P<name>\w+)", "rollback to"),
    (r"release( savepoint)? (?P<name>\w+)", "release"),
    (r"discard all", "discard"),
    (r"reset all", "reset all"),
)


@dataclass(frozen=True)
class Call:
    """One call of an advisory lock function. ``key`` None: an argument was NULL, so that nothing happens and NULL comes back."""

    function: str
    key: Key | None


@dataclass(frozen=True)
class Statement:
    """A statement: its ``kind`` ("calls", "begin", "savepoint", "set" ...), and what that kind needs."""

    kind: str
    calls: tuple[Call, ...] = ()
    name: str = ""
    value_ms: int = 0
    local: bool = False
    chain: bool = False
    error: tuple[str, str] = field(default=("", ""))  # (SQLSTATE, message) of a statement that cannot run


def key_of(*numbers: int) -> Key:
    """Give the key of one bigint (-2^63 .. 2^63-1) or of two ints (-2^31 .. 2^31-1 each); ValueError out of range."""
    if len(numbers) == 1 and -(1 << 63) <= numbers[0] < 1 << 63:
        return (1, numbers[0] >> 32 & 0xFFFFFFFF, numbers[0] & 0xFFFFFFFF)
    if len(numbers) == 2 and all(-(1 << 31) <= number < 1 << 31 for number in numbers):
        return (2, numbers[0] & 0xFFFFFFFF, numbers[1] & 0xFFFFFFFF)
    raise ValueError(f"{numbers!r} is no key; use one whole number of 64 bits, or two of 32 bits each")


def parse(sql: str) -> Statement:
    """Read one statement. ValueError where it is none that is known here (see the table above)."""
    text = " ".join(sql.strip().rstrip(";").split())
    low = text.lower()
    for pattern, kind in _CONTROL:
        if found := re.fullmatch(pattern, low):
            parts = found.groupdict()
            return Statement(kind, name=parts.get("name") or "", chain=parts.get("chain") == " and chain")
    if found := re.fullmatch(r"set (?P<local>local |session )?(?P<name>\w+)( = ?| to |=)(?P<value>.+)", low):
        return _setting(found["name"], found["value"], found["local"] == "local ")
    if found := re.fullmatch(r"reset (\w+)", low):
        return _setting(found[1], "default", False)
    if low == "select 1/0":
        return Statement("calls", error=("22012", "division by zero"))
    if re.fullmatch(r"select (\d+|now\(\))", low):
        return Statement("calls")
    if found := re.fullmatch(r"select pg_sleep ?\(([\d.]+)\)", low):
        return Statement("sleep", value_ms=round(float(found[1]) * 1000))
    if low.startswith("select "):
        return _calls(low.removeprefix("select "), sql)
    raise ValueError(f"{sql!r} is no statement that this lock manager knows; see dslab.readmodels.locks.sql")


def _setting(name: str, value: str, local: bool) -> Statement:
    if name not in TIMEOUTS:
        raise ValueError(f"there is no setting {name!r} here; there are {', '.join(TIMEOUTS)}")
    value = value.strip().strip("'").strip()
    if value == "default":
        return Statement("set", name=name, value_ms=TIMEOUTS[name], local=local)
    found = re.fullmatch(r"(\d+) ?(ms|s|min|)", value)
    if not found:
        raise ValueError(f"{value!r} is no time; write 50, '50ms', '2s' or '1min'")
    return Statement("set", name=name, value_ms=int(found[1]) * _UNITS_MS[found[2]], local=local)


def _calls(text: str, sql: str) -> Statement:
    calls, place, times = [], 0, 1
    if found := re.fullmatch(r"(.*?) from generate_series ?\((\d+), ?(\d+)\)(?: as \w+| \w+)?", text):
        text, times = found[1], max(0, int(found[3]) - int(found[2]) + 1)
    text = re.sub(r"hashtext(?:extended)? ?\(('[^']*')(?:::text)?(?:, ?\d+)?\)", _hashed, text)
    one = re.compile(r"(?:pg_catalog\.)?(\w+) ?\(([^()]*)\)(?:::\w+)?(?: as \w+)?\s*(?:,\s*|$)")
    while place < len(text):
        found = one.match(text, place)
        if not found or found[1] not in (*FUNCTIONS, *UNLOCKS, ALL):
            raise ValueError(f"{sql!r} calls something that is no advisory lock function")
        place = found.end()
        try:
            calls.append(Call(found[1], _arguments(found[1], found[2])))
        except ValueError as problem:
            return Statement("calls", tuple(calls), error=("42883", str(problem)))
    return Statement("calls", tuple(calls) * times)


def _hashed(found: re.Match[str]) -> str:
    """Give a number of 31 bits for a text, the same one every time."""
    return str(zlib.crc32(found[1].encode()) >> 1)


def _arguments(function: str, text: str) -> Key | None:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if function == ALL and not parts:
        return (0, 0, 0)
    values = [_number(part) for part in parts]
    if function == ALL or not 1 <= len(values) <= 2:
        raise ValueError(f"function {function} does not exist with these arguments")
    if None in values:
        return None
    try:
        return key_of(*(value for value in values if value is not None))
    except ValueError:
        raise ValueError(f"function {function} does not exist with these arguments") from None


def _number(part: str) -> int | None:
    part = re.sub(r"::\s*(bigint|int8|int4|integer|int|smallint)$", "", part).strip().strip("'() ")
    if part == "null":
        return None
    if not re.fullmatch(r"[-+]? ?\d+", part):
        raise ValueError(f"{part!r} is no whole number that can be read here")
    return int(part.replace(" ", ""))
