"""A real origin on the loopback: it serves a live, low-latency playlist over HTTP and holds a blocking reload until its part is there.

| name        | what it is                                                                                     |
|-------------|------------------------------------------------------------------------------------------------|
| `Origin`    | a context manager: a server on 127.0.0.1 at a free port, always stopped at its end               |
| `Edge`      | a server in front of it that keeps copies, told apart by path and query, or by path only         |
| `_HLS_msn`, `_HLS_part` | the query of a blocking reload: answer when this segment, or this part of it, is listed  |
| `race`      | two readers of one stream: one blocks, one polls; who asks how often, who learns sooner          |
| `edges`     | a reader that blocks, through each kind of edge; who gets what was asked for                      |

Standard library only, wall-clock time, about two seconds. The stream is that of `dslab.concepts.playlists.Stream`: parts of 200 ms
in segments of 1 s. A request for more than two segments ahead is refused (400), as the specification has it. What is printed is the same in
every run; measured milliseconds are metrics whose names end in ``_measured``.
"""

from __future__ import annotations

import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from statistics import median
from typing import Any

from dslab.concepts.playlists.model import Stream
from dslab.concepts.playlists.rules import check, check_reload
from dslab.sim.result import Metric, Result

TIMEOUT_S = 10
STREAM = Stream(target_s=1, window=4, part_ms=200, name="live")
AGE_MS = 10_000  # the stream has been on for so long when the server starts
PARTS = 8  # that each reader waits for


class Served:
    """An HTTP server on 127.0.0.1 that answers with ``answer(path)``. Use it in a ``with``; ``url`` is its address."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.begun = time.monotonic() - AGE_MS / 1_000

    def __enter__(self) -> Any:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(TIMEOUT_S)

    def answer(self, path: str) -> tuple[int, bytes]:
        """Give status and body for a request."""
        raise NotImplementedError


class Origin(Served):
    """A live stream over HTTP."""

    def __init__(self, stream: Stream = STREAM) -> None:
        self.stream = stream
        super().__init__()

    def now_ms(self) -> int:
        """Give the time of the stream in milliseconds."""
        return int((time.monotonic() - self.begun) * 1_000)

    def answer(self, path: str) -> tuple[int, bytes]:
        """Give status and body for a request; a blocking reload waits here."""
        url = urllib.parse.urlsplit(path)
        asked = {name: int(value) for name, value in urllib.parse.parse_qsl(url.query) if value.isdecimal()}
        if url.path != f"/{self.stream.name}.m3u8":
            return self._media(url.path)
        if "_HLS_msn" in asked:
            if (
                asked["_HLS_msn"] > self.stream.complete(self.now_ms()) + 2
                or asked.get("_HLS_part", 0) >= self.stream.parts
            ):
                return 400, b"more than two segments ahead, or no such part"
            ready = self.stream.ready_ms(asked["_HLS_msn"], asked.get("_HLS_part"))
            while self.now_ms() < ready:
                time.sleep(max(1, ready - self.now_ms()) / 1_000)
        return 200, self.stream.playlist(self.now_ms()).encode()

    def _media(self, path: str) -> tuple[int, bytes]:
        """Give a segment or part that is complete and within its grace; wait for the part that is hinted at; 404 for all else."""
        name = path.removeprefix(f"/{self.stream.name}/").removesuffix(".m4s")
        asked = [int(word) for word in name.split(".") if word.isdecimal()]
        if (
            len(asked) != name.count(".") + 1
            or len(asked) > 2
            or (len(asked) == 2 and asked[1] >= self.stream.parts)
        ):
            return 404, b"no such file"
        ready = self.stream.ready_ms(*asked)
        if len(asked) == 2 and 0 < ready - self.now_ms() <= self.stream.part_ms:
            time.sleep(max(1, ready - self.now_ms() + 1) / 1_000)
        there = ready <= self.now_ms() < self.stream.kept_until_ms(asked[0])
        return (200, f"{self.stream.name} {name}".encode()) if there else (404, b"no such file")


class Edge(Served):
    """A server in front of an origin. It keeps playlists for half a target duration; ``by`` tells copies apart: "path and query", or "path"."""

    def __init__(self, origin: Origin, by: str) -> None:
        if by not in ("path and query", "path"):
            raise ValueError(f'copies are told apart by "path and query" or by "path", not by {by!r}')
        self.origin, self.by = origin, by
        self.copies: dict[str, tuple[float, bytes]] = {}
        super().__init__()

    def answer(self, path: str) -> tuple[int, bytes]:
        """Answer from a young copy, or ask the origin."""
        key = path if self.by == "path and query" else path.partition("?")[0]
        fetched, body = self.copies.get(key, (-1e9, b""))
        if time.monotonic() - fetched > self.origin.stream.target_s / 2:
            body = get(self.origin.url + path).encode()
            self.copies[key] = (time.monotonic(), body)
        return 200, body


def _handler(origin: Served) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET, silently."""

        def do_GET(self) -> None:
            """Answer a request."""
            origin.requests.append(self.path)
            status, body = origin.answer(self.path)
            self.send_response(status)
            self.send_header(
                "Content-Type", "application/vnd.apple.mpegurl" if status == 200 else "text/plain"
            )
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing: the notebook's output is compared."""

    return Handler


