"""What a tuple is, and where a text stops being one."""

import pytest

from dslab.zanzibar import InvalidTuple, Tuple, parse
from dslab.zanzibar.tuples import as_tuple, kind_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("doc:readme#owner@10", ("doc:readme", "owner", "user:10")),
        ("group:eng#member@11", ("group:eng", "member", "user:11")),
        ("doc:readme#viewer@group:eng#member", ("doc:readme", "viewer", "group:eng#member")),
        ("doc:readme#parent@folder:A#...", ("doc:readme", "parent", "folder:A")),
    ],
)
def test_the_four_examples_of_the_papers_table_1(text, parts):
    assert parse(text) == Tuple(*parts)


def test_an_address_may_be_an_id():
    assert parse("doc:a#viewer@user:anne@example.org").user == "user:anne@example.org"


@pytest.mark.parametrize(
    ("user", "kind"),
    [("user:anne", "user"), ("user:*", "user:*"), ("group:eng#member", "group#member")],
)
def test_kind(user, kind):
    assert kind_of(user) == kind


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("doc", 3, "needs a colon"),
        ("doc:#a@user:b", 4, "an id is one or more characters"),
        ("doc:a", 5, "after the object come #"),
        ("doc:a#viewer", 7, "after the relation come @"),
        ("doc:a#view er@user:b", 10, "a relation is one or more"),
        ("do c:a#viewer@user:b", 2, "a namespace is one or more"),
        ("doc:a#viewer@user:a b", 19, "an id is one or more"),
        ("doc:*#viewer@user:a", 4, "an object is one thing"),
        ("doc:a#viewer@user:*#member", 19, "a wildcard stands for subjects"),
        ("doc:a#viewer@group:eng#", 23, "a relation is one or more"),
        ("doc:a#viewer@", 13, "a namespace is one or more"),
    ],
)
def test_a_wrong_text_is_pointed_at(text, place, says):
    with pytest.raises(InvalidTuple, match=says) as caught:
        parse(text)
    if text != "doc:a#viewer":
        assert caught.value.place == place
    pointed = str(caught.value).split("\n")
    assert pointed[1].strip() == text and pointed[2].index("^") == 2 + caught.value.place


@pytest.mark.parametrize("wrong", [3, None, ("a", "b"), ["doc:a", "viewer", 7]])
def test_what_is_no_text_is_told(wrong):
    with pytest.raises(InvalidTuple):
        as_tuple(wrong)
