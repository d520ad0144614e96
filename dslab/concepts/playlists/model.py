"""A live stream and its playlists: which segments and parts are listed at a moment, as text.

Segment k covers the stream from k to k + 1 target durations and is complete at the end of that. Of complete segments the
last ``window`` are listed. With parts, those of the last three target durations are listed too, and those of the segment that is
still being made; the next one is announced as a hint.

Vocabulary: `dslab.concepts.playlists`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_WINDOW = 3  # a live playlist must last three target durations (RFC 8216, 6.2.2)
PARTS_LISTED_FOR = 3  # target durations from the end of the playlist (second edition, 6.2.2)


@dataclass(frozen=True)
class Rung:
    """One rung of the bitrate ladder: its name, height and width in pixels, video bit rate in kbit/s."""

    name: str
    width: int
    height: int
    kbps: int
    codecs: str = "avc1.640028"

    @property
    def bandwidth(self) -> int:
        """The peak bit rate with audio, in bit/s: a tenth above the average."""
        return round((self.kbps + AUDIO_KBPS) * 1_100)


AUDIO_KBPS = 128
LADDER = (
    Rung("1080p", 1920, 1080, 5_000),
    Rung("720p", 1280, 720, 2_800, "avc1.64001f"),
    Rung("480p", 854, 480, 1_400, "avc1.64001e"),
    Rung("240p", 426, 240, 400, "avc1.640015"),
)


@dataclass(frozen=True)
class Stream:
    """A live stream. Raises ValueError for what the rules do not allow, or what could not be listed.

    ``target_s``: length of a segment in whole seconds (1 to 60). ``window``: complete segments listed (at least 3).
    ``part_ms``: length of a part (0: no parts; else 100 to the segment's length). ``breaks``: the numbers of segments before which
    the encoder started anew. ``name``: what its files begin with.
    """

    target_s: int = 4
    window: int = 5
    part_ms: int = 0
    breaks: tuple[int, ...] = ()
    name: str = "720p"

    def __post_init__(self) -> None:
        if not isinstance(self.target_s, int) or not 1 <= self.target_s <= 60:
            raise ValueError(f"target_s is {self.target_s!r}; a target duration is 1 to 60 whole seconds")
        if not isinstance(self.window, int) or self.window < LEAST_WINDOW:
            raise ValueError(
                f"window is {self.window!r}; a live playlist lists at least {LEAST_WINDOW} segments (RFC 8216, 6.2.2)"
            )
        if self.part_ms != 0 and not 100 <= self.part_ms <= self.target_ms:
            raise ValueError(
                f"part_ms is {self.part_ms!r}; a part lasts 100 to {self.target_ms} ms, and 0 means no parts"
            )

    @property
    def target_ms(self) -> int:
        """The length of a segment in milliseconds."""
        return self.target_s * 1_000

    @property
    def parts(self) -> int:
        """How many parts a segment has (0 without parts); the last one may be shorter."""
        return -(-self.target_ms // self.part_ms) if self.part_ms else 0

    def complete(self, now_ms: int) -> int:
        """Give how many segments are complete at a moment."""
        return max(0, now_ms) // self.target_ms

    def media_sequence(self, now_ms: int) -> int:
        """Give the number of the first segment listed."""
        return max(0, self.complete(now_ms) - self.window)

    def discontinuity_sequence(self, now_ms: int) -> int:
        """Give how many discontinuities have left the playlist."""
        return sum(number < self.media_sequence(now_ms) for number in self.breaks)

    def ready_ms(self, msn: int, part: int | None = None) -> int:
        """Give when segment ``msn`` (or its part ``part``, from 0) can first be listed."""
        if part is None:
            return (msn + 1) * self.target_ms
        if not 0 <= part < self.parts:
            raise ValueError(f"part is {part!r}; a segment of this stream has parts 0 to {self.parts - 1}")
        return msn * self.target_ms + min((part + 1) * self.part_ms, self.target_ms)

    def leaves_ms(self, number: int) -> int:
        """Give when a segment leaves the playlist."""
        return self.ready_ms(number + self.window)

    def kept_until_ms(self, number: int) -> int:
        """Give until when its file must be there: its duration and the longest playlist's after it left (RFC 8216, 6.2.2)."""
        return self.leaves_ms(number) + self.target_ms + self.window * self.target_ms

    def hold_back_ms(self) -> int:
        """Give how far from the end a player stays: three target durations, or three part durations with parts."""
        return 3 * (self.part_ms or self.target_ms)

    def playlist(self, now_ms: int) -> str:
        """Give the media playlist at a moment as text. ValueError before there is anything to list."""
        if now_ms < (self.part_ms or self.target_ms):
            raise ValueError(
                f"at {now_ms} ms nothing is complete; the first playlist is there at {self.part_ms or self.target_ms} ms"
            )
        lines = [
            "#EXTM3U",
            f"#EXT-X-VERSION:{9 if self.part_ms else 6}",
            f"#EXT-X-TARGETDURATION:{self.target_s}",
        ]
        if self.part_ms:
            hold = self.hold_back_ms() / 1_000
            lines.append(f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold:.3f}")
            lines.append(f"#EXT-X-PART-INF:PART-TARGET={self.part_ms / 1_000:.3f}")
            lines.append("#EXT-X-INDEPENDENT-SEGMENTS")
        first, last = self.media_sequence(now_ms), self.complete(now_ms)
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{first}")
        if self.breaks:
            lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{self.discontinuity_sequence(now_ms)}")
        lines.append(f'#EXT-X-MAP:URI="{self.name}/init.mp4"')
        for number in range(first, last + 1):
            lines += self._segment(number, now_ms)
        return "\n".join(lines) + "\n"

    def _segment(self, number: int, now_ms: int) -> list[str]:
        """Give the lines of one segment, complete or being made."""
        done = number < self.complete(now_ms)
        lines = ["#EXT-X-DISCONTINUITY"] if number in self.breaks else []
        if self.part_ms and self.complete(now_ms) - number <= PARTS_LISTED_FOR:
            lines += [
                self._part(number, part)
                for part in range(self.parts)
                if self.ready_ms(number, part) <= now_ms
            ]
        if done:
            return [*lines, f"#EXTINF:{self.target_s:.3f},", f"{self.name}/{number}.m4s"]
        if self.part_ms:
            made = (now_ms - number * self.target_ms) // self.part_ms
            lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{self.name}/{number}.{made}.m4s"')
            return lines
        return []

    def _part(self, number: int, part: int) -> str:
        """Give the line of one part: the first one of a segment begins with a key frame."""
        lasts = min(self.part_ms, self.target_ms - part * self.part_ms) / 1_000
        key = ",INDEPENDENT=YES" if part == 0 else ""
        return f'#EXT-X-PART:DURATION={lasts:.3f},URI="{self.name}/{number}.{part}.m4s"{key}'


def multivariant(ladder: Sequence[Rung] = LADDER, frame_rate: int = 30) -> str:
    """Give the multivariant playlist of a ladder as text: one entry a rung, and one audio track for all."""
    if not ladder:
        raise ValueError("the ladder has no rung; a player needs at least one to play")
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines.append(
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,URI="audio.m3u8"'
    )
    for rung in ladder:
        average = (rung.kbps + AUDIO_KBPS) * 1_000
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={rung.bandwidth},AVERAGE-BANDWIDTH={average},RESOLUTION={rung.width}x{rung.height},"
            f'FRAME-RATE={frame_rate:.3f},CODECS="{rung.codecs},mp4a.40.2",AUDIO="sound"'
        )
        lines.append(f"{rung.name}.m3u8")
    return "\n".join(lines) + "\n"
