"""Rebuilding a read model while events keep coming: appends with inline projections, a rebuild, and what keeps them apart.

| word             | meaning                                                                                             |
|------------------|-----------------------------------------------------------------------------------------------------|
| log              | the committed events, each with a position (from a sequence) and its transaction's id               |
| read model       | what the events add up to; here one row for each application, so that doubles and gaps show            |
| inline projection| the append transaction writes the read model itself                                                 |
| rebuild          | empty the read model and replay the log into it, batch by batch, each batch with its checkpoint        |
| advisory lock    | one key for each (projection, version): appends take it shared, a rebuild exclusive                    |
| status row       | active or rebuilding, who owns it, when the owner was last heard of; it survives a crash                |
| skip record      | "this event was committed and not applied", written in the event's own transaction                    |
| drain            | apply the skip records behind the replay's checkpoint and archive them                                |
| xmin rule        | replay only what is older than the oldest transaction still running                                   |
| start passed     | every transaction that was running when the rebuild started is over                                  |
| barrier          | at the end, wait for the exclusive lock and read the tail under it                                    |
| fence            | flip the status only if one still owns the row                                                       |

The life of an append: begin, insert the event, ask for the lock and the status, then apply or skip, commit.
The life of a rebuild: get the lock, claim the row, empty the model, commit; replay until nothing is left; flip to active; drain.

Every mechanism has a switch (`Switches`). The design is Oskar Dudycz's (articles of 5 and 19 January 2026; Emmett's code at
6e308790, 21 August 2026); two statements, the barrier, and the end
after all that ran at the start are repairs from this lesson.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dslab.readmodels.database import Database, Event, Transaction
from dslab.sim import Node, World, sleep, step

SECOND_US = 1_000_000
TAKEOVER_US = 300 * SECOND_US  # Emmett's default
BATCH = 2  # events; Emmett's is 100, and shows no more
TRIES = 4
CHOICES = {
    "append_lock": ("try", "wait", "none"),
    "append_scope": ("transaction", "session"),
    "rebuild_lock": ("try", "wait", "none"),
    "held": ("start", "replay"),
    "check": ("two statements", "one statement"),
    "completion": ("flip", "barrier"),
    "activates": ("when complete", "always"),
    "clock": ("statement", "transaction"),
    "unregistered": ("skip", "apply"),
    "apply": ("versioned", "blind"),
    "reader": ("xmin", "position"),
    "ends": ("start passed", "nothing visible"),
    "bug": (
        "",
        "skip record after commit",
        "drain forgets the checkpoint",
        "claims without the lock",
        "keeps the old checkpoint",
        "reads the tail before the lock",
        "reads the tail by xmin",
        "never drains",
        "no timeout",
    ),
}
_BOOLS = ("status_row", "skip_records", "fence")


@dataclass(frozen=True)
class Switches:
    """Every mechanism on: the article's design with its correction of 19 January 2026, two statements, and a fence.

    ``append_lock``, ``rebuild_lock``: how each side asks. ``append_scope``: "session" gives the shared lock back as soon as the
    projection has run, before the commit. ``held``: the exclusive lock for the start transaction only, or for the whole replay.
    ``status_row``, ``skip_records``, ``fence``: are they there? ``check``: lock and status in one statement or in two.
    ``completion``: flip the status, or wait for the barrier first. ``activates``: only a replay that reached the end, or whoever closes.
    ``clock``: what "older than the timeout" is measured by. ``unregistered``: what an append does where there is no status row yet.
    ``apply``: an older event never overwrites a newer one, or blindly. ``reader``: by the xmin rule, or by position alone.
    ``ends``: the replay is over when everything that ran at its start is over too, or as soon as it sees nothing more.
    ``bug``: a mutant for the zoo, "" for none. Raises ValueError, naming the value and the choices, for anything else.
    """

    append_lock: str = "try"
    append_scope: str = "transaction"
    rebuild_lock: str = "try"
    held: str = "start"
    status_row: bool = True
    check: str = "two statements"
    skip_records: bool = True
    completion: str = "flip"
    fence: bool = True
    activates: str = "when complete"
    clock: str = "statement"
    unregistered: str = "skip"
    apply: str = "versioned"
    reader: str = "xmin"
    ends: str = "start passed"
    bug: str = ""

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is no choice; use one of {', '.join(map(repr, choices))}"
                )
        for name in _BOOLS:
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r} is no switch position; use True or False")


class Writer:
    """A client that appends events, one transaction after the other, each with its inline projection."""

    def __init__(self, system: ReadModel, name: str) -> None:
        self.system, self.switches, self.database = system, system.switches, system.database
        self.node = system.world.node(name, label=name.capitalize(), kind="client", last="–")
        system.arrange()

    # [append] the append transaction
    async def append(self, name: str) -> None:
        """Append one event: insert it, ask whether to apply it inline, apply or skip, commit."""
        transaction = self.database.begin(self.node.id)
        await step(f"inserts {name}")
        event = transaction.insert(name)
        apply = await self.check(transaction)
        await step(f"{'applies' if apply else 'skips'} {name}")
        if apply:
            transaction.write(lambda: self.system.apply(event, "inline"))
        elif self.switches.skip_records and self.switches.bug != "skip record after commit":
            transaction.write(lambda: self.system.skip(event))
        if self.switches.append_scope == "session":
            self.database.unlock(self.node.id, "shared")
        await step(f"commits {name}")
        transaction.commit()
        self._tell(f"{name} {'applied' if apply else 'skipped'}, committed")
        if not apply and self.switches.bug == "skip record after commit":
            await step(f"writes the skip record of {name}")
            self.system.skip(event)
        if not apply and self.switches.skip_records:
            self.system.notify()

    # [/append]
    # [check] may this append write the read model itself?
    async def check(self, transaction: Transaction) -> bool:
        """Ask for the shared lock and for the status: in one statement they see the status from before the lock."""
        how = self.switches.append_lock
        if self.switches.check == "one statement" and how == "try":
            await step("one statement: takes its snapshot")
            active = self.system.active()
            await step("the same statement: takes the lock")
            return transaction.try_lock("shared", self.switches.append_scope) and active
        if how != "none":
            await step(f"asks for the shared lock ({how})")
            if how == "wait":
                await transaction.lock("shared", self.switches.append_scope)
            elif not transaction.try_lock("shared", self.switches.append_scope):
                return False
        await step("reads the status")
        return self.system.active()

    # [/check]
    def _tell(self, what: str) -> None:
        self.node.state["last"] = what


class Rebuilder:
    """An instance that rebuilds the read model. ``only_if_needed``: it does nothing while the status is active."""

    def __init__(self, system: ReadModel, name: str, only_if_needed: bool = False) -> None:
        self.system, self.switches, self.database = system, system.switches, system.database
        self.only_if_needed, self.started_id = only_if_needed, 0
        self.node = system.world.node(name, label=name.capitalize(), kind="service", last="–")
        system.arrange()

    async def rebuild(self, first_us: int = 0, again_us: int = 100 * SECOND_US) -> None:
        """Rebuild once, from ``first_us`` on, with up to `TRIES` tries to start, ``again_us`` apart."""
        if first_us:
            await sleep(first_us)
        if not await self._start(again_us):
            return
        complete = False
        try:
            complete = await self._replay()
        except ArithmeticError:  # the projection's own code failed
            self._tell("the handler failed")
        if self.switches.completion == "barrier" and complete:
            await self._pass_barrier()
        elif complete or self.switches.activates == "always":
            await step("flips the status to active")
            self.system.activate(self.node.id)
        self.system.in_progress.discard(self.node.id)
        self.database.unlock(self.node.id, "exclusive")
        self._tell("closed")
        if complete:
            self.system.notify()

    async def _start(self, again_us: int) -> bool:
        """Get the lock and the row, empty the model, commit; False where all tries failed or there is nothing to do."""
        frozen = self.database.begin(self.node.id) if self.switches.clock == "transaction" else None
        for number in range(TRIES):
            if number:
                await sleep(again_us)
            transaction = frozen or self.database.begin(self.node.id)
            if self.only_if_needed and self.system.active():
                transaction.rollback()
                return False
            if await self._claim(transaction):
                return True
            if frozen is None:
                transaction.rollback()
        if frozen is not None:
            frozen.rollback()
        return False

    # [start] the start transaction of a rebuild
    async def _claim(self, transaction: Transaction) -> bool:
        how, scope = (
            self.switches.rebuild_lock,
            "session" if self.switches.held == "replay" else "transaction",
        )
        if how != "none":
            await step(f"asks for the exclusive lock ({how})")
            if how == "wait":
                await transaction.lock("exclusive", scope)
            elif (
                not transaction.try_lock("exclusive", scope)
                and self.switches.bug != "claims without the lock"
            ):
                self._tell("refused")
                return False
        await step("claims the row and empties the read model")
        if self.switches.status_row and not self.system.may_claim(self.node.id, transaction):
            self._tell("somebody else owns it")
            self.system.notify()  # whoever skipped because of this lock has left a record
            return False
        transaction.write(lambda: self.system.begin_rebuild(self.node.id))
        await step("commits the start")
        transaction.commit()
        self.started_id = self.database.next_id()  # all older transactions have smaller ids
        self._tell("started")
        return True

    # [/start]
    # [replay] batches until the source reports nothing left
    async def _replay(self) -> bool:
        """Replay in batches; False where the row is no longer ours."""
        while True:
            await step("reads a batch")
            batch = self.system.unread(self.switches.reader)[:BATCH]
            if not batch and not self._start_passed():
                await self.database.until_over(self.started_id)
                continue
            if not batch:
                return True
            if not self.system.replay(self.node.id, batch):
                self._tell("somebody took over")
                return False
            self._tell(f"replayed {batch[-1].name}")

    # [/replay]
    def _start_passed(self) -> bool:
        """Say whether every transaction that was running when this rebuild started is over, so that the xmin rule hides none of them."""
        return self.switches.ends == "nothing visible" or self.database.oldest_running() >= self.started_id

    # [barrier] wait until everybody who skipped is over, then read what they left
    async def _pass_barrier(self) -> None:
        early = (
            self.system.unread("position") if self.switches.bug == "reads the tail before the lock" else None
        )
        transaction = self.database.begin(self.node.id)
        await step("asks for the exclusive lock (wait)")
        await transaction.lock("exclusive", "transaction")
        await step("reads the tail under the lock and flips the status")
        by = "xmin" if self.switches.bug == "reads the tail by xmin" else "position"
        tail = self.system.unread(by) if early is None else early
        transaction.write(lambda: self.system.finish(self.node.id, tail))
        transaction.commit()

    # [/barrier]
    def _tell(self, what: str) -> None:
        self.node.state["last"] = what


class ReadModel:
    """The tables that all share, and what the invariants remember."""

    def __init__(self, world: World, switches: Switches, registered: bool = True) -> None:
        self.world, self.switches = world, switches
        world.facts["readmodel"] = self  # where the invariants find it
        self.drainer = world.node("drain", label="Drain", kind="service", last="–")
        self.lane = world.node("tables", label="Tables", kind="store")
        self.database = Database(world, self._show)
        self.status = "active" if registered else "none"
        self.owner, self.touched_us = "", 0
        self.checkpoint = (0, 0)  # (transaction id, position) of the last event that was replayed
        self.applied: list[str] = []  # names of events, once for each application
        self.value: Event | None = None  # of a projection "last one wins"
        self.skips: dict[str, Event] = {}
        self.in_progress: set[str] = set()
        self.fails_on = ""  # a handler that raises at this event
        self.finished = self._drains = 0
        self.complaints: dict[str, list[str]] = {"half": [], "owner": []}
        self._show()

    def arrange(self) -> None:
        """Put the lanes into the order in which they are read: who appends, the tables, who rebuilds, the drain."""
        nodes = self.world.nodes
        ranks = {"client": 0, "store": 1, "service": 2}
        for name in sorted(nodes, key=lambda name: (name == self.drainer.id, ranks[nodes[name].kind])):
            nodes[name] = nodes.pop(name)

    def writer(self, name: str) -> Writer:
        """Add a client that appends."""
        return Writer(self, name)

    def load(self, *names: str, applied: bool = True) -> None:
        """Start with committed events, applied to the read model or not."""
        for name in names:
            transaction = self.database.begin("load")
            event = transaction.insert(name)
            transaction.commit()
            if applied:
                self.applied.append(name)
                self.value = event
        self._show()

    def may_crash(self, node: Node) -> None:
        """Let a driver that chooses kill a client or an instance at any moment: its session ends with it."""

        def crash() -> None:
            node.crash()
            self.in_progress.discard(node.id)
            self.database.end_session(node.id)

        self.world.may(f"{node.id} crashes", crash, 1, lambda: node.up, node, "crash")

    # -- what statements read ------------------------------------------------------------------------------

    def active(self) -> bool:
        """Say whether an append may apply, as the status row tells it (without one: yes)."""
        if not self.switches.status_row:
            return True
        return self.status == "active" or (self.status == "none" and self.switches.unregistered == "apply")

    def served(self) -> bool:
        """Say whether the read model counts as complete: active, nobody known to rebuild it, no rebuild holding the lock."""
        if not self.active() or (self.in_progress and not self.switches.status_row):
            return False
        return not self.database.held_exclusively()

    def may_claim(self, who: str, transaction: Transaction) -> bool:
        """Say whether ``who`` may own the row: nobody does, it does already, or the owner was silent for too long."""
        now = transaction.started_us if self.switches.clock == "transaction" else self.world.now
        silent = now - self.touched_us > TAKEOVER_US and self.switches.bug != "no timeout"
        return self.status != "rebuilding" or self.owner in ("", who) or silent

    def unread(self, by: str) -> list[Event]:
        """Give the committed events behind the checkpoint that a reader may see, in the order in which it reads them."""
        if self.switches.reader == "position":
            return [event for event in self.database.by_position() if event.position > self.checkpoint[1]]
        events = [event for event in self.database.by_transaction() if event.order > self.checkpoint]
        oldest = self.database.oldest_running()
        return [event for event in events if by != "xmin" or event.transaction < oldest]

    # -- what transactions write -----------------------------------------------------------------------------

    def apply(self, event: Event, by: str) -> None:
        """Write one event into the read model."""
        if by == "inline":
            self._look_for_gaps(event)
        self.applied.append(event.name)
        newer = self.value is None or event.position >= self.value.position
        if newer or self.switches.apply == "blind":
            self.value = event

    def skip(self, event: Event) -> None:
        """Write a skip record."""
        self.skips[event.name] = event

    def begin_rebuild(self, who: str) -> None:
        """Own the row, be rebuilding, be empty."""
        self.in_progress.add(who)
        if self.switches.status_row:
            self.status, self.owner, self.touched_us = "rebuilding", who, self.world.now
        self.applied, self.value = [], None
        if self.switches.bug != "keeps the old checkpoint":
            self.checkpoint = (0, 0)

    def replay(self, who: str, batch: list[Event]) -> bool:
        """Apply a batch and save the checkpoint, in one transaction; False, and nothing happens, where the row is not ours."""
        if self.switches.status_row and (self.status, self.owner) != ("rebuilding", who):
            return False
        if any(event.name == self.fails_on for event in batch):
            raise ArithmeticError
        for event in batch:
            self.apply(event, "replay")
        self.checkpoint = batch[-1].order
        self.touched_us = self.world.now
        self.database.committed()
        return True

    def activate(self, who: str) -> None:
        """Flip to active; with the fence only if the row is still ours."""
        if self.switches.fence and self.owner != who and self.switches.status_row:
            return
        self.finished += 1
        if self.switches.status_row:
            if self.owner != who:
                self.complaints["owner"].append(
                    f"{who} set the status to active while {self.owner} owned the rebuild"
                )
            self.status = "active"
        self.database.committed()

    def finish(self, who: str, tail: list[Event]) -> None:
        """Apply the tail and flip, under the exclusive lock."""
        if tail and not self.replay(who, tail):
            return
        self.activate(who)

    # -- draining ----------------------------------------------------------------------------------------------

    def notify(self) -> None:
        """Wake the drain: a skip record was committed, or a rebuild is over."""
        if self.switches.skip_records and self.skips and self.switches.bug != "never drains":
            self.drainer.spawn(self._drain(), "drain")

    # [drain] apply what was skipped and not replayed; archive the rest
    async def _drain(self) -> None:
        self._drains += 1
        transaction = self.database.begin(f"drain {self._drains}")
        await step("asks for the shared lock and the status")
        if not transaction.try_lock("shared", "transaction") or not self.active():
            transaction.rollback()
            return
        await step("applies and archives the skip records")
        for event in list(self.skips.values()):
            if event.order > self.checkpoint or self.switches.bug == "drain forgets the checkpoint":
                self.apply(event, "drain")
            del self.skips[event.name]
        transaction.commit()
        self.drainer.state["last"] = "archived all"

    # [/drain]
    # -- for the invariants ----------------------------------------------------------------------------------------

    def missing(self) -> Iterator[Event]:
        """Give the committed events that are neither applied nor in a skip record."""
        return (
            event
            for event in self.database.by_position()
            if event.name not in self.applied and event.name not in self.skips
        )

    def _look_for_gaps(self, event: Event) -> None:
        gap = next((other.name for other in self.missing() if other.position < event.position), None)
        if gap is not None:
            self.complaints["half"].append(f"{event.name} was applied inline to a read model without {gap}")

    def _show(self) -> None:
        """Put the tables as everybody sees them on their lane, and say what of them changed."""
        if not hasattr(self, "complaints"):  # still being built
            return
        status = self.status + (f" ({self.owner})" if self.status == "rebuilding" else "")
        seen = {
            "lock": ", ".join(self.database.holders()) or "free",
            "status": status if self.switches.status_row else "no status row",
            "log": " ".join(event.name for event in self.database.by_position()) or "empty",
            "model": " ".join(self.applied) or "empty",
            "skips": " ".join(self.skips) or "none",
        }
        changed = [f"{name}: {text}" for name, text in seen.items() if self.lane.state.get(name) != text]
        recorder = self.world.recorder
        if recorder is not None and changed:
            cause = recorder.last_event(self.world.current)
            recorder.event(self.lane.id, "step", "; ".join(changed), () if cause is None else (cause,))
        self.lane.state.update(seen)
