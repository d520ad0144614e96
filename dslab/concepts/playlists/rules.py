"""The rules of a playlist: each has a name, a sentence and its place in the specification; `check` names what a text breaks, and where.

| word    | meaning                                                                                              |
|---------|------------------------------------------------------------------------------------------------------|
| must    | a playlist that breaks it is invalid                                                                   |
| should  | a playlist that breaks it is valid, and players suffer                                                 |
| reload  | the same playlist, read again later: `check_reload` compares the two texts                             |
| broken  | a rule, the number of the line (from 1), and what is wrong there                                      |

`check` reads one text, of either kind. What is not looked at: encryption, byte ranges, date ranges, deltas (EXT-X-SKIP).
Places: "8216" is RFC 8216, "2nd" is draft-pantos-hls-rfc8216bis.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Rule(NamedTuple):
    """A rule: whether it is a "must" or a "should", its sentence, and where it stands."""

    kind: str
    sentence: str
    place: str


RULES: dict[str, Rule] = {
    "FIRST_LINE": Rule("must", "the first line is #EXTM3U", "8216, 4.3.1.1"),
    "ONE_KIND": Rule("must", "a playlist is a media playlist or a multivariant one, never both", "8216, 4.3.4"),
    "ONCE": Rule("must", "a tag that describes the whole playlist stands there once", "8216, 4.3.3"),
    "VERSION": Rule("must", "EXT-X-VERSION is at least what the tags need: 3 for fractions of seconds, 6 for EXT-X-MAP", "8216, 7"),
    "TARGET_THERE": Rule("must", "a media playlist says its target duration, a whole number of seconds", "8216, 4.3.3.1"),
    "TARGET_KEPT": Rule("must", "no segment, rounded to seconds, is longer than the target duration", "8216, 4.3.3.1"),
    "EXTINF_AND_URI": Rule("must", "each segment has one EXTINF and one URI after it", "8216, 4.3.2.1"),
    "SEQUENCE_FIRST": Rule("must", "both sequence numbers stand before the first segment", "8216, 4.3.3.2"),
    "LONG_ENOUGH": Rule("must", "no segment leaves a live playlist that is then shorter than three target durations", "8216, 6.2.2"),
    "SHORT": Rule("should", "a live playlist that has been on for a while lasts three target durations", "8216, 6.2.2"),
    "HOLD_BACK": Rule("must", "HOLD-BACK is at least three target durations", "2nd, 4.4.3.8"),
    "PART_INF": Rule("must", "where there are parts, EXT-X-PART-INF says the part target", "2nd, 4.4.3.7"),
    "PART_HOLD_BACK": Rule("must", "where there are parts, PART-HOLD-BACK is there and at least two part targets", "2nd, 4.4.3.8"),
    "PART_HOLD_BACK_3": Rule("should", "PART-HOLD-BACK is at least three part targets", "2nd, 4.4.3.8"),
    "PART_KEPT": Rule("must", "no part is longer than the part target", "2nd, 4.4.4.9"),
    "PART_FULL": Rule("must", "a part lasts at least 85 % of the part target, but for independent ones and the last of a segment", "2nd, 4.4.4.9"),
    "PARTS_NEAR_END": Rule("should", "parts are listed for the last three target durations only", "2nd, 6.2.2"),
    "PART_MARK": Rule("must", "a discontinuity stands before the first part of its segment", "2nd, 4.4.4.9"),
    "PART_INDEPENDENT": Rule("should", "a part with a key frame says INDEPENDENT=YES; where segments are independent that is the first of each", "2nd, 4.4.4.9"),
    "HINT_LIVE": Rule("must", "a playlist that has ended gives no hint of a next part", "2nd, 4.4.5.3"),
    "BANDWIDTH": Rule("must", "each variant says its BANDWIDTH, a whole number of bit/s, and its URI is the next line", "8216, 4.3.4.2"),
    "GROUP_THERE": Rule("must", "a variant names only groups that an EXT-X-MEDIA defines", "8216, 4.3.4.2"),
    "GROUP_NAMES": Rule("must", "in one group names differ, and one member at most is the default", "8216, 4.3.4.1.1"),
    "DEFAULT_SELECTED": Rule("must", "a member that is the default may be selected without being asked for", "8216, 4.3.4.1"),
    "HINT_KEPT": Rule("must", "the part that was hinted at is the next that is listed", "2nd, 4.4.5.3"),
    "TARGET_FIXED": Rule("must", "the target duration never changes", "8216, 6.2.1"),
    "SEQUENCE_BACK": Rule("must", "the media sequence never goes back", "8216, 6.2.2"),
    "SAME_NUMBER": Rule("must", "a segment keeps its number: segments leave at the top, in order, each counted", "8216, 6.2.2"),
    "NOTHING_LOST": Rule("must", "what was listed at the end stays until it leaves at the top", "8216, 6.2.1"),
    "DISCONTINUITY_COUNTED": Rule("must", "a discontinuity that leaves is counted in the discontinuity sequence", "8216, 6.2.2"),
    "ENDED": Rule("must", "nothing is added after EXT-X-ENDLIST", "8216, 6.2.1"),
}  # fmt: skip


class Broken(NamedTuple):
    """One rule that a text breaks: the rule's name, the line (from 1) and what is wrong there."""

    rule: str
    line: int
    what: str

    def describe(self) -> str:
        """Say it in a sentence."""
        return f"line {self.line}: {self.what} [{self.rule}: {RULES[self.rule].place}]"


