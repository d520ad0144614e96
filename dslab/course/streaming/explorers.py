"""What notebook 10d puts on the stage: four explorers, the reader as adversary, the tables and pictures of the rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from dslab import show
from dslab.check import Cell, Verdict, finished
from dslab.concepts import tools
from dslab.concepts.playlists import RULES, Stream, check, zoo
from dslab.concepts.streaming import anomalies, ingest, path, player
from dslab.course import referee
from dslab.show import (
    Axis,
    Bars,
    Choice,
    Edge,
    Explorer,
    Group,
    Lines,
    Mark,
    Network,
    Node,
    Slider,
    Switch,
    Table,
)
from dslab.sim.result import Metric, Result, Series

# -- the system in one picture ------------------------------------------------------------------------


def system_picture() -> Any:
    """The way of a picture from the camera to the screen."""
    nodes = (
        Node("camera", "camera", "device", at=(0.0, 0.85)),
        Node("encoder", "encoder", "device", at=(0.0, 0.15)),
        Node("ingest", "ingest server", "service", at=(0.27, 0.15)),
        Node("ladder", "transcoder", "service", at=(0.27, 0.85)),
        Node("packager", "packager", "service", at=(0.52, 0.85)),
        Node("origin", "origin", "store", at=(0.52, 0.15)),
        Node("edge a", "edge A", "store", at=(0.77, 0.85)),
        Node("edge b", "edge B", "store", at=(0.77, 0.15)),
        Node("player", "player", "device", at=(1.0, 0.5)),
    )
    edges = (
        Edge("camera", "encoder", "pictures"),
        Edge("encoder", "ingest", "RTMP, SRT, WebRTC"),
        Edge("ingest", "ladder", "one stream"),
        Edge("ladder", "packager", "rungs"),
        Edge("packager", "origin", "segments, playlists"),
        Edge("origin", "edge a", "copies"),
        Edge("origin", "edge b", "copies"),
        Edge("edge a", "player"),
        Edge("edge b", "player"),
    )
    return show.picture(Network(nodes, edges, title="From the camera to the screen", height=400))


# -- act 1: seconds behind live -----------------------------------------------------------------------


def budget_explorer() -> Explorer:
    """Where do the seconds go, for each way of delivery?"""
    controls = {
        "delivery": Choice("Delivery", list(path.WAYS), "HLS / DASH"),
        "segment_s": Slider("Segment", 1, 10, 1, 4, "s"),
        "part_ms": Choice("Part", {"0.2 s": 200, "0.333 s": 333, "0.5 s": 500, "1 s": 1_000}, 500),
        "hold_units": Slider("Hold-back, in segments or parts", 1, 6, 1, 3),
        "encode_ms": Slider("The encoder takes", 50, 1_600, 2, 400, "ms", log=True),
        "rtt_ms": Slider("Round trip to the viewer", 10, 320, 2, 40, "ms", log=True),
    }
    question = "How many seconds behind live is a viewer, and which step costs them?"
    return Explorer(
        path.budget, controls, _budget_pictures, title="The latency budget", question=question, poster=(0,)
    )


def _budget_pictures(result: Result) -> list[Any]:
    rows = result.tables["all"]
    bars = {
        "encode, transcode": ("encode", "transcode"),
        **{term: (term,) for term in path.PARTS_OF_BUDGET if term not in ("encode", "transcode")},
    }
    groups = tuple(
        Group(name, tuple(sum(row[term] for term in terms) for row in rows)) for name, terms in bars.items()
    )
    names = tuple(row["delivery"] for row in rows)
    bars = Bars(
        names,
        groups,
        Axis("behind live, on average", "s"),
        "way of delivery",
        "The same settings, four ways of delivery",
        "stacked",
        True,
        height=330,
    )
    seen = tuple(result.series[name] for name in ("joined", "worst", "best"))
    joined = Lines(
        Axis("second of joining", "s"),
        Axis("behind live", "s"),
        seen,
        title=f"{result.params['delivery']}: viewers who join one after the other",
        height=280,
    )
    return [bars, joined]


# -- act 2: lost packets ------------------------------------------------------------------------------


def ingest_explorer() -> Explorer:
    """What does loss do to the stream on its way in?"""
    controls = {
        "loss": Slider("Packets lost", 1, 20, 1, 5, "%"),
        "rtt_ms": Slider("Round trip", 20, 320, 20, 100, "ms"),
        "latency_ms": Slider("SRT latency", 0, 600, 20, 120, "ms"),
        "burst": Choice("Losses come", {"one by one": 1, "5 in a row": 5, "50 in a row": 50}, 1),
    }
    question = "SRT drops what comes too late, TCP lets all wait. How much latency buys how much?"
    return Explorer(
        ingest.lost_packets,
        controls,
        _ingest_pictures,
        title="Lost packets on the way in",
        question=question,
        poster=(0,),
    )


def _ingest_pictures(result: Result) -> list[Any]:
    here = Mark(result.params["latency_ms"], "SRT latency")
    curves = (result.series["late"], result.series["theory"])
    lines = Lines(Axis("SRT latency", "ms", limits=(0, 600)), Axis("too late, of a million", "", log=True, limits=(0.1, 1e6)), curves,
                  title="Packets that are too late", marks=(here,), steps=True)  # fmt: skip
    tcp = show.Meters(
        (
            show.Meter(
                "waits behind a lost packet (TCP)",
                result["waiting"],
                100,
                "%",
                "of all packets",
                "warn" if result["waiting"] > 10 else "neutral",
            ),
            show.Meter("longest wait (TCP)", result["tcp most"], 2_000, "ms", "none is lost", "neutral"),
        ),
        title="The same losses under TCP, as RTMP uses it",
    )
    return [lines, tcp]


# -- act 3: the buffer --------------------------------------------------------------------------------


def player_explorer() -> Explorer:
    """How much buffer survives which outage, and what the rule for rungs makes of it."""
    controls = {
        "buffer_s": Choice(
            "Buffer, which is the hold-back", {f"{each} s": each for each in (1, 3, 6, 12, 24)}, 3
        ),
        "mean_s": Choice("An outage lasts, on average", {f"{each} s": each for each in (1, 3, 6)}, 3),
        "jump": Switch("After a stall, jump to the live edge", True),
        "rule": Choice("Rung of the ladder", list(player.RULES), "by throughput"),
        "mean_kbps": Choice(
            "Network, on average",
            {"1 Mbit/s": 1_000, "3 Mbit/s": 3_000, "6 Mbit/s": 6_000, "12 Mbit/s": 12_000},
            6_000,
        ),
    }
    question = "How many outages does the buffer cover, and does the player pick a rung that keeps it full?"
    return Explorer(
        player.buffers,
        controls,
        _player_pictures,
        title="Stalls against buffer",
        question=question,
        poster=(0,),
    )


def _player_pictures(result: Result) -> list[Any]:
    here = Mark(result.params["buffer_s"], "buffer")
    stalls = Lines(Axis("buffer", "s"), Axis("stall in an hour", "s"), (result.series["stalled"], result.series["theory"]),
                   title="An outage a minute: seconds of stall in an hour", marks=(here,))  # fmt: skip
    watched = [
        Lines(
            Axis("time", "s"), Axis(label, unit), (result.series[name],), title=title, steps=True, height=220
        )
        for name, label, unit, title in (
            ("buffer", "buffer", "s", "One viewer on a changing network: the buffer"),
            ("rung", "bit rate", "Mbit/s", f"The rung that it took, {result.params['rule']}"),
        )
    ]
    return [stalls, *watched]


# -- act 4: playlists ---------------------------------------------------------------------------------

_SAYS = {
    "#EXTM3U": "this is a playlist",
    "#EXT-X-VERSION": "what a player must be able to read",
    "#EXT-X-TARGETDURATION": "no segment is longer, in seconds; it never changes",
    "#EXT-X-SERVER-CONTROL": "ask for what is not there yet; stay so far from the end",
    "#EXT-X-PART-INF": "no part is longer",
    "#EXT-X-INDEPENDENT-SEGMENTS": "each segment begins with a key frame",
    "#EXT-X-MEDIA-SEQUENCE": "the number of the first segment below",
    "#EXT-X-DISCONTINUITY-SEQUENCE": "so many discontinuities have left",
    "#EXT-X-MAP": "how to begin reading the files",
    "#EXT-X-DISCONTINUITY": "timestamps begin anew here",
    "#EXTINF": "how long the next segment lasts",
    "#EXT-X-PART": "a part of the segment after it",
    "#EXT-X-PRELOAD-HINT": "the next part; ask already, the server will hold the request",
}


def reading(
    second: float = 30, target_s: int = 4, window: int = 4, part_ms: int = 0, restarted: bool = True
) -> Result:
    """Read the playlist of a stream at a moment. ``restarted``: the encoder began anew before the segment at 20 s.

    Metrics: ``sequence``, ``discontinuities``, ``listed``, ``files``, ``hold_back`` (s), ``broken``. Tables: ``lines``. Series: staircases over time.
    """
    stream = Stream(target_s, window, part_ms, (-(-20 // target_s),) if restarted else ())
    now = round(second * 1_000)
    text = stream.playlist(now)
    complete, first = stream.complete(now), stream.media_sequence(now)
    kept = sum(stream.kept_until_ms(number) > now for number in range(complete))
    metrics = {"sequence": Metric("media sequence", first), "discontinuities": Metric("discontinuity sequence", stream.discontinuity_sequence(now)),
               "listed": Metric("segments listed", complete - first), "files": Metric("files that must be there", kept),
               "hold_back": Metric("hold-back", stream.hold_back_ms() / 1_000, "s"), "broken": Metric("rules broken", len(check(text, should=True)))}  # fmt: skip
    rows = [
        {"line": place, "text": words, "says": _SAYS.get(words.partition(":")[0], "a segment")}
        for place, words in enumerate(text.splitlines(), 1)
    ]
    x = tuple(float(each) for each in range(target_s, 91, 1))
    stairs = {
        "newest": tuple(float(stream.complete(1_000 * int(each)) - 1) for each in x),
        "first": tuple(float(stream.media_sequence(1_000 * int(each))) for each in x),
        "oldest": tuple(
            float(min(number for number in range(60) if stream.kept_until_ms(number) > 1_000 * int(each)))
            for each in x
        ),
    }
    labels = {"newest": "newest segment listed", "first": "media sequence", "oldest": "oldest file kept"}
    series = {name: Series(labels[name], x, stairs[name]) for name in stairs}
    said = (
        f"At {second:g} s the playlist lists {complete - first} segments from number {first}; {kept} files must be there, {kept - complete + first} of them no longer listed. "
        f"A player stays {stream.hold_back_ms() / 1_000:g} s from the end. Rules broken: {len(check(text, should=True))}."
    )
    return Result(
        {"second": second, "target_s": target_s, "window": window, "part_ms": part_ms},
        metrics,
        said,
        series,
        {"lines": rows},
    )


def playlist_explorer() -> Explorer:
    """A live playlist, second by second."""
    controls = {
        "second": Slider("Second of the stream", 10, 60, 1, 30, "s"),
        "target_s": Choice("Target duration", {"2 s": 2, "4 s": 4, "6 s": 6}, 4),
        "window": Slider("Segments listed", 3, 6, 1, 4),
        "part_ms": Choice("Parts", {"none": 0, "1 s": 1_000, "0.5 s": 500}, 0),
        "restarted": Switch("The encoder began anew at 20 s", True),
    }
    question = (
        "What does a player read at this second, and what must the server keep that it no longer reads?"
    )
    return Explorer(
        reading, controls, _playlist_pictures, title="A live playlist", question=question, poster=(1,)
    )


def _playlist_pictures(result: Result) -> list[Any]:
    here = Mark(result.params["second"], "now")
    stairs = tuple(result.series[name] for name in ("newest", "first", "oldest"))
    return [
        Table.of(result.tables["lines"], title="The media playlist"),
        Lines(
            Axis("time", "s", limits=(0, 90)),
            Axis("segment number", ""),
            stairs,
            title="What is listed, and what is kept",
            marks=(here,),
            steps=True,
        ),
    ]


def text_table(text: str, title: str) -> Any:
    """A playlist as a table: line, text, what it says."""
    rows = [{"#": place, "text": words} for place, words in enumerate(text.splitlines(), 1)]
    return show.table(rows, title=title)


def rule_table() -> Any:
    """Every rule that is looked at: its name, whether it is a must, its sentence, its place."""
    rows = [
        {"rule": name, "is a": rule.kind, "says": rule.sentence, "where": rule.place}
        for name, rule in RULES.items()
    ]
    return show.table(rows, title="The rules (8216: RFC 8216; 2nd: draft of its second edition)")


def bug_table() -> Any:
    """Every spoilt playlist: the bug, the rule that catches it, the line, and whether it is the only rule."""
    rows = []
    for name, bug in zoo.BUGS.items():
        broken = zoo.found(name)
        caught = {each.rule for each in broken} == {bug.rule}
        rows.append({"bug": name, "what it does": bug.what, "caught by": ", ".join(sorted({each.rule for each in broken})) or "nothing",
                     "line": broken[0].line if broken else "", "as expected": caught})  # fmt: skip
    return show.table(rows, title="The zoo of spoilt playlists")


# -- act 5 and break it: the referee --------------------------------------------------------------------


def adversary_explorer(name: str = "listed too early", **positions: Any) -> Any:
    """Be the network of an anomaly's scenario; unless told otherwise the segment and its playlist are sent at once."""
    return referee.adversary(
        anomalies.anomaly(name), "Be the network", **(positions or {"publish": "both at once"})
    )


