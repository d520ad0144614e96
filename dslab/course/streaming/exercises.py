"""What notebook 10d asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

from functools import partial
from typing import Any

from dslab.check import Scenario, explore
from dslab.concepts.playlists import Stream, check, check_reload, names
from dslab.concepts.streaming import anomalies, ingest, path, player
from dslab.concepts.streaming.delivery import BUGS, Switches
from dslab.teach import (
    Classroom,
    Exercise,
    Feedback,
    Mutant,
    Number,
    OneOf,
    Prediction,
    Settings,
    Solution,
    WrongAnswer,
    Zoo,
    decided_by,
    same_as,
    tells_apart,
)

ROOM = Classroom("streaming")

# -- predictions ----------------------------------------------------------------------------------------

six_seconds = ROOM.add(
    Prediction.number(
        "six-second segments",
        "A stream goes out as HLS in segments of 6 s. The encoder needs 0.4 s, a request and its answer 0.08 s. A goal is scored. How many seconds later, on average, "
        "do the viewers see it?",
        "s", 0, 60,
        {"low": "A player may not begin with the newest segment: it stays three target durations from the end of the playlist.",
         "high": "A player begins three segments from the end, not at the beginning of the playlist."},
        tolerance=5,
        because=lambda seconds: f"{seconds:.1f} s. Eighteen of them are hold-back, three times the segment; the rest is waiting for a segment to be complete, and small change.",
    )
)  # fmt: skip

too_late = ROOM.add(
    Prediction.number(
        "SRT's default",
        "The way in loses 5 % of the packets, each by itself. A round trip takes 100 ms. SRT has its default latency of 120 ms, so a packet that is lost can be sent "
        "again while there is time. How many of a million packets are too late all the same?",
        "packets", 0, 50_000,
        {"low": "In 120 ms there is time for one round trip, so for one more try, and no third one.",
         "high": "A lost packet is asked for and sent again; only those that are lost twice are too late."},
        factor=2,
        because="A packet is too late when the first try and the second are lost: 0.05 times 0.05, so 2,500 of a million by the formula.",
    )
)  # fmt: skip

half_covered = ROOM.add(
    Prediction.number(
        "as long as the buffer",
        "A player has 3 s of buffer. Now and then the network is gone, for 3 s on average; the lengths are exponential, so many are short and some are long. What share of "
        "these outages stops the picture?",
        "%", 0, 100,
        {"low": "An average of 3 s means that quite some outages last longer.", "high": "Of exponential lengths more than half are shorter than their average."},
        tolerance=6,
        because="exp(-3/3), a bit more than a third. Twice the buffer leaves a seventh, because the third is multiplied with itself.",
    )
)  # fmt: skip

kept_for = ROOM.add(
    Prediction.number(
        "after it left",
        "Segments last 4 s, and the playlist lists four of them. A segment has just left the playlist. For how many seconds must the server still have the file, by the rules?",
        "s", 0, 120,
        {"low": "Somebody may have read the playlist just before it left, and be about to play all of it before that segment's turn is over.",
         "high": "After the longest playlist has been played, and the segment itself, nobody can want it any more."},
        tolerance=0.5,
        because="Its own duration and that of the longest playlist that listed it: 4 + 4 · 4 = 20 s (RFC 8216, 6.2.2).",
    )
)  # fmt: skip

sent_at_once = ROOM.add(
    Prediction.choice(
        "sent at once",
        "A packager sends the new segment and the new playlist at the same moment, the segment first. Nothing is lost. What is the worst that a player at the newest segment can "
        "see?",
        {
            "a": "nothing: what is sent first is there first",
            "b": "a playlist that lists a file which is not there",
            "c": "an older playlist for a while, and nothing else",
        },
        {
            "a": "Two messages on a network may overtake each other; the second was sent without waiting for the first.",
            "c": "The playlist may be the faster of the two: then it is new, and what it lists is not there.",
        },
        decide=lambda verdict: (
            "a" if verdict.held else "b" if verdict.invariant == "LISTED_IS_THERE" else "c"
        ),
        because=lambda verdict: verdict.describe(),
    )
)

# -- the zoo ----------------------------------------------------------------------------------------------


def _variant(name: str, bug: str = "", **positions: Any) -> Scenario:
    return Scenario(name, partial(anomalies.anomaly(name).build, Switches(bug=bug, **positions)))


_CAUGHT = {
    "hold-back in parts": ("too near to the live edge", "NO_STALL"), "one second of grace": ("stale edge", "LISTED_IS_THERE"),
    "copy not dated": ("stale edge", "COPY_IS_FRESH"), "window slides by two": ("discontinuity not counted", "KEEPS_THE_RULES"),
    "number from the window": ("discontinuity not counted", "KEEPS_THE_RULES"), "answers at once": ("query forgotten", "ASKED_FOR"),
    "target grows": ("discontinuity not counted", "KEEPS_THE_RULES"),
}  # fmt: skip
ZOO = Zoo(
    "live streams",
    right={
        f"everything on: {name}": _variant(name)
        for name in (
            "stale edge",
            "restart from 0",
            "discontinuity not counted",
            "too near to the live edge",
            "query forgotten",
        )
    },
    mutants={
        bug: Mutant(_variant(name, bug), BUGS[bug], caught_by) for bug, (name, caught_by) in _CAUGHT.items()
    },
    invariants=anomalies.INVARIANTS,
    search=partial(explore, deviations=1),
)

SMALL_ZOO = Zoo(
    "the origin's playlist",
    right={
        "everything on: one more segment": _variant("listed too early"),
        "everything on: a restart": _variant("restart from 0"),
        "everything on: a discontinuity leaves": _variant("discontinuity not counted"),
    },
    mutants={
        "sent at once": Mutant(_variant("listed too early", publish="both at once"), "the playlist may arrive before the segment", "LISTED_IS_THERE"),
        "number from the window": Mutant(_variant("discontinuity not counted", "number from the window"), BUGS["number from the window"], "KEEPS_THE_RULES"),
        "window slides by two": Mutant(_variant("discontinuity not counted", "window slides by two"), BUGS["window slides by two"], "KEEPS_THE_RULES"),
    },
    invariants=anomalies.INVARIANTS,
    search=partial(explore, deviations=1),
)  # fmt: skip

# -- exercises ----------------------------------------------------------------------------------------------

_PARTS = (200, 250, 333, 500, 1_000)


def _under_three(answer: dict[str, Any]) -> Feedback:
    """Below 3 s on average, no rule broken (nor a "should"), and parts as long as that allows."""
    seconds = path.any_latency(segment_ms=6_000, **answer)
    part = answer["part_ms"]
    if answer["delivery"] == "LL-HLS":
        text = (
            Stream(6, 4, part)
            .playlist(60_000)
            .replace(
                f"PART-HOLD-BACK={3 * part / 1_000:.3f}",
                f"PART-HOLD-BACK={answer['hold_units'] * part / 1_000:.3f}",
            )
        )
        broken = check(text, should=True)
        if broken:
            return Feedback.no("The playlist that says so breaks a rule.", broken[0].describe())
    elif answer["hold_units"] < 3:
        return Feedback.no(
            "HOLD-BACK is at least three target durations.", f"{answer['hold_units']} segments of hold-back"
        )
    if seconds >= 3:
        return Feedback.no("That is not under three seconds.", f"{seconds:.1f} s behind live on average")
    longer = [
        each
        for each in _PARTS
        if each > part and path.any_latency(segment_ms=6_000, **(answer | {"part_ms": each})) < 3
    ]
    if longer:
        return Feedback.no(
            "It is fast enough, and parts may be longer: each part costs a request from every viewer.",
            "a longer part is under 3 s as well",
        )
    return Feedback.yes(
        f"{seconds:.2f} s behind live with segments of 6 s: parts make the hold-back short, and segments stay long for those who need no low latency."
    )


under_three = ROOM.add(
    Exercise(
        "under three seconds",
        "configure",
        "Under three seconds with six-second segments",
        "Segments stay 6 s long, for the sake of the encoder. Be less than 3 s behind live on average, break no rule, not even a *should*, and make parts as long as you can. "
        "(`hold_units` counts segments or parts, whichever the delivery has.)",
        _under_three,
        (
            "Look at the stacked bar of act 1. Which term is too long, whatever else you do?",
            "Hold-back is counted in what the delivery calls a unit. Make the unit small, not the number of units.",
            "With low-latency HLS, three parts of hold-back and half a part of waiting come on top of what is fixed: try the parts from the longest down.",
        ),
        Solution({"delivery": "LL-HLS", "part_ms": 500, "hold_units": 3}, "Without parts the hold-back alone is 18 s. With parts of 0.5 s it is 1.5 s."),
        (
            WrongAnswer({"delivery": "HLS / DASH", "part_ms": 500, "hold_units": 3}, "not under three seconds", "parts without a delivery that knows them"),
            WrongAnswer({"delivery": "HLS / DASH", "part_ms": 500, "hold_units": 1}, "three target durations", "just stay nearer to the edge"),
            WrongAnswer({"delivery": "LL-HLS", "part_ms": 1_000, "hold_units": 1}, "breaks a rule", "one part of hold-back"),
            WrongAnswer({"delivery": "LL-HLS", "part_ms": 500, "hold_units": 2}, "breaks a rule", "what must be is enough"),
            WrongAnswer({"delivery": "LL-HLS", "part_ms": 1_000, "hold_units": 3}, "not under three seconds", "the second edition's parts, however long"),
            WrongAnswer({"delivery": "LL-HLS", "part_ms": 200, "hold_units": 3}, "may be longer", "the shortest part is best"),
        ),
        form=Settings({"delivery": ("HLS / DASH", "LL-HLS"), "part_ms": _PARTS, "hold_units": (1, 2, 3, 4)}, start={"delivery": "HLS / DASH", "part_ms": 1_000, "hold_units": 3}),
    )
)  # fmt: skip


def first_segment(durations, target):
    """Give the place of the segment to begin with: the last one that begins at least 3 targets from the end, or the first."""
    left = 0
    for place in reversed(range(len(durations))):
        left += durations[place]
        if left >= 3 * target:
            return place
    return 0


def _third_last(durations, target):
    return len(durations) - 3


def _one_too_far(durations, target):
    left = 0
    for place in reversed(range(len(durations))):
        left += durations[place]
        if left > 3 * target:
            return place
    return 0


def _newest(durations, target):
    return len(durations) - 1


def _nothing_short(durations, target):
    left, place = 0, len(durations)
    while left < 3 * target and place:
        place -= 1
        left += durations[place]
    return place if left >= 3 * target else None


_PLAYLISTS = [
    ([4, 4, 4, 4, 4], 4),
    ([4, 4, 3.5, 4, 2], 4),
    ([2, 2], 4),
    ([6, 6, 6], 6),
    ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 2),
    ([3, 4, 4, 4, 0.5], 4),
]
begin_here = ROOM.add(
    Exercise(
        "where to begin",
        "implement",
        "Where does a player begin?",
        "Write `first_segment(durations, target)`. `durations` are the seconds of the segments that a live playlist lists, oldest first; `target` is the target duration. Give the place (from 0) of the "
        "segment to begin with: the last one whose beginning is at least three target durations from the end. Where none is, begin with the first.",
        same_as(first_segment, _PLAYLISTS, "You count seconds from the end, not segments.", {
            0: "Five full segments: three of them are twelve seconds.",
            1: "Segments may be shorter than the target duration, so three of them can be less than three target durations.",
            2: "This playlist is shorter than the hold-back: begin with the first.",
            3: "Exactly three target durations are enough.",
            4: "These segments last half the target duration: six of them are needed.",
            5: "A short last segment: three segments would be too near to the end.",
        }),
        (
            "Go from the end to the beginning and add up what lies behind you.",
            "*At least* three target durations: is exactly three enough?",
            "Return the first place, coming from the end, at which the sum has reached three targets; after the loop return what the task says for short playlists.",
        ),
        Solution(first_segment, "Seconds decide, since a segment may be shorter than the target duration."),
        (
            WrongAnswer(_third_last, "can be less", "three segments"),
            WrongAnswer(_one_too_far, "twelve seconds", "more than, instead of at least"),
            WrongAnswer(_newest, "twelve seconds", "live is live"),
            WrongAnswer(_nothing_short, "shorter than the hold-back", "no answer for a short playlist"),
        ),
        expects="a function of (durations, target) that gives a place, from 0",
        starter="def first_segment(durations, target):\n    return ...\n\n\nlesson.begin_here.check(first_segment)",
    )
)  # fmt: skip

FORGE_STREAM, FORGE_MS = Stream(4, 4), 40_000
BEFORE = FORGE_STREAM.playlist(FORGE_MS)
_AFTER = FORGE_STREAM.playlist(FORGE_MS + 4_000)


def _forged(text: str) -> Feedback:
    """The text keeps every rule by itself, and breaks SAME_NUMBER as a reload, and no other rule."""
    alone = check(text)
    if alone:
        return Feedback.no(
            "This text breaks a rule by itself, so a player would not even look at its number.",
            alone[0].describe(),
        )
    broken = check_reload(BEFORE, text)
    if not broken:
        return Feedback.no(
            "This is a reload that keeps all rules; no player is misled by it.", "no rule is broken"
        )
    if names(broken) != {"SAME_NUMBER"}:
        other = next(each for each in broken if each.rule != "SAME_NUMBER")
        return Feedback.no("It breaks another rule of a reload.", other.describe())
    return Feedback.yes(f"Nobody sees it in the text alone. {broken[0].describe()}")


forge = ROOM.add(
    Exercise(
        "forge a reload",
        "break it",
        "A reload that lies",
        "`lesson.BEFORE` is a playlist. Write the text of a reload, one target duration later, that keeps every rule when it is read alone, and breaks exactly one rule of a reload: "
        "a segment must keep its number. Begin with `lesson.BEFORE`, and change it with `.replace`.",
        _forged,
        (
            "A segment's number is written nowhere beside it. Where does it come from?",
            "Take an honest reload first: the oldest segment leaves, a new one comes, and a number at the top changes. Then leave out one of the three.",
            "Let a segment leave at the top, and add one at the end, and do not tell the line that counts.",
        ),
        Solution(BEFORE.replace(f"#EXTINF:4.000,\n{FORGE_STREAM.name}/6.m4s\n", "") + f"#EXTINF:4.000,\n{FORGE_STREAM.name}/10.m4s\n",
                 "One segment left and one came, and the media sequence stands still: every segment has its neighbour's number now, and a player that counts skips one."),
        (
            WrongAnswer(BEFORE, "keeps all rules", "nothing changed"),
            WrongAnswer(_AFTER, "keeps all rules", "an honest reload"),
            WrongAnswer(BEFORE.replace("MEDIA-SEQUENCE:6", "MEDIA-SEQUENCE:0"), "another rule", "the number starts again"),
            WrongAnswer(BEFORE.replace("#EXTINF:4.000,\n720p/6.m4s\n", "720p/6.m4s\n"), "by itself", "a line is gone"),
        ),
        expects="the text of a playlist",
        accepts=str,
    )
)  # fmt: skip


def good_playlist(world):
    """The number at the top is that of the first segment, all files are there, and three target durations are listed."""
    live = world.facts["live"]
    playlist = live.origin.files["playlist"]
    numbered = playlist.sequence == playlist.items[0].number
    there = all(item.uri in live.origin.files for item in playlist.items)
    return numbered and there and 4 * len(playlist.items) >= 3 * playlist.target


def _only_there(world):
    live = world.facts["live"]
    return all(item.uri in live.origin.files for item in live.origin.files["playlist"].items)


def _only_numbered(world):
    playlist = world.facts["live"].origin.files["playlist"]
    return playlist.sequence == playlist.items[0].number


def _stands_still(world):
    return world.facts["live"].origin.files["playlist"].sequence == 4


def _no_marks(world):
    return not any(item.mark for item in world.facts["live"].origin.files["playlist"].items)


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "Write the invariant",
        "Write a function of the world that is true as long as the origin's playlist is as it should be. It must accept the three right variants and catch the three mutants. "
        '`live = world.facts["live"]` gives you `live.origin.files`, a dict from a file\'s name to the file. `live.origin.files["playlist"]` has `.sequence` (the number at its top), `.target` (the target duration, s) and '
        "`.items` (the segments listed, each of 4 s, each with `.number` and `.uri`, its file's name).",
        tells_apart(SMALL_ZOO, "Your invariant tells the right ones from the mutants."),
        (
            "The three mutants break three different promises: about files, about numbers, about length.",
            "What does the number at the top say? And what must be true of a file that is listed?",
            "Files listed are there; the number at the top is that of the first item; what is listed lasts at least three target durations.",
        ),
        Solution(good_playlist, "Three promises, each kept by another mechanism."),
        (
            WrongAnswer(_only_there, "escapes", "files are all that matters"),
            WrongAnswer(_only_numbered, "escapes", "numbers are all that matters"),
            WrongAnswer(_stands_still, "says that", "the number at the top is a constant"),
            WrongAnswer(_no_marks, "says that", "a discontinuity is a fault"),
        ),
        expects="a function of the world that gives True or False",
        starter='def my_invariant(world):\n    return ...  # something about world.facts["live"].origin.files\n\n\nlesson.write_the_invariant.check(my_invariant)',
    )
)  # fmt: skip

_LATENCY = Number("ms", 0, 2_000, tolerance=0)


def _least_latency() -> float:
    """Give the least SRT latency at a round trip of 80 ms and 10 % loss with fewer than 1 of 10,000 packets too late."""
    return float(
        next(
            latency
            for latency in range(0, 2_000, 10)
            if ingest.too_late(0.1, latency, 80) < 1e-4 * (1 - 1e-9)
        )
    )


enough_latency = ROOM.add(
    Exercise(
        "enough latency",
        "predict",
        "How much latency does this way in need?",
        "A stadium's link loses 10 % of its packets, each by itself; a round trip takes 80 ms. You want fewer than one packet in 10,000 to be too late. What is the least SRT latency that does it?",
        decided_by(_LATENCY, _least_latency, "Five tries are needed, so four round trips: 0.1 to the power of 5 is one in 100,000. The usual advice is three to four round trips.",
                   {"low": "Count the tries that fit, and raise the loss to that power: it must be *fewer* than one in 10,000.", "high": "Every further round trip divides what is too late by ten. One fewer would do."}),
        (
            "How often must a packet be lost in a row to be too late?",
            "One in ten, multiplied with itself as often as there are tries. Which power is below one in 10,000, and not equal to it?",
            "The first try costs no round trip, each further one costs one.",
        ),
        Solution(320, "Four round trips of 80 ms."),
        (
            WrongAnswer(120, "raise the loss", "the default"),
            WrongAnswer(310, "raise the loss", "nearly four round trips"),
            WrongAnswer(240, "raise the loss", "four tries give exactly one in 10,000"),
            WrongAnswer(400, "One fewer", "five tries, five round trips"),
        ),
        form=_LATENCY,
    )
)  # fmt: skip

_WAYS = OneOf({"a": "HLS or DASH", "b": "LL-HLS", "c": "LL-DASH", "d": "WebRTC"})
_WAY_OF = {"HLS / DASH": "a", "LL-HLS": "b", "LL-DASH": "c", "WebRTC": "d"}
auction = ROOM.add(
    Exercise(
        "which delivery",
        "predict",
        "An auction for 200 bidders",
        "An auction house streams to 200 bidders in their browsers. Between the auctioneer's word and the bidder's screen there may be half a second. Which delivery fits?",
        decided_by(_WAYS, lambda: _WAY_OF[path.choose(0.5, 200).params["chosen"]], "Half a second leaves no time for a part and its hold-back. And 200 connections are few enough to do without copies in a CDN.", {
            "a": "The hold-back alone is three segments.",
            "b": "Three parts of a third of a second are a second of hold-back, before anything else.",
            "c": "Its buffer is the player's choice, but encode, transcode and a chunk to wait for come first.",
        }),
        (
            "Which terms of the budget are there, whatever the delivery?",
            "Ask for each: how long is its unit, and how many units must it hold back?",
            "How many viewers are too many for one connection each? 200 are not.",
        ),
        Solution("d", "Its unit is a frame, and it needs no playlist."),
        (
            WrongAnswer("a", "three segments", "a CDN is always better"),
            WrongAnswer("b", "a second of hold-back", "low latency is in its name"),
            WrongAnswer("c", "come first", "no rule says how long its buffer is"),
        ),
        form=_WAYS,
    )
)  # fmt: skip


def share_of_stalls(buffer_s: float, mean_s: float) -> float:
    """Give the share of outages that stall, in per cent, by the closed form."""
    return 100 * player.stalled_share(buffer_s, mean_s)
