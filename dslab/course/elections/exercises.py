"""What lesson 10c asks: predictions before the acts, exercises after them, and the zoo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dslab.check import Scenario, explore, positioned
from dslab.concepts.elections import anomalies, ballots, counts, timeouts
from dslab.concepts.elections.raftlog import Log
from dslab.concepts.elections.switches import Switches
from dslab.sim import World
from dslab.teach import (
    Classroom,
    Exercise,
    Feedback,
    Mutant,
    Number,
    Prediction,
    Settings,
    Solution,
    WrongAnswer,
    Zoo,
    decided_by,
    same_as,
)

ROOM = Classroom("elections")

# -- predictions ----------------------------------------------------------------------------------------

cut_off = ROOM.add(
    Prediction.choice(
        "cut off",
        "Five nodes run Bully; node 5 leads. The network falls apart: nodes 5 and 1 on one side, 2, 3 and 4 on the other. What do the nodes believe a second later?",
        {"a": "node 5 leads, as before", "b": "two nodes lead, one on each side", "c": "nobody leads until the network is whole"},
        {"a": "Nodes 2, 3 and 4 do not hear node 5 any more. What do they do when they hear nothing?", "c": "Does either side know that there is another one?"},
        decide=lambda result: "b" if result["doubled_ms"] > 500 else "a" if not result["reigns"] else "c",
        because="Silence is taken for death on one side, and nothing has changed on the other. Neither asks how many it can still hear.",
    )
)  # fmt: skip

ten_nodes = ROOM.add(
    Prediction.number(
        "ten nodes",
        "Ten nodes run Bully. Number 10 dies, and of all nodes number 1 notices first. How many messages until everybody knows the new leader? (Heartbeats do not count.)",
        "messages", 0, 300,
        {"low": "Node 1 asks nine others. Then each of those that answer asks all above itself in turn.", "high": "Each node asks only once, and only upwards."},
        tolerance=15,
        decide=lambda result: result["worst"],
        because="Every node asks every higher one: that is the square. The answers make a second, slightly smaller triangle; the announcement is only n - 2.",
    )
)  # fmt: skip

five_ms = ROOM.add(
    Prediction.choice(
        "five milliseconds",
        "Five Raft servers. With timeouts of exactly 150 ms for all, no leader is found for more than ten seconds. Now each timeout is drawn anew from 150 to 155 ms. What is the median "
        "time without a leader?",
        {"a": "about 5 s", "b": "about 1.5 s", "c": "about 0.3 s", "d": "under 0.1 s"},
        {"a": "A new draw in each round, and one lucky round is enough.", "b": "How likely is it that the earliest is early by more than the way of one request?", "d": "The first timeout alone takes 150 ms."},
        decide=lambda result: "d" if result["median"] < 100 else "c" if result["median"] < 800 else "b" if result["median"] < 3_000 else "a",
        because="One round is enough in which somebody is earlier than the others by the time of a request. With a range of 5 ms that is about every second or third round.",
    )
)  # fmt: skip

longest_log = ROOM.add(
    Prediction.yes_no(
        "longest log",
        "Servers 1, 2 and 3 have the entries of terms 1, 1, 3; server 4 has 1, 1; server 5 has 1, 1, 2, 2, 2, the longest. Server 5 asks for votes, and voters compare logs as Raft says. Does it win?",
        {"yes": "Length is compared second. What is compared first?", "no": "Its log is the longest. What else counts?"},
        decide=lambda result: result.params["result"] == "won",
        because="The last term decides before the length does: an entry of term 3 was made by a leader that a majority chose after term 2.",
    )
)  # fmt: skip

right_clock = ROOM.add(
    Prediction.yes_no(
        "a right clock",
        "A leader looks at its clock before every write, and its clock is exactly right. One write was on its way, slowly, when the leader stopped and its session ended. Another leader has written since. "
        "Is the old write taken?",
        {"yes": "Something must have looked at it on arrival.", "no": "When was the clock looked at, and when did the write arrive?"},
        decide=lambda result: result["taken"] > 0,
        because="The clock was right when it was asked. Nobody asks it when the write arrives; only the store is there then.",
    )
)  # fmt: skip

# -- the zoo ----------------------------------------------------------------------------------------------


def _variant(
    name: str, bug: str = "", build: Callable[..., World] | None = None, **positions: Any
) -> Scenario:
    make = partial(build, name) if build else anomalies.ANOMALIES[name].build
    return Scenario(name, partial(make, positioned(Switches(bug=bug), positions)))


def _right(what: str, made: Scenario) -> Callable[[], World]:
    def build() -> World:
        return made()

    build.__doc__, build.__name__ = what, made.name
    return build


def _if(fits: Callable[[World], bool], invariant: Any) -> Any:
    """Let an invariant speak only of worlds that it is about."""
    return type(invariant)(invariant.name, invariant.sentence, invariant.kind, lambda world: not fits(world) or invariant.test(world))  # fmt: skip


def _zookeeper(world: World) -> bool:
    return "zk" in world.nodes


def _quiet(world: World) -> bool:
    """A world of ZooKeeper in which nobody stands still: there two leaders would be a bug."""
    return _zookeeper(world) and world.name == "ZooKeeper: woken too early"


def _search(variant: Any, invariants: list[Any]) -> Any:
    """Search a variant as deep as its anomaly needs, and up to one surprise at least."""
    name = getattr(variant, "name", "") or variant.__name__
    known = anomalies.ANOMALIES.get(name)
    return explore(variant, invariants, max(1, known.needs if known else 0))


LONG = partial(anomalies.stale_log, stale=(1, 1, 1))
_JUDGES = [
    anomalies.ONE_LEADER_A_TERM,
    anomalies.COMMITTED_STAYS,
    _if(lambda world: world.name == "ZooKeeper: dead leader stays", anomalies.SOMEBODY_LEADS),
    _if(_quiet, anomalies.ONE_AT_A_TIME),
    anomalies.NO_OLDER_EPOCH,
]
_BUGS = (
    ("votes twice", _variant("Raft: two candidates", one_vote=False), "a node votes for everybody who asks", "ONE_LEADER_A_TERM"),
    ("forgets its vote", _variant("Raft: forgotten vote", durable=False), "the vote is kept in memory only", "ONE_LEADER_A_TERM"),
    ("longest log", _variant("long but old", "longest log", LONG), "voters compare the length of logs, not the last terms", "COMMITTED_STAYS"),
    ("counts replicas only", _variant("Raft: Figure 8", current_term=False), "an entry is committed once a majority has it, whatever its term", "COMMITTED_STAYS"),
    ("own value", _variant("Paxos: own value", adopts=False), "a proposer proposes itself whatever was accepted", "ONE_LEADER_A_TERM"),
    ("breaks promises", _variant("Paxos: broken promise", keeps_promise=False), "an acceptor accepts a ballot older than its promise", "ONE_LEADER_A_TERM"),
    ("watches nothing", _variant("ZooKeeper: dead leader stays", "watches nothing"), "a client does not look whether the znode it watches is still there", "SOMEBODY_LEADS"),
    ("leads when woken", _variant("ZooKeeper: woken too early", rechecks=False), "a client that is woken does not look again", "ONE_AT_A_TIME"),
    ("clock instead of fence", _variant("ZooKeeper: zombie", check="clock"), "the leader looks at its clock, the store at nothing", "NO_OLDER_EPOCH"),
)  # fmt: skip
ZOO = Zoo(
    "elections",
    right={
        "Raft: two candidates": _right("one vote a term", _variant("Raft: two candidates")),
        "Raft: forgotten vote": _right("the vote is on disk", _variant("Raft: forgotten vote")),
        "long but old": _right("last terms first, then length", _variant("long but old", build=LONG)),
        "Raft: Figure 8": _right("commits only through its own term", _variant("Raft: Figure 8")),
        "Paxos: own value": _right("adopts what may be chosen", _variant("Paxos: own value")),
        "ZooKeeper: dead leader stays": _right("ephemeral, and a second look", _variant("ZooKeeper: dead leader stays")),
        "ZooKeeper: zombie": _right("the store compares epochs", _variant("ZooKeeper: zombie")),
    },
    mutants={bug: Mutant(made, told, caught_by) for bug, made, told, caught_by in _BUGS},
    invariants=_JUDGES,
    search=_search,
)  # fmt: skip

# -- exercise 1: count by hand ------------------------------------------------------------------------------

_MESSAGES = Number("messages", 0, 200, tolerance=0)
seven_nodes = ROOM.add(
    Exercise(
        "seven nodes",
        "predict",
        "Bully with seven nodes, by hand",
        "Seven nodes run Bully. Number 7 dies, number 1 notices first, no message is lost. Count every election message, every answer and every announcement.",
        decided_by(_MESSAGES, lambda: counts.count_bully(7), "The run was counted message by message: questions 6 + 5 + 4 + 3 + 2 + 1, answers 5 + 4 + 3 + 2 + 1, announcements to 5 nodes.",
                   {"low": "Does every node that is asked ask in turn? Does the dead one get messages, too? Are the answers in your sum?", "high": "Who is dead answers nothing and announces nothing, and nobody tells it."}),
        (
            "Write down, for each living node, whom it asks.",
            "A node asks all higher ones, dead or alive. Only living ones answer.",
            "Three sums: the questions, the answers, and one announcement to each lower node.",
        ),
        Solution(41, "21 questions, 15 answers, 5 announcements: m² + n - 2 with m = 6 and n = 7."),
        (
            WrongAnswer(21, "Does every node", "the questions alone"),
            WrongAnswer(36, "Does every node", "no announcements"),
            WrongAnswer(42, "Who is dead", "the dead node is told, too"),
            WrongAnswer(47, "Who is dead", "the dead node answers"),
        ),
        form=_MESSAGES,
    )
)  # fmt: skip

# -- exercise 2: what may be committed -----------------------------------------------------------------------


def commit_index(terms, match, current_term, committed):
    """Give the new committed index: what a majority has, if that entry is of the leader's own term."""
    index = sorted(match, reverse=True)[len(match) // 2]
    if index > committed and terms[index - 1] == current_term:
        return index
    return committed


def _no_term(terms, match, current_term, committed):
    return max(committed, sorted(match, reverse=True)[len(match) // 2])


def _upper_middle(terms, match, current_term, committed):
    index = sorted(match)[len(match) // 2]
    return index if index > committed and terms[index - 1] == current_term else committed


def _all_have(terms, match, current_term, committed):
    index = min(match)
    return index if index > committed and terms[index - 1] == current_term else committed


def _goes_back(terms, match, current_term, committed):
    index = sorted(match, reverse=True)[len(match) // 2]
    return index if index and terms[index - 1] == current_term else 0


_COMMIT_CASES = [
    ([1, 1, 2], [3, 3, 3], 2, 0), ([1, 1, 2], [3, 2, 1], 2, 0), ([1, 2], [2, 2, 1, 1, 1], 2, 0), ([1, 2], [2, 2, 2, 1, 1], 4, 1),
    ([1, 2, 4], [3, 3, 3, 1, 1], 4, 1), ([1, 2, 4], [3, 2, 2, 1, 1], 4, 1), ([1, 1], [2, 2, 0, 0], 1, 0), ([1, 1], [2, 2, 1, 0], 1, 0),
    ([2, 2], [2, 0, 0], 2, 1), ([3], [1], 3, 0), ([1, 1, 1], [3, 0, 0], 1, 2),
]  # fmt: skip
what_is_committed = ROOM.add(
    Exercise(
        "what is committed",
        "implement",
        "The leader's commit rule",
        "Write `commit_index(terms, match, current_term, committed)` for a Raft leader. `terms` are the terms of its log (entry 1 first); `match` says for each server, the leader included, up to which index its log matches; "
        "`committed` is what was committed before. Give the new committed index. All servers vote.",
        same_as(commit_index, _COMMIT_CASES, f"Right on {len(_COMMIT_CASES)} cases, among them the one of the paper's Figure 8 and clusters of 1, 3, 4 and 5.",
                {0: "All three have everything.", 1: "Which entry does a majority have, and of which term is it?", 2: "Two of five are no majority.",
                 3: "A majority has the entry. Of which term is it? Look at Figure 8 in act 4.", 6: "Two of four are no majority.", 8: "Nothing that was committed is taken back.", 10: "Nothing that was committed is taken back."}),
        (
            "Sort what the servers have. Which place in that list tells what more than half have?",
            "With four servers three are a majority. Try your place for even numbers, too.",
            "There is a second condition, about the entry itself, and a third: nothing that was committed is taken back.",
        ),
        Solution(commit_index, "In descending order the place n // 2 (counted from 0) is what n // 2 + 1 servers have. An entry of an older term is committed only together with one of the leader's own."),
        (
            WrongAnswer(_no_term, "of which term", "a majority is enough"),
            WrongAnswer(_upper_middle, "Two of four are no majority", "the middle of an ascending list"),
            WrongAnswer(_all_have, "it should give", "wait for everybody"),
            WrongAnswer(_goes_back, "it should give", "forgets what was committed"),
        ),
        expects="a function of (terms, match, current_term, committed) that gives an index",
        starter="def commit_index(terms, match, current_term, committed):\n    return ...\n\n\nlesson.what_is_committed.check(commit_index)",
    )
)  # fmt: skip

# -- exercise 3: timeouts for three cities ------------------------------------------------------------------------

SLACK_MS, WITHIN_MS = 65, 500


def _cities_judged(answer: dict[str, int]) -> Feedback:
    low, width = answer["low_ms"], answer["width_ms"]
    if low - low / 2 < SLACK_MS:
        return Feedback.no(
            f"A heartbeat is sent every {low / 2:g} ms and may come {SLACK_MS} ms late. A follower that drew {low} ms suspects a leader that is well.",
            f"{low / 2:g} + {SLACK_MS} > {low}",
        )
    found = timeouts.downtimes(low, low + width, 400, 20, 25, give_up_ms=3_000)
    slow = found[int(0.95 * len(found))]
    if slow > WITHIN_MS:
        more = timeouts.downtimes(low, low + width + 100, 400, 20, 25, give_up_ms=3_000)
        why = (
            "Too many votes are split."
            if more[int(0.95 * len(more))] < slow
            else "Few votes are split, but everybody waits too long before the first try."
        )
        return Feedback.no(
            why, f"{low} to {low + width} ms: of 100 elections the fifth slowest takes {slow:.0f} ms"
        )
    return Feedback.yes(
        f"95 of 100 elections are over within {slow:.0f} ms, and a heartbeat may come {low / 2:g} ms late before somebody suspects."
    )


three_cities = ROOM.add(
    Exercise(
        "three cities",
        "configure",
        "Timeouts for three cities",
        f"Five Raft servers stand in three cities: 20 ms to a voter, 25 ms back. Heartbeats are sent every half of the shortest timeout, and now and then one comes {SLACK_MS} ms late; that must not start an election. "
        f"Choose the shortest timeout and the range above it (in ms) so that 95 of 100 elections are over within {WITHIN_MS} ms of the leader's death.",
        _cities_judged,
        (
            "Two things can be wrong: a leader that is well is suspected, or a dead one is replaced too slowly. Begin with the first; it needs no simulation.",
            "Too slow can mean two things again: votes are split, or everybody waits for long. Which control changes which?",
            "Half the shortest timeout must cover the delay of a late heartbeat. Then try ranges of several times the way to a voter.",
        ),
        Solution({"low_ms": 150, "width_ms": 200}, "The shortest timeout follows from the heartbeats, the range from the way to the voter: ten times 20 ms. More of either only adds waiting."),
        (
            WrongAnswer({"low_ms": 100, "width_ms": 200}, "that is well", "quick to suspect"),
            WrongAnswer({"low_ms": 150, "width_ms": 20}, "votes are split", "the paper's narrow range on a slow network"),
            WrongAnswer({"low_ms": 300, "width_ms": 400}, "waits too long", "to be on the safe side"),
            WrongAnswer({"low_ms": 150, "width_ms": 400}, "waits too long", "too wide"),
        ),
        form=Settings({"low_ms": (60, 100, 150, 300), "width_ms": (20, 100, 200, 400)}),
    )
)  # fmt: skip

# -- exercise 4: a rule that is too short ------------------------------------------------------------------------------


def _last_term_only(voter: Log, candidate: Log) -> bool:
    return candidate.last_term >= voter.last_term


def _rule_judged(answer: Any) -> Feedback:
    try:
        terms, candidate = answer
        logs = [Log.of_terms(*log) for log in terms]
    except (TypeError, ValueError) as problem:
        return Feedback.unusable(
            f"An answer is a pair of five logs and a candidate, as in `(((1,), (1,), (1,), (1,), (1,)), 3)`: {problem}"
        )
    if len(logs) != 5 or candidate not in range(1, 6) or any(len(log.terms) > 6 for log in logs):
        return Feedback.unusable(
            "There are five logs of at most six entries, and the candidate is a number from 1 to 5."
        )
    own = logs[candidate - 1]
    yes = sum(other is own or _last_term_only(other, own) for other in logs)
    if yes < 3:
        return Feedback.no(
            "Your candidate does not win, even under the short rule.",
            f"server {candidate} gets {yes} of 5 votes",
        )
    newest = max(log.last_term for log in logs)
    safe = [
        entry
        for entry in ballots.stored_by_majority(tuple(log.terms for log in logs), ((1, 2, 3, 4, 5), ()))
        if entry[1] == newest
    ]
    lost = [entry for entry in safe if not own.matches(*entry)]
    if not lost:
        told = (
            "no entry of the newest term is on three servers"
            if not safe
            else "the winner has all that a majority has of the newest term"
        )
        return Feedback.no(f"Server {candidate} wins, and nothing is lost.", told)
    index, term = lost[0]
    fair = sum(other is own or other.is_up_to_date(own.last_index, own.last_term) for other in logs)
    return Feedback.yes(
        f"Server {candidate} wins with {yes} votes, and entry {index} of term {term}, which a majority has and its leader has committed, is lost. Under the whole rule it gets {fair}."
    )


short_rule = ROOM.add(
    Exercise(
        "short rule",
        "break it",
        "A rule that is too short",
        "Somebody shortens Raft's vote rule to: vote for a candidate whose last term is at least mine. Length is not compared. Break it: give the logs of five servers (the terms of their entries, at most six each) and a candidate that wins under the short "
        "rule although it lacks an entry of the newest term that a majority has.",
        _rule_judged,
        (
            "The long rule compares two things. In which case is the second one looked at?",
            "Let the last terms be equal everywhere. What distinguishes the logs then?",
            "Three servers must have an entry that your candidate has not, and still not refuse it.",
        ),
        Solution((((1, 1), (1, 1), (1, 1), (1,), (1,)), 4), "Among logs with the same last term the longer one has more of what that leader made. Without the length its newest entries can be lost."),
        (
            WrongAnswer((((1, 1), (1, 1), (1, 1), (1, 1), (1, 1)), 1), "nothing is lost", "all alike"),
            WrongAnswer((((1, 1), (1, 1), (1,), (1,), (1,)), 5), "nothing is lost", "only two have the entry"),
            WrongAnswer((((1, 2), (1, 2), (1, 2), (1, 1, 1), (1, 1, 1)), 4), "does not win", "the older term"),
            WrongAnswer((((1, 2), (1, 2), (1, 2), (1,), (1,)), 1), "nothing is lost", "the winner has it"),
        ),
        expects="a pair (five tuples of terms, candidate), such as (((1,), (1,), (1,), (1,), (1,)), 3)",
        accepts=(tuple, list),
    )
)  # fmt: skip

# -- exercise 5: the worst ring -----------------------------------------------------------------------------------


def _ring_judged(answer: Any) -> Feedback:
    order = list(answer)
    if sorted(map(str, order)) != list("123456"):
        return Feedback.unusable("A ring has each of the numbers 1 to 6 once, as in `(1, 2, 3, 4, 5, 6)`.")
    tokens, worst = counts.count_ring([int(n) for n in order])[0], counts.ring_worst(6)
    if tokens < worst:
        return Feedback.no(
            f"The run took {tokens} tokens; {worst} are possible.", f"order {order}: {tokens} tokens"
        )
    return Feedback.yes(
        f"{tokens} tokens, counted in a run: the k-th smallest number travels k steps before somebody swallows it."
    )


worst_ring = ROOM.add(
    Exercise(
        "worst ring",
        "break it",
        "The worst ring",
        "Six nodes stand in a ring and all start Chang-Roberts at the same moment; each sends to the next in your order, the last to the first. Arrange the numbers 1 to 6 so that as many tokens as possible are passed.",
        _ring_judged,
        (
            "How far does a number travel? Until it meets a larger one.",
            "Small numbers should travel as far as they can. Who has to stand right behind them?",
            "Number 5 can go all the way to 6 only if nobody larger stands in between; then look at 4.",
        ),
        Solution((6, 5, 4, 3, 2, 1), "Each number passes only smaller ones until it reaches 6 or a larger neighbour at the far end: 1 + 2 + ... + 6 steps."),
        (
            WrongAnswer((1, 2, 3, 4, 5, 6), "are possible", "ascending: each is swallowed at once"),
            WrongAnswer((6, 1, 5, 2, 4, 3), "are possible", "large and small in turn"),
            WrongAnswer((3, 2, 1, 6, 4, 5), "are possible", "nearly"),
        ),
        expects="a tuple with each of the numbers 1 to 6 once",
        accepts=(tuple, list),
    )
)  # fmt: skip

# -- exercise 6: the recipe ------------------------------------------------------------------------------------------


def next_step(own, znodes):
    """Lead if mine is the lowest; else watch the one just before mine; join again if mine is gone."""
    if own not in znodes:
        return "join"
    before = [number for number in znodes if number < own]
    return max(before) if before else "lead"


def _watch_lowest(own, znodes):
    if own not in znodes:
        return "join"
    return "lead" if own == min(znodes) else min(znodes)


def _minus_one(own, znodes):
    if own not in znodes:
        return "join"
    return "lead" if own == min(znodes) else own - 1


def _never_gone(own, znodes):
    before = [number for number in znodes if number < own]
    return max(before) if before else "lead"


_ZNODES = [
    (1, [1, 2, 3]),
    (2, [1, 2, 3]),
    (3, [1, 2, 3]),
    (9, [2, 5, 9]),
    (5, [9, 5, 2]),
    (2, [2]),
    (4, [1, 2, 3]),
    (1, [2, 3]),
]
recipe = ROOM.add(
    Exercise(
        "the recipe",
        "implement",
        "The recipe without the herd",
        "Write `next_step(own, znodes)`: what does a client do after it has asked for all znodes? Give `\"lead\"`, or the number of the znode to watch, or `\"join\"` where it has to make a new znode because its session is over. `own` is the "
        "number of its znode, `znodes` the numbers of all, in any order. Numbers may have gaps. At most one client may be woken when a znode goes.",
        same_as(next_step, _ZNODES, f"Right on {len(_ZNODES)} lists, with gaps, out of order, and after a session has ended.",
                {2: "How many clients would watch that znode?", 3: "Is there such a znode? Numbers have gaps where clients have left.", 6: "Its own znode is not in the list any more.", 7: "Its own znode is not in the list any more."}),
        (
            "Three cases. Begin with the one in which the client is no longer part of it.",
            "Who may lead is easy. Who watches whom decides how many are woken.",
            "Of all numbers below its own, one is nearest.",
        ),
        Solution(next_step, "Each znode is watched by at most one client, so one that goes wakes at most one; and who is woken looks again before it leads."),
        (
            WrongAnswer(_watch_lowest, "How many clients", "everybody watches the leader"),
            WrongAnswer(_minus_one, "Numbers have gaps", "the number before"),
            WrongAnswer(_never_gone, "not in the list", "a session that is over still leads"),
        ),
        expects="a function of (own, znodes)",
        starter="def next_step(own, znodes):\n    return ...\n\n\nlesson.recipe.check(next_step)",
    )
)  # fmt: skip
