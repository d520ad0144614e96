"""The graph for real: Valkey agrees with memory, networkx with the walks, a dask cluster with one process."""

import pytest

from dslab import real
from dslab.rdg.graph import Graph
from dslab.rdg.kv import Write
from dslab.rdg.pipeline import ingest, partitioned
from dslab.rdg.real import ValkeyStore, agrees_with_networkx, growth, over_cluster, same_graph
from dslab.rdg.real.orders import STORED
from dslab.rdg.stream import actions
from dslab.sim.result import Metric, Result, Series
from tests.real.helpers import skip_where_missing


@pytest.fixture(scope="module")
def server():
    skip_where_missing("Valkey")
    with real.valkey() as started:
        yield started


@pytest.mark.real
def test_model_and_valkey_agree_on_which_orders_lead_to_the_same_graph(server):
    """As the anomaly late event says: with last-write-wins every order does; a blind overwrite only the order it came in."""
    result = same_graph(server, seed=1)
    assert (result["same_with"], result["same_without"], result["walks"]) == (3, 1, 12)


@pytest.mark.real
def test_valkey_breaks_ties_and_pages_as_memory_does(server):
    store = ValkeyStore(server, "ties")
    assert store.apply(Write("n", "r", "a", 5, "b")) and not store.apply(Write("n", "r", "a", 5, "a"))
    for item in "bcd":
        store.apply(Write("n", "r", item, 1, item))
    first = store.page("n", "r", size=2)
    assert [key for key, _, _ in first.items] == ["a", "b"] and first.next == "b"
    assert [key for key, _, _ in store.page("n", "r", "b", 2).items] == ["c", "d"]
    with pytest.raises(ValueError, match="takes values without a TTL"):
        store.apply(Write("n", "r", "a", 9, None))


def test_stored_result_says_what_the_live_one_does():
    stored = real.load(STORED / "same_graph.json", Result, metrics=Metric, series=Series)
    assert (stored["same_with"], stored["same_without"], stored["walks"]) == (3, 1, 12)


@pytest.mark.parametrize(
    "types", [("has_profile", "started_watching"), ("logged_in_from",), ("has_profile", "plays")]
)
def test_networkx_agrees_with_every_walk(types):
    graph = Graph()
    ingest(actions(3_000, accounts=40), graph)
    assert agrees_with_networkx(graph, [f"account:{n}" for n in range(40)], types) == 40


def test_cluster_gives_the_same_graph_as_one_process():
    pytest.importorskip("distributed", reason="dask.distributed is not installed: pip install distributed")
    stream = list(actions(3_000, accounts=40))
    with over_cluster(workers=2) as run:
        assert partitioned(stream, 4, 1_000, run) == partitioned(stream, 1)


def test_cluster_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RuntimeError, match="pip install distributed"), over_cluster():
        pass


def test_bytes_per_edge_hardly_change_with_size():
    """Payload per edge within 15 % from 2,000 to 20,000 edges."""
    result = growth((2_000, 20_000))
    assert result["spread"] < 0.15
    assert result["messages_per_s_measured"] > 0
