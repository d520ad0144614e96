"""The pipeline: any order leads to the same graph; windows, watermarks, checkpoints; the four counts; shards."""

from random import Random

import pytest

from dslab.rdg.graph import Graph
from dslab.rdg.kv import Store
from dslab.rdg.pipeline import Job, Topic, ingest, partitioned
from dslab.rdg.stream import START_US, Action, actions, explode, wanted, zipf_weights

STREAM = list(actions(2_000, accounts=60, late=0.2, duplicates=0.2))


def digest(stream, window_us=5_000_000, **how):
    graph = Graph()
    ingest(stream, graph, window_us, **how)
    return graph.store.digest()


@pytest.mark.parametrize("seed", range(3))
def test_duplicated_late_or_reordered_input_gives_the_same_graph(seed):
    rng = Random(seed)
    other = STREAM + rng.sample(STREAM, 300)
    rng.shuffle(other)
    assert digest(other) == digest(STREAM)


def test_reordered_input_gives_another_graph_without_last_write_wins():
    """The test above can fail: a blind overwrite does."""
    shuffled = list(STREAM)
    Random(1).shuffle(shuffled)
    digests = set()
    for stream in (STREAM, shuffled):
        graph = Graph(store=Store(last_write_wins=False))
        ingest(stream, graph, 0)
        digests.add(graph.store.digest())
    assert len(digests) == 2


def test_window_and_jobs_change_the_counts_not_the_graph():
    assert (
        digest(STREAM, 0)
        == digest(STREAM, 1_000_000)
        == digest(STREAM, 60_000_000)
        == digest(STREAM, per_topic=False)
    )
    records = [ingest(STREAM, Graph(), window).records for window in (0, 1_000_000, 60_000_000)]
    assert records[0] > records[1] > records[2]


def test_four_counts_are_never_the_same_number():
    graph = Graph()
    counts = ingest(STREAM, graph, 0)
    assert counts.messages == len(STREAM) == 2_000
    assert counts.records == counts.updates == sum(len(explode(a)) for a in STREAM if wanted(a))
    assert counts.writes == graph.store.writes > counts.records
    assert len({counts.messages, counts.records, counts.writes, graph.reads}) == 4


def watch(number, at_us, title="title:1"):
    return Action("watches", number, START_US + at_us, "account:1", "profile:1", "device:1", title, 60)


def test_window_hands_on_the_newest_when_the_watermark_has_passed_it():
    job = Job(window_us=5, lateness_us=0)
    assert job.take(watch(1, 100)) == []
    assert job.take(watch(2, 104)) == []
    ripe = job.take(watch(3, 105, "title:2"))
    assert {(u.type, u.version - START_US) for u in ripe} == {
        ("title", 104),
        ("started_watching", 104),
        ("streamed_from", 104),
    }


def test_late_action_is_counted_and_used_and_the_watermark_never_goes_back():
    job = Job(lateness_us=10)
    job.take(watch(1, 100))
    mark = job.watermark
    assert mark == START_US + 90
    assert len(job.take(watch(2, 50))) == 3
    assert (job.late, job.watermark) == (1, mark)


def test_restart_from_a_checkpoint_hands_on_again_and_the_graph_is_the_same():
    topic, job, graph = (
        Topic("watches", [watch(n, 10 * n) for n in range(8)]),
        Job(25, lateness_us=0),
        Graph(),
    )

    def run(until):
        while job.offset < until:
            for update in job.take(topic.read(job.offset, 1)[0]):
                graph.put(update)

    run(3)
    kept = job.checkpoint()
    run(6)
    written = graph.store.writes
    job.restore(kept)
    assert job.offset == 3
    run(8)
    for update in job.flush():
        graph.put(update)
    again = Graph()
    ingest(topic.log, again, 25)
    assert graph.store.writes > written
    assert graph.store.digest() == again.store.digest()


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_partitioned_by_key_gives_the_same_graph_as_one_process(shards):
    whole = Graph()
    ingest(STREAM, whole)
    assert partitioned(STREAM, shards, slice_size=300) == (
        whole.store.digest(),
        sum(1 for _ in whole.store.cells()),
    )


def test_stream_is_what_its_documentation_says():
    stream = list(actions(20_000, seed=3))
    ids = [action.id for action in stream]
    times = [action.at_us for action in stream]
    late = sum(one < max_before for one, max_before in zip(times[1:], _running_max(times), strict=False))
    assert 1 - len(set(ids)) / len(ids) == pytest.approx(0.02, abs=0.005)
    assert late / len(stream) == pytest.approx(0.05, abs=0.02)
    previews = [action for action in stream if action.topic == "watches"]
    assert sum(not wanted(a) for a in previews) / len(previews) == pytest.approx(0.05, abs=0.01)
    assert list(actions(500, seed=3)) == list(actions(500, seed=3)) != list(actions(500, seed=4))


def _running_max(values):
    most = values[0]
    for value in values:
        most = max(most, value)
        yield most


def test_titles_follow_zipf():
    weights = zipf_weights(2_000, 0.9)
    watched = [a.subject for a in actions(20_000, skew=0.9, duplicates=0) if a.topic == "watches"]
    assert watched.count("title:0") / len(watched) == pytest.approx(weights[0], rel=0.15)
    assert sum(weights) == pytest.approx(1)


def test_errors_are_sentences():
    for wrong, told in (
        (lambda: list(actions(1, late=2)), "late=2 is no share"),
        (lambda: list(actions(-1)), "count=-1"),
        (lambda: zipf_weights(0, 1), "0 keys"),
        (lambda: Job(-1), "window_us=-1"),
        (lambda: partitioned([], 0), "0 shards"),
    ):
        with pytest.raises(ValueError, match=told):
            wrong()
