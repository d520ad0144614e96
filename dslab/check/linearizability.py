"""Linearizable or not: is there one order of the operations, each at a moment between its call and its answer, that the model allows?

A history is split into parts (keys), which share the time. A register whose writes can all be told apart needs no search
(`dslab.check.zones`); every other part is searched (`dslab.check.placing`). What was found becomes a verdict that a person can check: an
order, which is tried on the model before it is shown, or the first answer that no order explains.

    >>> from dslab.check.models import register
    >>> history = History.from_tuples([(0, "invoke", "write", 1), (0, "ok", "write", 1), (1, "invoke", "read"), (1, "ok", "read", None)])
    >>> print(linearizable(history, register()).describe())
    Not linearizable: no order explains read → nil by process 1 (2 to 3); it could be 1 then. No search was needed.

Sources: Herlihy and Wing, "Linearizability: a correctness condition for concurrent objects" (1990), whose theorem 1 allows judging keys
apart; Wing and Gong, "Testing and verifying concurrent objects" (1993); Lowe, "Testing for linearizability" (2017).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from dslab.check import zones
from dslab.check.history import History, Operation
from dslab.check.models import ANY, VARIES, Model, show
from dslab.check.placing import STATES_KEPT, Placing

SLICE = 4096  # configurations that one part may search before the next has its turn
EXPLAIN = (
    2_000  # configurations that each step of an explanation may search beyond those of the search itself
)
GRACE = 1.0  # seconds that the explanation of a violation may take beyond the limit
LOOK_AROUND = 500  # configurations searched for the states that the part could have been in
_SHOWN = 6


@dataclass(frozen=True)
class PartVerdict:
    """What was found for one part (one key) of a history.

    key: the part's key, or None. verdict: "linearizable", "violation" or "undecided". operations: how many it has (without those that
    certainly did not happen). configurations: how many were searched. order: the operations in an order that the model allows: all that
    were answered and the open ones that must have happened; for a violation, the longest beginning that has such an order.
    For a violation, too: stuck, the first operation whose answer no order explains; states, at most twelve, in which the part could have
    been while it ran (or, for an operation that changes the state, when its answer came); concurrent, the other operations that were
    open then; conflicts, those that left the states; prefix, the shortest beginning of the part that is not linearizable (calls whose
    answers come later are open in it).
    """

    key: Any
    verdict: str
    operations: int
    configurations: int
    order: tuple[Operation, ...] = ()
    stuck: Operation | None = None
    states: tuple[Any, ...] = ()
    concurrent: tuple[Operation, ...] = ()
    conflicts: tuple[Operation, ...] = ()
    prefix: tuple[Operation, ...] = ()


@dataclass(frozen=True)
class LinearizabilityVerdict:
    """Whether a history is linearizable, and how we know.

    verdict: "linearizable", "violation" or "undecided". operations: how many were judged. configurations: how many were searched.
    parts: one `PartVerdict` a key, in the order in which keys first appear. limit: what ended an undecided search, in words.
    elapsed: seconds of search; two verdicts that differ only here are equal.
    """

    verdict: str
    operations: int
    configurations: int
    parts: tuple[PartVerdict, ...]
    model: Model = field(compare=False, repr=False)
    limit: str = ""
    elapsed: float = field(default=0.0, compare=False)

    @property
    def held(self) -> bool | None:
        """True, False, or None where nobody knows."""
        return {"linearizable": True, "violation": False}.get(self.verdict)

    @property
    def part(self) -> PartVerdict | None:
        """The part to look at: the first violation, else the first that is undecided, else the only one, else None."""
        wanted = [part for part in self.parts if part.verdict == self.verdict != "linearizable"]
        return wanted[0] if wanted else self.parts[0] if len(self.parts) == 1 else None

    @property
    def stuck(self) -> Operation | None:
        """The operation whose answer no order explains, or None."""
        return self.part.stuck if self.part and self.verdict == "violation" else None

    def describe(self) -> str:
        """Give the verdict in one or two sentences."""
        if self.verdict == "violation":
            return self._describe_violation(self.part)
        where = f" on {len(self.parts):,} keys" if len(self.parts) > 1 else ""
        if self.verdict == "linearizable":
            searched = _many(self.configurations, "configuration")
            how = f"after {searched}" if self.configurations else "without a search"
            return f"No violation: {_many(self.operations, 'operation')}{where}, found an order {how}."
        undecided = [part for part in self.parts if part.verdict == "undecided"]
        keys = f" ({len(undecided):,} of {len(self.parts):,} keys are open)" if len(self.parts) > 1 else ""
        searched = _many(self.configurations, "configuration")
        return f"Undecided after {searched} and {self.limit}{keys}: neither an order nor a proof that there is none."

    def _describe_violation(self, part: PartVerdict) -> str:
        key = f" (key {show(part.key)})" if part.key is not None else ""
        states = [self.model.show(state) for state in part.states]
        if self._never(part):
            then = "nothing called before its answer could have left that"
        elif len(states) > _SHOWN:
            then = f"it could be {', '.join(states[:_SHOWN])} then, among others"
        else:
            then = f"it could be {' or '.join(states)} then" if states else "the answers before it have one"
        what, hint = _operation(part.stuck, self.model), self.model.hint(part.stuck)
        searched = (
            f"Searched {_many(self.configurations, 'configuration')}."
            if self.configurations
            else "No search was needed."
        )
        return f"Not linearizable{key}: no order explains {what}; {then}. {searched}{hint}"

    def _never(self, part: PartVerdict) -> bool:
        """Whether no operation at all could have left the state that the stuck one wants."""
        wants = self.model.wants(part.stuck)
        if wants is ANY or wants is VARIES or self.model.init() == wants:
            return False
        changing = [op for op in part.prefix if not self.model.pure(op)]
        return all(self.model.leaves(op) not in (VARIES, wants) for op in changing)

    def core(self, budget: int = 200_000) -> tuple[Operation, ...]:
        """Give answers of the violation that cannot all be right, none of which can be left out: the shortest story to tell.

        Every other answer is taken to be unknown. budget: operations and configurations to look at; when they run out the set may be
        larger than it need be, but it still has no order. Empty where there is no violation.
        """
        if self.verdict != "violation":
            return ()
        return _Core(self.part, self.model, budget).find()


def linearizable(
    history: History | Iterable[Operation],
    model: Model,
    *,
    failed_cas: str = "ignore",
    seconds: float | None = None,
    budget: int | None = None,
) -> LinearizabilityVerdict:
    """Judge whether a history is linearizable.

    history: a `History`, or Operations. model: what the store should be, from `dslab.check.models`. failed_cas: "ignore", a failed
    compare-and-set is as any failed operation and says nothing, or "evidence", it says that the value was not the expected one (unless its
    error says that it was never answered). seconds: how long to search at most, by the monotonic clock (explaining a violation may take
    one second more); None for ever. budget: how many configurations to search at most; the same budget always gives the same verdict.

    Returns a `LinearizabilityVerdict`: one part that is a violation makes the whole a violation, even where another part was not
    finished. Raises TypeError where ``model`` is no Model or ``history`` holds no Operations; ValueError for an operation that the model
    does not know, an unknown ``failed_cas``, or a limit that is not above zero.
    """
    _check_options(model, failed_cas, seconds, budget)
    if not isinstance(history, History):
        history = History(history)
    started = time.monotonic()
    deadline = None if seconds is None else started + seconds
    pieces = _split(history, model, failed_cas)
    _search(pieces, model, deadline, budget)
    deadline = None if deadline is None else max(deadline, time.monotonic() + GRACE)
    parts = tuple(_conclude(piece, model, deadline) for piece in pieces)
    verdicts = {part.verdict for part in parts}
    verdict = next((kind for kind in ("violation", "undecided") if kind in verdicts), "linearizable")
    limit = ""
    if verdict == "undecided":
        limit = (
            f"the budget of {budget:,}"
            if budget is not None and sum(part.configurations for part in parts) >= budget
            else f"{seconds:g} s"
        )
    return LinearizabilityVerdict(
        verdict,
        sum(part.operations for part in parts),
        sum(part.configurations for part in parts),
        parts,
        model,
        limit,
        time.monotonic() - started,
    )


# --- the parts ------------------------------------------------------------------------------------------------------------------


@dataclass
class _Piece:
    key: Any
    operations: list[Operation]
    search: Placing | None = None
    by_zones: bool = False  # whether the verdict was found without the search
    verdict: str = "undecided"
    order: list[Operation] | None = None


def _check_options(model: Any, failed_cas: str, seconds: Any, budget: Any) -> None:
    if not isinstance(model, Model):
        raise TypeError(f"the model is {model!r}; it must be a Model, such as register() or key_value()")
    if failed_cas not in ("ignore", "evidence"):
        raise ValueError(f'failed_cas is {failed_cas!r}; it must be "ignore" or "evidence"')
    if seconds is not None and not (
        isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds > 0
    ):
        raise ValueError(f"seconds is {seconds!r}; it must be a number above 0, or None for no limit")
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or budget < 1):
        raise ValueError(
            f"budget is {budget!r}; it must be a whole number of configurations above 0, or None for no limit"
        )


def _split(history: History, model: Model, failed_cas: str) -> list[_Piece]:
    """Give the parts, in the order in which they first appear, without the failed operations that are no evidence."""
    pieces: dict[Any, _Piece] = {}
    for operation in history:
        model.check(operation)
        piece = pieces.setdefault(model.split(operation), _Piece(model.split(operation), []))
        if operation.status != "fail" or (failed_cas == "evidence" and model.evidence(operation)):
            piece.operations.append(operation)
    return list(pieces.values())


def _search(pieces: list[_Piece], model: Model, deadline: float | None, budget: int | None) -> None:
    """Search all parts, in turns, until one is a violation, all are decided, or a limit is reached."""
    open_ = list(pieces)
    left = budget
    while open_ and not any(piece.verdict == "violation" for piece in pieces):
        for piece in open_:
            if left == 0 or (deadline is not None and time.monotonic() >= deadline):
                return
            if piece.search is None and zones.applies(piece.operations, model):
                piece.order = zones.order(piece.operations, model)
                piece.verdict = "linearizable" if piece.order is not None else "violation"
                piece.by_zones = True
                continue
            piece.search = piece.search or Placing(piece.operations, model)
            before = piece.search.configurations
            piece.verdict = piece.search.run(SLICE if left is None else min(SLICE, left), deadline)
            if left is not None:
                left -= piece.search.configurations - before
        open_ = [piece for piece in open_ if piece.verdict == "undecided"]


def _conclude(piece: _Piece, model: Model, deadline: float | None) -> PartVerdict:
    """Make the part's verdict of what its search found."""
    search, size = piece.search, len(piece.operations)
    if piece.verdict == "undecided":
        return PartVerdict(piece.key, "undecided", size, search.configurations if search else 0)
    if piece.verdict == "violation":
        return _explain(piece, model, deadline)
    order = piece.order if piece.by_zones else search.order(search.found)[0]
    _try(order, piece.operations, model)
    return PartVerdict(piece.key, "linearizable", size, search.configurations if search else 0, tuple(order))


