"""Schemas: three text forms, what they mean, and what is refused."""

import random

import pytest

from dslab.zanzibar import (
    Schema,
    SchemaError,
    arrow,
    computed,
    exclusion,
    intersection,
    nil,
    read_paper,
    read_schema,
    this,
    union,
)
from dslab.zanzibar.config import paper_text
from tests.zanzibar import worlds

SHORT = """
namespace user
namespace group
  member: [user, group#member]   # anybody, or a group
namespace doc
  parent: [doc]
  blocked: [user]
  editor: [user, group#member]
  viewer: ([user, user:*]
    or editor or viewer from parent) but not blocked
  none: nil
"""
PYTHON = {
    "user": {},
    "group": {"member": ["user", "group#member"]},
    "doc": {
        "parent": this("doc"),
        "blocked": this("user"),
        "editor": this("user", "group#member"),
        "viewer": exclusion(
            union(this("user", "user:*"), "editor", arrow("parent", "viewer")), computed("blocked")
        ),
        "none": nil,
    },
}
OPENFGA = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type doc
  relations
    define parent: [doc]
    define blocked: [user]
    define editor: [user, group#member]
    define viewer: ([user, user:*] or editor or viewer from parent) but not blocked
"""
SPICEDB = """
/* people */ definition user {}
definition group { relation member: user | group#member }
definition doc {
  relation parent: doc // a folder
  relation blocked: user
  relation editor: user | group#member
  relation direct: user | user:*
  permission viewer = (direct + editor + parent->viewer) - blocked
}
"""


def test_short_form_and_python_are_the_same():
    assert read_schema(SHORT).relations == Schema(PYTHON).relations


def test_openfga_dialect_is_the_same():
    wanted = Schema(PYTHON).relations
    del wanted["doc"]["none"]
    assert read_schema(OPENFGA).relations == wanted


def test_spicedb_dialect():
    found = read_schema(SPICEDB).relations
    assert found["group"] == {"member": this("user", "group#member")}
    assert found["doc"]["viewer"] == exclusion(
        union("direct", "editor", arrow("parent", "viewer")), "blocked"
    )


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        ("a + b & c", intersection(union("a", "b"), "c")),
        ("a - b + c", exclusion("a", union("b", "c"))),
        ("a - b & c", exclusion("a", intersection("b", "c"))),
        ("a - b - c", exclusion(exclusion("a", "b"), "c")),
        ("a + (b & c)", union("a", intersection("b", "c"))),
        ("p->a + p.any(b)", union(arrow("p", "a"), arrow("p", "b"))),
        ("p->nowhere", arrow("p", "nowhere")),
    ],
)
def test_spicedb_has_ranks_of_operators(body, meant):
    """SpiceDB's documentation: union takes precedence over intersection and exclusion, and exclusion binds loosest."""
    relations = "relation a: d relation b: d relation c: d relation p: d"
    assert read_schema(f"definition d {{ {relations} permission x = {body} }}").relations["d"]["x"] == meant


@pytest.mark.parametrize("seed", range(40))
def test_what_is_written_is_read_again(seed):
    drawn = worlds.schema(random.Random(seed))
    again = read_schema(str(drawn))
    for type_, relations in drawn.relations.items():
        for name, rewrite in relations.items():
            assert bare(again.relations[type_][name]) == bare(rewrite)


def bare(rewrite):
    """A union or intersection of one child is that child."""
    children = getattr(rewrite, "children", None)
    if children is not None:
        inside = tuple(map(bare, children))
        return inside[0] if len(inside) == 1 else type(rewrite)(inside)
    return exclusion(bare(rewrite.base), bare(rewrite.subtract)) if hasattr(rewrite, "base") else rewrite


PAPER = """
name: "doc"
relation { name: "owner" }
relation {
  name: "editor"
  userset_rewrite { union { child { _this {} } child { computed_userset { relation: "owner" } } } }
}
relation { name: "parent" }
relation {
  name: "viewer"
  userset_rewrite {
    union {
      child { _this {} }
      child { computed_userset { relation: "editor" } }
      child { tuple_to_userset {
        tupleset { relation: "parent" }
        computed_userset { object: $TUPLE_USERSET_OBJECT  # parent folder
                           relation: "viewer" }
      } }
    }
  }
}
"""


def test_the_papers_figure_1():
    found = read_paper(PAPER).relations["doc"]
    assert found["owner"] == this()
    assert found["viewer"] == union(this(), "editor", arrow("parent", "viewer"))


def test_the_papers_form_is_read_again():
    schema = read_paper(PAPER)
    assert read_paper(paper_text(schema, "doc")).relations == schema.relations


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("namespace doc\n  viewer: editor", "doc has no relation 'editor'; it has viewer"),
        ("namespace doc\n  viewer: [person]", "there is no namespace 'person'; there are doc"),
        ("namespace doc\n  viewer: [doc#member]", "doc has no relation 'member'"),
        ("namespace doc\n  a: b from c", "doc has no relation 'c'"),
        ("namespace doc\n  p: [doc] or q\n  q: [doc]\n  a: q from p", r"must be \[...\] alone"),
        (
            "namespace user\nnamespace doc\n  p: [user]\n  a: q from p",
            r"leads to \(user\) has a relation 'q'",
        ),
        ("namespace doc\n  a: [doc] or b and c", "line 2: 'or' and 'and' stand side by side"),
        ("namespace doc\n  a: [doc] but not b but not c", "stand side by side"),
        ("namespace doc\n  a: ([doc]", r"a \) is missing"),
        ("namespace doc\n  a: [doc", "a ] is missing"),
        ("namespace doc\n  a: [doc] or", "something is missing at the end"),
        ("namespace doc\n  a: b from", "comes the name of a relation"),
        ("namespace doc\n  a: [doc] b", "'b' was not expected here"),
        ("namespace doc\n  a: [doc with office]", "conditions, caveats and expiry are not part"),
        ("a: [doc]", "line 1: 'a' belongs to no namespace"),
        ("namespace doc\nnamespace doc", "'doc' stands there twice"),
        ("namespace doc\n  a: [doc]\n  a: [doc]", "relation 'a' stands there twice"),
        ("namespace doc\n  viewer", "is no relation"),
        ("namespace doc\n  a: [doc] or ([doc] and [doc])", "direct tuples twice"),
    ],
)
def test_what_cannot_be_meant_is_told(text, says):
    with pytest.raises(SchemaError, match=says):
        read_schema(text)


def test_python_mistakes_are_told():
    for wrong, says in (
        (union, "a union needs at least one child"),
        (intersection, "an intersection needs at least one child"),
    ):
        with pytest.raises(SchemaError, match=says):
            wrong()
    with pytest.raises(SchemaError, match="3 is no rewrite"):
        Schema({"doc": {"a": 3}})
