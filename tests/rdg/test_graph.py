"""The graph: what an update writes, what a walk finds and costs, in both layouts."""

import pytest

from dslab.rdg.graph import WATCHED_ON_DEVICES, Graph, Hop, items_bound, pair_id, rounds_bound, writes_of
from dslab.rdg.kv import DAY_US
from dslab.rdg.pipeline import ingest
from dslab.rdg.stream import Update, actions
from dslab.rdg.walks import BUILT, WAYS, read_ms, wide


def edge(kind, source, target, version, value=""):
    return Update(kind, source, target, version, value)


def household(layout="links"):
    """Facts 4c.7: one account, five profiles; each started two titles."""
    graph = Graph(layout)
    for p in range(5):
        graph.put(edge("has_profile", "account:1", f"profile:{p}", p))
        for t in range(2):
            graph.put(edge("started_watching", f"profile:{p}", f"title:{t}", 10 * t + p))
    return graph


HOPS = (Hop("has_profile"), Hop("started_watching"))


def test_by_depth_is_six_calls_and_60_ms_by_level_two_rounds_and_20_ms():
    graph = household()
    deep, level = graph.walk("account:1", HOPS, by_level=False), graph.walk("account:1", HOPS)
    assert (deep.calls, deep.latency_ms(10)) == (6, 60)
    assert (level.calls, level.latency_ms(10)) == (6, 20)
    assert deep.levels == level.levels and deep.edges == level.edges
    assert (deep.answered, level.answered) == ([1] * 6, [1, 5])


def test_both_layouts_walk_forward_alike_and_only_links_walk_back():
    assert (
        household("adjacency").walk("account:1", HOPS).levels
        == household("links").walk("account:1", HOPS).levels
    )
    assert household().walk("title:1", [Hop("started_watching", backward=True)]).levels[1] == [
        f"profile:{p}" for p in (4, 3, 2, 1, 0)
    ]
    with pytest.raises(ValueError, match="no way back along started_watching"):
        household("adjacency").walk("title:1", [Hop("started_watching", backward=True)])


def test_an_edge_takes_one_write_in_2025_and_three_in_2026():
    update = edge("started_watching", "profile:1", "title:1", 5, "60 s")
    assert len(writes_of(update, "adjacency")) == 1
    assert [write.namespace for write in writes_of(update)] == [
        "link.started_watching",
        "rlink.started_watching",
        "property.started_watching",
    ]
    assert pair_id("a", "b") == pair_id("b", "a")


def test_properties_are_upserted_without_touching_a_wide_record():
    """NFG: with links apart, new properties of an old edge rewrite neither the adjacency record's width nor its bytes."""
    graph = household()
    before = graph.store.width("link.started_watching", "profile:0")
    graph.put(edge("started_watching", "profile:0", "title:0", 99, "a very long text about what was watched"))
    assert graph.store.width("link.started_watching", "profile:0") == before
    wide_row = household("adjacency")
    before = wide_row.store.width("edge.started_watching", "profile:0")
    wide_row.put(
        edge("started_watching", "profile:0", "title:0", 99, "a very long text about what was watched")
    )
    assert wide_row.store.width("edge.started_watching", "profile:0")[1] > before[1]


def star(edges=10):
    graph = Graph()
    for n in range(edges):
        graph.put(edge("streamed_from", "title:1", f"device:{n:02}", n))
    return graph


def test_latest_reads_all_and_gives_the_newest_any_stops_early():
    hop = [Hop("streamed_from", limit=3)]
    latest = star().walk("title:1", hop, order="LATEST", page=2)
    first = star().walk("title:1", hop, order="ANY", page=2)
    assert (
        latest.levels[1] == ["device:09", "device:08", "device:07"]
        and latest.items == 10
        and latest.calls == 5
    )
    assert (
        first.levels[1] == ["device:00", "device:01", "device:02"] and first.items == 4 and first.calls == 2
    )


def test_lookback_leaves_out_what_is_too_old():
    graph = Graph()
    for days in (0, 99, 101):
        graph.put(edge("plays", "profile:1", f"game:{days}", (200 - days) * DAY_US))
    found = graph.walk("profile:1", [Hop("plays")], lookback_days=100, now_us=200 * DAY_US)
    assert found.levels[1] == ["game:0", "game:99"]


@pytest.mark.parametrize(("limits", "page", "rounds", "items"), [
    ((250, 300), 100, 6, 250 + 250 * 300), ((300,), 100, 3, 300), ((1, 1, 1), 100, 3, 3),
])  # fmt: skip
def test_bounds_of_a_walk(limits, page, rounds, items):
    assert rounds_bound(limits, page) == rounds
    assert items_bound(limits) == items


def test_a_walk_stays_within_its_bounds():
    graph = Graph()
    ingest(actions(3_000, accounts=30), graph)
    for n in range(30):
        hops = (Hop("has_profile", limit=4), Hop("started_watching", limit=7))
        walk = graph.walk(f"account:{n}", hops, order="ANY", page=2)
        assert len(walk.edges) <= items_bound((4, 7))
        assert walk.rounds <= rounds_bound((4, 7), 2)


def test_what_the_devices_watched_is_what_the_actions_say():
    stream = list(actions(4_000, accounts=25, late=0.1, duplicates=0.1))
    graph = Graph()
    ingest(stream, graph)
    for n in range(25):
        devices = {a.device for a in stream if a.account == f"account:{n}" and a.topic == "logins"}
        titles = {a.subject for a in stream if a.device in devices and a.topic == "watches" and a.seconds > 0}
        walk = graph.walk(f"account:{n}", WATCHED_ON_DEVICES)
        assert (set(walk.levels[1]), set(walk.levels[2])) == (devices, titles)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", ["adjacency", "links"])
def test_closed_form_of_a_wide_record_is_what_was_counted_on_built_ones(way, layout):
    series = wide(1_000, layout, way, 300, 100).series["counted"]
    for edges, counted in zip(BUILT, series.y, strict=True):
        assert counted == pytest.approx(read_ms(edges, layout, way, 300, 100)[1], rel=1e-9)


def test_errors_are_sentences():
    for wrong, told in (
        (lambda: Graph("rows"), "no layout 'rows'"),
        (lambda: Hop("likes"), "no edge type 'likes'"),
        (lambda: Hop("plays", limit=0), "limit of 0"),
        (lambda: Graph().walk("a", [Hop("plays")], order="OLDEST"), "no order 'OLDEST'"),
    ):
        with pytest.raises(ValueError, match=told):
            wrong()
