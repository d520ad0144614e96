"""The new-enemy problem on a time line: both forms in the paper, and every way to bring it back.

| word      | meaning                                                                                             |
|-----------|-----------------------------------------------------------------------------------------------------|
| example A | order of changes: Bob is removed from a folder; *then* a document is put into it. Bob must never see it    |
| example B | old ACL, new content: Bob is removed from a document; *then* it gets a new text. Bob must never see that |
| leak      | Bob gets to see what was added after his removal was confirmed                                          |

Alice removes Bob, waits until that is confirmed, and tells Charlie; Charlie adds. That is all the order there is: two databases, two people.
The paper's names (section 2.2).
"""

from __future__ import annotations

from typing import Any

from dslab.sim import Metric, Result, World, sleep
from dslab.zanzibar.config import read as read_schema
from dslab.zanzibar.tuples import parse
from dslab.zanzibar.zookie import Switches, Zones

FOLDERS = read_schema(
    "namespace user\nnamespace folder\n  viewer: [user]\nnamespace doc\n  parent: [folder]\n  viewer: viewer from parent"
)
DOCS = read_schema("namespace user\nnamespace doc\n  editor: [user]\n  viewer: [user] or editor")
GROUPS = read_schema("namespace user\nnamespace group\n  member: [user, group#member]")


def example_a(
    switches: Switches,
    lag_us: int = 1_000,
    ask_at_us: int = 14_000,
    skew_us: int = 1_900,
    record: bool = False,
) -> World:
    """Two namespaces, two leaders whose clocks differ by ``2 * skew_us``; Bob asks at ``ask_at_us``.

    ``lag_us`` is how long the folders' changes take to the replica; those of the documents take 1 ms.
    """
    world = World(name="order of ACL changes")
    if record:
        world.record(clocks=True)
    start = ("folder:plans#viewer@user:bob", "folder:plans#viewer@user:charlie")
    zones = Zones(world, switches, FOLDERS, ("folder", "doc"), start, (skew_us, -skew_us))
    world.link("folder", "replica", latency=lag_us, fifo=True)
    alice, charlie, bob = _people(zones)

    async def remove_bob() -> None:
        await alice.call("folder", "commit", remove=(parse("folder:plans#viewer@user:bob"),))
        alice.send("charlie", "removed")

    async def add_document() -> None:
        await charlie.call("doc", "commit", add=(parse("doc:merger#parent@folder:plans"),))
        charlie.state["did"] = "put the document into the folder"

    charlie.on("removed", add_document)

    async def ask() -> None:
        await sleep(ask_at_us)
        if await _ask(zones, bob, "doc:merger"):
            bob.state["saw"] = "the document"
            zones.complaints["enemy"].append(
                "Bob is let into doc:merger, although he was removed before it was there"
            )

    alice.spawn(remove_bob())
    bob.spawn(ask())
    return world


def _people(zones: Zones) -> tuple[Any, Any, Any]:
    world = zones.world
    alice = world.node("alice", label="Alice", kind="client")
    charlie = world.node("charlie", label="Charlie", kind="client", did="nothing yet")
    return alice, charlie, world.node("bob", label="Bob", kind="client", saw="nothing yet")


async def _ask(zones: Zones, bob: Any, thing: str, zookie: int = 0) -> bool:
    began = zones.world.now
    allowed = await bob.call(
        "replica", "check", thing=thing, relation="viewer", user="user:bob", zookie=zookie
    )
    zones.checks += 1
    zones.answers.append((zones.world.now - began, allowed))
    return allowed


def example_b(
    switches: Switches, lag_us: int = 1_000, ask_at_us: int = 16_000, record: bool = False
) -> World:
    """One namespace and the application that keeps the text with its zookie; Bob opens the document at ``ask_at_us``."""
    world = World(name="old ACL, new content")
    if record:
        world.record(clocks=True)
    zones = Zones(
        world,
        switches,
        DOCS,
        ("doc",),
        ("doc:plan#viewer@user:bob", "doc:plan#editor@user:charlie"),
        lag_us=lag_us,
    )
    alice, charlie, bob = _people(zones)
    app = world.node("app", label="Application", kind="service", text="v1", zookie=1)
    app.on("fetch", lambda: (app.state["text"], app.state["zookie"]))
    app.on("save", lambda text, zookie: app.state.update(text=text, zookie=zookie))
    app.on("save_text", lambda text: app.state.update(text=text))
    app.on("save_zookie", lambda zookie: app.state.update(zookie=zookie))

    async def remove_bob() -> None:
        await alice.call("doc", "commit", remove=(parse("doc:plan#viewer@user:bob"),))
        alice.send("charlie", "removed")

    async def write_text() -> None:
        allowed, newest = await charlie.call(
            "doc", "content_change_check", thing="doc:plan", relation="editor", user="user:charlie"
        )
        if not allowed:
            return
        zookie = {"content-change check": newest, "opening": 1, "nowhere": 0}[switches.zookie_from]
        if switches.atomic_zookie and switches.bug != "two zookie writes":
            await charlie.call("app", "save", text="v2", zookie=zookie)
        else:
            await charlie.call("app", "save_text", text="v2")
            await charlie.call("app", "save_zookie", zookie=zookie)
        charlie.state["did"] = "saved v2"

    charlie.on("removed", write_text)

    async def read() -> None:
        await sleep(ask_at_us)
        text, zookie = await bob.call("app", "fetch")
        if switches.bug == "zookie of the reader":
            zookie = await bob.call("replica", "now")
        if await _ask(zones, bob, "doc:plan", zookie):
            bob.state["saw"] = text
            if text == "v2":
                zones.complaints["leak"].append("Bob sees v2, although he was removed before it was written")

    alice.spawn(remove_bob())
    bob.spawn(read())
    return world