def _try(order: list[Operation], operations: list[Operation], model: Model) -> None:
    """Try an order on the model and on the clock: whoever claims an order should have walked it."""
    state, latest = model.init(), None
    for operation in order:
        possible, state = model.step(state, operation)
        if not possible or (latest is not None and not operation.open and operation.returned < latest):
            raise RuntimeError(
                f"the search gave an order that is none, at {operation!r}; please report this as a bug of dslab"
            )
        latest = operation.invoked if latest is None else max(latest, operation.invoked)
    if {op.index for op in operations if not op.open} - {op.index for op in order}:
        raise RuntimeError(
            "the search gave an order that leaves out an answered operation; please report this as a bug of dslab"
        )


# --- explaining a violation -----------------------------------------------------------------------------------------------------


def _forget(operation: Operation, model: Model) -> Operation | None:
    """Give an operation as it is when its answer is not known; None where it can then be left out."""
    if operation.status == "fail" or model.pure(operation):
        return None
    return replace(operation, status="info", returned=None, value=None)


def _beginning(search: Placing, operations: list[Operation], level: int, model: Model) -> list[Operation]:
    """Give the operations as they stood when the answer of a level had come: later calls are gone, later answers not known."""
    last = search.answered[level]
    known = {op.index for op in search.answered[: level + 1]}
    stood = []
    for op in operations:
        if op.open and op.invoked <= last.returned:
            stood.append(op)
        elif op.index in known:
            stood.append(op)
        elif not op.open and search.call_level[op.index] <= level:
            stood.append(_forget(op, model))
    return [op for op in stood if op is not None]


