"""The clock: closed forms of the guard and of a restart against the simulation, and what the explorers are told."""

import pytest

from dslab.opensearch import manifest
from dslab.opensearch.timeline import GUARDS, MOST, expected, from_manifest, guard_map, operate


def run_out(steps):
    shares = []
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as stop:
            return shares, stop.value


def outcomes(**values):
    _, result = run_out(guard_map(**values))
    return {(row["guard"], n): row[str(n)] for row in result.tables["outcome"] for n in range(1, MOST + 1)}


def test_guard_map_is_the_closed_form_where_every_pool_is_ready():
    found = outcomes(ready_gate="every pool")
    assert found == {(guard, n): expected(guard, n) for guard in GUARDS for n in range(1, MOST + 1)}


def test_guard_is_dead_code_behind_the_ready_gate():
    """Issue 1449: for two managers or more it changes nothing."""
    found = outcomes(ready_gate="every pool")
    assert all(found["as coded", n] == found["off", n] for n in range(2, MOST + 1))


@pytest.mark.parametrize(
    "values",
    [
        {"ready_gate": "off"},
        {"ready_gate": "off", "broken": 1},
        {"ready_gate": "own pool", "layout": "a pool for each zone"},
    ],
)
def test_without_that_gate_the_guard_as_coded_fails_for_even_numbers_only(values):
    found = outcomes(**values)
    assert [n for n in range(2, MOST + 1) if found["as coded", n] == "quorum lost"] == [2, 4, 6]
    assert not any(found["strict majority", n] == "quorum lost" for n in range(1, MOST + 1))


def test_guard_map_says_how_far_it_is():
    shares, _ = run_out(guard_map())
    assert shares == sorted(shares) and 0 <= shares[0] and shares[-1] < 1


@pytest.mark.parametrize("managers", [3, 5, 7])
def test_a_manager_takes_thirty_seconds_of_a_restart(managers):
    """Closed form: 5 s to stop and 20 s to start, met by passes every 10 s; then one more pass of 30 s that finds nothing."""
    result = operate("one pool", managers, 0, 0, "configuration", "3.0.0")
    assert result["took_s"] == pytest.approx(20 + 30 * managers + 30, abs=1)


def test_issue_650_by_the_clock():
    old, new = operate(version="2.8.0"), operate(version="3.0.0")
    assert (old["leaderless_s"], new["leaderless_s"]) == (10, 0)
    assert min(old.series["ready"].y) == 0 and min(new.series["ready"].y) == 2


@pytest.mark.parametrize(("gate", "upgraded"), [("green", 1), ("version-stuck", 3), ("settled", 3)])
def test_how_far_an_upgrade_goes(gate, upgraded):
    result = operate("the data nodes vote", 3, 0, 1, "version", "repaired", new_index=True, health_gate=gate)
    assert (result["deleted"], result.series["new"].y[-1]) == (upgraded, upgraded)


def test_three_new_nodes_make_three_copies_green():
    assert (
        operate("the data nodes vote", 6, 0, 0, "version", "repaired", new_index=True)["new_when_green"] == 3
    )


def test_a_drain_to_fewer_nodes_than_copies_never_ends():
    result = operate("one pool", 3, 3, 2, "one data node less", "3.0.0")
    assert (result["blocked"], result["deleted"]) == (1, 0)
    assert "The operator told nobody." in result.text


def test_the_manifest_decides_about_smart_scaler():
    text = manifest.EXAMPLES["three zones"]
    on, off = (
        from_manifest(each, "one data node less", "3.0.0", replicas=0)
        for each in (text, text.replace("smartScaler: true", "smartScaler: false"))
    )
    assert on["took_s"] > off["took_s"]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: operate(version="4"), "there is no version '4'; there are 2.8.0, "),
        (lambda: operate(layout="heap"), "there is no layout 'heap'; there are one pool, "),
        (lambda: operate(managers=0), "managers=0 is out of range; use a whole number from 1 to 9"),
        (lambda: operate(replicas=9), "replicas=9 is out of range"),
        (lambda: operate(change="nothing"), "there is no change 'nothing'; there are configuration, "),
        (lambda: operate(data_nodes=0, change="one data node less"), "no node pool holds data"),
        (lambda: next(guard_map(broken=2)), "broken=2 is out of range; use 0 or 1"),
        (lambda: next(guard_map(ready_gate="maybe")), "ready_gate='maybe' is no choice"),
    ],
)
def test_errors_are_sentences(call, says):
    with pytest.raises(ValueError, match=says):
        call()
