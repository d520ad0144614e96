"""EDN, the notation of Jepsen's and Knossos's histories: the part of it that histories are written in.

nil, true, false, numbers, texts, characters, keywords, symbols, vectors, lists, maps and sets become None, bools, numbers, strings, lists, dicts
and frozensets; keywords are `Keyword`, a string without the colon. Tags and metadata are read and dropped, comments and discarded
forms passed over. Source: the EDN specification, https://github.com/edn-format/edn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


def freeze(value: Any) -> Any:
    """Give ``value`` as something hashable: lists become tuples, sets frozensets, maps sorted tuples of pairs."""
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(freeze(part) for part in value)
    if isinstance(value, (set, frozenset)):
        return frozenset(freeze(part) for part in value)
    if isinstance(value, Mapping):
        return tuple(sorted(((freeze(k), freeze(v)) for k, v in value.items()), key=repr))
    return value


class Keyword(str):
    """An EDN keyword without its colon; it equals the plain word."""

    __slots__ = ()


_TOKEN = re.compile(
    r"""[\s,]*(?:
      (?P<comment>;[^\n]*)
    | (?P<discard>\#_)
    | (?P<set>\#\{)
    | (?P<open>[\[({])
    | (?P<close>[\])}])
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<character>\\(?:newline|space|tab|return|u[0-9a-fA-F]{4}|\S))
    | (?P<meta>\^)
    | (?P<tag>\#[\w.\-/:*+!?=<>$&%]+)
    | (?P<keyword>::?[^\s,;"\[\](){}^]+)
    | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[MN]?(?=[\s,;"\[\](){}]|$))
    | (?P<symbol>[^\s,;"\[\](){}^\#:\\][^\s,;"\[\](){}^]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN = (str, int, float)
_CLOSES = {"[": "]", "(": ")", "{": "}", "#{": "}"}
_WORDS = {"nil": None, "true": True, "false": False}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "b": "\b", "f": "\f"}
_NAMED = {"newline": "\n", "space": " ", "tab": "\t", "return": "\r"}
NOTHING = object()


class Reader:
    """Reads one form after the other from ``place`` on, without recursion, so that nesting is limited by memory only."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def _fail(self, what: str, place: int | None = None) -> ValueError:
        at = self.place if place is None else place
        return ValueError(f"line {self.text.count(chr(10), 0, at) + 1}: {what}")

    def form(self) -> tuple[Any, int, int]:
        """Give the next form, the place after it and the place where it begins; NOTHING at the end of the text."""
        stack: list[_Frame] = []
        place, start = self.place, None
        while True:
            token = _TOKEN.match(self.text, place)
            if token is None:
                if self.text[place:].strip(" \t\r\n,"):
                    raise self._fail(f"cannot read {self.text[place : place + 30].strip()!r} as EDN", place)
                if stack:
                    raise self._fail(f"{stack[-1].opener!r} is never closed", stack[-1].place)
                return NOTHING, place, place
            kind, word, began, place = (
                token.lastgroup,
                token[token.lastgroup],
                token.start(token.lastgroup),
                token.end(),
            )
            if kind == "comment":
                continue
            start = began if start is None else start
            if kind in ("open", "set", "discard", "tag", "meta"):
                stack.append(_Frame(word if kind in ("open", "set") else kind, began))
                continue
            done = self._close(stack, word, began) if kind == "close" else self._atom(kind, word, began)
            done = self._attach(stack, done)
            if not stack and done is not NOTHING:
                return done, place, start
            if not stack:
                start = None

    def _close(self, stack: list[_Frame], word: str, began: int) -> Any:
        if not stack or _CLOSES.get(stack[-1].opener) != word:
            expected = f"{stack[-1].opener!r} opened before it" if stack else "nothing is open"
            raise self._fail(f"{word!r} closes nothing here; {expected}", began)
        frame = stack.pop()
        if frame.opener == "{":
            if len(frame.items) % 2:
                raise self._fail("a map has a key without a value", frame.place)
            items = iter(frame.items)
            return {freeze(key): value for key, value in zip(items, items, strict=True)}
        if frame.opener == "#{":
            return frozenset(freeze(item) for item in frame.items)
        return frame.items

    def _attach(self, stack: list[_Frame], done: Any) -> Any:
        """Put a finished form where it belongs; tags and metadata are dropped, discarded forms vanish."""
        while stack:
            frame = stack[-1]
            if frame.opener == "discard":
                stack.pop()
                return NOTHING
            if frame.opener == "tag":
                stack.pop()
            elif frame.opener == "meta":
                frame.opener = "tag"  # the metadata itself is done; the form that it is about follows
                return NOTHING
            else:
                frame.items.append(done)
                return NOTHING
        return done

    def _atom(self, kind: str, word: str, began: int) -> Any:
        if kind == "keyword":
            return Keyword(word.lstrip(":"))
        if kind == "string":
            return self._string(word[1:-1], began) if "\\" in word else word[1:-1]
        if kind == "number":
            digits = word.rstrip("MN")
            return int(digits) if digits.lstrip("+-").isdigit() and word[-1] != "M" else float(digits)
        if kind == "character":
            name = word[1:]
            return _NAMED.get(name) or (chr(int(name[1:], 16)) if len(name) == 5 else name)
        return _WORDS.get(word, word)

    def _string(self, word: str, began: int) -> str:
        def unescape(found: re.Match[str]) -> str:
            if found[1]:
                return chr(int(found[1], 16))
            if found[2] not in _ESCAPES:
                raise self._fail(f"the string has the escape \\{found[2]}, which EDN does not know", began)
            return _ESCAPES[found[2]]

        return re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", unescape, word, flags=re.DOTALL)


@dataclass
class _Frame:
    opener: str
    place: int

    def __post_init__(self) -> None:
        self.items: list[Any] = []


def events(text: str) -> Iterator[tuple[Any, int]]:
    """Give each event's map and its line, whether the maps stand alone or in one vector or list."""
    text = text.lstrip("\ufeff")
    reader = Reader(text)
    opening = re.match(r"(?:[\s,]|;[^\n]*(?:\n|$))*([\[(])", text)
    line, counted = 1, 0
    if opening:
        reader.place = opening.end()
        end = _CLOSES[opening[1]]
    while True:
        if opening and _closed(reader, end):
            return
        form, after, start = reader.form()
        if form is NOTHING:
            if opening:
                raise reader._fail(f"the {opening[1]!r} at the beginning is never closed")
            return
        reader.place = after
        line += text.count("\n", counted, start)
        counted = start
        yield form, line


def _closed(reader: Reader, end: str) -> bool:
    """Whether the vector or list around all events ends here; only comments and space may follow."""
    rest = re.compile(r"(?:[\s,]|;[^\n]*(?:\n|$))*").match(reader.text, reader.place)
    if reader.text[rest.end() : rest.end() + 1] != end:
        return False
    reader.place = rest.end() + 1
    if reader.form()[0] is not NOTHING:
        raise reader._fail(
            f"more follows after the closing {end!r}; a history is one vector, or maps one after the other"
        )
    return True
