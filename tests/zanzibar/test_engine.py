"""The calls of the engine: what each answers, at which snapshot, and what it refuses."""

import pytest

from dslab.zanzibar import (
    BadZookie,
    Engine,
    InvalidTuple,
    LimitReached,
    Limits,
    SchemaError,
    Users,
    WriteConflict,
    read_schema,
)
from dslab.zanzibar.example import CONFIG, POLICIES, TUPLES
from dslab.zanzibar.expand import users_of
from dslab.zanzibar.store import timestamp


@pytest.fixture
def engine():
    made = Engine(read_schema(CONFIG.format(viewer=POLICIES["blocked"])))
    made.write(TUPLES.split("\n"))
    return made


@pytest.mark.parametrize(
    ("question", "allowed"),
    [
        ("doc:plan#viewer@user:anne", True),  # folder, folder, group, group, group
        ("doc:plan#viewer@user:carol", True),  # owner, so editor, so viewer
        ("doc:plan#viewer@user:dan", False),  # a viewer, but blocked
        ("doc:plan#editor@user:anne", False),
        ("doc:menu#viewer@user:nobody", True),  # the wildcard
        ("doc:menu#viewer@user:*", True),
        ("doc:menu#viewer@group:eng#member", False),  # a wildcard of subjects holds no userset
        ("doc:plan#viewer@group:web#member", True),
        ("group:eng#member@group:eng#member", True),  # a userset is a member of itself
        ("doc:plan#viewer@doc:plan#viewer", True),
        ("doc:unknown#viewer@user:anne", False),
    ],
)
def test_check_and_explain(engine, question, allowed):
    assert engine.check(question).allowed is bool(engine.check(question)) is allowed
    assert (engine.explain(question).answer == 2) is allowed


def test_a_yes_comes_with_its_tuples(engine):
    path = [str(each) for each in engine.explain("doc:plan#viewer@user:bob").path]
    assert path == ["doc:plan#parent@folder:q3", "folder:q3#parent@folder:company", "folder:company#viewer@group:staff#member",
                    "group:staff#member@group:sales#member", "group:sales#member@user:bob"]  # fmt: skip


def test_said_tuples_count_for_one_question_only(engine):
    said = ["group:leads#member@user:frank"]
    assert engine.check("doc:plan#viewer@user:frank", said=said).allowed
    assert engine.list_objects("doc", "editor", "user:frank", said=said) == ["doc:plan"]
    assert "user:frank" in engine.list_users("doc:plan", "viewer", said=said).users
    assert not engine.check("doc:plan#viewer@user:frank").allowed


def test_lists(engine):
    assert engine.list_objects("doc", "viewer", "user:bob") == ["doc:menu", "doc:plan"]
    assert engine.list_objects("doc", "viewer", "user:dan") == ["doc:menu"]
    assert engine.list_objects("folder", "viewer", "group:web#member") == ["folder:company", "folder:q3"]
    assert engine.list_users("doc:plan", "viewer") == Users(
        ("user:anne", "user:bob", "user:carol", "user:erin")
    )
    assert engine.list_users("doc:menu", "viewer") == Users(("user:*",))
    wanted = (
        "group:eng#member",
        "group:leads#member",
        "group:sales#member",
        "group:staff#member",
        "group:web#member",
    )
    assert engine.list_users("doc:plan", "viewer", "group#member") == Users(wanted)


def test_a_wildcard_in_a_list_names_whom_it_does_not_stand_for(engine):
    engine.write(["doc:menu#blocked@user:dan", "doc:menu#viewer@user:anne"])
    assert engine.list_users("doc:menu", "viewer") == Users(("user:*", "user:anne"), ("user:dan",))


