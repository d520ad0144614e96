"""Packager, origin, edges and player as one World: the playlists that travel between them, and what each must promise the next.

| word       | meaning                                                                                             |
|------------|-----------------------------------------------------------------------------------------------------|
| publish    | the packager brings a complete segment, then the playlist that lists it                                |
| copy       | what an edge keeps: a playlist for half a target duration, a segment for long, "not found" not at all     |
| grace      | a file stays for its own duration and the longest playlist's, after it left the playlist                 |
| restart    | the packager died and comes again: it goes on counting, and says that timestamps begin anew               |
| rendition  | one rung of the ladder, with numbers of its own; only times can be compared between two of them           |
| asks for   | a blocking reload: "answer when segment n is there"                                                       |

What happens, in plain English. Every target duration (4 s) the packager has one more segment. It puts the segment to the
origin, waits until it is there, and then puts the playlist, which lists the last three. The origin drops files after their grace. An edge
answers from its copy while that is young enough, else it asks the origin. The player reads the playlist from an edge, begins
three segments before its end, and fetches one after the other; when it has all that are listed it waits half a target
duration and reads again, perhaps from another edge. It never takes a playlist that is older than what it had.

Each of these sentences is a switch. Timeline: segments 4 to 6 are there at time 0, so the stream has been on for a while. Sources: RFC 8216, 6.2.2 and 6.3; its second edition for
blocking reload. Times are virtual microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dslab.sim import Future, World, sleep

SECOND_US = 1_000_000
TARGET_US = 4 * SECOND_US
WINDOW, FIRST = 3, 4  # segments listed; the number of the first one at time 0
TTL_US = TARGET_US // 2
LONG_US = 3_600 * SECOND_US
POSITIONS: dict[str, tuple[Any, ...]] = {
    "publish": ("segment first", "both at once"), "grace": (True, False), "playlist_copy": ("half a target", "as long as segments"),
    "keeps_not_found": (False, True), "copy_by": ("path and query", "path"), "takes": ("newer only", "any"), "hold_back": (3, 1),
    "restart_counts": ("on", "from 0"), "restart_marks": (True, False), "counts_marks": (True, False), "switches_by": ("time", "number"),
}  # fmt: skip


@dataclass(frozen=True)
class Switches:
    """Every mechanism; the defaults are all on. ``bug`` names a mutant of the zoo. ValueError for a position that does not exist.

    ``publish``: is the segment there before the playlist lists it? ``grace``: do files stay after they left? ``playlist_copy``: how long an
    edge keeps a playlist. ``keeps_not_found``: does an edge remember that there was no such file? ``copy_by``: what tells two
    copies apart. ``takes``: which playlists the player believes. ``hold_back``: segments from the end. ``restart_counts``,
    ``restart_marks``, ``counts_marks``: media sequence, discontinuity and discontinuity sequence. ``switches_by``: how a player finds its place
    in another rendition.
    """

    publish: str = "segment first"
    grace: bool = True
    playlist_copy: str = "half a target"
    keeps_not_found: bool = False
    copy_by: str = "path and query"
    takes: str = "newer only"
    hold_back: int = 3
    restart_counts: str = "on"
    restart_marks: bool = True
    counts_marks: bool = True
    switches_by: str = "time"
    bug: str = ""

    def __post_init__(self) -> None:
        for name, known in POSITIONS.items():
            value = getattr(self, name)
            if not any(type(value) is type(each) and value == each for each in known):
                raise ValueError(f"{name}={value!r} is no position; use {' or '.join(map(repr, known))}")
        if self.bug and self.bug not in BUGS:
            raise ValueError(f"bug={self.bug!r} is no mutant; there are {', '.join(BUGS)}")


BUGS = {
    "hold-back in parts": "the player stays one segment from the end, as if the hold-back counted parts",
    "one second of grace": "a file is dropped one second after it left",
    "copy not dated": "an edge dates its copy by each answer, so that a busy edge never asks again",
    "window slides by two": "the playlist drops two segments where one was added",
    "number from the window": "the media sequence is the number of segments listed",
    "answers at once": "the origin answers a blocking reload with what it has",
    "target grows": "the packager writes the longest segment so far as target duration",
}


class Item:
    """A segment as a playlist lists it: its number, its file, the second of the programme at which it begins, its timestamp, its mark."""

    __slots__ = ("number", "uri", "moment", "stamp", "mark")

    def __init__(self, number: int, uri: str, moment: int, stamp: int, mark: bool) -> None:
        self.number, self.uri, self.moment, self.stamp, self.mark = number, uri, moment, stamp, mark

    def __str__(self) -> str:
        return self.uri


class Playlist:
    """What a playlist says: numbers at its top, target duration in seconds, segments. ``made`` counts its editions."""

    __slots__ = ("made", "sequence", "marks", "target", "items")

    def __init__(self, made: int, sequence: int, marks: int, target: int, items: tuple[Item, ...]) -> None:
        self.made, self.sequence, self.marks, self.target, self.items = made, sequence, marks, target, items

    def __str__(self) -> str:
        return f"{self.sequence}–{self.items[-1].number}"

    def text(self) -> str:
        """Give it as the text that a player would read."""
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{self.target}", f"#EXT-X-MEDIA-SEQUENCE:{self.sequence}",
                 f"#EXT-X-DISCONTINUITY-SEQUENCE:{self.marks}"]  # fmt: skip
        for item in self.items:
            lines += ["#EXT-X-DISCONTINUITY"] if item.mark else []
            lines += ["#EXTINF:4.000,", item.uri]
        return "\n".join(lines) + "\n"

    def words(self) -> str:
        """Give it in a few characters, for a lane."""
        return f"#{self.sequence}: {' '.join(item.uri for item in self.items)}"


@dataclass(frozen=True)
class Copy:
    """What an edge keeps: a value (None: not found) and when it was fetched."""

    value: Any
    fetched_us: int


class Live:
    """A live stream: makes the nodes, holds what the invariants look at in ``complaints`` (by name, in order)."""

    def __init__(self, world: World, switches: Switches, edges: tuple[str, ...] = ("edge A",)) -> None:
        self.world, self.switches = world, switches
        self.complaints: dict[str, list[str]] = {
            name: []
            for name in ("missing", "late copy", "back", "rules", "stamps", "place", "stall", "blocking")
        }
        self.played = 0
        world.facts["live"] = self
        self.packager = Packager(self)
        self.origin = Origin(self)
        self.edges = {name: Edge(self, name) for name in edges}

    def complain(self, name: str, what: str) -> None:
        """Note that something happened that must not."""
        self.complaints[name].append(what)


class Packager:
    """Makes segments and playlists. ``items`` is its memory of what it has published."""

    def __init__(self, live: Live, rendition: str = "s") -> None:
        self.live, self.rendition = live, rendition
        self.node = live.world.node("packager", "Packager", next=FIRST + WINDOW)
        self.node.durable = {"next"}
        self.listed = tuple(
            Item(n, f"{rendition}{n}", 4 * n, 4 * n, False) for n in range(FIRST, FIRST + WINDOW)
        )
        self.marks, self.made, self.number, self.moment, self.target = (
            0,
            0,
            FIRST + WINDOW,
            4 * (FIRST + WINDOW),
            4,
        )
        self.began, self.anew = 0, False  # when the encoder began to count time, and whether it just did

    def edition(self) -> Playlist:
        """Give the playlist of now."""
        self.made += 1
        sequence = self.listed[0].number
        if self.live.switches.bug == "number from the window":
            sequence = len(self.listed)
        return Playlist(self.made, sequence, self.marks, self.target, self.listed)

    def add(self) -> Item:
        """Make the next segment and slide the window."""
        switches = self.live.switches
        mark = self.anew and switches.restart_marks
        item = Item(
            self.number, f"{self.rendition}{self.moment // 4}", self.moment, self.moment - self.began, mark
        )
        self.anew, self.moment = False, self.moment + 4
        self.number += 1
        self.node.state["next"] = self.number
        slides = 2 if switches.bug == "window slides by two" else 1
        kept = [*self.listed, item]
        while len(kept) > WINDOW + 1 - slides:
            gone = kept.pop(0)
            self.marks += gone.mark and switches.counts_marks
        if switches.bug == "target grows":
            self.target += 1
        self.listed = tuple(kept)
        return item

    async def publish(self, item: Item) -> None:
        """Bring a segment and the playlist that lists it to the origin."""
        playlist = self.edition()
        if self.live.switches.publish == "segment first":
            await self.node.call("origin", "put", uri=item.uri, value=item)
            await self.node.call("origin", "put", uri="playlist", value=playlist)
        else:
            self.node.send("origin", "put", uri=item.uri, value=item)
            self.node.send("origin", "put", uri="playlist", value=playlist)

    async def run(self, segments: int) -> None:
        """Publish so many segments, one each target duration."""
        for _ in range(segments):
            await sleep(TARGET_US)
            await self.publish(self.add())

    def boot(self, segments: int) -> Any:
        """Come back after a crash: read back how far it was, and go on."""
        self.began, self.anew = self.moment, True
        self.number = self.node.state["next"]
        if self.live.switches.restart_counts != "on":
            self.number, self.listed, self.marks = 0, (), 0
        return self.run(segments)


class Origin:
    """Has the files. ``files`` maps a name to what is there; a playlist that somebody waits for is answered when it comes."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.node = live.world.node("origin", "Origin", newest="nothing", files=WINDOW)
        self.files: dict[str, Any] = {item.uri: item for item in live.packager.listed}
        self.drops_us: dict[str, int] = {}  # when a file that left the playlist is dropped
        self.waiting: list[tuple[int, Future]] = []
        self.put("playlist", live.packager.edition())
        self.node.on("put", self.put).on("get", self.get)

    def put(self, uri: str, value: Any) -> bool:
        """Take a file; a new playlist makes older files leave, and answers who waits for it."""
        self.files[uri] = value
        if uri == "playlist":
            self.node.state["newest"] = value.words()
            self._leave(value)
            ready = [entry for entry in self.waiting if entry[0] <= value.items[-1].number]
            self.waiting = [entry for entry in self.waiting if entry not in ready]
            for _, future in ready:
                future.set(value)
        self.node.state["files"] = len(self.files) - 1
        return True

    def _leave(self, playlist: Playlist) -> None:
        """Note when the files of what has left are dropped: at once, or after their grace."""
        now, listed = self.live.world.now, {item.uri for item in playlist.items}
        grace = TARGET_US + WINDOW * TARGET_US if self.live.switches.grace else 0
        if self.live.switches.bug == "one second of grace":
            grace = TARGET_US // 4
        for uri, item in self.files.items():
            if uri != "playlist" and uri not in listed and item.number < playlist.items[0].number:
                self.drops_us.setdefault(uri, now + grace)

    def get(self, uri: str, wants: int | None = None) -> Any:
        """Answer with a file, or None where there is none; with ``wants`` when the playlist has that segment."""
        if self.drops_us.get(uri, LONG_US) <= self.live.world.now:
            self.files.pop(uri, None)
        found = self.files.get(uri)
        if (
            wants is None
            or found is None
            or found.items[-1].number >= wants
            or self.live.switches.bug == "answers at once"
        ):
            return found
        future = Future(self.live.world, f"segment {wants}")
        self.waiting.append((wants, future))
        return self._later(future)

    async def _later(self, future: Future) -> Any:
        return await future


