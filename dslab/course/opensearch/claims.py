"""The ledger of lesson 8: what the article, the release notes, documents and issues claim, and what was measured here."""

from __future__ import annotations

from dslab.opensearch import anomalies, timeline
from dslab.opensearch.bootstrap import BootstrapSwitches
from dslab.opensearch.cluster import Desired, Pool
from dslab.opensearch.namespaces import watched
from dslab.opensearch.shards import Index
from dslab.opensearch.switches import VERSIONS, guard_allows, guard_table
from dslab.teach import WRONG, Claim, Ledger, Measurement, holds_only_if

ARTICLE = "BigData Boutique, “OpenSearch Kubernetes Operator 3.0 …”, known from a digest"
CODE = "source of v3.0.0-alpha (b7376be9)"
BUILT_IN = "the model was built with this number; it can show it, not test it"
JAN, ALPHA = "January 2026", "26 January 2026"


def _held(*names: str, version: str = "3.0.0-alpha") -> int:
    return sum(anomalies.search(name, 1, switches=VERSIONS[version]).held for name in names)


def _quorum_safe() -> Measurement:
    old, new = (
        anomalies.search("all managers at once", 1, switches=VERSIONS[v]) for v in ("2.8.0", "3.0.0-alpha")
    )
    two = timeline.operate("one pool", 2, 0, 0, "configuration", "3.0.0-alpha")
    told = f"three zones: 2.8.0 breaks, the alpha held in {new.searched} schedules; two managers: no majority for {two['leaderless_s']:.0f} s"
    return Measurement(
        "three or more" if new.held and not old.held and two["leaderless_s"] else "always", "", told
    )


def _deadlocks() -> Measurement:
    names = ("upgrade stays yellow", "drain of a stuck replica", "archived settings")
    return Measurement(
        _held(*names),
        "of 3",
        f"the three deadlocks of an upgrade; 2.8.0: {_held(*names, version='2.8.0')} of 3",
    )


def _split_brain() -> Measurement:
    moved = anomalies.search("bootstrap pod moves")
    again = anomalies.search(
        "re-applied over kept volumes", switches=BootstrapSwitches(volume=True, looks_first=False)
    )
    word = (
        "unless volumes are kept"
        if moved.held and not again.held
        else "solved"
        if again.held
        else "not solved"
    )
    return Measurement(word, "", again.describe())


def _hot_reload() -> Measurement:
    on, off = (
        anomalies.search("certificates run out"),
        anomalies.search("certificates run out", hot_reload=False),
    )
    return Measurement("opt-in" if on.held and not off.held else "always", "", off.describe())


def _upgrade_test() -> Measurement:
    run = timeline.operate("one pool", 3, 2, 1, "version", "3.0.0-alpha")
    return Measurement("finished" if not run["blocked"] else "blocked", "", run.describe())


def _restart_of_three() -> timeline.Run:
    pools = (Pool("managers", 3, manager=True), Pool("data", 2, data=True))
    return timeline.run(Desired(pools), (Index("logs", 1, 1),), "configuration", VERSIONS["3.0.0-alpha"])


def _order() -> Measurement:
    names = [name for us, name in _restart_of_three().cluster.deleted]
    return Measurement("lowest ordinal first" if names[0] == "data-0" and names[2] == "managers-0" else "highest ordinal first", "",
                       ", ".join(names))  # fmt: skip


def _allowed(managers: int) -> Measurement:
    row = guard_table("as coded")[managers - 1]
    return Measurement(
        ", ".join(map(str, row.allowed)) or "never", "", f"of {managers}, a majority is {row.majority}"
    )


def _two_thirds() -> Measurement:
    cases = [(n, ready) for n in range(1, 10) for ready in range(1, n + 1)]
    off = [case for case in cases if guard_allows("as coded", *case) != (3 * case[1] >= 2 * case[0])]
    return Measurement(
        len(off),
        "cases",
        f"of {len(cases)} pairs of managers and ready ones the two rules differ in {len(off)}",
    )


def _dead_code() -> Measurement:
    differ = 0
    for managers in range(2, 10):
        runs = [timeline.operate("one pool", managers, 0, 0, "configuration", "3.0.0", quorum_guard=guard)
                for guard in ("as coded", "off")]  # fmt: skip
        differ += runs[0].series["ready"].y != runs[1].series["ready"].y
    return Measurement(
        differ, "of 8 sizes differ", "N = 2 to 9, every pool ready: with the guard as coded and without it"
    )


def _single() -> Measurement:
    run = timeline.operate("one pool", 1, 0, 0, "configuration", "3.0.0-alpha")
    return Measurement("never" if run["blocked"] and not run["deleted"] else "restarts", "", run.describe())


def _disaster() -> Measurement:
    before, after = (
        anomalies.search("false disaster", 1, switches=VERSIONS["3.0.0"]),
        anomalies.search("false disaster"),
    )
    return Measurement("deleted" if not before.held and after.held else "kept", "", before.describe())


def _observability() -> Measurement:
    other = anomalies.search("upgrade stays yellow", 1, switches=VERSIONS["2.8.0"])
    return Measurement("other indexes block" if not other.held else "any index passes", "", other.describe())


def _starved() -> Measurement:
    verdict = anomalies.search("starved", 1, switches=VERSIONS["3.0.0"])
    return Measurement("starved" if not verdict.held else "gets its turn", "", verdict.describe())


def _scaler_race() -> Measurement:
    alpha, fixed = (
        anomalies.search("scaler changes its target", 1, target_in_status=on) for on in (False, True)
    )
    return Measurement("fixed by it" if fixed.held and not alpha.held else "not fixed", "", alpha.describe())


