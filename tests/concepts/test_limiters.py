"""The limiters: what each promises, found by search and by formula; the conventions; the protocol."""

import random

import pytest

from dslab.concepts import limiters
from dslab.concepts.limiter_search import (
    bound,
    busiest,
    difference,
    in_window,
    most_in_span,
    passed,
    worst_case,
)
from dslab.concepts.limiters import (
    GCRA,
    LIMITERS,
    MINUTE_US,
    Coarse,
    FixedWindow,
    LeakyMeter,
    LeakyQueue,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
    make,
    run,
)

CONVENTIONS = [
    ("fixed window", {}, lambda L: 2 * L),
    ("fixed window", {"align": "first"}, lambda L: 2 * L - 1),
    ("sliding log", {}, lambda L: L),
    ("sliding log", {"edge": "closed"}, lambda L: L),
    ("sliding counter", {}, lambda L: 2 * L - 1),
    ("sliding counter", {"rounding": "floor"}, lambda L: 2 * L),
    ("token bucket", {}, lambda L: 2 * L - 1),
    ("token bucket", {"burst": 1}, lambda L: L),
    ("token bucket", {"burst": 5}, lambda L: L + 4),
    ("token bucket", {"refill": "whole"}, lambda L: 2 * L),
    ("token bucket", {"refill": "window"}, lambda L: 2 * L),
    ("leaky meter", {}, lambda L: 2 * L - 1),
    ("leaky meter", {"fits": "any room"}, lambda L: 2 * L),
    ("GCRA", {}, lambda L: 2 * L - 1),
    ("leaky queue", {}, lambda L: 2 * L),
    ("leaky queue", {"places": 0}, lambda L: L),
]  # fmt: skip


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize(("name", "positions", "promise"), CONVENTIONS)
def test_search_over_all_arrivals_finds_exactly_what_the_formula_says(name, positions, promise, limit):
    """Every schedule of 24 ticks, window 8 ticks: the most in any window is the bound, and the text's own formula."""
    worst = worst_case(lambda: make(name, limit, 8, **positions), 8, 16)
    assert worst.admitted == bound(make(name, limit, 8, **positions)) == promise(limit)
    assert worst.schedules == (limit + 1) ** 24


@pytest.mark.parametrize(("name", "positions", "promise"), CONVENTIONS)
def test_arrivals_found_do_get_that_much_through(name, positions, promise):
    worst = worst_case(lambda: make(name, 3, 8, **positions), 8, 16)
    limiter = make(name, 3, 8, **positions)
    limiter.room(0)
    assert most_in_span(passed(limiter, worst.arrivals), 8) == worst.admitted


@pytest.mark.parametrize("span", [1, 2, 5, 8, 12, 16])
@pytest.mark.parametrize(
    ("name", "positions"),
    [(name, positions) for name, positions, _ in CONVENTIONS if name != "sliding counter"],
)
def test_formula_holds_for_other_spans_too(name, positions, span):
    worst = worst_case(lambda: make(name, 2, 8, **positions), span, 12)
    assert worst.admitted == bound(make(name, 2, 8, **positions), span)


@pytest.mark.parametrize(
    ("name", "positions", "most"),
    [
        ("fixed window", {}, 200),
        ("fixed window", {"align": "first"}, 199),
        ("sliding log", {}, 100),
        ("sliding counter", {}, 199),
        ("sliding counter", {"rounding": "floor"}, 200),
        ("token bucket", {}, 199),
        ("token bucket", {"burst": 20}, 119),
        ("token bucket", {"burst": 21}, 120),
    ],
)
def test_numbers_of_the_facts_file_at_a_hundred_a_minute(name, positions, most):
    assert bound(make(name, 100, **positions)) == most


def test_boundary_burst_of_the_facts_file():
    """100 at 59.9 s and 100 at 60.0 s: fixed 200, log 100, counter 100, bucket of 100 100, bucket of 20 20."""
    bursts = [(59_900_000, 100), (60_000_000, 100)]
    lanes = (
        FixedWindow(100),
        SlidingLog(100),
        SlidingCounter(100),
        TokenBucket(100),
        TokenBucket(100, burst=20),
    )
    assert [len(passed(lane, bursts)) for lane in lanes] == [200, 100, 100, 100, 20]


def test_counter_burst_then_flood_of_the_facts_file():
    arrivals = [(59_500_000, 100), *((time, 1) for time in range(60_000_000, 180_000_000, 100_000))]
    assert most_in_span(passed(SlidingCounter(100), arrivals), MINUTE_US) == 199


def test_estimate_of_cloudflares_example():
    counter = SlidingCounter(1_000)
    passed(counter, [(0, 42), (60_000_000, 18)])
    assert counter.estimate(75_000_000) == 49.5


# -- three buckets are one --------------------------------------------------------------------------------


@pytest.mark.parametrize("burst", [1, 2, 3, 5])
@pytest.mark.parametrize("other", [GCRA, LeakyMeter])
def test_bucket_meter_and_gcra_never_differ(burst, other):
    assert difference(TokenBucket(3, 8, burst), other(3, 8, burst), 24).arrivals is None