def test_expand_keeps_usersets_as_leaves(engine):
    tree = engine.expand("doc:plan", "editor")
    assert tree == {
        "node": "doc:plan#editor",
        "union": [
            {"node": "doc:plan#editor", "users": ["group:leads#member"]},
            {
                "node": "doc:plan#editor",
                "computed": "doc:plan#owner",
                "tree": {"node": "doc:plan#owner", "users": ["user:carol"]},
            },
        ],
    }
    shallow = engine.expand("doc:plan", "editor", follow="nothing")
    assert shallow["union"][1] == {"node": "doc:plan#editor", "computed": "doc:plan#owner"}
    assert users_of(engine.expand("doc:plan", "editor", follow="all")) == [
        "group:leads#member",
        "user:erin",
        "user:carol",
    ]
    with pytest.raises(ValueError, match="follow='some' is no choice"):
        engine.expand("doc:plan", "editor", follow="some")


def test_expand_ends_in_a_cycle():
    made = Engine(read_schema("namespace user\nnamespace group\n  member: [user, group#member]"))
    made.write(["group:a#member@group:b#member", "group:b#member@group:a#member", "group:b#member@user:anne"])
    assert users_of(made.expand("group:a", "member", follow="all")) == [
        "group:b#member",
        "group:a#member",
        "user:anne",
    ]


def test_read_ignores_rewrites(engine):
    assert [str(each) for each in engine.read("doc:plan", "editor")] == ["doc:plan#editor@group:leads#member"]
    assert [str(each) for each in engine.read(user="user:dan")] == [
        "doc:plan#blocked@user:dan",
        "group:web#member@user:dan",
    ]
    assert {each.object for each in engine.read("folder:")} == {"folder:q3", "folder:company"}
    assert len(engine.read()) == len(TUPLES.split("\n"))


def test_a_write_is_all_or_nothing(engine):
    before = engine.read()
    with pytest.raises(InvalidTuple, match=r"doc#parent takes folder, not user"):
        engine.write(["doc:x#viewer@user:a", "doc:x#parent@user:a"])
    with pytest.raises(WriteConflict, match="is not there"):
        engine.write(["doc:x#viewer@user:a"], if_there=["doc:x#owner@user:a"])
    with pytest.raises(WriteConflict, match="is there already"):
        engine.write(["doc:x#viewer@user:a"], if_not_there=["doc:plan#owner@user:carol"])
    assert engine.read() == before


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("doc:x#viewer@folder:q3", "takes user, user:[*], group#member, not folder"),
        ("doc:x#editor@user:*", "not user:[*]"),
        ("page:x#viewer@user:a", "there is no namespace 'page'"),
        ("doc:x#reader@user:a", "'doc' has no relation 'reader'"),
    ],
)
def test_what_the_schema_does_not_allow_is_not_written(engine, wrong, says):
    with pytest.raises(InvalidTuple, match=says):
        engine.write([wrong])
    with pytest.raises(InvalidTuple, match=says):
        engine.check("doc:x#viewer@user:a", said=[wrong])


def test_a_relation_that_only_follows_takes_no_tuples():
    made = Engine(read_schema("namespace user\nnamespace doc\n  owner: [user]\n  viewer: owner"))
    with pytest.raises(InvalidTuple, match="doc#viewer has no tuples of its own"):
        made.write(["doc:a#viewer@user:a"])


def test_strict_writes(engine):
    with pytest.raises(WriteConflict):
        engine.write(["doc:plan#owner@user:carol"], strict=True)
    with pytest.raises(WriteConflict):
        engine.write(remove=["doc:plan#owner@user:nobody"], strict=True)
    engine.write(["doc:plan#owner@user:carol"], remove=["doc:plan#owner@user:nobody"])
    with pytest.raises(InvalidTuple, match="says nothing: a userset is a member of itself"):
        engine.write(["group:a#member@group:a#member"], strict=True)
    with pytest.raises(InvalidTuple, match="is added and removed in one write"):
        engine.write(["doc:plan#owner@user:a"], ["doc:plan#owner@user:a"])