def _explain(piece: _Piece, model: Model, deadline: float | None) -> PartVerdict:
    """Find the first answer that no order explains, and what the part could have been then."""
    operations, search = piece.operations, piece.search or Placing(piece.operations, model)
    most = EXPLAIN + max(search.configurations, 2 * len(search.levels))
    low = max(search.best, 0)
    high = len(search.levels) - 1 if piece.by_zones else max(search.best, search.bound)
    # The beginning up to `high` is a violation; that up to `low - 1` is not known to be one.
    while low < high:
        middle = (low + high) // 2
        beginning = _beginning(search, operations, middle, model)
        if piece.by_zones:
            violation = zones.order(beginning, model) is None
        else:
            violation = Placing(beginning, model).run(most, deadline) == "violation"
        low, high = (low, middle) if violation else (middle + 1, high)
    stuck = search.answered[high]
    prefix = _beginning(search, operations, high, model)
    without = Placing(prefix, model, refused=stuck)
    while without.verdict == "undecided" and without.best < high and without.configurations < most:
        if deadline is not None and time.monotonic() >= deadline:
            break
        without.run(256, deadline)
    without.run(LOOK_AROUND, deadline)
    states, makers, longest = _states_before(without, stuck)
    by_index = {op.index: op for op in operations}
    concurrent = [
        by_index[op.index]
        for op in prefix
        if op.index != stuck.index and (op.open or op.returned > stuck.invoked)
    ]
    return PartVerdict(
        piece.key, "violation", len(operations), search.configurations,
        tuple(by_index[op.index] for op in longest), stuck, states, tuple(concurrent),
        tuple(by_index[index] for index in sorted(makers)), tuple(prefix),
    )  # fmt: skip


