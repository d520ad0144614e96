"""The other six exercises of lesson 10a: CDN, publish-subscribe, breaker, discovery, limits, hashing, scaling."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from dslab.concepts import autoscaling, cdn, discovery, gateway, pubsub
from dslab.course.concepts.lean import Exercise
from dslab.course.concepts.predictions import ROOM
from dslab.teach import Feedback, Number, Settings, Solution, Span, WrongAnswer, decided_by, same_as

# -- 3 CDN ----------------------------------------------------------------------------------------------------------


def _origin_limits(answer: dict[str, Any]) -> Feedback:
    run = cdn.origin_fetches(
        40, 0.2, float(answer["ttl"]), 0.4, answer["shield"], answer["collapsing"], answer["age"], seconds=240
    )
    if run["oldest_s"] > 30:
        return Feedback.no(
            "A reader was given a copy that is too old.",
            f"the oldest copy given out was {run['oldest_s']:.0f} s old",
        )
    if run["per_minute"] > 3:
        return Feedback.no("The origin is asked too often.", f"{run['per_minute']:.1f} fetches a minute")
    return Feedback.yes(
        f"{run['per_minute']:.1f} fetches a minute, and no copy older than {run['oldest_s']:.0f} s."
    )


_CDN = {"shield": True, "collapsing": True, "age": True, "ttl": 28}
fresh_enough = ROOM.add(
    Exercise(
        "fresh enough", "configure", "CDN: fresh enough",
        "40 edges, each asked every 5 s on average; a fetch takes 0.4 s. The publisher wants no reader to get a copy older than 30 s, and at most 3 fetches a minute from the origin. `shield` and "
        "`collapsing` are those of the explorer, `age`: the TTL counts from the origin, `ttl` is in seconds.",
        _origin_limits,
        ("One of the two limits pulls the TTL up, the other down. Which is which?", "How many fetches a minute does one cache make, and how many do forty?",
         "With two tiers that each begin their TTL anew, how old can a copy get? And how old if they do not?"),
        Solution(_CDN, "One cache before the origin, one fetch for each TTL of 28 s, and an age that is counted once."),
        (WrongAnswer(_CDN | {"age": False}, "too old", "a TTL is a TTL"), WrongAnswer(_CDN | {"shield": False}, "too often", "edges are enough"),
         WrongAnswer(_CDN | {"ttl": 60}, "too old", "the longer the better"), WrongAnswer(_CDN | {"ttl": 10}, "too often", "short is safe")),
        form=Settings({"shield": (False, True), "collapsing": (False, True), "age": (False, True), "ttl": Span(1, 60)}, start={"shield": False, "collapsing": False, "age": False, "ttl": 10}),
    )
)  # fmt: skip

# -- 5 publish-subscribe --------------------------------------------------------------------------------------------

_SECONDS = Number("s", 0, 10_000, tolerance=2)
first_gap = ROOM.add(
    Exercise(
        "until the gap", "predict", "Publish-subscribe: until the gap",
        "200 messages a second are published, the topic keeps the newest 10,000, and a subscriber that has been up to date until now reads 150 a second. After how many seconds is the first message gone before it reads it?",
        decided_by(_SECONDS, lambda: pubsub.first_loss(200, 150, 10_000), "10,000 / (200 - 150): the lag grows by 50 a second.", {
            "low": "It does read meanwhile; how fast does it fall behind?", "high": "Every second it is a little further behind. By how much, and how much may it be?",
        }),
        ("How many messages further behind is it after one second?", "It loses nothing as long as its lag fits into what is kept.", "What is kept, divided by how fast the lag grows."),
        Solution(200.0, "50 messages further behind each second; 10,000 / 50 = 200 s."),
        (WrongAnswer(50.0, "read meanwhile", "10,000 / 200: it reads nothing"), WrongAnswer(66.7, "read meanwhile", "10,000 / 150"), WrongAnswer(2_000.0, "further behind", "a factor of ten")),
        form=_SECONDS,
    )
)  # fmt: skip

# -- 7 circuit breaker ----------------------------------------------------------------------------------------------


def allow(state, since, now, cool, probing):
    """Give (state now, whether the call may pass)."""
    if state == "open" and now >= since + cool:
        state, probing = "half-open", False
    if state == "closed":
        return state, True
    return state, state == "half-open" and not probing


def _opens_for_all(state, since, now, cool, probing):
    if state == "open" and now >= since + cool:
        state = "half-open"
    return state, state != "open"


def _never_half(state, since, now, cool, probing):
    if state == "open" and now >= since + cool:
        return "closed", True
    return state, state == "closed" or (state == "half-open" and not probing)


def _one_late(state, since, now, cool, probing):
    if state == "open" and now > since + cool:
        state, probing = "half-open", False
    if state == "closed":
        return state, True
    return state, state == "half-open" and not probing


def _refuses_first(state, since, now, cool, probing):
    if state == "open" and now >= since + cool:
        return "half-open", False
    return state, state == "closed" or (state == "half-open" and not probing)


_CALLS = [
    ("closed", 0, 5, 10, False), ("open", 0, 5, 10, False), ("open", 0, 10, 10, False), ("open", 0, 25, 10, False), ("half-open", 20, 21, 10, True), ("half-open", 20, 21, 10, False),
    ("closed", 3, 100, 10, False),
]  # fmt: skip
write_allow = ROOM.add(
    Exercise(
        "write the breaker", "implement", "Circuit breaker: may this call pass?",
        "Write `allow(state, since, now, cool, probing)`. It gives a pair: the state after this call has asked, and whether the call may pass. `state` is `\"closed\"`, `\"open\"` or `\"half-open\"`, and has been so since "
        "`since`; an open breaker becomes half-open when `cool` seconds are over (at exactly `cool` they are); `probing` says whether a probe is on its way.",
        same_as(allow, _CALLS, "Closed lets all pass, open none, half-open one.", {
            0: "Closed: everything passes.", 1: "The cool-down is not over.", 2: "At exactly the end of the cool-down it is over, and the call that asks is the probe.",
            3: "The cool-down is over; the breaker has not become closed by that.", 4: "A probe is on its way; nobody else may pass.", 5: "Half-open, and nobody is probing.", 6: "Closed stays closed.",
        }),
        ("Three states, three answers; and time changes one of the states.", "Look at the time first, then at the state.", "The call that finds the cool-down over is the probe itself."),
        Solution(allow, "First let time change the state, then: closed passes, half-open passes if nobody probes."),
        (WrongAnswer(_opens_for_all, "nobody else", "half-open is open for all"), WrongAnswer(_never_half, "end of the cool-down", "open, then closed"),
         WrongAnswer(_one_late, "exactly", "after the end only"), WrongAnswer(_refuses_first, "is the probe", "the next one probes")),
        expects="a function that gives a pair (state, True or False)", starter="def allow(state, since, now, cool, probing):\n    return ...\n\n\nlesson.write_allow.check(allow)",
    )
)  # fmt: skip

# -- 8 service discovery --------------------------------------------------------------------------------------------


def _lease_limits(answer: dict[str, Any]) -> Feedback:
    lease, beat, refresh = (float(answer[name]) for name in ("lease", "beat", "refresh"))
    if lease < beat:
        return Feedback.no(
            "Every instance would be dropped between two heartbeats.",
            f"a lease of {lease:g} s, a heartbeat every {beat:g} s",
        )
    if 1_000 / beat + 1_000 / refresh > 1_000:
        return Feedback.no(
            "The registry gets more messages than it can take.",
            f"{1_000 / beat + 1_000 / refresh:,.0f} a second",
        )
    if (worst := discovery.worst_stale_s(lease, refresh)) > 15:
        return Feedback.no("Callers may meet a dead instance for too long.", f"up to {worst:g} s")
    alarms = 86_400 / beat * 1_000 * discovery.false_alarm(0.02, lease, beat)
    if alarms > 10:
        return Feedback.no("Too many living instances are dropped.", f"{alarms:,.0f} a day")
    return Feedback.yes(
        f"Dead for {worst:g} s at most, {alarms:.2f} false alarms a day, {1_000 / beat + 1_000 / refresh:,.0f} messages a second."
    )


_LEASE = {"lease": 10, "beat": 2, "refresh": 5}
choose_lease = ROOM.add(
    Exercise(
        "choose a lease", "configure", "Service discovery: choose a lease",
        "1,000 instances and as many clients; 2 % of all heartbeats are lost, each by itself. Choose `lease`, `beat` (time between heartbeats) and `refresh` (time between two readings of the list), in seconds, so that "
        "callers meet a dead instance for 15 s at most, fewer than 10 living instances a day are dropped, and the registry gets at most 1,000 messages a second (heartbeats and readings).",
        _lease_limits,
        ("Three limits, and each of them pulls at other numbers. Write each as a formula.", "The false alarms depend on how many beats fit into a lease, and hardly on anything else.",
         "Five beats in a lease are 0.02 to the fifth. Then look what is left for the refresh."),
        Solution(_LEASE, "Five beats a lease; 10 s + 5 s = 15 s; 500 heartbeats and 200 readings a second."),
        (WrongAnswer({"lease": 10, "beat": 5, "refresh": 5}, "living instances", "two beats are enough"), WrongAnswer({"lease": 5, "beat": 1, "refresh": 1}, "more messages", "as often as possible"),
         WrongAnswer({"lease": 20, "beat": 4, "refresh": 5}, "too long", "the lease of the explorer, a little longer"), WrongAnswer({"lease": 2, "beat": 5, "refresh": 5}, "between two heartbeats", "short is fast")),
        form=Settings({"lease": Span(1, 60), "beat": Span(1, 30), "refresh": Span(1, 30)}, start={"lease": 30, "beat": 10, "refresh": 30}),
    )
)  # fmt: skip

# -- 10 rate limiting -----------------------------------------------------------------------------------------------

_TOKENS = Number("tokens", 1, 1_000, tolerance=0.5)
largest_burst = ROOM.add(
    Exercise(
        "the largest bucket", "predict", "Rate limiting: the largest bucket",
        "A service must never get more than 100 requests of one client in any 10 s; a client that sends 5 a second must never be refused. The bucket is refilled at 5 tokens a second. How many tokens may it hold at most?",
        decided_by(_TOKENS, lambda: 100 - (gateway.most_admitted(5, 0, 10)), "Burst + 5 × 10 = 100.", {
            "low": "More fits: what comes in during 10 s, and what was there at the start, may be 100 together.", "high": "A full bucket at the start, and what comes in during the 10 s: together that is more than 100.",
        }),
        ("What is the most that passes in 10 s, if the bucket is full at their start?", "Two parts: what is in it, and what comes in.", "What comes in during 10 s is no choice; the rest of the 100 is."),
        Solution(50.0, "50 + 5 × 10 = 100."),
        (WrongAnswer(100.0, "more than 100", "the limit is the bucket"), WrongAnswer(95.0, "more than 100", "one second of refill"), WrongAnswer(10.0, "More fits", "two seconds' worth")),
        form=_TOKENS,
    )
)  # fmt: skip

# -- 11 consistent hashing ------------------------------------------------------------------------------------------


def owner_of(place, points, owners):
    """Give the owner of the first point at or after a place, round the end."""
    return owners[bisect_left(points, place) % len(points)]


def _before(place, points, owners):
    return owners[bisect_left(points, place) - 1]


def _no_wrap(place, points, owners):
    return owners[min(bisect_left(points, place), len(points) - 1)]


def _nearest(place, points, owners):
    return owners[min(range(len(points)), key=lambda n: abs(points[n] - place))]


def _strictly_after(place, points, owners):
    found = [n for n, point in enumerate(points) if point > place]
    return owners[found[0] if found else 0]


_POINTS, _OWNERS = [10, 40, 70], ["a", "b", "c"]
_PLACES = [(place, _POINTS, _OWNERS) for place in (30, 55, 5, 80, 40, 69)] + [(99, [50], ["only"])]
write_ring = ROOM.add(
    Exercise(
        "write the ring", "implement", "Consistent hashing: write the ring",
        "Write `owner_of(place, points, owners)`: `points` is an ascending list of places on the circle, `owners` says who each belongs to. Give the owner of the first point at or after `place`; after the last point the circle "
        "goes on at the first.",
        same_as(owner_of, _PLACES, "At or after, and round the end.", {
            0: "The next point after 30 is 40.", 1: "55 is nearer to 40 than to 70? That does not count: go forwards.", 2: "5 lies before the first point.", 3: "After the last point the circle goes on at the first.",
            4: "A place on a point belongs to that point.", 5: "The next point after 69 is 70.", 6: "One point has everything.",
        }),
        ("Only one direction counts.", "Two special cases: a place on a point, and a place after the last.", "`bisect.bisect_left` gives the number of points before a place; what does the remainder by their count do?"),
        Solution(owner_of, "bisect_left finds the first point at or after; the remainder closes the circle."),
        (WrongAnswer(_before, "next point", "the point before"), WrongAnswer(_no_wrap, "goes on at the first", "the last point keeps the rest"), WrongAnswer(_nearest, "go forwards", "the nearest point"),
         WrongAnswer(_strictly_after, "on a point", "strictly after")),
        expects="a function that gives one of `owners`", starter="def owner_of(place, points, owners):\n    return ...\n\n\nlesson.write_ring.check(owner_of)",
    )
)  # fmt: skip

# -- 12 auto scaling ------------------------------------------------------------------------------------------------


def _loop_limits(answer: dict[str, Any]) -> Feedback:
    run = autoscaling.scale(float(answer["target"]), 90, 30, answer["cool"], "a step", answer["pending"])
    if run["turns"]:
        return Feedback.no(
            "The number of servers swings.",
            f"{run['turns']} changes of direction, {run['peak']} servers at most",
        )
    if run["lost"] > 4:
        return Feedback.no("Too much is turned away while servers start.", f"{run['lost']:.1f} %")
    if run["hours"] > 15:
        return Feedback.no("It costs too much.", f"{run['hours']:.1f} server hours")
    return Feedback.yes(f"No swing, {run['lost']:.1f} % turned away, {run['hours']:.1f} server hours.")


_LOOP = {"target": 50, "cool": 120, "pending": False}
calm_loop = ROOM.add(
    Exercise(
        "a calm loop", "configure", "Auto scaling: a calm loop",
        "The load makes the step of the explorer; a server starts in 90 s and the metric is 30 s old. Choose `target` (per cent), `cool` (cool-down, s) and `pending` (servers on their way count) so that the number of servers "
        "does not change its direction, at most 4 % of the requests are turned away, and the half hour costs at most 15 server hours.",
        _loop_limits,
        ("Swinging is one question, turned away and cost are another. Which control belongs to which?", "The loop must not look at a lack that it has already ordered against. There are two ways.",
         "Reserve costs money and saves requests: the target says how much of it there is."),
        Solution(_LOOP, "A cool-down as long as delay and start-up together (or counting what is on its way), and half of each server in reserve."),
        (WrongAnswer(_LOOP | {"cool": 0}, "swings", "react at once"), WrongAnswer(_LOOP | {"cool": 60}, "swings", "a little patience"),
         WrongAnswer(_LOOP | {"target": 70}, "turned away", "full use"), WrongAnswer(_LOOP | {"target": 35}, "costs too much", "much reserve")),
        form=Settings({"target": Span(20, 95), "cool": Span(0, 600), "pending": (False, True)}, start={"target": 60, "cool": 0, "pending": False}),
    )
)  # fmt: skip