class Edge:
    """A server of the CDN: copies of what it was asked for."""

    def __init__(self, live: Live, name: str) -> None:
        self.live, self.name = live, name
        self.node = live.world.node(name, name[0].upper() + name[1:], copy="nothing")
        self.copies: dict[tuple[str, int | None], Copy] = {}
        self.node.on("get", self.get)

    def fresh(self, copy: Copy, uri: str) -> bool:
        """Tell whether a copy may still be handed out."""
        switches = self.live.switches
        short = TTL_US if switches.playlist_copy == "half a target" else LONG_US
        keeps = short if uri == "playlist" else LONG_US
        if copy.value is None:
            keeps = LONG_US if switches.keeps_not_found else 0
        return self.live.world.now < copy.fetched_us + keeps

    async def get(self, uri: str, wants: int | None = None) -> Any:
        """Answer from the copy, or ask the origin."""
        world, switches = self.live.world, self.live.switches
        key = (uri, wants if switches.copy_by == "path and query" else None)
        copy = self.copies.get(key)
        if copy is not None and self.fresh(copy, uri):
            if switches.bug == "copy not dated":
                self.copies[key] = Copy(copy.value, world.now)
            self._watch(uri, copy)
            return copy.value
        asked_us = world.now
        value = await self.node.call("origin", "get", uri=uri, wants=wants)
        self.copies[key] = Copy(value, asked_us if wants is None else world.now)
        if uri == "playlist":
            self.node.state["copy"] = value.words()
        return value

    def _watch(self, uri: str, copy: Copy) -> None:
        age = self.live.world.now - copy.fetched_us
        newest = self.live.origin.files["playlist"]
        if uri == "playlist" and newest.items[-1].moment - copy.value.items[-1].moment > 4:
            self.live.complain(
                "late copy",
                f"{self.name} answers with {copy.value.words()}, {age // SECOND_US} s old; the origin has {newest.words()}",
            )


