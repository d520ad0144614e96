"""Queues with known answers: against recursions and SimPy customer by customer, against Erlang's formulas on average."""

import heapq
import math
import random
import statistics

import pytest
import simpy

from dslab.sim import Queue, Semaphore, World, sleep


def numbers(seed, customers, arrivals_per_s, services_per_s):
    """Give each customer's time since the one before and its service time, both exponential, in whole microseconds."""
    rng = random.Random(seed)
    return [
        (round(rng.expovariate(arrivals_per_s) * 1e6), round(rng.expovariate(services_per_s) * 1e6))
        for _ in range(customers)
    ]


def waits_here(customers, servers):
    """Give how long each customer waits, in microseconds, in our simulator."""
    world, waits = World(), [0] * len(customers)
    free = Semaphore(world, servers)

    async def customer(number, service_us):
        came = world.now
        await free.acquire()
        waits[number] = world.now - came
        await sleep(service_us)
        free.release()

    async def source():
        for number, (gap_us, service_us) in enumerate(customers):
            await sleep(gap_us)
            world.spawn(customer(number, service_us), "customer")

    world.spawn(source())
    world.run()
    return waits


def waits_of_workers(customers, servers):
    """The same queue built another way: customers are values in a Queue, servers are actors that take them out."""
    world, waits = World(), [0] * len(customers)
    line = Queue(world)

    async def server():
        while True:
            number, came, service_us = await line.get()
            waits[number] = world.now - came
            await sleep(service_us)

    async def source():
        for number, (gap_us, service_us) in enumerate(customers):
            await sleep(gap_us)
            await line.put((number, world.now, service_us))

    for _ in range(servers):
        world.spawn(server())
    world.spawn(source())
    world.run()
    world.close()
    return waits


def waits_in_simpy(customers, servers):
    """The same queue in SimPy, fed with the same numbers."""
    env, waits = simpy.Environment(), [0] * len(customers)
    free = simpy.Resource(env, servers)

    def customer(number, service_us):
        came = env.now
        with free.request() as turn:
            yield turn
            waits[number] = env.now - came
            yield env.timeout(service_us)

    def source():
        for number, (gap_us, service_us) in enumerate(customers):
            yield env.timeout(gap_us)
            env.process(customer(number, service_us))

    env.process(source())
    env.run()
    return waits


def waits_by_recursion(customers, servers):
    """Kiefer and Wolfowitz 1955: who comes takes the server that is free first."""
    free_at, now, waits = [0] * servers, 0, []
    for gap_us, service_us in customers:
        now += gap_us
        begins = max(now, heapq.heappop(free_at))
        waits.append(begins - now)
        heapq.heappush(free_at, begins + service_us)
    return waits


@pytest.mark.parametrize("servers", [1, 3])
@pytest.mark.parametrize("oracle", [waits_in_simpy, waits_by_recursion])
@pytest.mark.parametrize("ours", [waits_here, waits_of_workers])
def test_every_customer_waits_as_long_as_it_must(ours, oracle, servers):
    customers = numbers(5, 2_000, arrivals_per_s=0.9 * servers, services_per_s=1.0)
    assert ours(customers, servers) == oracle(customers, servers)


@pytest.mark.parametrize("servers", [1, 2])
def test_customers_that_come_together_are_served_as_in_simpy(servers):
    rng = random.Random(2)
    customers = [(rng.choice([0, 0, 1, 2]), rng.choice([0, 1, 1, 3])) for _ in range(500)]
    assert waits_here(customers, servers) == waits_in_simpy(customers, servers)


def erlang_c(servers, load):
    """Give the chance that a customer of an M/M/c queue waits; ``load`` is arrivals times mean service time."""
    terms = [load**n / math.factorial(n) for n in range(servers)]
    full = load**servers / math.factorial(servers) * servers / (servers - load)
    return full / (sum(terms) + full)


def test_erlangs_formula_on_cases_known_by_hand():
    assert erlang_c(1, 0.7) == pytest.approx(0.7)  # M/M/1: as often as the server is busy
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)


@pytest.fixture(scope="module")
def replications():
    """Give, for 1 and 3 servers at 0.7 of their capacity, the waits of twelve runs of 2,500 customers after 500 to warm up."""
    runs = {}
    for servers in (1, 3):
        rate = 0.7 * servers
        runs[servers] = [waits_here(numbers(seed, 3_000, rate, 1.0), servers)[500:] for seed in range(12)]
    return runs


def close_to(values, expected):
    """Say whether the mean of independent runs is within 4 of its standard errors of ``expected``, and these are small enough.

    Twelve runs: a t distribution with 11 degrees of freedom leaves 4 standard errors in one of 500 cases.
    """
    error = statistics.stdev(values) / math.sqrt(len(values))
    assert error < 0.08 * expected, f"twelve runs are too few to say anything: {error} of {expected}"
    return abs(statistics.mean(values) - expected) < 4 * error


@pytest.mark.parametrize("servers", [1, 3])
def test_the_mean_wait_is_erlangs(replications, servers):
    load = 0.7 * servers
    expected_us = erlang_c(servers, load) / (servers - load) * 1e6
    assert close_to([statistics.mean(waits) for waits in replications[servers]], expected_us)


@pytest.mark.parametrize("servers", [1, 3])
def test_as_many_customers_wait_as_erlang_says(replications, servers):
    shares = [sum(wait > 0 for wait in waits) / len(waits) for waits in replications[servers]]
    assert close_to(shares, erlang_c(servers, 0.7 * servers))


def test_the_wait_of_who_waits_is_exponential(replications):
    """In an M/M/1 queue the wait of those who wait is exponential with rate (services - arrivals): 0.3 of them wait over 4.013 s."""
    limit_us = -math.log(0.3) / 0.3 * 1e6
    shares = []
    for waits in replications[1]:
        waiting = [wait for wait in waits if wait > 0]
        shares.append(sum(wait > limit_us for wait in waiting) / len(waiting))
    assert close_to(shares, 0.3)