@dataclass
class Listed:
    """A segment as a text lists it: its number, URI, seconds, line, and whether a discontinuity stands before it."""

    number: int
    uri: str
    seconds: float
    line: int
    discontinuity: bool


@dataclass
class Reading:
    """What `read` found in a text; ``tags`` maps a tag to the (line, value) of each time it stands there."""

    tags: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    segments: list[Listed] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def whole(self, tag: str, otherwise: int = 0) -> int:
        """Give a tag's value as a whole number, or ``otherwise`` where it is missing or is none."""
        found = self.tags.get(tag)
        return int(found[0][1]) if found and found[0][1].isdecimal() else otherwise

    def at(self, tag: str) -> int:
        """Give the line of a tag; where it is missing, the last line."""
        return self.tags[tag][0][0] if tag in self.tags else max(1, len(self.lines))


ONLY_ONCE = ("#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE",
             "#EXT-X-PART-INF", "#EXT-X-SERVER-CONTROL", "#EXT-X-PLAYLIST-TYPE", "#EXT-X-ENDLIST")  # fmt: skip
OF_MEDIA = (
    "#EXTINF",
    "#EXT-X-TARGETDURATION",
    "#EXT-X-MEDIA-SEQUENCE",
    "#EXT-X-PART",
    "#EXT-X-PART-INF",
    "#EXT-X-DISCONTINUITY",
)
OF_VARIANTS = ("#EXT-X-STREAM-INF", "#EXT-X-MEDIA")
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


def attributes(value: str) -> dict[str, str]:
    """Give the attributes of a tag (``A=1,B="x,y"``) as a dict, quotes taken off."""
    return {name: text.strip('"') for name, text in _ATTRIBUTE.findall(value)}


def seconds(text: str) -> float:
    """Give a number of seconds, or 0 where the text is none."""
    return float(text) if re.fullmatch(r"\d+(\.\d*)?", text) else 0.0


def read(text: str) -> Reading:
    """Read a playlist line by line; breaches of the order of EXTINF and URI are noted on the way."""
    found = Reading(lines=text.splitlines())
    extinf: tuple[int, float] | None = None
    break_before, after_stream = False, 0
    for line, words in enumerate(found.lines, 1):
        if words.startswith("#EXT"):
            tag, _, value = words.partition(":")
            found.tags.setdefault(tag, []).append((line, value))
            if tag == "#EXTINF":
                if extinf:
                    found.broken.append(
                        Broken("EXTINF_AND_URI", extinf[0], "this EXTINF has no URI before the next one")
                    )
                extinf = (line, seconds(value.split(",")[0]))
            break_before |= tag == "#EXT-X-DISCONTINUITY"
            after_stream = line if tag == "#EXT-X-STREAM-INF" else after_stream
        elif words.strip() and not words.startswith("#"):
            if after_stream == line - 1 and after_stream:
                continue
            if extinf is None:
                found.broken.append(Broken("EXTINF_AND_URI", line, f"{words} has no EXTINF before it"))
            number = found.whole("#EXT-X-MEDIA-SEQUENCE") + len(found.segments)
            found.segments.append(Listed(number, words, extinf[1] if extinf else 0.0, line, break_before))
            extinf, break_before = None, False
    if extinf:
        found.broken.append(Broken("EXTINF_AND_URI", extinf[0], "this EXTINF has no URI after it"))
    return found


