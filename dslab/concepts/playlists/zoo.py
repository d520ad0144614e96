"""Playlists with exactly one bug each, as somebody's packager has written them: the rules must catch every one, by name.

`BUGS` maps a name to a `Bug`: what it does, the rule that it breaks, and a function that spoils a good text. A bug that shows only
in a reload is spoilt in the later of two texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from dslab.concepts.playlists.model import Stream, multivariant
from dslab.concepts.playlists.rules import RULES, Broken, check, check_reload

STREAM = Stream(target_s=4, window=5, part_ms=500, breaks=(4,))
BEFORE_MS, AFTER_MS = 37_000, 41_500  # segment 4, with its discontinuity, leaves between the two


class Bug(NamedTuple):
    """One bug: what it does, the rule that it breaks, how it spoils a text, and which text: media, reload or variants."""

    what: str
    rule: str
    spoil: Callable[[str], str]
    text: str = "media"


def swap(find: str, put: str, count: int = 1) -> Callable[[str], str]:
    """Give a function that replaces the first ``count`` places where a regular expression fits."""
    return lambda text: re.sub(find, put, text, count=count, flags=re.MULTILINE)


def _drop_last(text: str) -> str:
    """Leave out the two newest segments, as an edge does that answers with an older copy and newer numbers."""
    lines = text.splitlines()
    ends = [place for place, line in enumerate(lines) if line.endswith(".m4s")]
    return "\n".join(lines[: ends[-3] + 1]) + "\n"


def _slide_too_far(text: str) -> str:
    """Let the three oldest segments leave as well, and count them."""
    lines = text.splitlines()
    ends = [place for place, line in enumerate(lines) if line.endswith(".m4s")]
    first = next(place for place, line in enumerate(lines) if line.startswith("#EXTINF"))
    kept = [*lines[:first], *lines[ends[2] + 1 :]]
    return "\n".join(kept).replace("MEDIA-SEQUENCE:5", "MEDIA-SEQUENCE:8") + "\n"


BUGS: dict[str, Bug] = {
    "blank first line": Bug("an empty line comes before #EXTM3U", "FIRST_LINE", lambda text: "\n" + text),
    "no target": Bug("the target duration is left out", "TARGET_THERE", swap(r"#EXT-X-TARGETDURATION:\d+\n", "")),
    "target in fractions": Bug("the target duration is 4.0", "TARGET_THERE", swap(r"(#EXT-X-TARGETDURATION:\d+)", r"\1.0")),
    "long segment": Bug("a key frame came late: 4.6 s under a target of 4 s", "TARGET_KEPT", swap(r"#EXTINF:4\.000", "#EXTINF:4.600")),
    "old version": Bug("fractions of seconds under version 2", "VERSION", lambda text: swap(r"#EXT-X-MAP.*\n", "")(swap(r"(#EXT-X-VERSION:)\d+", r"\g<1>2")(text))),
    "no duration": Bug("a URI without its EXTINF", "EXTINF_AND_URI", swap(r"#EXTINF.*\n", "")),
    "number too late": Bug("the media sequence stands at the end", "SEQUENCE_FIRST", lambda text: swap(r"#EXT-X-MEDIA-SEQUENCE.*\n", "")(text) + "#EXT-X-MEDIA-SEQUENCE:5\n"),
    "two targets": Bug("the target duration is written twice", "ONCE", swap(r"(#EXT-X-TARGETDURATION:\d+\n)", r"\1\1")),
    "short window": Bug("three more segments have left than have come", "LONG_ENOUGH", _slide_too_far, "reload"),
    "early hold-back": Bug("HOLD-BACK of one target duration", "HOLD_BACK", swap(r"CAN-BLOCK-RELOAD=YES", "CAN-BLOCK-RELOAD=YES,HOLD-BACK=4.0")),
    "parts without a target": Bug("parts, and no EXT-X-PART-INF", "PART_INF", swap(r"#EXT-X-PART-INF.*\n", "")),
    "one part of hold-back": Bug("PART-HOLD-BACK of one part", "PART_HOLD_BACK", swap(r"PART-HOLD-BACK=1\.500", "PART-HOLD-BACK=0.500")),
    "long part": Bug("a part of 0.7 s under a part target of 0.5 s", "PART_KEPT", swap(r"DURATION=0\.500", "DURATION=0.700")),
    "short part": Bug("a part of 0.3 s in the middle of a segment", "PART_FULL", swap(r'DURATION=0\.500(,URI="720p/\d+\.3)', r"DURATION=0.300\1")),
    "two parts of hold-back": Bug("PART-HOLD-BACK of two parts", "PART_HOLD_BACK_3", swap(r"PART-HOLD-BACK=1\.500", "PART-HOLD-BACK=1.000")),
    "parts for ever": Bug("parts of a segment that is long complete", "PARTS_NEAR_END", swap(r"^(#EXTINF.*\n720p/4\.m4s)", r'#EXT-X-PART:DURATION=0.500,URI="720p/4.0.m4s",INDEPENDENT=YES\n\1')),
    "key frames not told": Bug("no part says that it has a key frame", "PART_INDEPENDENT", swap(",INDEPENDENT=YES", "", 0)),
    "mark inside": Bug("a discontinuity after the parts of its segment", "PART_MARK", swap(r"^(#EXTINF.*\n720p/8\.m4s)", r"#EXT-X-DISCONTINUITY\n\1")),
    "hint after the end": Bug("the stream ended, and a next part is promised", "HINT_LIVE", lambda text: text + "#EXT-X-ENDLIST\n"),
    "both kinds": Bug("a variant in a media playlist", "ONE_KIND", lambda text: text + "#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n"),
    "no bandwidth": Bug("a variant without BANDWIDTH", "BANDWIDTH", swap(r"BANDWIDTH=\d+,AVERAGE-", "AVERAGE-"), "variants"),
    "no such group": Bug("a variant names an audio group that nobody defines", "GROUP_THERE", swap('AUDIO="sound"', 'AUDIO="music"'), "variants"),
    "two defaults": Bug("a second default in one group", "GROUP_NAMES", swap(r'(#EXT-X-MEDIA.*NAME=)"English"(.*\n)', r'\1"English"\2\1"French"\2'), "variants"),
    "default not selected": Bug("the default audio may not be selected without being asked for", "DEFAULT_SELECTED", swap("AUTOSELECT=YES", "AUTOSELECT=NO"), "variants"),
    "hint of another name": Bug("the part that came is not the one announced", "HINT_KEPT", swap(r"720p/9\.2\.m4s", "720p/9.2b.m4s"), "reload"),
    "target grows": Bug("a reload has another target duration", "TARGET_FIXED", swap(r"(#EXT-X-TARGETDURATION:)\d+", r"\g<1>5"), "reload"),
    "sequence from 0": Bug("the packager restarted and counts from 0", "SEQUENCE_BACK", swap(r"(#EXT-X-MEDIA-SEQUENCE:)\d+", r"\g<1>0"), "reload"),
    "sequence stands still": Bug("a segment left and was not counted", "SAME_NUMBER", lambda text: swap(r"(#EXT-X-DISCONTINUITY-SEQUENCE:)\d+", r"\g<1>0")(swap(r"(#EXT-X-MEDIA-SEQUENCE:)\d+", r"\g<1>4")(text)), "reload"),
    "newest gone": Bug("an older copy with newer numbers", "NOTHING_LOST", _drop_last, "reload"),
    "discontinuity not counted": Bug("a discontinuity left and was not counted", "DISCONTINUITY_COUNTED", swap(r"(#EXT-X-DISCONTINUITY-SEQUENCE:)\d+", r"\g<1>0"), "reload"),
}  # fmt: skip


def texts() -> dict[str, str]:
    """Give the three good texts: the media playlist, its reload, and the multivariant playlist."""
    return {
        "media": STREAM.playlist(BEFORE_MS),
        "reload": STREAM.playlist(AFTER_MS),
        "variants": multivariant(),
    }


def spoilt(name: str) -> str:
    """Give the text with this bug; ValueError lists the bugs where there is no such one."""
    if name not in BUGS:
        raise ValueError(f"there is no bug {name!r}; there are {', '.join(BUGS)}")
    bug = BUGS[name]
    return bug.spoil(texts()[bug.text])


def found(name: str) -> list[Broken]:
    """Give what the rules say of the text with this bug."""
    good = texts()
    text = spoilt(name)
    if BUGS[name].text == "reload":
        return check_reload(good["media"], text)
    return check(text, should=RULES[BUGS[name].rule].kind == "should")