@lru_cache(maxsize=4_096)  # a search reads the same texts in thousands of schedules
def _broken(before: str, after: str) -> str:
    """Give the first rule that a playlist breaks, by itself or as a reload; "" where it keeps them all."""
    from dslab.concepts.playlists.rules import check, check_reload

    broken = check_reload(before, after) + check(after)
    return broken[0].describe() if broken else ""


class Player:
    """A viewer's player. ``edges``: those it asks in turn. ``begins``: segments from the end (None: the hold-back of the switches)."""

    def __init__(
        self,
        live: Live,
        edges: tuple[str, ...] = ("edge A",),
        name: str = "player",
        begins: int | None = None,
    ) -> None:
        self.live, self.edges, self.begins = live, edges, begins
        self.node = live.world.node(name, name[0].upper() + name[1:], has="nothing", plays="nothing")
        self.playlist: Playlist | None = None
        self.next: int | None = None  # number of the segment to fetch next
        self.last: Item | None = None
        self.until_us: int | None = None  # when the buffer runs empty; None before the player begins to play
        self.queued = self.back = 0
        self.reads = 0

    async def read(self, wants: int | None = None) -> None:
        """Read the playlist from the next edge, and take it or not."""
        edge = self.edges[self.reads % len(self.edges)]
        self.reads += 1
        given = await self.node.call(edge, "get", uri="playlist", wants=wants)
        if wants is not None and given.items[-1].number < wants:
            self.live.complain(
                "blocking", f"asked for a playlist with segment {wants} and got {given.words()}"
            )
        had = self.playlist
        if had is not None and self.live.switches.takes == "newer only" and self._older(given, had):
            return
        if had is not None:
            self._judge(had, given)
        self.playlist = given
        self.node.state["has"] = given.words()
        if self.next is None:
            back = self.begins or (
                1 if self.live.switches.bug == "hold-back in parts" else self.live.switches.hold_back
            )
            self.back = min(back, len(given.items))
            self.next = given.items[-self.back].number

    def _older(self, given: Playlist, had: Playlist) -> bool:
        return given.made < had.made

    def _judge(self, had: Playlist, given: Playlist) -> None:
        """Hold what came against the rules of a reload."""
        if given.made < had.made:
            self.live.complain("back", f"had {had.words()}, and takes the older {given.words()}")
            self.next = min(self.next or 0, given.items[-1].number)
        elif given is not had and (broken := _broken(had.text(), given.text())):
            self.live.complain("rules", f"had {had.words()}, got {given.words()}: {broken}")

    def listed(self) -> Item | None:
        """Give the segment to fetch next, where the playlist at hand lists it."""
        assert self.playlist is not None
        return next((item for item in self.playlist.items if item.number == self.next), None)

    async def fetch(self, item: Item, edge: str | None = None) -> None:
        """Fetch a segment and queue it for playing."""
        given = await self.node.call(
            edge or self.edges[(self.reads - 1) % len(self.edges)], "get", uri=item.uri
        )
        if given is None:
            self.live.complain("missing", f"the playlist lists {item.uri}, and there is no such file")
            self.next = item.number + 1
            return
        self._queue(item)

    def _queue(self, item: Item) -> None:
        now, last = self.live.world.now, self.last
        if self.until_us is not None and now > self.until_us:
            self.live.complain(
                "stall",
                f"{item.uri} came {(now - self.until_us) / SECOND_US:.3f} s after the buffer was empty",
            )
        if last is not None and item.moment <= last.moment:
            self.live.complain(
                "place", f"plays {item.uri} after {last.uri}: the viewer has seen that already"
            )
        elif last is not None and item.moment > last.moment + 4:
            self.live.complain("place", f"plays {item.uri} after {last.uri}: something is left out")
        if last is not None and item.stamp < last.stamp and not item.mark:
            self.live.complain(
                "stamps",
                f"timestamps go from {last.stamp} to {item.stamp} s at {item.uri}, and no discontinuity says so",
            )
        self.queued += 1
        if self.until_us is not None:
            self.until_us = max(now, self.until_us) + TARGET_US
        elif self.queued == self.back:  # it begins to play when it has its hold-back
            self.until_us = now + self.back * TARGET_US
        self.last, self.next = item, item.number + 1
        self.node.state["plays"] = item.uri
        self.live.played += 1

    async def watch(self, segments: int, after_us: int = 0, blocking: bool = False) -> None:
        """Play so many segments: read, fetch, and read again when nothing is left."""
        await sleep(after_us)
        await self.read()
        tries = 0
        while segments and tries < 12:
            item = self.listed()
            if item is not None:
                await self.fetch(item)
                segments -= 1
                continue
            tries += 1
            if not blocking:
                await sleep(TARGET_US // 2)
            await self.read(self.next if blocking else None)
