"""Messages between nodes, answers and timeouts, links, clocks, slow nodes, and what a node does with what arrives."""

import pytest

from dslab.sim import Link, Mailbox, World, exponential, gather, sleep, uniform


def pair(**link):
    """Two nodes, a and b, and a list to which b's handler ``note`` writes (time, value)."""
    world, got = World(), []
    a, b = world.node("a"), world.node("b")
    world.link("a", "b", **link)

    def note(value):
        got.append((world.now, value))
        return value * 2

    b.on("note", note)
    return world, a, b, got


def values(got):
    return [value for _, value in got]


# -- sending and calling ----------------------------------------------------------------------------------


def test_a_message_arrives_after_the_latency():
    world, a, _, got = pair(latency=250)
    a.send("b", "note", value=1)
    world.run()
    assert got == [(250, 1)]


def test_a_link_nobody_spoke_of_takes_a_millisecond():
    world, got = World(), []
    a, b = world.node("a"), world.node("b")
    b.on("note", lambda: got.append(world.now))
    a.send("b", "note")
    world.run()
    assert got == [1_000]


def test_a_link_without_names_is_for_all_others():
    world, got = World(), []
    for name in "abc":
        world.node(name).on("note", lambda name=name: got.append((world.now, name)))
    world.link(latency=40)
    world.link("a", "c", latency=70)
    for name in "bc":
        world.nodes["a"].send(name, "note")
    world.run()
    assert got == [(40, "b"), (70, "c")]


def test_a_call_takes_both_ways():
    world, a, _, _ = pair(latency=30)
    world.link("b", "a", latency=12)

    async def asks():
        return await a.call("b", "note", value=4), world.now

    actor = a.spawn(asks())
    world.run()
    assert actor.result == (8, 42)


def test_an_async_handler_answers_when_it_is_done_and_others_are_served_meanwhile():
    world, a, b, _ = pair(latency=10)
    world.link("b", "a", latency=10)

    async def slow(us):
        await sleep(us)
        return us

    b.on("slow", slow)

    async def asks(us):
        return await a.call("b", "slow", us=us), world.now

    actors = [a.spawn(asks(us)) for us in (100, 5)]
    world.run()
    assert [actor.result for actor in actors] == [(100, 120), (5, 25)]


def test_a_handler_may_give_back_a_call_of_its_own():
    world, a, b, _ = pair(latency=10)
    c = world.node("c")
    c.on("name", lambda: "c")
    b.on("pass on", lambda: b.call("c", "name"))
    b.on("ask", lambda: b.request("c", "name"))

    async def asks():
        return [await a.call("b", "pass on"), await a.call("b", "ask")]

    actor = a.spawn(asks())
    world.run()
    assert actor.result == ["c", "c"]


def test_requests_can_be_under_way_together():
    world, a, _, _ = pair(latency=10)
    world.link("b", "a", latency=10)

    async def asks():
        return await gather(*[a.request("b", "note", value=value) for value in (1, 2, 3)]), world.now

    actor = a.spawn(asks())
    world.run()
    assert actor.result == ([2, 4, 6], 20)


def test_a_node_can_send_to_itself():
    world, a, _, _ = pair()
    a.on("tick", lambda: world.now)

    async def asks():
        return await a.call("a", "tick")

    actor = a.spawn(asks())
    world.run()
    assert actor.result == 1_000


def test_an_answer_of_nothing_is_an_answer():
    world, a, b, _ = pair(latency=10)
    b.on("quiet", lambda: None)

    async def asks():
        return await a.call("b", "quiet", timeout_us=5_000)

    actor = a.spawn(asks())
    world.run()
    assert (actor.done, actor.result) == (True, None)


# -- timeouts -----------------------------------------------------------------------------------------------