def mixed(switches: Switches) -> World:
    """Contractors are taken out of eng; then Bob becomes a contractor. At no moment is Bob in eng. A check runs meanwhile."""
    world = World(name="mixed snapshots")
    zones = Zones(world, switches, GROUPS, ("group",), ("group:eng#member@group:contractors#member",))
    admin = world.node("admin", label="Admin", kind="client")
    bob = world.node("bob", label="Bob", kind="client", saw="nothing yet")

    async def change() -> None:
        await admin.call("group", "commit", remove=(parse("group:eng#member@group:contractors#member"),))
        await admin.call("group", "commit", add=(parse("group:contractors#member@user:bob"),))

    async def ask() -> None:
        await sleep(4_500)
        if await bob.call("replica", "check", thing="group:eng", relation="member", user="user:bob"):
            zones.complaints["never"].append("Bob is a member of eng, which he was at no moment")
        zones.checks += 1

    admin.spawn(change())
    bob.spawn(ask())
    return world


SWEEP_MS = 120  # Bob asks at each of these milliseconds, each time in a run of its own


def timeline(example: str = "B", lag_ms: float = 30.0, zookie_from: str = "content-change check", snapshot_reads: bool = True,
             commit_wait: bool = True, ask_ms: float = 16.0) -> Result:  # fmt: skip
    """Run an example by the clock, with Bob asking at ``ask_ms``; and again for each millisecond at which he could ask.

    ``lag_ms``: replication to Bob's zone, 0.1 to 200. ``zookie_from``: the zookie that is stored with the content and sent with the
    check comes from a "content-change check", from "opening" the document, or from "nowhere"; example A has no content. ``ask_ms``: 0 to
    60. Metrics: ``leaks`` (1 if Bob got what he must not), ``check_ms`` (how long his check took); of all the runs ``window_ms`` (in how
    many of the first 120 ms he gets it if he asks then) and ``slowest_ms``. The trace is of the first. Raises ValueError out of range.
    """
    for name, value, low, high in (("lag_ms", lag_ms, 0.1, 200), ("ask_ms", ask_ms, 0, 60)):
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    if example not in ("A", "B"):
        raise ValueError(f"example={example!r} is none of the paper's; use 'A' or 'B'")
    switches = Switches(commit_wait=commit_wait, snapshot_reads=snapshot_reads, zookie_from=zookie_from)
    build, lag_us = (example_a if example == "A" else example_b), round(lag_ms * 1e3)
    once = build(switches, lag_us, round(ask_ms * 1e3), record=True).run()
    asked = [build(switches, lag_us, ms * 1_000).run().facts["zanzibar"] for ms in range(SWEEP_MS + 1)]
    return _result(once, asked, example, lag_ms, ask_ms)


def _leaks(zones: Zones) -> bool:
    return bool(zones.complaints["enemy"] or zones.complaints["leak"])


def _result(world: World, asked: list[Zones], example: str, lag_ms: float, ask_ms: float) -> Result:
    zones: Zones = world.facts["zanzibar"]
    leaks, took, slowest = int(_leaks(zones)), zones.answers[0][0], max(each.answers[0][0] for each in asked)
    leaked = [ms for ms, each in enumerate(asked) if _leaks(each)]
    what = "the document" if example == "A" else "the new text"
    text = f"Bob asks at {ask_ms:g} ms and {'gets' if leaks else 'does not get'} {what}."
    if leaked:
        first, last = leaked[0], leaked[-1]
        when = (
            f"from {first} ms on"
            if last == SWEEP_MS
            else f"from {first} to {last} ms"
            if last > first
            else f"at {first} ms"
        )
        text += f" Of all the milliseconds at which he could ask, he gets it {when}."
    else:
        text += f" Whenever he asks, he does not get it, and his slowest check takes {slowest / 1e3:g} ms."
    switches = zones.switches
    if not switches.snapshot_reads:
        text += " His zone answers from whatever has arrived."
    if example == "A" and switches.zookie_from != "nowhere":
        text += " A zookie would be stored with a text, and here there is none."
    metrics = {
        "leaks": Metric("leaks", leaks), "check_ms": Metric("his check", took / 1e3, "ms"),
        "window_ms": Metric("moments at which he would get it", len(leaked), "ms"), "slowest_ms": Metric("slowest check", slowest / 1e3, "ms"),
    }  # fmt: skip
    params = {"example": example, "lag_ms": lag_ms, "zookie": switches.zookie_from}
    return Result(params, metrics, text, trace=world.trace)