def _namespaces() -> Measurement:
    now, before = watched("search, logs"), watched("search, logs", parsed_first=False)
    told = f"asked for search and logs: {'all' if before is None else before} were watched before, {' and '.join(now or ())} since"
    return Measurement("3.0 only" if now == ("search", "logs") and before is None else "always", "", told)


CLAIMS = Ledger(
    "opensearch",
    [
        Claim("quorum-safe restarts", "rolling restarts are quorum-safe", ARTICLE, JAN, "V",
              test=lambda word: holds_only_if("there are three managers or more: with two, the guard lets one go and the majority is gone")
              if word == "three or more" else word == "always", experiment=_quorum_safe),
        Claim("upgrade deadlocks", "the deadlocks of upgrades are resolved", ARTICLE, JAN, "V", value=3, unit="of 3", experiment=_deadlocks),
        Claim("split-brain", "split-brain scenarios are addressed", ARTICLE, JAN, "V", value="solved",
              otherwise=holds_only_if("nobody re-applies a manifest over kept volumes; and a quorum guard prevents loss of quorum, not split brain"),
              experiment=_split_brain),
        Claim("hot reload", "certificates are reloaded while the nodes run", ARTICLE, JAN, "V", value="always",
              otherwise=holds_only_if("it is switched on (it is off by default), mounted as a directory, and OpenSearch is 2.19.1 or newer"),
              experiment=_hot_reload),
        Claim("over 100 changes", "over 100 changes since 2.8.0", ARTICLE, JAN, "V",
              reason="v2.8.0 to v3.0.0-alpha is exactly 100 commits; how many changes a commit holds cannot be counted here"),
        Claim("SmartScaler by default", "SmartScaler is on by default", ARTICLE, JAN, "V",
              reason="a default in a resource definition, true since 29 December 2025 (commit #1240); there is nothing to measure"),
        Claim("security defaults", "there are new security defaults", ARTICLE, JAN, "V", reason="no list of them was found in the repository"),
        Claim("namespaces", "several namespaces can be watched; before, the flag for one had no effect", ARTICLE, JAN, "V", value="3.0 only",
              experiment=_namespaces),
        Claim("tested upgrade", "2.19.4 to 3.4.0 with three managers and two data nodes", "integrity_test.md", ALPHA, "V", value="finished",
              experiment=_upgrade_test),
        Claim("requeue: restart", "a restart comes back after 10 s", CODE, ALPHA, "V", reason=BUILT_IN),
        Claim("requeue: upgrade begins", "after the first step an upgrade comes back after 15 s", CODE, ALPHA, "V", reason=BUILT_IN),
        Claim("requeue: drain", "a drain is looked at again after 15 s", CODE, ALPHA, "V", reason=BUILT_IN),
        Claim("one per pass", "at most one pod is deleted in a pass", "PR #1141", "31 October 2025", "V", reason=BUILT_IN),
        Claim("guard: N = 3", "with three managers one goes only when three are ready", CODE, ALPHA, "C", value="3", experiment=lambda: _allowed(3)),
        Claim("guard: N = 5", "with five managers one goes when four or five are ready", CODE, ALPHA, "C", value="4, 5",
              experiment=lambda: _allowed(5)),
        Claim("guard: N = 1", "with one manager none ever goes", "issue 1449", "7 July 2026", "V", value="never", experiment=_single),
        Claim("guard: two thirds", "the guard asks for two thirds of the managers", "design document", ALPHA, "V", value=0, unit="cases",
              experiment=_two_thirds),
        Claim("guard is dead code", "with every pod ready, the guard changes nothing for two managers or more", "issue 1449", "7 July 2026", "V",
              value=0, unit="of 8 sizes differ", experiment=_dead_code),
        Claim("order", "the highest ordinal first, data before coordinating nodes before managers", "design document", ALPHA, "V",
              value="highest ordinal first", experiment=_order),
        Claim("starved", "a part that keeps asking for another pass starves those behind it", CODE, ALPHA, "C", value="starved", experiment=_starved),
        Claim("emptyDir recovery", "managers that are merely not ready make the operator delete everything", CODE, ALPHA, "V", value="deleted",
              experiment=_disaster),
        Claim("yellow in 2.8.0", "at yellow only the observability index was let through", "source of v2.8.0", "25 June 2025", "V",
              value="other indexes block", experiment=_observability),
        Claim("target in status", "writing down the node that is drained ends the scaler's race", "source of v3.0.0", "11 March 2026", "V",
              value="fixed by it", experiment=_scaler_race),
        Claim("certificates", "a generated certificate lasts 8,760 h", "custom resource definition", ALPHA, "V", reason=BUILT_IN),
        Claim("draining stops requests", "a node that is drained gets no more requests", "user guide", ALPHA, "V", verdict=WRONG,
              reason="the code only excludes it from shard allocation; the model has no requests to measure it with"),
        Claim("ordering is tested", "ordering and quorum are covered by tests", "design document", ALPHA, "V", verdict=WRONG,
              reason="at the alpha tag rollingRestart_test.go tests helpers for roles only"),
        Claim("supported versions", "OpenSearch 2.19.2 to the latest 3.x", "README", ALPHA, "V", reason="the model's OpenSearch has no features that differ by version"),
        Claim("old API group", "the old group lives for two or three releases", "migration guide", ALPHA, "V", reason="a promise about releases to come"),
    ],
)  # fmt: skip