def timed(answer_after_us, timeout_us, tries=1):
    """Call a server that answers after so long; give what each try got and when, and how the run ended."""
    world, a, b, _ = pair(latency=0)
    world.link("b", "a", latency=0)

    async def serve(number):
        await sleep(answer_after_us)
        return number

    b.on("serve", serve)

    async def asks():
        got = []
        for number in range(tries):
            try:
                answer = await a.call("b", "serve", timeout_us, number=number)
            except TimeoutError as error:
                answer = str(error)
            got.append((world.now, answer))
        return got

    actor = a.spawn(asks())
    world.run()
    return actor.result


def test_an_answer_before_the_timeout_counts():
    assert timed(9, 10) == [(9, 0)]


def test_an_answer_in_the_microsecond_of_the_timeout_comes_too_late():
    assert timed(10, 10) == [(10, "no answer in time: ‘serve’ from b")]


def test_a_late_answer_is_no_answer_to_the_next_call():
    assert timed(15, 10, tries=3) == [(10 * n, "no answer in time: ‘serve’ from b") for n in (1, 2, 3)]


def test_a_timeout_that_was_not_needed_does_not_hold_the_clock():
    world, a, _, _ = pair(latency=10)

    async def asks():
        await a.call("b", "note", timeout_us=1_000_000, value=1)

    a.spawn(asks())
    assert world.run().now == 1_010


def test_without_a_timeout_a_lost_call_waits_for_ever():
    world, a, _, _ = pair()
    world.cut("a", "b")

    async def asks():
        await a.call("b", "note", value=1)

    actor = a.spawn(asks())
    world.run()
    assert (actor.done, world.waits_for()) == (False, [("a", "‘note’ from b", [])])
    world.close()


def test_a_wrong_timeout_sends_nothing():
    world, a, _, got = pair()
    with pytest.raises(ValueError, match="timeout"):
        a.call("b", "note", timeout_us=-1, value=1)
    world.run()
    assert got == []


def test_an_answer_that_comes_twice_is_one_answer():
    world, a, _, got = pair(latency=10)
    world.link("b", "a", latency=10, duplicate=1.0)

    async def asks():
        return [await a.call("b", "note", value=1), await a.call("b", "note", value=2)]

    actor = a.spawn(asks())
    world.run()
    assert (actor.result, values(got)) == ([2, 4], [1, 2])


# -- links ----------------------------------------------------------------------------------------------------


class Falling:
    """Latencies that fall: 50, 40, 30 ... so that later messages overtake."""

    def __init__(self):
        self.next = 60

    def __call__(self, rng):
        self.next -= 10
        return self.next


@pytest.mark.parametrize(
    ("fifo", "arrivals"),
    [(False, [(30, 2), (40, 1), (50, 0)]), (True, [(50, 0), (50, 1), (50, 2)])],
    ids=["overtaking", "in order"],
)
def test_only_a_fifo_link_forbids_overtaking(fifo, arrivals):
    world, a, _, got = pair(latency=Falling(), fifo=fifo)
    for value in range(3):
        a.send("b", "note", value=value)
    world.run()
    assert got == arrivals


def test_a_fifo_link_keeps_order_over_many_random_latencies():
    world, a, _, got = pair(latency=uniform(1, 500), fifo=True)

    async def sends():
        for value in range(200):
            a.send("b", "note", value=value)
            await sleep(7)

    a.spawn(sends())
    world.run()
    assert values(got) == list(range(200))


@pytest.mark.parametrize(("chance", "arrive"), [(0.0, 50), (1.0, 0)])
def test_loss_of_none_and_of_all(chance, arrive):
    world, a, _, got = pair(loss=chance)
    for value in range(50):
        a.send("b", "note", value=value)
    world.run()
    assert len(got) == arrive


def test_loss_loses_its_share():
    world, a, _, got = pair(loss=0.3)
    for value in range(2_000):
        a.send("b", "note", value=value)
    world.run()
    # 4 standard deviations of a binomial: 4 * sqrt(2000 * 0.3 * 0.7) = 82
    assert abs(len(got) - 1_400) < 82