def test_the_lock_tuple_lets_one_of_two_through(engine):
    read_at = engine.zookie()
    engine.write(["doc:plan#viewer@user:x"], unchanged_since=("doc:plan", read_at))
    with pytest.raises(WriteConflict, match="doc:plan was changed after it was read"):
        engine.write(["doc:plan#viewer@user:y"], unchanged_since=("doc:plan", read_at))
    engine.write(["doc:plan#viewer@user:y"], unchanged_since=("doc:plan", engine.zookie()))
    engine.write(
        ["doc:menu#viewer@user:y"], unchanged_since=("doc:menu", read_at)
    )  # another object has a lock of its own


def test_lock_tuples_are_not_shown(engine):
    before = engine.zookie()
    engine.write(["doc:menu#viewer@user:y"], unchanged_since=("doc:menu", before))
    assert {each.relation for each in engine.read("doc:menu")} == {"viewer"}
    assert [each.tuple.relation for each in engine.watch(before).changes] == ["viewer"]


def test_watch_goes_on_without_a_gap(engine):
    first = engine.watch()
    assert len(first.changes) == len(TUPLES.split("\n"))
    engine.write(["doc:plan#viewer@user:x"], ["doc:plan#blocked@user:dan"])
    second = engine.watch(first.heartbeat, ["doc"])
    assert [(each.added, each.tuple.user) for each in second.changes] == [
        (False, "user:dan"),
        (True, "user:x"),
    ]
    assert engine.watch(first.heartbeat, ["folder"]).changes == []
    assert engine.watch(second.heartbeat).changes == []


def test_zookies(engine):
    written = engine.write(["doc:plan#viewer@user:x"])
    checked = engine.content_change_check("doc:plan#editor@user:carol")
    assert checked.allowed and timestamp(checked.zookie) >= timestamp(written)
    assert timestamp(engine.check("doc:plan#viewer@user:x", zookie=checked.zookie).zookie) >= timestamp(
        checked.zookie
    )
    for wrong in ("", "z1", checked.zookie[:-1], checked.zookie.replace("z", "y"), None and ""):
        if wrong is not None:
            with pytest.raises(BadZookie, match="is no zookie"):
                engine.check("doc:plan#viewer@user:x", zookie=wrong)


def test_the_past_answers_as_it_did(engine):
    before = engine.zookie()
    engine.write(["doc:plan#viewer@user:x"], ["group:web#member@user:anne"])
    past = engine.as_of(before)
    assert (
        past.check("doc:plan#viewer@user:anne").allowed,
        engine.check("doc:plan#viewer@user:anne").allowed,
    ) == (True, False)
    assert (past.check("doc:plan#viewer@user:x").allowed, engine.check("doc:plan#viewer@user:x").allowed) == (
        False,
        True,
    )
    assert past.list_users("doc:plan", "viewer").users == ("user:anne", "user:bob", "user:carol", "user:erin")
    assert past.check("doc:plan#viewer@user:x").zookie == before
    with pytest.raises(WriteConflict, match="a snapshot of the past"):
        past.write(["doc:plan#viewer@user:y"])


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ("page:x#viewer@user:a", SchemaError),
        ("doc:x#reader@user:a", SchemaError),
        ("doc:x#viewer@robot:a", SchemaError),
        ("doc:x#viewer@group:a#owner", SchemaError),
        ("doc:x#viewer", InvalidTuple),
        ("doc:x#viewer@user:", InvalidTuple),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused(engine, question, error):
    with pytest.raises(error):
        engine.check(question)


GROUPS = read_schema(
    "namespace user\nnamespace group\n  member: [user, group#member]\n  blocked: [user, group#blocked]\n  ok: member but not blocked"
)


def chain(length):
    return [
        *(f"group:{n}#member@group:{n + 1}#member" for n in range(length)),
        f"group:{length}#member@user:anne",
    ]


