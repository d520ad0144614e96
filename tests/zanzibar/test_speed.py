"""Work that a check does: it grows with what it walks through, not with the store. Rates are in the bench, not here."""

from dslab.zanzibar import Engine, Tuple, read_schema

SCHEMA = read_schema("""
namespace user
namespace group
  member: [user, group#member]
namespace folder
  parent: [folder]
  viewer: [user, group#member] or viewer from parent
namespace doc
  parent: [folder]
  viewer: [user, group#member] or viewer from parent
""")


def hierarchy(docs):
    """Three levels: documents in folders in top folders, each seen by a group."""
    for n in range(docs):
        yield Tuple(f"doc:{n}", "parent", f"folder:{n // 20}")
    for n in range(docs // 20):
        yield Tuple(f"folder:{n}", "parent", f"folder:top{n // 10}")
    for n in range(docs // 200):
        yield Tuple(f"folder:top{n}", "viewer", f"group:{n}#member")
        for user in range(20):
            yield Tuple(f"group:{n}", "member", f"user:{n}-{user}")


class Counting(dict):
    """Rows of a store that count how often an object is looked up."""

    looked = 0

    def __missing__(self, key):
        return {}

    def __getitem__(self, key):
        Counting.looked += 1
        return super().__getitem__(key) if key in self else {}


def looks(docs, ask):
    engine = Engine(SCHEMA)
    engine.store.commit(hierarchy(docs))
    view = engine.store.view()
    view.rows = Counting(view.rows)
    Counting.looked = 0
    assert ask(engine, view)
    return Counting.looked


def test_a_check_looks_at_as_many_objects_in_a_store_ten_times_as_large():
    def ask(engine, view):
        return engine.compiled.check(view, "doc:150", "viewer", "user:0-7", engine.limits)[0] == 2

    assert looks(400, ask) == looks(4_000, ask) <= 8


def test_a_list_looks_at_no_more_either():
    def ask(engine, view):
        return len(engine.lists.objects(view, "doc", "viewer", "user:0-7", engine.limits)) == 200

    assert looks(400, ask) == looks(4_000, ask)
