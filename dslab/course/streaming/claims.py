"""The ledger of notebook 10d: what vendors, specifications and the newsletter say of live streaming, and what was measured here."""

from __future__ import annotations

from collections.abc import Callable

from dslab.concepts.playlists import Stream, check, names
from dslab.concepts.streaming import anomalies, ingest, path
from dslab.teach import Claim, Ledger, Measurement, holds_only_if

VENDORS = "5centscdn and floatleft, vendor pages"
APPLE, DRAFT = "Apple, draft of low-latency HLS", "broadcast-hls's notes on Apple's draft"
HAIVISION = "Haivision's discussion of SRT"
SRS = "SRS wiki"
MODEL = "this lesson's formula, as first written"
EP197 = "ByteByteGo EP197"
Y2019, Y2026 = "2019", "2026"


def _range(low: dict, high: dict, told: str) -> Measurement:
    """Give the mean latency at two settings, as a range."""
    ends = [path.any_latency(**each) for each in (low, high)]
    return Measurement(f"{ends[0]:.1f} to {ends[1]:.1f} s", "", told)


def _within(low: float, high: float) -> Callable[[str], bool]:
    """Give a test: does a range ("1.8 to 2.8 s") lie in a band?"""

    def test(measured: str) -> bool:
        ends = [float(word) for word in measured.replace(" s", "").split(" to ")]
        return low <= ends[0] and ends[1] <= high

    return test


_USUAL = {"delivery": "HLS / DASH"}
_LOW = {"delivery": "LL-HLS", "segment_ms": 4_000}


def _segments() -> Measurement:
    return _range(_USUAL | {"segment_ms": 2_000}, _USUAL | {"segment_ms": 6_000}, "segments of 2 to 6 s")


def _parts() -> Measurement:
    return _range(
        _LOW | {"part_ms": 200}, _LOW | {"part_ms": 500}, "parts of 0.2 to 0.5 s, hold-back of three parts"
    )


def _chunks() -> Measurement:
    low = {"delivery": "LL-DASH", "part_ms": 500}
    return _range(
        low | {"hold_units": 2},
        low | {"hold_units": 6},
        "chunks of 0.5 s, a buffer of 1 to 3 s, which the player chooses",
    )


def _webrtc() -> Measurement:
    call = {"delivery": "WebRTC", "ingest": "WebRTC"}
    return _range(call | {"encode_ms": 50}, call | {"encode_ms": 500}, "encoders that take 50 to 500 ms")


def _two_seconds() -> Measurement:
    fast = [part for part in range(100, 1_001, 10) if path.any_latency(part_ms=part, **_LOW) <= 2]
    return Measurement(
        f"parts up to {max(fast) / 1_000:.2f} s",
        "",
        "the rest of the budget as in act 1: encoder 0.5 s, SRT, ladder 0.4 s",
    )


def _hold_of_parts() -> Measurement:
    text = Stream(4, 4, 500).playlist(40_000).replace("PART-HOLD-BACK=1.500", "PART-HOLD-BACK=1.000")
    must, should = names(check(text)), names(check(text, should=True))
    return Measurement(
        "two must be, three should" if not must and should else "three must be",
        "",
        "a playlist with PART-HOLD-BACK of two parts, before the checker",
    )


def _three_segments() -> Measurement:
    three, one = (
        anomalies.search("too near to the live edge"),
        anomalies.search("too near to the live edge", hold_back=1),
    )
    return Measurement(
        "plays on" if three.held and not one.held else "stalls",
        "",
        f"Three segments: {three.describe()} One: {one.describe()}",
    )


def _impossible() -> Measurement:
    least = min(
        path.any_latency(segment_ms=6_000, hold_units=3, encode_ms=0, rtt_ms=0, ttl_ms=0, ingest=name)
        for name in path.INGEST_MS
    )
    return Measurement(
        round(least, 1),
        "s",
        "encoder and network cost nothing, no copy is ever old, segments of 6 s, hold-back of three",
    )


def _advice() -> Measurement:
    per_hour = {
        times: 3_600_000 / ingest.SPACING_MS * ingest.too_late(0.05, times * 50, 50) for times in (1, 3, 4)
    }
    told = ", ".join(f"{count:,.0f} at {times} round trips" for times, count in per_hour.items())
    return Measurement(round(per_hour[4]), "packets an hour", f"too late in an hour at 5 % loss: {told}")


def _default() -> Measurement:
    return Measurement(
        f"{120 / 4:.0f} to {120 / 3:.0f} ms", "", "round trips for which 120 ms are three to four of them"
    )


