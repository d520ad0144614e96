"""What the PyPI package `m3u8` reads in the playlists of this lesson: live where it is installed, else stored.

| word     | meaning                                                                       |
|----------|-------------------------------------------------------------------------------|
| reads    | parses without raising                                                          |
| agrees   | gives the number that the stream itself has                                      |
| strict   | the package's own check of order and values, which it does only when asked       |

`parsed` gives a Result whose sentence is the same in every run; `store` keeps today's for machines without the package.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from dslab.concepts.playlists import LADDER, Stream, multivariant, zoo
from dslab.sim.result import Metric, Result

STORED = Path(__file__).with_name("parsed.json")
STREAM, NOW_MS = Stream(target_s=4, window=4, part_ms=500, breaks=(5,)), 41_500


def parsed() -> Result:
    """Let `m3u8` parse the media playlist, the multivariant one and the spoilt ones; table ``fields`` compares number by number."""
    try:
        import m3u8
    except ImportError:
        data = json.loads(STORED.read_text("utf-8"))
        metrics = {name: Metric(**metric) for name, metric in data["metrics"].items()}
        return Result(
            {"live": False},
            metrics,
            f"The package m3u8 is not installed here. Stored from an earlier run: {data['text']}",
            tables=data["tables"],
        )
    return _live(m3u8)


def _live(m3u8: Any) -> Result:
    rows = [
        {"field": field, "the stream": str(ours), "m3u8 reads": str(theirs), "agree": ours == theirs}
        for field, ours, theirs in _fields(m3u8)
    ]
    spoilt = [zoo.spoilt(name) for name in zoo.BUGS]
    lenient, strict = (sum(_reads(m3u8, text, strict) for text in spoilt) for strict in (False, True))
    agree = sum(row["agree"] for row in rows)
    metrics = {"fields": Metric("fields", len(rows)), "agree": Metric("agree", agree), "spoilt": Metric("spoilt", len(spoilt)),
               "lenient": Metric("read without a word", lenient), "strict": Metric("read in strict mode", strict)}  # fmt: skip
    text = (
        f"m3u8 and the stream agree on {agree} of {len(rows)} numbers. Of {len(spoilt)} playlists with a bug it reads {lenient} without a word, and "
        f"{strict} in its strict mode: that a text can be parsed says little about whether it keeps the rules."
    )
    return Result({"live": True}, metrics, text, tables={"fields": rows})


def _reads(m3u8: Any, text: str, strict: bool) -> bool:
    """Tell whether the package gives a playlist without raising."""
    from m3u8 import parser

    known = (Exception,) if strict else (parser.ParseError, ValueError, IndexError, KeyError, TypeError)
    try:
        if strict:
            parser.parse(text, strict=True)
        else:
            m3u8.loads(text)
    except known:
        return False
    return True


def _fields(m3u8: Any) -> list[tuple[str, Any, Any]]:
    media, ladder = m3u8.loads(STREAM.playlist(NOW_MS)), m3u8.loads(multivariant())
    first, last = STREAM.media_sequence(NOW_MS), STREAM.complete(NOW_MS)
    done = [segment for segment in media.segments if segment.uri]
    parts = sum(
        STREAM.ready_ms(number, part) <= NOW_MS
        for number in range(last - 3, last + 1)
        for part in range(STREAM.parts)
    )
    return [
        ("target duration, s", STREAM.target_s, media.target_duration),
        ("media sequence", first, media.media_sequence),
        ("discontinuity sequence", STREAM.discontinuity_sequence(NOW_MS), media.discontinuity_sequence),
        ("complete segments listed", last - first, len(done)),
        ("newest segment", f"{STREAM.name}/{last - 1}.m4s", done[-1].uri),
        ("parts listed", parts, sum(len(segment.parts) for segment in media.segments)),
        ("part target, s", STREAM.part_ms / 1_000, media.part_inf.part_target),
        ("hold-back of parts, s", STREAM.hold_back_ms() / 1_000, media.server_control.part_hold_back),
        ("can block a reload", "YES", media.server_control.can_block_reload),
        ("ended", False, media.is_endlist),
        ("rungs of the ladder", len(LADDER), len(ladder.playlists)),
        ("bandwidth of the top rung, bit/s", LADDER[0].bandwidth, ladder.playlists[0].stream_info.bandwidth),
        ("its resolution", (LADDER[0].width, LADDER[0].height), ladder.playlists[0].stream_info.resolution),
        ("audio tracks", 1, len(ladder.media)),
    ]


def fields_table() -> Any:
    """The numbers, one a row: what the stream has, what the package reads."""
    from dslab import show

    return show.table(
        parsed().tables["fields"], title="The stream's own numbers, and what a player's parser reads"
    )


def store() -> Path:
    """Store today's result for machines without the package."""
    result = parsed()
    if not result.params["live"]:
        raise ValueError("only a live result is stored; install the package m3u8 first")
    data = {
        "text": result.text,
        "metrics": {name: dataclasses.asdict(metric) for name, metric in result.metrics.items()},
        "tables": result.tables,
    }
    STORED.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return STORED