def _states_before(search: Placing, stuck: Operation) -> tuple[tuple[Any, ...], set[int], list[Operation]]:
    """Give states that stand against the stuck operation, the indices of the operations that left them, and an order of what came before.

    For a read they are those that were passed while it ran; for one that changes the state, those in which its answer came.
    """
    if search.best != len(search.levels) - 1:
        nodes = list(search.best_nodes.values())[:1]
        return (), set(), search.order(nodes[0])[0] if nodes else []
    states: dict[Any, None] = {}
    makers: set[int] = set()
    longest: list[Operation] = []
    for node in search.best_nodes.values():
        order, passed = search.order(node, since=search.call_level[stuck.index])
        for state, maker in passed if search.model.pure(stuck) else passed[-1:]:
            states.setdefault(state)
            makers |= {maker.index} if maker else set()
        longest = max(longest, order, key=len)
    return tuple(states)[:STATES_KEPT], makers, longest


class _Core:
    """Leaves out answers as long as no order explains what is left."""

    def __init__(self, part: PartVerdict, model: Model, budget: int) -> None:
        self.part, self.model, self.left = part, model, budget

    def find(self) -> tuple[Operation, ...]:
        stuck = self.part.stuck
        answers = sorted(
            (op for op in self.part.prefix if not op.open and op is not stuck), key=lambda op: -op.returned
        )
        size = 0
        while size < len(answers) and not self.violates(answers[:size]):
            size = min(len(answers), max(1, size * 2))
        kept, chunk = answers[:size], size
        while chunk:
            for start in reversed(range(0, len(kept), chunk)):
                without = kept[:start] + kept[start + chunk :]
                if self.left > 0 and self.violates(without):
                    kept = without
            chunk //= 2
        return tuple(sorted((*kept, stuck), key=lambda op: op.index))

    def violates(self, kept: list[Operation]) -> bool:
        """Whether these answers and the stuck one have no order, all others being unknown."""
        known = {op.index for op in kept} | {self.part.stuck.index}
        relaxed = (op if op.open or op.index in known else _forget(op, self.model) for op in self.part.prefix)
        operations = [op for op in relaxed if op is not None]
        self.left -= len(operations)
        if zones.applies(operations, self.model):
            return zones.order(operations, self.model) is None
        search = Placing(operations, self.model)
        verdict = search.run(max(1, min(LOOK_AROUND, self.left)))
        self.left -= search.configurations
        return verdict == "violation"


# --- words ----------------------------------------------------------------------------------------------------------------------


def _operation(operation: Operation, model: Model) -> str:
    return f"{model.describe(operation)} by process {show(operation.process)} ({operation.when()})"


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