def get(url: str) -> str:
    """Fetch a text; urllib's HTTPError for a status other than 200."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
        return answer.read().decode()


def _following(origin: Origin, first: int) -> list[tuple[int, int]]:
    """Give segment and part of the next parts, ``first`` being a count of parts since the stream began."""
    return [divmod(place, origin.stream.parts) for place in range(first, first + PARTS)]


def _block(origin: Origin, wanted: list[tuple[int, int]]) -> tuple[list[str], list[int]]:
    """Ask for each part with a blocking reload; give the texts and how late each part was learned of, in ms."""
    texts, late = [], []
    for msn, part in wanted:
        texts.append(get(f"{origin.url}/{origin.stream.name}.m3u8?_HLS_msn={msn}&_HLS_part={part}"))
        late.append(origin.now_ms() - origin.stream.ready_ms(msn, part))
    return texts, late


def _poll(origin: Origin, wanted: list[tuple[int, int]]) -> tuple[list[str], list[int]]:
    """Read again and again, three times a part, until the last part is listed."""
    texts, late, left = [], [], list(wanted)
    while left:
        texts.append(get(f"{origin.url}/{origin.stream.name}.m3u8"))
        while left and _lists(texts[-1], origin.stream.name, *left[0]):
            late.append(origin.now_ms() - origin.stream.ready_ms(*left.pop(0)))
        time.sleep(origin.stream.part_ms / 3_000)
    return texts, late


def _lists(text: str, name: str, msn: int, part: int) -> bool:
    return f'URI="{name}/{msn}.{part}.m4s"' in text.partition("#EXT-X-PRELOAD-HINT")[0]


def race() -> Result:
    """Let a reader that blocks and one that polls follow one stream; the sentence is the same in every run."""
    found: dict[str, tuple[list[str], list[int]]] = {}
    with Origin() as origin:
        first = origin.now_ms() // origin.stream.part_ms + 1
        wanted = _following(origin, first)
        readers = [
            threading.Thread(target=lambda name=name, read=read: found.update({name: read(origin, wanted)}))
            for name, read in (("block", _block), ("poll", _poll))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(TIMEOUT_S)
    (blocked, late), (polled, later) = found["block"], found["poll"]
    told = all(_lists(text, STREAM.name, *part) for text, part in zip(blocked, wanted, strict=True))
    pairs = [*pairwise(blocked), *pairwise(polled)]
    broken = [each for text in [*blocked, *polled] for each in check(text)] + [
        each for pair in pairs for each in check_reload(*pair)
    ]
    text = (
        f"{PARTS} parts: the reader that blocks asked {len(blocked)} times and every answer {'had' if told else 'LACKED'} the part it asked for; the one that polls asked "
        f"{'more' if len(polled) > len(blocked) else 'no more'} often and learned of parts {'later' if median(later) > median(late) else 'no later'}. "
        f"All texts {'keep' if not broken else 'BREAK'} the rules, also from one to the next."
    )
    metrics = {"blocked": Metric("requests, blocking", len(blocked)), "polled_measured": Metric("requests, polling", len(polled)),
               "late_measured": Metric("learned after, blocking", median(late), "ms"), "later_measured": Metric("learned after, polling", median(later), "ms"),
               "broken": Metric("rules broken", len(broken))}  # fmt: skip
    return Result({"live": True}, metrics, text)


def edges() -> Result:
    """Let a reader that blocks follow the stream through each kind of edge; the sentence is the same in every run."""
    lacking: dict[str, int] = {}
    with Origin() as origin, Edge(origin, "path and query") as right, Edge(origin, "path") as wrong:
        wanted = _following(origin, origin.now_ms() // origin.stream.part_ms + 1)

        def follow(edge: Edge) -> None:
            texts = [
                get(f"{edge.url}/{STREAM.name}.m3u8?_HLS_msn={msn}&_HLS_part={part}") for msn, part in wanted
            ]
            lacking[edge.by] = sum(
                not _lists(text, STREAM.name, *part) for text, part in zip(texts, wanted, strict=True)
            )

        readers = [threading.Thread(target=follow, args=(edge,)) for edge in (right, wrong)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(TIMEOUT_S)
    told = {
        by: "every answer had what was asked for" if not count else "some answers lacked it"
        for by, count in lacking.items()
    }
    text = f"Through an edge that tells copies apart by path and query {told['path and query']}; by path only, {told['path']}."
    metrics = {
        "right": Metric("answers that lacked it, path and query", lacking["path and query"]),
        "wrong_measured": Metric("answers that lacked it, path only", lacking["path"]),
    }
    return Result({"live": True}, metrics, text)