def test_a_duplicate_is_delivered_twice_with_a_latency_of_its_own():
    world, a, _, got = pair(duplicate=1.0, latency=Falling())
    a.send("b", "note", value=1)
    world.run()
    assert got == [(40, 1), (50, 1)]


def test_fixed_latencies_use_up_no_chance():
    numbers = []
    for latency in (5, uniform(5, 9)):
        world, a, _, _ = pair(latency=latency)
        a.send("b", "note", value=1)
        world.run()
        numbers.append(world.rng.random())
    assert numbers[0] == World().rng.random() != numbers[1]


@pytest.mark.parametrize(("latency", "kind"), [(lambda rng: -1, ValueError), (lambda rng: 1.5, TypeError)])
def test_a_latency_is_a_whole_number_of_at_least_0(latency, kind):
    _, a, _, _ = pair(latency=latency)
    with pytest.raises(kind, match="the latency of the link from a to b"):
        a.send("b", "note", value=1)


def test_a_random_latency_rounds_to_whole_microseconds():
    world, a, _, got = pair(latency=exponential(0.7))
    for _ in range(50):
        a.send("b", "note", value=1)
    world.run()
    assert {type(time) for time, _ in got} == {int}


def test_a_message_to_nobody_is_a_mistake_that_names_the_nodes():
    _, a, _, _ = pair()
    with pytest.raises(ValueError, match="'c', which does not exist; nodes: a, b"):
        a.send("c", "note")


def test_a_message_nobody_handles_is_a_mistake_that_names_the_handlers():
    world, a, _, _ = pair()
    a.send("b", "other")
    with pytest.raises(ValueError, match="b has no handler for 'other' \\(from a\\); it handles note"):
        world.run()


def test_a_handler_is_a_function():
    with pytest.raises(TypeError, match="with a function only"):
        World().node("a").on("note", 5)


# -- clocks and slow nodes --------------------------------------------------------------------------------------


def shows(change, at=1_000_000):
    """Give what a clock shows one and two seconds after the start, ``change`` made at ``at``."""
    world = World()
    node, seen = world.node("n"), []
    world.at(at, lambda: change(node))
    for second in (1, 2):
        world.at(second * 1_000_000, lambda: seen.append(node.clock()))
    world.run()
    return seen


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda node: None, [1_000_000, 2_000_000]),
        (lambda node: node.jump(300), [1_000_300, 2_000_300]),
        (lambda node: node.jump(-300), [999_700, 1_999_700]),
        (lambda node: node.drift(50), [1_000_000, 2_000_050]),
        (lambda node: node.drift(-50), [1_000_000, 1_999_950]),
    ],
    ids=["right", "jumps", "jumps back", "gains", "loses"],
)
def test_clock_shows_skew_and_drift(change, seen):
    assert shows(change) == seen


def test_a_clock_does_not_jump_when_its_drift_changes():
    world = World()
    node = world.node("n")
    node.drift(100)
    world.run(until_us=3_000_000)
    before = node.clock()
    node.drift(-7)
    assert (before, node.clock()) == (3_000_300, 3_000_300)


def test_an_offset_can_be_set_when_building():
    world = World()
    node = world.node("n")
    node.skew_us, node.drift_ppm = 40, 1_000
    world.run(until_us=1_000)
    assert node.clock() == 1_041


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda node: node.drift(-1_000_000), ValueError),
        (lambda node: node.drift(0.5), ValueError),
        (lambda node: node.jump(0.5), TypeError),
        (lambda node: node.slow_down(0.5), ValueError),
        (lambda node: node.slow_down(float("inf")), ValueError),
        (lambda node: node.work(-1), ValueError),
    ],
)
def test_a_fault_that_is_not_possible_changes_nothing(call, kind):
    node = World().node("n")
    with pytest.raises(kind):
        call(node)
    assert (node.skew_us, node.drift_ppm, node.slow) == (0, 0, 1)