def check(text: str, should: bool = False) -> list[Broken]:
    """Give every rule that one playlist breaks, by line; those that are only a "should" where asked for."""
    found = read(text)
    if not found.lines or found.lines[0] != "#EXTM3U":
        return [Broken("FIRST_LINE", 1, "this line is not #EXTM3U")]
    broken = [*found.broken, *_whole(found)]
    if any(tag in found.tags for tag in OF_VARIANTS):
        broken += _variants(found)
    else:
        broken += [*_target(found), *_live(found), *_parts(found)]
    wanted = [each for each in broken if should or RULES[each.rule].kind == "must"]
    return sorted(wanted, key=lambda each: (each.line, each.rule))


def names(broken: list[Broken]) -> set[str]:
    """Give the names of the rules that are broken."""
    return {each.rule for each in broken}


def _whole(found: Reading) -> Iterator[Broken]:
    """Rules for any text: one kind, tags once, version."""
    media = [found.at(tag) for tag in OF_MEDIA if tag in found.tags]
    variants = [found.at(tag) for tag in OF_VARIANTS if tag in found.tags]
    if media and variants:
        yield Broken(
            "ONE_KIND", max(min(media), min(variants)), "this tag belongs to the other kind of playlist"
        )
    for tag in ONLY_ONCE:
        for line, _ in found.tags.get(tag, ())[1:]:
            yield Broken("ONCE", line, f"{tag} stands there for the second time")
    fractions = next((line for line, value in found.tags.get("#EXTINF", ()) if "." in value.split(",")[0]), 0)
    version = found.whole("#EXT-X-VERSION", 1)
    for needed, line, why in (
        (6, found.at("#EXT-X-MAP") if "#EXT-X-MAP" in found.tags else 0, "EXT-X-MAP"),
        (3, fractions, "fractions of a second"),
    ):
        if line and version < needed:
            yield Broken("VERSION", line, f"{why} need EXT-X-VERSION {needed}; this playlist says {version}")


def _target(found: Reading) -> Iterator[Broken]:
    """Target duration and sequence numbers."""
    target = found.whole("#EXT-X-TARGETDURATION")
    if target < 1:
        yield Broken(
            "TARGET_THERE",
            found.at("#EXT-X-TARGETDURATION"),
            "there is no target duration of at least one whole second",
        )
    for segment in found.segments:
        if target and int(segment.seconds + 0.5) > target:
            yield Broken(
                "TARGET_KEPT",
                segment.line - 1,
                f"{segment.uri} lasts {segment.seconds:g} s, the target duration is {target} s",
            )
    first = min(
        (line for tag in ("#EXTINF", "#EXT-X-PART") for line, _ in found.tags.get(tag, ())), default=0
    )
    for tag in ("#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE"):
        if first and tag in found.tags and found.at(tag) > first:
            yield Broken("SEQUENCE_FIRST", found.at(tag), f"{tag} stands after the first segment")


def _live(found: Reading) -> Iterator[Broken]:
    """Length and hold-back of a playlist that has not ended."""
    target = found.whole("#EXT-X-TARGETDURATION")
    lasts = sum(segment.seconds for segment in found.segments)
    control = _attributes_of(found, "#EXT-X-SERVER-CONTROL")
    ended, left = "#EXT-X-ENDLIST" in found.tags, found.whole("#EXT-X-MEDIA-SEQUENCE")
    if not ended and left and lasts < 3 * target:
        yield Broken(
            "SHORT",
            found.at("#EXT-X-MEDIA-SEQUENCE"),
            f"the first number is {left}, so others were here before, and {lasts:g} s are listed; three target durations are {3 * target} s",
        )
    if "HOLD-BACK" in control and seconds(control["HOLD-BACK"]) < 3 * target:
        yield Broken(
            "HOLD_BACK",
            found.at("#EXT-X-SERVER-CONTROL"),
            f"HOLD-BACK is {control['HOLD-BACK']} s; three target durations are {3 * target} s",
        )
    if ended and "#EXT-X-PRELOAD-HINT" in found.tags:
        yield Broken(
            "HINT_LIVE", found.at("#EXT-X-PRELOAD-HINT"), "the stream has ended, so no part is to come"
        )