def schedule_picture(verdict: Verdict) -> Any:
    """The shortest schedule of a verdict, to step through."""
    return referee.schedule_picture(verdict)


@cache
def _cells() -> tuple[Cell, ...]:
    return tuple(finished(anomalies.matrix()))


def matrix_picture() -> Any:
    """Which defence stops which anomaly: searched now, every cell of it."""
    columns = {"": "nothing off", **{name: name for name in anomalies.DEFENCES}}
    return referee.matrix(_cells(), columns, "Which defence stops which anomaly", axis="with this one off")


def matrix_summary() -> str:
    """Say how much the table's search covered."""
    return referee.summary(_cells(), "up to 1 surprise")


def anomaly_table() -> Any:
    """The rows of the matrix in words."""
    return referee.anomaly_table(anomalies.ANOMALIES.values())


_COLUMNS = {
    "segment first": "the playlist is sent when the segment has arrived",
    "grace": "files stay for a while after they left the playlist",
    "short copies": "edges keep playlists for half a target duration only",
    "newer only": "a player takes no playlist older than its own",
    "counts on": "a packager that comes again goes on with its numbers",
    "marks": "it writes a discontinuity where timestamps begin anew",
    "counted marks": "discontinuities that leave are counted",
    "by time": "a player changes rungs by the time, not by the number of a segment",
    "hold-back of 3": "a player stays three segments from the end",
    "forgets 404": "edges do not keep the answer that there is no such file",
    "query in key": "edges tell a blocking reload from a plain one",
}