@pytest.mark.parametrize("slow", ["a", "b"])
def test_messages_to_and_from_a_slow_node_take_longer(slow):
    world, a, _, got = pair(latency=100)
    world.nodes[slow].slow_down(2.5)
    a.send("b", "note", value=1)
    world.run()
    assert got == [(250, 1)]


def test_work_on_a_slow_node_takes_longer_and_sleep_does_not():
    world, ends = World(), []
    node = world.node("n")
    node.slow_down(3)

    async def works():
        await node.work(100)
        ends.append(world.now)
        await sleep(100)
        ends.append(world.now)
        node.slow_down(1)
        await node.work(100)
        ends.append(world.now)

    node.spawn(works())
    world.run()
    assert ends == [300, 400, 500]


# -- mailboxes ------------------------------------------------------------------------------------------------------


def test_a_mailbox_keeps_messages_in_order_until_somebody_takes_them():
    world, a, b, _ = pair(latency=10)
    box = Mailbox(b, "vote")
    for value in (1, 2):
        a.send("b", "vote", value=value)

    async def takes():
        await sleep(50)
        return [(m.name, m.src, m.payload) for m in [await box.get(), await box.get()]]

    actor = b.spawn(takes())
    world.run()
    assert actor.result == [("vote", "a", {"value": 1}), ("vote", "a", {"value": 2})]


def test_a_mailbox_without_names_takes_what_no_handler_does():
    world, a, b, got = pair()
    box = Mailbox(b)
    a.send("b", "note", value=1)
    a.send("b", "other")
    world.run()
    assert (values(got), [message.name for message in box.items]) == ([1], ["other"])


def test_what_came_by_mail_can_be_answered():
    world, a, b, _ = pair(latency=10)
    box = Mailbox(b, "add")

    async def serves():
        while True:
            message = await box.get()
            message.reply(message.payload["x"] + 1)

    async def asks():
        return [await a.call("b", "add", x=1), await a.call("b", "add", x=5)]

    b.spawn(serves())
    actor = a.spawn(asks())
    world.run()
    assert actor.result == [2, 6]
    world.close()


def test_what_was_sent_and_not_called_cannot_be_answered():
    world, a, b, _ = pair()
    box = Mailbox(b, "fact")
    a.send("b", "fact")
    world.run()
    with pytest.raises(ValueError, match="‘fact’ from a was sent, not called"):
        box.try_get().reply(1)


def test_waiting_for_mail_can_end():
    world, _, b, _ = pair()
    box = Mailbox(b, "vote")

    async def takes():
        try:
            await box.get(timeout_us=70)
        except TimeoutError as error:
            return world.now, str(error)

    actor = b.spawn(takes())
    world.run()
    assert actor.result == (70, "no answer in time: mailbox of b")


def test_a_message_that_comes_after_giving_up_is_there_for_the_next():
    world, a, b, _ = pair(latency=100)
    box = Mailbox(b, "vote")
    a.send("b", "vote", value=1)

    async def takes():
        try:
            await box.get(timeout_us=70)
        except TimeoutError:
            return (await box.get()).payload

    actor = b.spawn(takes())
    world.run()
    assert actor.result == {"value": 1}


def test_a_message_has_one_taker():
    _, _, b, _ = pair()
    with pytest.raises(ValueError, match="b takes 'note' already"):
        Mailbox(b, "fact", "note")
    assert b.boxes == {}


def test_a_handler_cannot_take_what_a_mailbox_does():
    _, _, b, _ = pair()
    Mailbox(b, "vote")
    with pytest.raises(ValueError, match="b takes 'vote' already"):
        b.on("vote", print)


# -- copies -----------------------------------------------------------------------------------------------------------


def test_a_copy_of_a_link_counts_for_itself():
    link = Link(fifo=True, may_lose=2)
    copy = link.copy()
    copy.may_lose -= 1
    copy.queue.append((0, 0, "message", None))
    assert (link.may_lose, len(link.queue), copy.fifo) == (2, 0, True)
