"""Two text forms of a schema: a short one, and the namespace configuration as the paper prints it (section 2.3, figure 1).

The short form, one relation a line; ``#`` after a blank begins a remark::

    namespace user
    namespace group
      member: [user, group#member]
    namespace doc
      parent: [folder]
      blocked: [user]
      editor: [user, group#member]
      viewer: ([user, user:*] or editor or viewer from parent) but not blocked

| written                        | meaning                                                                        |
|--------------------------------|--------------------------------------------------------------------------------|
| ``[user, user:*, group#member]`` | this: the kinds that direct tuples may have; ``[]`` allows any                      |
| ``editor``                     | computed userset                                                                |
| ``viewer from parent``, ``parent->viewer`` | tuple to userset                                                    |
| ``or``, ``+`` / ``and``, ``&`` / ``but not``, ``-`` | union / intersection / exclusion; parentheses where they are mixed |
| ``nil``                        | nobody                                                                          |

The dialects of two open-source heirs are read as well: ``type doc`` with ``relations`` and ``define viewer: ...`` lines, and
``definition doc { relation a: user | group#member  permission b = a + parent->b }``, in which ``+`` binds closest and ``-`` loosest
(no conditions, no caveats, no ``.all`` arrows).
"""

from __future__ import annotations

import re
from functools import reduce
from typing import Any

from dslab.zanzibar.rewrites import (
    Arrow,
    Computed,
    Exclusion,
    Intersection,
    Rewrite,
    Schema,
    SchemaError,
    This,
    Union,
    nil,
)

_TOKEN = re.compile(r"\s*(->|[\[\](){},|+&=-]|[^\s\[\](){},|+&=]+?(?=->|[\s\[\](){},|+&=]|$))")
_WORDS = {"or": "or", "+": "or", "and": "and", "&": "and", "-": "but not", "but": "but not"}


def read(text: str) -> Schema:
    """Read a schema in the short form, or in the dialect of an heir. SchemaError names the line."""
    namespaces: dict[str, dict[str, Any]] = {}
    current: dict[str, Any] | None = None
    spicedb = False
    for number, line in _statements(text):
        head, _, rest = line.partition(" ")
        if head in ("namespace", "type", "definition"):
            name = rest.strip().rstrip("{").strip()
            if not name or " " in name:
                raise SchemaError(f"line {number}: after {head} comes one name, as in {head} doc")
            if name in namespaces:
                raise SchemaError(f"line {number}: namespace {name!r} stands there twice")
            current = namespaces[name] = {}
        elif head not in ("model", "schema", "relations", "use"):
            _relation(number, line, current)
        spicedb = spicedb or head == "definition"
    return Schema(namespaces, loose_arrows=spicedb)


def _relation(number: int, line: str, current: dict[str, Any] | None) -> None:
    bare = re.sub(r"^(define|relation|permission)\s+", "", line)
    name, mark, body = re.match(r"([^\s:=]+)\s*([:=]?)(.*)", bare, re.DOTALL).groups()  # type: ignore[union-attr]
    if not mark or not body.strip():
        raise SchemaError(
            f"line {number}: {line.strip()!r} is no relation; write one as viewer: [user] or editor"
        )
    if current is None:
        raise SchemaError(f"line {number}: {name!r} belongs to no namespace; begin with namespace doc")
    if name in current:
        raise SchemaError(f"line {number}: relation {name!r} stands there twice")
    kinds_only = line.startswith("relation ") and "[" not in body
    ranked = line.startswith("permission ")
    current[name] = _Parser(f"[{body}]" if kinds_only else body, number, ranked).whole()


def _statements(text: str) -> list[tuple[int, str]]:
    """Cut a text into statements with their line numbers: one a line, but go on while a bracket is open."""
    found: list[tuple[int, str]] = []
    open_ = ""
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    text = re.sub(r"//[^\n]*", "", text)
    for number, raw in enumerate(text.split("\n"), 1):
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        if line.startswith("definition") or (not open_ and "{" in line):
            head, _, tail = line.partition("{")
            found += [(number, head.strip())] if head.strip() else []
            line = tail.strip()
        for part in re.split(r"[{}]|\s(?=(?:relation|permission)\s+\S+\s*[:=])", line):
            if not part.strip():
                continue
            open_ = f"{open_} {part}".strip()
            if open_.count("(") + open_.count("[") <= open_.count(")") + open_.count("]"):
                found.append((number, open_))
                open_ = ""
    return [*found, (number, open_)] if open_ else found


