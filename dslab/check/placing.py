"""The search for an order: place each operation between its call and its answer, so that the model allows every step.

| word          | meaning                                                                                                      |
|---------------|--------------------------------------------------------------------------------------------------------------|
| level         | one answer, in the order of the answers: when it comes, its operation must have been placed                  |
| owed          | called, and not placed yet; must be placed before its answer                                                 |
| placed        | its effect has taken place                                                                                   |
| spent         | how often each kind of open (info) operation was taken to have had its effect                                |
| configuration | a level, the model's state, and what is owed, placed and spent among the calls of that moment                |
| kind          | operations that do and answer the same; kinds and states are small numbers, sets of calls are bits of an int |
| blind         | said of an operation that is possible in every state and always leaves the same one (a write)                |
| goal          | a state that an answer wants: a read of 3 wants the state 3                                                  |

The search goes through the answers in order and places an operation only when an answer forces it ("just in time": Lowe, "Testing for
linearizability", 2017), depth first, and remembers the configurations it has been in (Wing and Gong 1993; Lowe). These rules
keep it small; each leaves out only what is no better than something that is kept:

1. A *pure* operation (a read) is placed as soon as its answer is right: that changes nothing else.
2. When a *blind* operation (a write) is placed, each pending *total* one (another write, an append) may have stood just before it,
   unseen. It is no longer owed, and may still be placed where it is seen, at the latest when it is answered (a *late* configuration).
3. Open operations of one kind are counted, not told apart: the one called first can do what the others can. In the same way a pending
   operation goes before an open one that would do the same now, and of two pending ones that do the same the one answered first.
4. Where two open operations leave the same state, one blind and the other possible only here (a compare-and-set), the second is spent
   first: the first can stand in for it later. (Only where the first would bury nothing.)
5. A configuration goes where an earlier one has the same state and owes, has placed and has spent no more: what saves the one
   saves the other.
6. A configuration goes where a goal is lost that an owed operation has, or one that is called later: no operation leads there from this
   state, and no blind operation that is still to be had makes a start towards it (`Model.reach`).
7. States that lead to no goal that is left are as good as one another, and no better than any other state: one stands for all, no
   open operation is spent to get there, and nothing is placed late for it.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from typing import Any

from dslab.check.history import Operation
from dslab.check.models import ANY, VARIES, Model

STATES_KEPT = 12  # states remembered for the explanation of a violation

# level, state, owed, placed, spent, late, the configuration before, and the step from there: (bit, what it does); bit 0: an open one
_Node = tuple[int, int, int, int, int, bool, Any, Any]


class _Level:
    """One answer, and the calls that are open when it comes."""

    __slots__ = (
        "bit", "fresh", "goals", "helps", "kind", "late", "moves", "newcomers", "open", "pending", "pure", "solid", "total", "views",
    )  # fmt: skip

    def __init__(self, kind: int, bit: int) -> None:
        self.kind, self.bit = kind, bit  # of the operation that is answered
        self.newcomers: list[
            tuple[int, Operation]
        ] = []  # (bit, operation) of the calls since the level before
        self.fresh = 0  # their bits
        self.pending: list[
            tuple[int, int, int]
        ] = []  # (bit, kind, level of answer) of what may change the state
        self.pure: list[tuple[int, int]] = []  # (bit, kind) of those that never do
        self.goals: list[tuple[int, int, int]] = []  # (bit, goal, level of answer) of the calls that have one
        self.open: list[tuple[int, int, int, int]] = []  # (kind, unit, mask, available) of open operations
        self.total = 0  # bits of pending total operations
        self.solid = 0  # bits of pending operations that are neither pure nor total
        self.late: bool | None = None  # whether placing this operation late may matter; None: not known yet
        self.views: dict[int, tuple[int, int, int]] = {}  # what each state means here
        self.moves: dict[int, tuple[list, list]] = {}  # what may be placed in each state
        self.helps: dict[
            tuple[int, int], tuple[bool, int, list]
        ] = {}  # which blind operations make a start towards a goal


class Placing:
    """The search through one part of a history; `run` may be called again to go on.

    operations: those of the part, without the failed ones that are no evidence. refused: one that is taken to be impossible, to learn in
    which states the others leave the part. verdict: "undecided" until `run` has found "linearizable" or "violation".
    """

    def __init__(self, operations: list[Operation], model: Model, refused: Operation | None = None) -> None:
        self.model, self.refused = model, refused
        self.answered = sorted(
            (op for op in operations if not op.open), key=lambda op: (op.returned, op.index)
        )
        self.opened = [op for op in operations if op.open and not model.pure(op)]
        self._answers = [op.returned for op in self.answered]
        self.call_level = {
            op.index: bisect_left(self._answers, op.invoked) for op in (*self.answered, *self.opened)
        }
        self.verdict = "undecided"
        self.configurations = 0
        self.best = self.bound = -1  # the level reached; the last answer that closed a way there
        self.best_nodes: dict[int, _Node] = {}
        self.found: _Node | None = None
        self._number_kinds()
        self._number_goals(operations)
        self._moves: dict[int, int] = {}
        self.states: list[Any] = []
        self._state_ids: dict[Any, int] = {}
        self._led: list[frozenset[int]] = []  # by state: the goals that it leads to without a blind operation
        self._until: list[int] = []  # by state: the last answer among them
        self._drops: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._last_seer: dict[int, int] = {}
        self._dead = -1
        self._start = self._state(model.init())
        self._note_starts()
        self._count_open()
        self._lay_out()
        self._guide()
        self.seen: list[dict[int, list[tuple[int, int, int]]]] = [{} for _ in self.levels]
        self.stack: list[_Node] = []
        self._arrive(-1, self._start, 0, 0, 0, False, None, None, self.stack)

    # --- preparation ---------------------------------------------------------------------------------------------------------

    def _number_kinds(self) -> None:
        """Give operations that do and answer the same one number, and ask the model what they are."""
        kinds: dict[Any, int] = {}
        same: dict[Any, int] = {}
        self.samples: list[Operation] = []
        self.same: list[int] = []  # by kind: what it does, whatever it answers
        self.kind_of: dict[int, int] = {}
        for op in (*self.answered, *self.opened):
            does = (op.name, op.key, op.argument, op.process if self.model.by_process else None)
            kind = kinds.setdefault(
                (does, None if op.open else op.value, op.status, op is self.refused), len(self.samples)
            )
            if kind == len(self.samples):
                self.samples.append(op)
                self.same.append(same.setdefault(does, len(same)))
            self.kind_of[op.index] = kind
        model, refused = self.model, self.refused
        self.pure = [model.pure(op) for op in self.samples]
        self.total = [
            op is not refused and not pure and model.total(op)
            for op, pure in zip(self.samples, self.pure, strict=True)
        ]
        self.leaves = [
            VARIES if pure else model.leaves(op) for op, pure in zip(self.samples, self.pure, strict=True)
        ]
        self.blind = [
            total and left is not VARIES for total, left in zip(self.total, self.leaves, strict=True)
        ]

    def _number_goals(self, operations: list[Operation]) -> None:
        """Number the states that answers want, with the last call and the last answer of each; and list the calls of blind operations."""
        self._reach = self.model.reach(operations)
        self.goal_of: dict[int, int] = {}  # by kind
        self.wanted: list[Any] = []
        ids: dict[Any, int] = {}
        for kind, op in enumerate(self.samples):
            wants = ANY if self.total[kind] or op is self.refused else self.model.wants(op)
            if self._reach and wants is not ANY and wants is not VARIES and not op.open:
                self.goal_of[kind] = ids.setdefault(wants, len(self.wanted))
                if self.goal_of[kind] == len(self.wanted):
                    self.wanted.append(wants)
        self._goal_ids = ids
        self._last_call, self._last_answer = [-1] * len(ids), [-1] * len(ids)
        self._looked = -1  # the last answer of an operation that looks at the state without wanting one
        for level, op in enumerate(self.answered):
            kind = self.kind_of[op.index]
            goal = self.goal_of.get(kind)
            if goal is not None:
                self._last_call[goal] = max(self._last_call[goal], self.call_level[op.index])
                self._last_answer[goal] = level
            elif op is self.refused or not (self.total[kind] or self.model.wants(op) is ANY):
                self._looked = level
        calls = ((self.call_level[op.index], self.kind_of[op.index]) for op in (*self.answered, *self.opened))
        self._blind_calls = sorted((level, kind) for level, kind in calls if self.blind[kind])

    def _seen_until(self, kind: int) -> int:
        """Give the last level whose answer could be owed to an effect of this kind, or -1."""
        if kind not in self._last_seer:
            if self._reach and self.leaves[kind] is not VARIES:
                last = self._until[self._state(self.leaves[kind])]
            else:
                effect, sees, samples = self.samples[kind], self.model.sees, self.samples
                if any(
                    sees(op, effect) for op in {self.kind_of[op.index]: op for op in self.opened}.values()
                ):
                    last = len(self.answered)
                else:
                    answered = range(len(self.answered) - 1, -1, -1)
                    last = next(
                        (
                            level
                            for level in answered
                            if sees(samples[self.kind_of[self.answered[level].index]], effect)
                        ),
                        -1,
                    )
            self._last_seer[kind] = last
        return self._last_seer[kind]

    def _count_open(self) -> None:
        """Give each open kind a field of ``spent``, with a guard bit above it (so that all fields are compared at once)."""
        calls: dict[int, list[int]] = {}
        for op in self.opened:
            kind, level = self.kind_of[op.index], self.call_level[op.index]
            if level <= self._seen_until(kind):
                calls.setdefault(kind, []).append(level)
        self.fields: list[tuple[int, int, int, list[int]]] = []
        self.guard = shift = 0
        for kind, levels in calls.items():
            width = len(levels).bit_length()
            self.fields.append((kind, 1 << shift, ((1 << width) - 1) << shift, sorted(levels)))
            self.guard |= 1 << (shift + width)
            shift += width + 1

    def _lay_out(self) -> None:
        """Make the levels. A call has a bit from its invocation to its answer; bits are used again."""
        arrivals: list[list[Operation]] = [[] for _ in self.answered]
        for op in self.answered:
            arrivals[self.call_level[op.index]].append(op)
        level_of = {op.index: level for level, op in enumerate(self.answered)}
        free: list[int] = []
        live: list[tuple[int, int, int]] = []  # level of answer, bit, kind
        slots = 0
        self.levels: list[_Level] = []
        for number in range(len(self.answered)):
            newcomers = []
            for new in arrivals[number]:
                if not free:
                    free.append(1 << slots)
                    slots += 1
                newcomers.append((free.pop(), new))
                insort(live, (level_of[new.index], newcomers[-1][0], self.kind_of[new.index]))
            level = _Level(live[0][2], live[0][1])
            level.newcomers, level.fresh = newcomers, sum(bit for bit, _ in newcomers)
            self._fill(level, number, live)
            self.levels.append(level)
            free.append(live.pop(0)[1])
        self._guide_bit = 1 << slots
        self._key_shift = slots + 1

    def _fill(self, level: _Level, number: int, live: list[tuple[int, int, int]]) -> None:
        for answer, bit, kind in live:
            if self.pure[kind]:
                level.pure.append((bit, kind))
            else:
                level.pending.append((bit, kind, answer))
                if self.total[kind]:
                    level.total |= bit
                else:
                    level.solid |= bit
            if kind in self.goal_of:
                level.goals.append((bit, self.goal_of[kind], answer))
        for kind, unit, mask, calls in self.fields:
            available = bisect_right(calls, number)
            if available and self._last_seer[kind] >= number:
                level.open.append((kind, unit, mask, unit * available))

    def _guide(self) -> None:
        """Give each level one goal more: of those called after it, the one answered first. It guides the search."""
        first: dict[int, tuple[int, int]] = {}  # by level of call: the first answer, and its goal
        for answer, op in enumerate(self.answered):
            if self.kind_of[op.index] in self.goal_of:
                first.setdefault(self.call_level[op.index], (answer, self.goal_of[self.kind_of[op.index]]))
        coming: tuple[int, int] | None = None
        for number in reversed(range(len(self.levels))):
            if coming:
                self.levels[number].goals.append((self._guide_bit, coming[1], coming[0]))
            if number in first and (coming is None or first[number] < coming):
                coming = first[number]

    # --- states ------------------------------------------------------------------------------------------------------------------

    def _state(self, state: Any, before: int | None = None) -> int:
        """Give the number of a state; before: the state that it was made of, without a blind operation."""
        number = self._state_ids.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
            led = frozenset()
            if self._reach:
                # What it leads to, the state before it led to as well.
                candidates = (
                    self._goal_ids if before is None else [self.wanted[goal] for goal in self._led[before]]
                )
                led = frozenset(self._goal_ids[wanted] for wanted in self._reach(state, candidates))
            self._led.append(led)
            self._until.append(
                max((self._last_answer[goal] for goal in led), default=-1)
                if self._reach
                else len(self.answered)
            )
            self._until[-1] = max(self._until[-1], self._looked)
        return number

    def _move(self, state: int, kind: int) -> int:
        """Give the state that this kind leaves, or -1 where it is not possible."""
        key = state * len(self.samples) + kind
        after = self._moves.get(key)
        if after is None:
            op = self.samples[kind]
            possible, left = (False, None) if op is self.refused else self.model.step(self.states[state], op)
            after = self._moves[key] = (
                self._state(left, None if self.blind[kind] else state) if possible else -1
            )
        return after

    def _view(self, number: int, state: int) -> tuple[int, int, int]:
        """Give, for a state at a level: the state that stands for it (rule 7), bits of pure operations it satisfies, bits of goals it
        does not lead to."""
        level, until = self.levels[number], self._until
        stands = state
        if until[state] < number:
            if self._dead < 0 or until[self._dead] > until[state]:
                self._dead = state
            stands = self._dead
        satisfied = sum(bit for bit, kind in level.pure if self._move(stands, kind) >= 0)
        led = self._led[stands]
        astray = sum(bit for bit, goal, _ in level.goals if goal not in led)
        view = level.views[state] = level.views[stands] = (stands, satisfied, astray)
        return view

    def _moves_from(self, level: _Level, state: int) -> tuple[list, list]:
        """Give the operations that could be placed in a state at a level.

        They are (bit, kind, after, buried) for pending ones and (same, unit, mask, available, after, buried, first) for open ones, where
        ``same`` tells which do the same and ``first`` are the fields of those to be spent before it (rule 4).
        """
        pending = []
        for bit, kind, answer in level.pending:
            after = self._move(state, kind)
            if after >= 0:
                pending.append((bit, kind, after, level.total if self.blind[kind] else 0))
            elif self.leaves[kind] is VARIES:
                self.bound = max(self.bound, answer)  # with another answer it might have been possible
        weaker: dict[int, list[tuple[int, int]]] = {}
        moves = []
        for kind, unit, mask, available in level.open:
            after = self._move(state, kind)
            if after >= 0 and (after != state or self.blind[kind]):
                moves.append((kind, unit, mask, available, after))
                if self.leaves[kind] is not VARIES and not self.blind[kind]:
                    weaker.setdefault(after, []).append((mask, available))
        opened = []
        for kind, unit, mask, available, after in moves:
            blind = self.blind[kind]
            first = weaker.get(after, ()) if blind else ()
            opened.append((self.same[kind], unit, mask, available, after, level.total if blind else 0, first))
        found = level.moves[state] = (pending, opened)
        return found

    # --- goals ---------------------------------------------------------------------------------------------------------------------

    def _note_starts(self) -> None:
        """Note, for each goal, which blind kinds make a start towards it, and at which levels they are called."""
        self._makes: list[set[int]] = [set() for _ in self.wanted]
        self._start_levels: list[list[int]] = [[] for _ in self.wanted]
        for level, kind in self._blind_calls:
            for goal in self._led[self._state(self.leaves[kind])]:
                self._makes[goal].add(kind)
                self._start_levels[goal].append(level)

    def _help(self, number: int, goal: int, answer: int) -> tuple[bool, int, list[tuple[int, int]]]:
        """Give the blind operations that make a start towards a goal: whether one is called in time, bits of pending, fields of open ones."""
        level, makes, starts = self.levels[number], self._makes[goal], self._start_levels[goal]
        coming = bisect_right(starts, answer) > bisect_right(starts, number)
        pending = sum(bit for bit, kind, _ in level.pending if kind in makes)
        opened = [(mask, available) for kind, _, mask, available in level.open if kind in makes]
        help_ = level.helps[goal, answer] = (coming, pending, opened)
        return help_

    def _hopeless(self, number: int, goal: int, answer: int, placed: int, spent: int) -> bool:
        """Whether a goal that the state does not lead to cannot be reached by a blind operation either."""
        coming, pending, opened = self.levels[number].helps.get((goal, answer)) or self._help(
            number, goal, answer
        )
        if coming or pending & ~placed or any(spent & mask < available for mask, available in opened):
            return False
        self.bound = max(self.bound, answer)
        return True

    def _lost(self, number: int, astray: int, placed: int, spent: int) -> bool:
        """Whether one of the owed goals, or the guide, is hopeless; ``astray`` are the bits of those that the state does not lead to."""
        return any(
            self._hopeless(number, goal, answer, placed, spent)
            for bit, goal, answer in self.levels[number].goals
            if astray & bit
        )

    def _dropped(self, number: int, before: int, after: int, placed: int, spent: int) -> bool:
        """Whether leaving the state ``before`` for ``after`` makes a goal hopeless that is called for later."""
        drops = self._drops.get((before, after))
        if drops is None:
            goals = self._led[before] - self._led[after]
            drops = self._drops[before, after] = sorted(
                ((self._last_call[goal], goal) for goal in goals), reverse=True
            )
        for call, goal in drops:
            if call <= number:
                return False
            if self._hopeless(number, goal, self._last_answer[goal], placed, spent):
                return True
        return False

    # --- the search ----------------------------------------------------------------------------------------------------------------

    def run(self, limit: int | None = None, deadline: float | None = None) -> str:
        """Search on, through at most ``limit`` configurations and until ``deadline`` (`time.monotonic`), and give the verdict."""
        stack, end, count = self.stack, len(self.levels), 0
        while stack:
            if limit is not None and count >= limit:
                break
            if deadline is not None and time.monotonic() >= deadline:
                break
            node = stack.pop()
            if node[0] == end:
                self.found, self.verdict = node, "linearizable"
                break
            if not self._known(node):
                count += 1
                self._expand(node)
        else:
            self.verdict = "violation"
        self.configurations += count
        return self.verdict

    def _known(self, node: _Node) -> bool:
        """Whether this configuration is no better than one before (rule 5); otherwise remember it."""
        number, state, owed, placed, spent, late, _, _ = node
        key = ((state << self._key_shift) | (placed & self.levels[number].solid)) << 1 | late
        earlier = self.seen[number].setdefault(key, [])
        guard = self.guard
        spare = spent | guard
        for owed_then, placed_then, spent_then in earlier:
            if not (owed_then & ~owed or placed_then & ~placed) and (spare - spent_then) & guard == guard:
                return True
        earlier.append((owed, placed, spent))
        return False

    def _expand(self, node: _Node) -> None:
        """Push every configuration that comes of placing one operation more."""
        number, state, owed, placed, spent, late, _, _ = node
        level = self.levels[number]
        pending, opened = level.moves.get(state) or self._moves_from(level, state)
        following: list[_Node] = []
        tried: set[tuple[int, int]] = set()
        doing: set[tuple[int, int]] = set()
        for bit, kind, after, buried in pending:
            if placed & bit or (kind, owed & bit != 0) in tried:
                continue
            tried.add((kind, owed & bit != 0))
            doing.add((self.same[kind], after))
            left = owed & ~(bit | buried)
            if after != state or left != owed or (late and bit == level.bit):
                self._arrive(
                    number, after, left, placed | bit, spent, late, node, (bit, self.same[kind]), following
                )
        for same, unit, mask, available, after, buried, first in opened:
            if spent & mask >= available or (same, after) in doing:
                continue
            left = owed & ~buried
            if left != owed or (after != state and not any(spent & other < most for other, most in first)):
                self._arrive(number, after, left, placed, spent + unit, late, node, (0, same), following)
        following.reverse()
        self.stack.extend(following)

    def _arrive(
        self,
        number: int,
        state: int,
        owed: int,
        placed: int,
        spent: int,
        late: bool,
        before: Any,
        step: Any,
        out: list[_Node],
    ) -> None:
        """Go on from a level to the first that still wants something placed; put the configurations met into ``out``."""
        levels = self.levels
        left = before[1] if before else state  # a state whose goals may be lost now
        while True:
            if number >= 0:
                level = levels[number]
                state, satisfied, astray = level.views.get(state) or self._view(number, state)
                owed &= ~satisfied
                node = (number, state, owed, placed, spent, late, before, step)
                if number >= self.best:
                    self._reached(node)
                astray &= owed | self._guide_bit
                if astray and self._lost(number, astray, placed, spent):
                    return
                if left != state and self._dropped(number, left, state, placed, spent):
                    return
                left = state
                if (not placed & level.bit) if late else (owed & level.bit):
                    out.append(node)
                    return
                if not late and not placed & level.bit and self._late_matters(number):
                    out.append((number, state, owed, placed, spent, True, before, step))
                    if self.blind[level.kind]:
                        left = self._state(self.leaves[level.kind])
                placed &= ~level.bit
            late = False
            number += 1
            if number == len(levels):
                out.append((number, state, owed, placed, spent, False, before, step))
                return
            owed |= levels[number].fresh

    def _late_matters(self, number: int) -> bool:
        """Whether the operation that is answered here may have been buried, but could also be placed now and be seen."""
        level = self.levels[number]
        if level.late is None:
            level.late = self.total[level.kind] and self._seen_until(level.kind) > number
        return level.late

    def _reached(self, node: _Node) -> None:
        """Remember the furthest level, and in which states it was reached."""
        if node[0] > self.best:
            self.best, self.best_nodes = node[0], {}
        if len(self.best_nodes) < STATES_KEPT:
            self.best_nodes.setdefault(node[1], node)

    def order(
        self, node: _Node, since: int = 0
    ) -> tuple[list[Operation], list[tuple[Any, Operation | None]]]:
        """Give the order that leads to a configuration, and the states that it passes from the level ``since`` on, with their makers."""
        steps: dict[int, list[tuple[int, int]]] = {}
        last = node[0]
        while node[6] is not None:
            steps.setdefault(node[6][0], []).append(node[7])
            node = node[6]
        replay = _Replay(self)
        for number in range(min(last + 1, len(self.levels))):
            if number == since:
                replay.passed = replay.passed[-1:]
            replay.level(self.levels[number], reversed(steps.get(number, ())))
        return [op for cell in replay.cells for op in cell], [
            (self.states[state], maker) for state, maker in replay.passed
        ]


class _Replay:
    """Walks one path of the search again and writes down which operation stands where."""

    def __init__(self, search: Placing) -> None:
        self.search, self.state = search, search._start
        self.passed: list[tuple[int, Operation | None]] = [(self.state, None)]
        self.waiting: dict[int, Operation] = {}  # by bit: called, not placed
        self.buried: dict[int, list[Operation]] = {}  # by bit: placed unseen, unless it is placed again
        self.cells: list[list[Operation]] = []
        self.free = sorted(search.opened, key=lambda op: op.invoked)

    def level(self, level: _Level, steps: Iterable[tuple[int, int]]) -> None:
        self.waiting.update(level.newcomers)
        self.settle()
        for bit, same in steps:
            self.place(bit, same)
            self.settle()
        self.waiting.pop(level.bit, None)
        self.buried.pop(level.bit, None)

    def place(self, bit: int, same: int) -> None:
        search = self.search
        op = (
            self.waiting.pop(bit)
            if bit
            else next(op for op in self.free if search.same[search.kind_of[op.index]] == same)
        )
        kind = search.kind_of[op.index]
        if bit:
            self.buried.pop(bit, [op]).clear()
        else:
            self.free.remove(op)
        if search.blind[kind]:
            for other, hidden in self.waiting.items():
                if search.total[search.kind_of[hidden.index]] and other not in self.buried:
                    self.buried[other] = [hidden]
                    self.cells.append(self.buried[other])
        self.cells.append([op])
        self.state = search._move(self.state, kind)
        self.passed.append((self.state, op))

    def settle(self) -> None:
        """Place the pure operations that are right in this state."""
        search = self.search
        for bit, op in list(self.waiting.items()):
            kind = search.kind_of[op.index]
            if search.pure[kind] and search._move(self.state, kind) >= 0:
                self.cells.append([self.waiting.pop(bit)])