def test_they_agree_on_long_random_runs_with_costs():
    rng = random.Random(5)
    for limit, window, burst in ((7, 1_000_003, 5), (100, MINUTE_US, 20), (3, 10, 40)):
        lanes = (
            TokenBucket(limit, window, burst),
            GCRA(limit, window, burst),
            LeakyMeter(limit, window, burst),
        )
        now = 0
        for _ in range(3_000):
            now += rng.choice((0, 1, window // (3 * limit), window // limit, window // limit + 1, window))
            cost = rng.choice((1, 1, 1, 2, burst, burst + 1))
            assert len({lane.admit(now, cost) for lane in lanes}) == 1
            assert len({lane.room(now) for lane in lanes}) == 1


def test_queue_admits_as_a_bucket_with_one_more_place():
    assert difference(LeakyQueue(3, 8, 4), TokenBucket(3, 8, 5), 20).arrivals is None


def test_a_search_that_can_find_a_difference_finds_the_shortest():
    """Whole tokens on a beat differ from a continuous refill, and B = 3 from B = 4 at the fourth request of one moment."""
    assert difference(TokenBucket(3, 8, 3), TokenBucket(3, 8, 4), 8).arrivals == (0, 0, 0, 0)
    assert difference(TokenBucket(3, 8, 3), TokenBucket(3, 8, 3, refill="whole"), 24).arrivals is not None


# -- conventions -------------------------------------------------------------------------------------------


def test_window_ends_before_its_end():
    assert run(FixedWindow(1, 10), [9, 10]) == [True, True]
    assert run(FixedWindow(1, 10, align="first"), [9, 10, 18, 19]) == [True, False, False, True]


def test_log_forgets_at_exactly_one_window_or_one_moment_later():
    assert run(SlidingLog(1, 10), [0, 9, 10]) == [True, False, True]
    assert run(SlidingLog(1, 10, edge="closed"), [0, 10, 11]) == [True, False, True]


def test_floor_asks_whether_the_estimate_is_below_the_limit():
    for time in range(20, 30):
        for before in range(4):
            counter, floor = (SlidingCounter(3, 10, rounding=rounding) for rounding in ("none", "floor"))
            passed(counter, [(11, before)])
            passed(floor, [(11, before)])
            estimate = counter.estimate(time)
            assert counter.admit(time) == (estimate + 1 <= 3)
            assert floor.admit(time) == (estimate < 3)


def test_bucket_gives_a_token_at_the_moment_it_is_whole():
    bucket = TokenBucket(1, 10, 1)
    assert run(bucket, [0, 9, 10]) == [True, False, True]
    assert run(GCRA(1, 10, 1), [0, 9, 10]) == [True, False, True]


def test_lost_fractions_starve_who_asks_often_and_nobody_else():
    assert run(TokenBucket(1, 10, 1, refill="lost"), list(range(0, 100, 5))).count(True) == 1
    assert run(TokenBucket(1, 10, 1, refill="lost"), list(range(0, 100, 10))).count(True) == 10


def test_refill_by_windows_of_the_epoch_or_of_the_first_request():
    assert run(TokenBucket(1, 10, 1, refill="window"), [5, 10, 14, 15]) == [True, False, False, True]
    assert run(TokenBucket(1, 10, 1, refill="window", align="epoch"), [5, 9, 10]) == [True, False, True]


def test_refusals_are_free_unless_counted():
    knocks = list(range(0, 300, 5))
    assert run(SlidingLog(2, 20), knocks).count(True) == 30
    assert run(SlidingLog(2, 20, refused="counted"), knocks).count(True) == 2
    fixed, counted = FixedWindow(3, 10), FixedWindow(3, 10, refused="counted")
    assert [fixed.admit(0, 5), fixed.admit(0)] == [False, True]
    assert [counted.admit(0, 5), counted.admit(0)] == [False, False]


@pytest.mark.parametrize("name", LIMITERS)
def test_held_clock_makes_the_past_the_present(name):
    held, again = make(name, 3, 12), make(name, 3, 12)
    times = [5, 30, 2, 2, 31, 7, 40]
    present = [max(times[: place + 1]) for place in range(len(times))]
    assert run(held, times) == run(again, present)


def test_followed_clock_fills_a_bucket_twice_but_not_gcra():
    ping_pong = [0, 30] * 10
    assert run(TokenBucket(1, 30, 1), ping_pong).count(True) == 2
    assert run(TokenBucket(1, 30, 1, clock="follow"), ping_pong).count(True) == 11
    assert run(GCRA(1, 30, 1, clock="follow"), ping_pong).count(True) == 2


def test_interval_in_whole_microseconds_lets_more_pass():
    """7 a second: T is 142,857.14 µs; with 142,857 the eighth comes 1 µs early."""
    exact, floor = GCRA(7, 1_000_000, 1), GCRA(7, 1_000_000, 1, interval="floor")
    times = [place * 142_857 for place in range(8)]
    assert run(exact, times).count(True) < run(floor, times).count(True) == 8


def test_queue_delays_are_an_interval_apart_and_bounded():
    queue = LeakyQueue(6, 60, places=3)
    decisions = [queue.decide(0) for _ in range(5)]
    assert [(each.allowed, each.delay_us) for each in decisions] == [
        (True, 0),
        (True, 10),
        (True, 20),
        (True, 30),
        (False, 0),
    ]
    assert decisions[-1].retry_after_us == 10


def test_coarse_clock_sees_whole_ticks():
    assert run(Coarse(TokenBucket(1, 1_000, 1), 1_000), [999, 1_000, 1_999, 2_000]) == [
        True,
        True,
        False,
        True,
    ]


# -- the protocol -------------------------------------------------------------------------------------------

EVERY = [(name, positions) for name, positions, _ in CONVENTIONS]


@pytest.mark.parametrize(("name", "positions"), EVERY)
def test_room_is_what_passes_and_retry_after_is_when(name, positions):
    """What `room` says passes, one more does not; a refused request passes after the time told and no sooner."""
    rng = random.Random(1)
    limiter, now = make(name, 3, 24, **positions), 0
    for _ in range(300):
        now += rng.choice((0, 0, 1, 2, 5, 9))
        before = limiter.room(now)
        state = limiter.state()
        assert [limiter.admit(now) for _ in range(before)] == [True] * before
        assert not limiter.admit(now)
        full = limiter.state()
        wait = limiter.retry_after_us(now)
        assert not limiter.admit(now + wait - 1)
        limiter.load(full)
        assert limiter.admit(now + wait)
        limiter.load(state)
        if rng.random() < 0.7:
            limiter.admit(now)


@pytest.mark.parametrize("name", LIMITERS)
def test_what_can_never_fit_is_refused_for_ever(name):
    limiter = make(name, 3, 24)
    assert not limiter.admit(0, 99)
    assert limiter.retry_after_us(0, 99) is None
    assert limiter.decide(0, 99).retry_after_us is None
    assert limiter.admit(0, 0) and limiter.room(0) >= 3


@pytest.mark.parametrize("name", LIMITERS)
def test_a_state_can_be_gone_back_to(name):
    rng, limiter = random.Random(9), make(name, 3, 24)
    times = sorted(rng.randrange(200) for _ in range(40))
    run(limiter, times[:20])
    state = limiter.state()
    first = run(limiter, times[20:])
    limiter.load(state)
    assert run(limiter, times[20:]) == first


def test_memory_of_a_client():
    kept = {}
    for name in LIMITERS:
        limiter = make(name, 100)
        passed(limiter, [(0, 500)])
        kept[name] = limiter.memory
    assert kept == {
        "fixed window": 2,
        "sliding log": 100,
        "sliding counter": 3,
        "token bucket": 2,
        "leaky meter": 2,
        "leaky queue": 1,
        "GCRA": 1,
    }


def test_spans_are_half_open():
    assert most_in_span([0, 59, 60], 60) == 2
    assert most_in_span([0, 59, 59], 60) == 3
    assert busiest([0, 100, 110, 130], 50) == (3, 100)
    assert in_window([0, 10, 20], 10, [0, 9, 10, 20]) == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: make("sieve", 1), "there is no limiter 'sieve'; there are fixed window, "),
        (lambda: make("GCRA", 1, 1, align="first"), "a GCRA has no 'align'; it has burst, interval, clock"),
        (lambda: FixedWindow(0), "the limit is 0; it must be a whole number of at least 1"),
        (lambda: FixedWindow(1, 2.5), "the window in microseconds is 2.5; it must be a whole number"),
        (lambda: TokenBucket(1, refill="slow"), "refill='slow' is no choice; use one of 'continuous', "),
        (lambda: SlidingLog(1).admit(0, -1), "the cost is -1; it must be a whole number of at least 0"),
        (lambda: SlidingLog(1).admit(0, True), "the cost is True; it must be a whole number"),
        (lambda: bound(SlidingCounter(1), 5), "the closed form of a sliding counter is for its own window"),
        (lambda: bound(TokenBucket(1, refill="lost")), "there is no closed form"),
        (lambda: bound(GCRA(1, clock="follow")), "there is a closed form for"),
        (
            lambda: worst_case(lambda: SlidingLog(1, 4, refused="counted"), 4, 4),
            'this search takes refused="free"',
        ),
    ],
)
def test_what_is_wrong_is_told(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_every_limiter_is_documented_with_its_conventions():
    for kind in LIMITERS.values():
        for word in kind.__init__.__code__.co_varnames[3 : kind.__init__.__code__.co_argcount]:
            assert f"``{word}" in (kind.__doc__ or "") + (limiters.__doc__ or ""), (kind.name, word)


def test_fractions_lost_on_pass_cost_only_who_passes():
    """As in throttled-py: the fraction goes when a request passes, so asking in vain costs nothing."""
    assert run(TokenBucket(1, 10, 1, refill="lost on pass"), list(range(0, 100, 5))).count(True) == 10
    every_third = list(range(0, 102, 3))
    assert run(TokenBucket(1, 10, 2, refill="lost on pass"), every_third).count(True) == 10
    assert run(TokenBucket(1, 10, 2), every_third).count(True) == 11
