"""Small stories, each with checks and both lists asserted together: what production engines promise, told by our own examples."""

import pytest

from dslab.zanzibar import InvalidTuple, SchemaError
from tests.zanzibar.adapter import run

TEAMS = "type user\ntype team\n  relations\n    define member: [user, user:*, team#member]\n"
STORIES = {
    "a schema that no longer allows a kind does not see its tuples": [
        {"model": TEAMS + "type page\n  relations\n    define reader: [user, team#member]",
         "tuples": [("page:1", "reader", "team:a#member"), ("team:a", "member", "user:x"), ("page:1", "reader", "user:y")],
         "check": [("page:1", "reader", "user:x", True), ("page:1", "reader", "user:y", True)],
         "list_objects": [("page", "reader", "user:x", ["page:1"])],
         "list_users": [("page:1", "reader", "user", ["user:x", "user:y"]), ("page:1", "reader", "team#member", ["team:a#member"])]},
        {"model": TEAMS + "type page\n  relations\n    define reader: [user]",
         "check": [("page:1", "reader", "user:x", False), ("page:1", "reader", "user:y", True)],
         "list_objects": [("page", "reader", "user:x", [])],
         "list_users": [("page:1", "reader", "user", ["user:y"]), ("page:1", "reader", "team#member", [])]},
    ],
    "a wildcard stands for subjects of its type only": [
        {"model": "type user\ntype robot\ntype page\n  relations\n    define reader: [user:*, robot]",
         "tuples": [("page:1", "reader", "user:*"), ("page:2", "reader", "robot:r")],
         "check": [("page:1", "reader", "user:x", True), ("page:1", "reader", "robot:r", False), ("page:1", "reader", "user:*", True), ("page:2", "reader", "user:*", False)],
         "list_objects": [("page", "reader", "user:x", ["page:1"]), ("page", "reader", "robot:r", ["page:2"]), ("page", "reader", "user:*", ["page:1"])],
         "list_users": [("page:1", "reader", "user", ["user:*"]), ("page:1", "reader", "robot", [])]},
    ],
    "a wildcard in a team reaches what the team reaches": [
        {"model": TEAMS + "type page\n  relations\n    define reader: [team#member]",
         "tuples": [("page:1", "reader", "team:all#member"), ("team:all", "member", "user:*"), ("team:all", "member", "user:x")],
         "check": [("page:1", "reader", "user:nobody", True)],
         "list_objects": [("page", "reader", "user:nobody", ["page:1"])],
         "list_users": [("page:1", "reader", "user", ["user:*", "user:x"])]},
    ],
    "an intersection needs both": [
        {"model": "type user\ntype page\n  relations\n    define paid: [user]\n    define reader: [user:*] and paid",
         "tuples": [("page:1", "reader", "user:*"), ("page:1", "paid", "user:x"), ("page:2", "paid", "user:x"), ("page:3", "reader", "user:*")],
         "check": [("page:1", "reader", "user:x", True), ("page:1", "reader", "user:y", False), ("page:2", "reader", "user:x", False)],
         "list_objects": [("page", "reader", "user:x", ["page:1"]), ("page", "reader", "user:y", [])],
         "list_users": [("page:1", "reader", "user", ["user:x"]), ("page:3", "reader", "user", [])]},
    ],
    "everybody but some, and a blocked one who has a ticket of another kind": [
        {"model": "type user\ntype page\n  relations\n    define banned: [user, user:*]\n    define staff: [user]\n    define reader: [user, user:*] but not banned\n    define any: reader or staff\n    define both: reader and staff",
         "tuples": [("page:1", "reader", "user:*"), ("page:1", "banned", "user:x"), ("page:1", "staff", "user:x"), ("page:2", "reader", "user:y"), ("page:2", "banned", "user:*")],
         "check": [("page:1", "reader", "user:x", False), ("page:1", "any", "user:x", True), ("page:1", "both", "user:x", False), ("page:2", "reader", "user:y", False)],
         "list_objects": [("page", "reader", "user:x", []), ("page", "any", "user:x", ["page:1"]), ("page", "reader", "user:z", ["page:1"])],
         "list_users": [("page:1", "reader", "user", ["user:*"]), ("page:1", "any", "user", ["user:*", "user:x"]), ("page:1", "both", "user", []), ("page:2", "reader", "user", [])]},
    ],
    "pardoned: taken away twice": [
        {"model": "type user\ntype page\n  relations\n    define pardoned: [user]\n    define banned: [user] but not pardoned\n    define reader: [user:*] but not banned",
         "tuples": [("page:1", "reader", "user:*"), ("page:1", "banned", "user:x"), ("page:1", "banned", "user:y"), ("page:1", "pardoned", "user:y")],
         "check": [("page:1", "reader", "user:x", False), ("page:1", "reader", "user:y", True), ("page:1", "reader", "user:z", True)],
         "list_users": [("page:1", "reader", "user", ["user:*", "user:y"])]},
    ],
    "parents of several types, one of which has no such relation": [
        {"model": "type user\ntype shelf\n  relations\n    define owner: [user]\ntype box\n  relations\n    define parent: [box, shelf]\n    define reader: [user] or reader from parent or owner from parent",
         "tuples": [("box:a", "parent", "box:b"), ("box:b", "parent", "shelf:s"), ("shelf:s", "owner", "user:x"), ("box:b", "reader", "user:y")],
         "check": [("box:a", "reader", "user:y", True), ("box:b", "reader", "user:x", True), ("box:a", "reader", "user:x", True), ("shelf:s", "reader", "user:x", SchemaError)],
         "list_objects": [("box", "reader", "user:x", ["box:a", "box:b"])],
         "list_users": [("box:a", "reader", "user", ["user:x", "user:y"])]},
    ],
    "a userset is a member of itself, also through what follows from it": [
        {"model": TEAMS + "type page\n  relations\n    define editor: [user, team#member]\n    define reader: editor",
         "tuples": [("page:1", "editor", "team:a#member")],
         "check": [("page:1", "reader", "page:1#editor", True), ("page:1", "editor", "page:1#reader", False), ("page:9", "reader", "page:9#reader", True), ("page:1", "reader", "team:a#member", True)],
         "list_objects": [("page", "reader", "page:1#editor", ["page:1"]), ("page", "reader", "page:9#reader", ["page:9"]), ("team", "member", "team:a#member", ["team:a"])],
         "list_users": [("page:1", "reader", "page#editor", ["page:1#editor"]), ("page:1", "reader", "team#member", ["team:a#member"])]},
    ],
    "teams in a circle": [
        {"model": TEAMS, "tuples": [("team:a", "member", "team:b#member"), ("team:b", "member", "team:c#member"), ("team:c", "member", "team:a#member"), ("team:c", "member", "user:x")],
         "check": [("team:a", "member", "user:x", True), ("team:a", "member", "user:y", False), ("team:a", "member", "team:c#member", True)],
         "list_objects": [("team", "member", "user:x", ["team:a", "team:b", "team:c"])],
         "list_users": [("team:a", "member", "user", ["user:x"]), ("team:a", "member", "team#member", ["team:a#member", "team:b#member", "team:c#member"])]},
    ],
    "cycles under all operators": [
        {"model": "type user\ntype t\n  relations\n    define x: [user, t#y]\n    define y: [user, t#x]\n    define yes: [user]\n    define or_: x or yes\n    define and_: x and yes\n    define but: yes but not x\n    define back: x but not yes",
         "tuples": [("t:1", "x", "t:1#y"), ("t:1", "y", "t:1#x"), ("t:1", "yes", "user:a")],
         "check": [("t:1", "x", "user:a", False), ("t:1", "or_", "user:a", True), ("t:1", "and_", "user:a", False), ("t:1", "but", "user:a", False), ("t:1", "back", "user:b", False)],
         "list_objects": [("t", "or_", "user:a", ["t:1"]), ("t", "but", "user:a", [])],
         "list_users": [("t:1", "or_", "user", ["user:a"]), ("t:1", "but", "user", [])]},
    ],
    "said tuples: they count, and are held to the schema": [
        {"model": TEAMS + "type page\n  relations\n    define reader: [team#member] but not banned\n    define banned: [user]",
         "tuples": [("page:1", "reader", "team:a#member")], "said": [("team:a", "member", "user:x"), ("team:a", "member", "user:y"), ("page:1", "banned", "user:y")],
         "check": [("page:1", "reader", "user:x", True), ("page:1", "reader", "user:y", False)],
         "list_objects": [("page", "reader", "user:x", ["page:1"]), ("page", "reader", "user:y", [])], "list_users": [("page:1", "reader", "user", ["user:x"])]},
        {"model": TEAMS + "type page\n  relations\n    define reader: [team#member]", "said": [("page:1", "reader", "user:x")], "check": [("page:1", "reader", "user:x", InvalidTuple)]},
        {"model": TEAMS + "type page\n  relations\n    define reader: [team#member]", "check": [("page:1", "reader", "user:x", False)]},
    ],
    "questions that cannot be meant": [
        {"model": TEAMS, "check": [("team:a", "leader", "user:x", SchemaError), ("club:a", "member", "user:x", SchemaError), ("team:a", "member", "robot:x", SchemaError),
                                   ("team:a", "member", "team:b#leader", SchemaError), ("team", "member", "user:x", InvalidTuple), ("team:a", "member", "x", InvalidTuple)],
         "list_objects": [("club", "member", "user:x", SchemaError), ("team", "leader", "user:x", SchemaError)], "list_users": [("team:a", "member", "robot", SchemaError)]},
    ],
    "another dialect: permissions, arrows, nil": [
        {"model": "definition user {}\ndefinition org { relation admin: user\n relation banned: user\n permission manage = admin - banned }\n"
                  "definition file { relation org: org\n relation reader: user | user:*\n permission edit = org->manage\n permission view = reader + edit\n permission none = nil }",
         "tuples": [("file:f", "org", "org:o"), ("file:f", "org", "org:p"), ("org:o", "admin", "user:x"), ("org:o", "banned", "user:x"), ("org:p", "admin", "user:x"), ("file:g", "reader", "user:*")],
         "check": [("file:f", "edit", "user:x", True), ("file:f", "view", "user:y", False), ("file:g", "view", "user:y", True), ("file:f", "none", "user:x", False)],
         "list_objects": [("file", "view", "user:x", ["file:f", "file:g"]), ("file", "none", "user:x", [])],
         "list_users": [("file:f", "view", "user", ["user:x"]), ("file:g", "view", "user", ["user:*"])]},
    ],
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_story(story):
    assert run(STORIES[story]) == []


def test_the_adapter_notices_what_does_not_hold():
    stage = {"model": TEAMS, "tuples": [("team:a", "member", "user:x")], "check": [("team:a", "member", "user:x", False)],
             "list_objects": [("team", "member", "user:x", [])], "list_users": [("team:a", "member", "user", SchemaError)]}  # fmt: skip
    assert len(run([stage])) == 4