def defence_table() -> Any:
    """The columns of the matrix in words."""
    return show.table(
        [{"column": name, "while it is on": told} for name, told in _COLUMNS.items()],
        title="The columns of the table above: what is switched off, one at a time",
    )


# -- protocols and tools --------------------------------------------------------------------------------


def choice_table(wanted_s: float, viewers: int, apple_native: bool = False) -> Any:
    """Which way of delivery for this need, with a reason against each that does not fit."""
    result = path.choose(wanted_s, viewers, apple_native)
    return show.table(result.tables["ways"], title=result.text)


def tool_table() -> Any:
    """The article's kinds of tools, shown on this repository; a file that is not there says so."""
    rows = [
        {
            "kind": row["kind"],
            "file": row["file"] + ("" if row["there"] == "yes" else " (not here)"),
            "what it does here": row["what it does here"],
            "without it": row["without it"],
        }
        for row in tools.survey()
    ]
    return show.table(rows, title="The four kinds of tools in this repository")


def gap_table() -> Any:
    """What this repository does not have of each kind."""
    return show.table(tools.gaps(), title="What is not here")


EXPLORERS: dict[str, Callable[[], Any]] = {
    "budget": budget_explorer,
    "ingest": ingest_explorer,
    "player": player_explorer,
    "playlist": playlist_explorer,
    "adversary": adversary_explorer,
}