def _attributes_of(found: Reading, tag: str) -> dict[str, str]:
    return attributes(found.tags[tag][0][1]) if tag in found.tags else {}


def _parts(found: Reading) -> Iterator[Broken]:
    """Parts of segments: their lengths, their hold-back, how long they are listed."""
    parts = found.tags.get("#EXT-X-PART", [])
    if not parts:
        return
    target = seconds(_attributes_of(found, "#EXT-X-PART-INF").get("PART-TARGET", ""))
    if not target:
        yield Broken("PART_INF", parts[0][0], "there are parts, and no EXT-X-PART-INF says how long they are")
        return
    hold = seconds(_attributes_of(found, "#EXT-X-SERVER-CONTROL").get("PART-HOLD-BACK", ""))
    for rule, times in (("PART_HOLD_BACK", 2), ("PART_HOLD_BACK_3", 3)):
        if hold < times * target - 1e-9:
            yield Broken(
                rule,
                found.at("#EXT-X-SERVER-CONTROL"),
                f"PART-HOLD-BACK is {hold:g} s; {times} part targets are {times * target:g} s",
            )
    numbered = dict(parts)
    ends = {
        line
        for line in numbered
        if line + 1 not in numbered and not _begins(found, line + 1, "#EXT-X-PRELOAD-HINT")
    }
    for line, value in parts:
        part = attributes(value)
        lasts = seconds(part.get("DURATION", ""))
        if lasts > target + 1e-9:
            yield Broken("PART_KEPT", line, f"a part of {lasts:g} s; the part target is {target:g} s")
        elif lasts < 0.85 * target - 1e-9 and line not in ends and part.get("INDEPENDENT") != "YES":
            yield Broken(
                "PART_FULL", line, f"a part of {lasts:g} s; 85 % of the part target are {0.85 * target:g} s"
            )
    yield from _old_parts(found, [line for line, _ in parts])
    yield from _begun(found, numbered)


def _begun(found: Reading, parts: dict[int, str]) -> Iterator[Broken]:
    """What must be told at the beginning of a segment, before or with its first part."""
    begins = [0, *(segment.line for segment in found.segments)]
    for after, before in zip(begins, [*begins[1:], len(found.lines) + 1], strict=True):
        inside = [line for line in sorted(parts) if after < line < before]
        if not inside:
            continue
        for mark, _ in found.tags.get("#EXT-X-DISCONTINUITY", ()):
            if inside[0] < mark < before:
                yield Broken("PART_MARK", mark, "the parts before this line belong to the same segment")
        if (
            "#EXT-X-INDEPENDENT-SEGMENTS" in found.tags
            and attributes(parts[inside[0]]).get("INDEPENDENT") != "YES"
        ):
            yield Broken(
                "PART_INDEPENDENT",
                inside[0],
                "this is the first part of a segment that can be read by itself",
            )


def _begins(found: Reading, line: int, word: str) -> bool:
    return line <= len(found.lines) and found.lines[line - 1].startswith(word)


def _old_parts(found: Reading, lines: list[int]) -> Iterator[Broken]:
    """Parts of segments that lie more than three target durations before the end."""
    behind, limit = 0.0, 3 * found.whole("#EXT-X-TARGETDURATION")
    for place in reversed(range(len(found.segments))):
        begins = found.segments[place - 1].line if place else 0
        inside = [line for line in lines if begins < line < found.segments[place].line]
        if behind >= limit and inside:
            yield Broken("PARTS_NEAR_END", inside[0], f"these parts lie {behind:g} s before the end")
        behind += found.segments[place].seconds