def _share_of_ingest() -> Measurement:
    each = path.terms("HLS / DASH", ingest="RTMP")
    share = 100 * each["ingest"][0] / sum(pair[0] for pair in each.values())
    return Measurement(round(share, 1), "%", "RTMP's share of the mean latency of HLS with segments of 6 s")


def _whole_segment() -> Measurement:
    run = path.budget("HLS / DASH", 6)
    return Measurement(
        round(run["simulated"] - run["best"], 1),
        "s",
        f"{run.describe()} Above the best case, on average; the formula has 6 s for the segment and up to 3 s for the copy",
    )


CLAIMS = Ledger(
    "streaming",
    [
        Claim("HLS, 6 to 30 s", "HLS and DASH are 6 to 30 s behind live", VENDORS, Y2026, "V", test=_within(6, 30), experiment=_segments),
        Claim("HLS, 15 to 30 s", "another page has 15 to 30 s", VENDORS, Y2026, "V", test=_within(15, 30), experiment=_segments,
              otherwise=holds_only_if("segments last four to seven seconds")),
        Claim("LL-HLS, 1 to 3 s", "low-latency HLS is 1 to 3 s behind live", VENDORS, Y2026, "V", test=_within(1, 3), experiment=_parts),
        Claim("LL-HLS, 2 to 4 s", "another page has 2 to 4 s", VENDORS, Y2026, "V", test=_within(2, 4), experiment=_parts,
              otherwise=holds_only_if("parts last about 0.3 s or more")),
        Claim("LL-CMAF, 2 to 5 s", "low-latency CMAF is 2 to 5 s behind live", VENDORS, Y2026, "V", test=_within(2, 5), experiment=_chunks),
        Claim("WebRTC, 0.2 to 0.8 s", "WebRTC is 0.2 to 0.8 s behind live", VENDORS, Y2026, "V", test=_within(0.2, 0.8), experiment=_webrtc),
        Claim("WebRTC, under 0.5 s", "another page has less than 0.5 s", VENDORS, Y2026, "V", test=_within(0, 0.5), experiment=_webrtc,
              otherwise=holds_only_if("the encoder takes less than about 0.3 s")),
        Claim("two seconds", "low-latency HLS aims at 2 s or less, with parts of 0.2 to 0.5 s", APPLE, Y2019, "V", value="parts up to 0.50 s", experiment=_two_seconds,
              otherwise=holds_only_if("parts are nearer to 0.2 than to 0.5 s, or the steps before the packager faster than here")),
        Claim("three parts", "the hold-back is at least three part durations", DRAFT, Y2026, "V", value="three must be", experiment=_hold_of_parts,
              otherwise=holds_only_if("a should is read as a must: the second edition's draft demands two and advises three")),
        Claim("three targets", "three target durations of hold-back, which is the least that is allowed, keep the picture moving", DRAFT, Y2026, "V", value="plays on", experiment=_three_segments),
        Claim("impossible without parts", "with segments of 6 s nobody is under 3 s without parts", "computed from the rule above", Y2026, "C", test=lambda seconds: seconds > 3,
              experiment=_impossible),
        Claim("latency is a sum", "latency = encode + segment + hold-back + CDN + network, with the whole segment", MODEL, Y2026, "I", value=9, unit="s", tolerance=0.5,
              experiment=_whole_segment, otherwise=holds_only_if("the viewer is the unlucky one: on average half a segment and half a copy's life are waited for")),
        Claim("three to four round trips", "SRT's latency should be three to four round trips", f"{HAIVISION}; {SRS}", Y2026, "V", test=lambda packets: packets <= 12, experiment=_advice,
              otherwise=holds_only_if("loss is at most a few per cent, one by one")),
        Claim("120 ms", "SRT's default latency, 120 ms, follows that advice", "Haivision's default, held against the advice", Y2026, "C", value="any round trip", experiment=_default,
              otherwise=holds_only_if("the round trip takes 30 to 40 ms at most")),
        Claim("RTMP is only the way in", "RTMP's latency is not the viewer's latency", "inferred from the path", Y2026, "I", test=lambda share: share < 5, experiment=_share_of_ingest),
        Claim("DASH on Apple devices", "DASH does not work on Apple devices", "an older ByteByteGo guide", Y2026, "V",
              reason="it speaks of players that are built in, and of its time; no such device is here, and a script in the page is another matter"),
        Claim("devices", "the newsletter draws the workflow and names the protocols", EP197, "January 2026", "V",
              reason="a drawing without a figure has nothing to measure; the figures above are other people's"),
        Claim("tools for 2026", "IDEs, version control, CI/CD and containers are the developer's tools for 2026", EP197, "January 2026", "V",
              reason="a list of kinds is no claim that could fail; the section on tools shows what each does for this repository"),
    ],
)  # fmt: skip