def test_beyond_the_depth_limit_there_is_no_no():
    made = Engine(GROUPS)
    made.write(chain(26))
    assert made.check("group:1#member@user:anne").allowed  # 25 hops
    with pytest.raises(LimitReached, match="more than 25 hops deep") as caught:
        made.check("group:0#member@user:anne")
    assert caught.value.limit == "depth"
    with pytest.raises(LimitReached):
        made.explain("group:0#member@user:anne")
    made.write(["group:0#member@user:anne"])
    assert made.check("group:0#member@user:anne").allowed  # a yes elsewhere decides it
    with pytest.raises(LimitReached):
        made.check("group:0#member@user:bob")


def test_the_depth_limit_counts_the_shortest_way():
    made = Engine(GROUPS, limits=Limits(5))
    made.write([*chain(6), "group:0#member@group:4#member"])
    assert made.check("group:0#member@user:anne").allowed


def test_beyond_the_fan_out_there_is_no_no():
    made = Engine(GROUPS, limits=Limits(25, 10))
    made.write(f"group:all#member@group:{n}#member" for n in range(11))
    with pytest.raises(LimitReached, match="more than 10 usersets"):
        made.check("group:all#member@user:anne")


@pytest.mark.parametrize("wrong", [Limits(0), Limits(151), Limits(25, 0), Limits(2.5)])
def test_limits_out_of_range_are_told(wrong):
    with pytest.raises(ValueError, match="is not possible; use a whole number"):
        Engine(GROUPS, limits=wrong)


def test_a_cycle_in_what_is_subtracted_denies():
    made = Engine(GROUPS)
    made.write(["group:a#member@user:anne", "group:a#blocked@group:b#blocked"])
    assert made.check("group:a#ok@user:anne").allowed
    made.write(["group:b#blocked@group:a#blocked"])
    answer = made.check("group:a#ok@user:anne")
    assert (answer.allowed, answer.cycle) == (False, True)


def test_a_thicket_of_cycles_is_walked_in_no_time():
    """Twenty groups, each in every other: by simple paths that would be 20! walks."""
    made = Engine(GROUPS)
    made.write(f"group:{a}#member@group:{b}#member" for a in range(20) for b in range(20) if a != b)
    assert not made.check("group:0#member@user:anne").allowed
    made.write(["group:19#member@user:anne"])
    assert all(made.check(f"group:{n}#ok@user:anne").allowed for n in range(20))


def test_another_schema_does_not_see_what_it_does_not_allow(engine):
    narrow = engine.with_schema(
        read_schema(
            "namespace user\nnamespace group\n  member: [user]\nnamespace doc\n  editor: [user]\n  viewer: editor"
        )
    )
    assert narrow.check("group:web#member@user:anne").allowed
    assert not narrow.check("group:eng#member@user:anne").allowed
    assert not narrow.check("doc:plan#viewer@user:erin").allowed


def test_parents_of_several_kinds_some_without_the_relation():
    made = Engine(
        read_schema("""
        namespace user
        namespace team
          lead: [user]
        namespace folder
          viewer: [user]
        namespace doc
          parent: [team, folder]
          viewer: viewer from parent
        """)
    )
    made.write(
        ["doc:a#parent@team:t", "doc:a#parent@folder:f", "team:t#lead@user:bob", "folder:f#viewer@user:anne"]
    )
    assert made.check("doc:a#viewer@user:anne").allowed
    assert not made.check("doc:a#viewer@user:bob").allowed
    assert made.list_objects("doc", "viewer", "user:anne") == ["doc:a"]


def test_old_versions_can_be_forgotten(engine):
    store = engine.store
    old = store.last_ts
    engine.write(remove=["doc:plan#blocked@user:dan"])
    assert store.forget(store.last_ts) == 1
    with pytest.raises(ValueError, match="was forgotten; the oldest one kept"):
        store.view(old)
    with pytest.raises(ValueError, match="is not there yet"):
        store.view(store.last_ts + 1)
    assert engine.check("doc:plan#viewer@user:dan").allowed