def _variants(found: Reading) -> Iterator[Broken]:
    """Rules of a multivariant playlist."""
    groups: dict[tuple[str, str], list[tuple[int, dict[str, str]]]] = {}
    for line, value in found.tags.get("#EXT-X-MEDIA", ()):
        media = attributes(value)
        groups.setdefault((media.get("TYPE", ""), media.get("GROUP-ID", "")), []).append((line, media))
    for members in groups.values():
        seen, defaults = set(), 0
        for line, media in members:
            defaults += media.get("DEFAULT") == "YES"
            if media.get("NAME", "") in seen or (media.get("DEFAULT") == "YES" and defaults > 1):
                yield Broken("GROUP_NAMES", line, "the same name, or a second default, in one group")
            seen.add(media.get("NAME", ""))
            if media.get("DEFAULT") == "YES" and media.get("AUTOSELECT", "YES") != "YES":
                yield Broken("DEFAULT_SELECTED", line, "DEFAULT=YES, and AUTOSELECT is not YES")
    for line, value in found.tags.get("#EXT-X-STREAM-INF", ()):
        variant = attributes(value)
        uri = found.lines[line] if line < len(found.lines) else ""
        if not variant.get("BANDWIDTH", "").isdecimal() or not uri.strip() or uri.startswith("#"):
            yield Broken("BANDWIDTH", line, "a variant needs its BANDWIDTH, and its URI in the next line")
        for kind in ("AUDIO", "VIDEO", "SUBTITLES"):
            if kind in variant and (kind, variant[kind]) not in groups:
                yield Broken(
                    "GROUP_THERE", line, f"no EXT-X-MEDIA defines the {kind} group {variant[kind]!r}"
                )


def check_reload(before: str, after: str) -> list[Broken]:
    """Give every rule that two readings of one media playlist break together; lines are those of the later one."""
    old, new = read(before), read(after)
    return sorted(
        [*_moved(old, new), *_listed(old, new), *_hinted(old, new)], key=lambda each: (each.line, each.rule)
    )


def _moved(old: Reading, new: Reading) -> Iterator[Broken]:
    """Numbers at the top."""
    tags = ("#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE")
    (was, now), (from_, to), (counted, counts) = ((old.whole(tag), new.whole(tag)) for tag in tags)
    if was != now:
        yield Broken("TARGET_FIXED", new.at(tags[0]), f"the target duration was {was} s and is {now} s")
    if to < from_:
        yield Broken("SEQUENCE_BACK", new.at(tags[1]), f"the media sequence was {from_} and is {to}")
    lasts = sum(segment.seconds for segment in new.segments)
    if to > from_ and lasts < 3 * now and "#EXT-X-ENDLIST" not in new.tags:
        yield Broken(
            "LONG_ENOUGH",
            new.at(tags[1]),
            f"{to - from_} have left, and {lasts:g} s are listed; three target durations are {3 * now} s",
        )
    left = [segment for segment in old.segments if segment.number < to]
    gone = sum(segment.discontinuity for segment in left)
    if to >= from_ and to <= from_ + len(old.segments) and counts != counted + gone:
        yield Broken(
            "DISCONTINUITY_COUNTED",
            new.at(tags[2] if tags[2] in new.tags else tags[1]),
            f"{gone} discontinuities have left; the discontinuity sequence was {counted} and is {counts}",
        )


def _hinted(old: Reading, new: Reading) -> Iterator[Broken]:
    """The part that the earlier text announced, and what came."""
    had, has = (
        [attributes(value).get("URI", "") for _, value in each.tags.get("#EXT-X-PART", ())]
        for each in (old, new)
    )
    hint = _attributes_of(old, "#EXT-X-PRELOAD-HINT")
    came = [uri for uri in has if uri not in had]
    if hint.get("TYPE") == "PART" and came and hint.get("URI", "") not in has:
        line = next(
            line for line, value in new.tags["#EXT-X-PART"] if attributes(value).get("URI", "") == came[0]
        )
        yield Broken("HINT_KEPT", line, f"{hint.get('URI', '')} was announced, and {came[0]} came")


def _listed(old: Reading, new: Reading) -> Iterator[Broken]:
    """Segments that both list, or that one should."""
    here = {segment.number: segment for segment in new.segments}
    last = max(here, default=new.whole("#EXT-X-MEDIA-SEQUENCE") - 1)
    back = new.whole("#EXT-X-MEDIA-SEQUENCE") < old.whole("#EXT-X-MEDIA-SEQUENCE")
    for segment in [] if back else old.segments:  # whoever begins anew has other segments for all numbers
        now = here.get(segment.number)
        if now is not None and now.uri != segment.uri:
            yield Broken(
                "SAME_NUMBER", now.line, f"number {segment.number} was {segment.uri} and is {now.uri}"
            )
        elif segment.number > last:
            yield Broken(
                "NOTHING_LOST", max(1, len(new.lines)), f"{segment.uri} was listed at the end and is gone"
            )
    if "#EXT-X-ENDLIST" in old.tags and last > max((segment.number for segment in old.segments), default=-1):
        yield Broken("ENDED", new.segments[-1].line, "the stream had ended, and a segment was added")
