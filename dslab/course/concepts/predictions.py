"""What lesson 10a asks before each explorer: a prediction for each concept, and one for all."""

from __future__ import annotations

from dslab.course.concepts.lean import Prediction
from dslab.teach import Classroom

ROOM = Classroom("concepts")


def _fewer(rates: dict[str, float]) -> str:
    """Give the answer for the rules (keep, drop, block) under which less than 99 of 100 messages a second are published to all."""
    keys = {"keep": "a", "drop": "b", "block": "c"}
    slowed = [keys[rule] for rule in keys if rates[rule] < 99]
    return slowed[0] if len(slowed) == 1 else "d"


two_choices = ROOM.add(Prediction.number(
    "two choices", "Eight servers at 90 % load; a request needs 10 ms of work. If the server is picked by chance, a request takes about 100 ms with waiting. Now look at "
    "two servers, picked by chance, and take the one with fewer requests. How long does a request take?", "ms", 10, 100,
    {"low": "Two looks do much, and not all: a request can still meet two queues.", "high": "A long queue is hardly ever the shorter of two, so long queues do not form."},
    factor=1.4, because="Long queues do not form: a third request queues only where two servers out of two have two, and so on; the chance falls doubly exponentially.",
))  # fmt: skip
loop_lru = ROOM.add(Prediction.choice(
    "round and round", "Something reads 125 keys in order, again and again. An LRU cache has room for 100 of them. How many of the requests are hits?",
    {"a": "about 80 %: 100 of 125 fit", "b": "about half", "c": "none"},
    {"a": "They fit, but not the right ones: what is needed next is always what was used longest ago.", "b": "Not even half: think of which key leaves just before it is needed."},
    decide=lambda result: "c" if result["LRU"] < 5 else "a" if result["LRU"] > 65 else "b", because=lambda result: result.describe(),
))  # fmt: skip
origin_sees = ROOM.add(Prediction.number(
    "what the origin sees", "Twenty edges, each asked 3.2 times a second for one object; its TTL is 8 s. A shield stands before the origin, and caches collapse. How many of the "
    "3,840 requests a minute reach the origin?", "per minute", 0, 4000,
    {"low": "The copy does run out, once in each TTL.", "high": "All edges ask one shield, and the shield asks once for all of them."}, factor=1.35,
    because="One fetch for each TTL: 60 s / (8 s + half a fetch). The number of edges and of readers does not occur in it.",
))  # fmt: skip
outlasts = ROOM.add(Prediction.number(
    "too slow for its timeout", "Work takes 10 s on average (exponential), and after exactly 10 s the queue gives the message out again. Workers never die. What share of the "
    "messages is given out a second time?", "%", 0, 100,
    {"low": "An average is often exceeded.", "high": "More than half of exponential times lie below their average: most are short, a few long."}, tolerance=7,
    because="exp(-10 / 10) = 37 %. At three times the average it is 5 %, at five times 0.7 %.",
))  # fmt: skip
others_slow = ROOM.add(Prediction.choice(
    "one slow subscriber", "Five subscribers, one of them reads 60 messages a second of 100. Three rules: the topic keeps what was not read, up to a retention; the slow one's "
    "buffer drops what does not fit; the publisher waits for it. Under which rule do the *other four* get fewer messages?",
    {"a": "the topic keeps", "b": "the buffer drops", "c": "the publisher waits", "d": "all three"},
    {"a": "The log waits for nobody; only the slow one reads late.", "b": "Its own buffer drops; the others have theirs.", "d": "With a log or buffers of their own, subscribers do not notice each other."},
    decide=lambda rates: _fewer(rates), because=lambda rates: ", ".join(f"{rule}: {rate:.0f} a second" for rule, rate in rates.items()) + ".",
))  # fmt: skip
hedge_cost = ROOM.add(Prediction.number(
    "the price of a hedge", "98 of 100 answers take 10 ms on average, two take 200 ms. A request without an answer after 40 ms is sent a second time. What share of the requests is "
    "sent twice?", "%", 0, 100,
    {"low": "The slow two of a hundred are all sent twice, and some of the others take over 40 ms by chance.", "high": "Nearly everything has been answered by then."}, factor=1.6,
    because="The slow ones, and those few of the fast that take more than four times their average.",
))  # fmt: skip
closes_when = ROOM.add(Prediction.choice(
    "back again", "A service is down for 20 s and then well again. The breaker's cool-down is 8 s, and a call into the outage fails after 1 s. When does the breaker let calls pass again?",
    {"a": "at once, when the service is back", "b": "within about a cool-down after it is back", "c": "only when somebody resets it"},
    {"a": "The breaker does not see the service; it only learns from calls, and it makes none while it is open.", "c": "After each cool-down one probe is sent; one success closes it."},
    decide=lambda result: "a" if result["late"] < 0.2 else "b" if result["late"] <= 9.1 else "c", because=lambda result: result.describe(),
))  # fmt: skip
lease_longer = ROOM.add(Prediction.number(
    "one beat more", "2 % of all heartbeats are lost, each by itself. A lease of three beats drops a living instance now and then. By what factor do these false alarms get rarer with "
    "a lease of four beats?", "times", 1, 10000,
    {"low": "One more heartbeat in a row must be lost, and that is rare.", "high": "One more beat is one more factor of the loss, not several."}, factor=1.3,
    because="Each further beat multiplies by the loss, 1 in 50. It costs one beat more of calling the dead.",
))  # fmt: skip
newest_keys = ROOM.add(Prediction.choice(
    "newest keys", "Keys begin with the time, and the newer a key is, the more it is asked for. Six shards. With which strategy does one shard get most of the load?",
    {"a": "range", "b": "hash", "c": "directory", "d": "none"},
    {"b": "A hash throws neighbours anywhere.", "c": "A directory can put each block where there is room.", "d": "Neighbours in time are neighbours somewhere."},
    decide=lambda result: "d" if max(result[name] for name in ("range", "hash", "directory")) < 50
    else "abc"[max(range(3), key=lambda place: result[("range", "hash", "directory")[place]])], because=lambda result: result.describe(),
))  # fmt: skip
busiest_second = ROOM.add(Prediction.number(
    "after a silence", "A bucket holds 20 tokens and gets 10 a second. A client is silent for 5 s and then sends 50 requests a second. How many pass in the busiest second?", "requests", 0, 60,
    {"low": "The silence has filled the bucket, and during the second it is refilled too.", "high": "More tokens than the bucket holds and gets in a second there are not."},
    tolerance=2.5, because="What is in the bucket and what comes in during a second: at most burst + rate.",
))  # fmt: skip
modulo_moves = ROOM.add(Prediction.number(
    "one node more", "Ten cache nodes; key k is on node hash(k) mod 10. An eleventh is added. What share of the keys has another node now?", "%", 0, 100,
    {"low": "The remainder by 10 and the remainder by 11 hardly ever agree.", "high": "A few keys have the same remainder by 10 and by 11."}, tolerance=4,
    decide=lambda result: result["modulo"], because="n / (n + 1): only keys with the same remainder by both stay. A ring needs to move 1 / (n + 1).",
))  # fmt: skip
loop_late = ROOM.add(Prediction.choice(
    "a loop that looks late", "The load becomes four times as much. A new server needs 90 s to start; the loop looks every 15 s at a metric that is 30 s old, and does not count servers on "
    "their way. Steady need: 27 servers. What happens?",
    {"a": "it comes to about 27 and stays", "b": "it orders far too many, then far too few, and so on", "c": "it stays too low for good"},
    {"a": "It looks six times before the first server it ordered works, and each time it sees the same lack.", "c": "It reacts to the lack, only late, and then again."},
    decide=lambda result: "b" if result["turns"] >= 3 and result["peak"] > 40 else "a" if result["peak"] <= 40 else "c", because=lambda result: result.describe(),
))  # fmt: skip
miss_most = ROOM.add(Prediction.choice(
    "which one", "The minute below has a rush, a cache that grows, a payment outage, a server's death, a flood. One concept is off. Without which are fewest customers answered in time?",
    {"a": "caching", "b": "circuit breaker", "c": "auto scaling", "d": "rate limiting", "e": "another one"},
    {"a": "Caching saves database reads; here the database has room for more of them.", "b": "It matters for the six seconds in which payment is down, and a little after.",
     "d": "The flood lasts eight seconds, and what it fills runs empty again.", "e": "Not in this minute; in another one it may be so."},
    decide=lambda name: {"caching": "a", "breaker": "b", "autoscaling": "c", "limiting": "d"}.get(name, "e"),
))  # fmt: skip