class _Parser:
    """Reads one relation's rewrite: operands joined by one operator, parentheses where operators are mixed."""

    def __init__(self, body: str, number: int, ranked: bool = False) -> None:
        """``ranked``: mixed operators need no parentheses; ``+`` binds closest, then ``&``, then ``-`` (SpiceDB)."""
        self.ranked = ranked
        self.tokens = _TOKEN.findall(body.strip())
        self.number, self.at, self.body = number, 0, body.strip()

    def whole(self) -> Rewrite:
        """Read all of it."""
        found = self.expression()
        if self.at < len(self.tokens):
            raise self.error(f"{self.tokens[self.at]!r} was not expected here")
        return found

    def error(self, what: str) -> SchemaError:
        """Give the error with the line and what stands there."""
        return SchemaError(f"line {self.number}: {what}, in {self.body!r}")

    def peek(self) -> str:
        """Give the next token, "" at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        """Give the next token and go on."""
        self.at += 1
        return self.tokens[self.at - 1]

    def expression(self) -> Rewrite:
        """Read operands joined by one operator, or by several that have ranks."""
        if self.ranked:
            return self.by_rank(0)
        operands, operator = [self.operand()], ""
        while self.peek() in _WORDS:
            word = _WORDS[token := self.take()]
            if token == "but" and self.peek() == "not":
                self.take()
            elif token == "but":
                raise self.error("after but comes not")
            if operator and (word != operator or word == "but not"):
                raise self.error(
                    f"{operator!r} and {word!r} stand side by side; say by parentheses which comes first"
                )
            operator = word
            operands.append(self.operand())
        if operator == "but not":
            return Exclusion(*operands)
        if operator:
            return (Union if operator == "or" else Intersection)(tuple(operands))
        return operands[0]

    def by_rank(self, rank: int) -> Rewrite:
        """Read operands joined by the operator of a rank, or of a higher one; exclusions from left to right."""
        operators = ("but not", "and", "or")
        if rank == len(operators):
            return self.operand()
        operands = [self.by_rank(rank + 1)]
        while _WORDS.get(self.peek()) == operators[rank]:
            self.take()
            operands.append(self.by_rank(rank + 1))
        if len(operands) == 1:
            return operands[0]
        if rank == 0:
            return reduce(Exclusion, operands)
        return (Intersection if rank == 1 else Union)(tuple(operands))

    def operand(self) -> Rewrite:
        """Read one operand."""
        if not self.peek():
            raise self.error("something is missing at the end")
        token = self.take()
        if token == "(":
            found = self.expression()
            if self.peek() != ")":
                raise self.error("a ) is missing")
            self.take()
            return found
        if token == "[":
            return self.kinds()
        if token in ("]", ")", ",", "|", "=", "->", *_WORDS):
            raise self.error(f"{token!r} was not expected here")
        if token == "nil":
            return nil
        if token.endswith(".any") and self.peek() == "(":
            self.take()
            found = Arrow(token[:-4], self.take())
            self.take()
            return found
        if self.peek() in ("from", "->"):
            arrow = self.take()
            other = self.take() if self.peek() else ""
            if not other:
                raise self.error(f"after {arrow!r} comes the name of a relation")
            return Arrow(other, token) if arrow == "from" else Arrow(token, other)
        return Computed(token)

    def kinds(self) -> This:
        """Read the kinds of direct users, after the bracket."""
        kinds: list[str] = []
        while self.peek() not in ("]", ""):
            kinds.append(self.take())
            if self.peek() in (",", "|"):
                self.take()
            elif self.peek() in ("with", "and"):
                raise self.error("conditions, caveats and expiry are not part of this engine")
        if not self.peek():
            raise self.error("a ] is missing")
        self.take()
        return This(tuple(kinds) or None)


# -- as the paper prints it -----------------------------------------------------------------------------

_PAPER_TOKEN = re.compile(r'\s*(?:#[^\n]*\s*)*([{}:]|"[^"]*"|[\w$.]+)')


def read_paper(text: str) -> Schema:
    """Read namespace configurations in the paper's form: ``name: "doc" relation { name: "owner" } ...``.

    Relations without a rewrite are direct tuples; there are no type restrictions. Several namespaces may follow each other;
    a namespace that is only ever a subject (``user``) need not be there. Raises SchemaError.
    """
    tokens = _PAPER_TOKEN.findall(text)
    fields, rest = _fields(tokens, 0)
    if rest < len(tokens):
        raise SchemaError("there is one } too many")
    namespaces: dict[str, dict[str, Any]] = {"user": {}}
    current: dict[str, Any] | None = None
    for name, value in fields:
        if name == "name":
            current = namespaces[value] = {}
        elif name == "relation":
            if current is None:
                raise SchemaError('a configuration begins with its name, as in name: "doc"')
            inside = dict(value)
            rewrite = inside.get("userset_rewrite")
            current[inside["name"]] = This(None) if rewrite is None else _paper_node(rewrite[0])
        else:
            raise SchemaError(f"{name!r} is not known here; a configuration has name and relation")
    return Schema(namespaces)


def _fields(tokens: list[str], at: int) -> tuple[list[tuple[str, Any]], int]:
    found: list[tuple[str, Any]] = []
    while at < len(tokens) and tokens[at] != "}":
        name, at = tokens[at], at + 1
        if at < len(tokens) and tokens[at] == ":":
            found.append((name, tokens[at + 1].strip('"')))
            at += 2
        elif at < len(tokens) and tokens[at] == "{":
            inside, at = _fields(tokens, at + 1)
            if at >= len(tokens):
                raise SchemaError(f"the {{ after {name!r} is never closed")
            found.append((name, inside))
            at += 1
        else:
            raise SchemaError(f"after {name!r} comes : or {{")
    return found, at


def _paper_node(field: tuple[str, Any]) -> Rewrite:
    name, inside = field
    if name in ("union", "intersection", "exclusion"):
        children = [_paper_node(value[0]) for word, value in inside if word == "child"]
        if name == "exclusion":
            return Exclusion(*children)
        return (Union if name == "union" else Intersection)(tuple(children))
    if name == "_this":
        return This(None)
    if name == "computed_userset":
        return Computed(dict(inside)["relation"])
    if name == "tuple_to_userset":
        parts = dict(inside)
        return Arrow(dict(parts["tupleset"])["relation"], dict(parts["computed_userset"])["relation"])
    raise SchemaError(
        f"{name!r} is no rewrite; there are _this, computed_userset, tuple_to_userset, union, intersection, exclusion"
    )


def paper_text(schema: Schema, type_: str) -> str:
    """Write one namespace as the paper prints it (kinds are left out: the paper has none)."""
    lines = [f'name: "{type_}"', ""]
    for name, rewrite in schema.relations[type_].items():
        if isinstance(rewrite, This):
            lines.append(f'relation {{ name: "{name}" }}')
        else:
            lines += [
                "relation {",
                f'  name: "{name}"',
                "  userset_rewrite {",
                *_paper_lines(rewrite, 4),
                "  }",
                "}",
            ]
    return "\n".join(lines)


def _paper_lines(rewrite: Rewrite, indent: int) -> list[str]:
    pad = " " * indent
    if isinstance(rewrite, This):
        return [f"{pad}_this {{}}"]
    if isinstance(rewrite, Computed):
        return [f'{pad}computed_userset {{ relation: "{rewrite.relation}" }}']
    if isinstance(rewrite, Arrow):
        return [f"{pad}tuple_to_userset {{", f'{pad}  tupleset {{ relation: "{rewrite.tupleset}" }}',
                f'{pad}  computed_userset {{ object: $TUPLE_USERSET_OBJECT relation: "{rewrite.relation}" }}', f"{pad}}}"]  # fmt: skip
    if isinstance(rewrite, (Union, Intersection, Exclusion)):
        children = (rewrite.base, rewrite.subtract) if isinstance(rewrite, Exclusion) else rewrite.children
        lines = [f"{pad}{type(rewrite).__name__.lower()} {{"]
        for child in children:
            inner = _paper_lines(child, indent + 4)
            if len(inner) == 1:
                lines.append(f"{pad}  child {{ {inner[0].strip()} }}")
            else:
                lines += [f"{pad}  child {{", *inner, f"{pad}  }}"]
        return [*lines, f"{pad}}}"]
    raise SchemaError("the paper's form has no word for nil")
