"""HLS playlists: what a stream lists at a moment, the rules, the zoo, and another's parser."""

import re

import pytest

from dslab.concepts.playlists import LADDER, RULES, Stream, check, check_reload, multivariant, names, zoo
from dslab.concepts.playlists.rules import attributes

# A live playlist as RFC 8216 shows one in 8.2, but for the host.
RFC_LIVE = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:8
#EXT-X-MEDIA-SEQUENCE:2680

#EXTINF:7.975,
fileSequence2680.ts
#EXTINF:7.941,
fileSequence2681.ts
#EXTINF:7.975,
fileSequence2682.ts
"""
RFC_SIMPLE = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n\n#EXTINF:9.009,\nfirst.ts\n#EXTINF:9.009,\nsecond.ts\n#EXTINF:3.003,\nthird.ts\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize("target_s", [1, 2, 4, 6])
@pytest.mark.parametrize("part_ms", [0, 250, 333, 1_000])
def test_every_playlist_of_a_stream_keeps_every_rule_also_from_one_to_the_next(target_s, part_ms):
    stream, before = Stream(target_s, 4, part_ms, breaks=(3, 4, 9)), None
    for now in range(part_ms or target_s * 1_000, 60_000, 250):
        text = stream.playlist(now)
        assert check(text, should=True) == []
        assert before is None or check_reload(before, text) == []
        before = text


def test_media_sequence_counts_what_has_left():
    stream = Stream(target_s=4, window=5)
    assert [stream.media_sequence(second * 1_000) for second in (4, 20, 24, 60)] == [0, 0, 1, 10]


def test_a_window_slides_by_one_segment_a_target_duration():
    stream = Stream(target_s=4, window=3)
    listed = (
        re.findall(r"720p/(\d+)\.m4s", stream.playlist(40_000)),
        re.findall(r"720p/(\d+)\.m4s", stream.playlist(44_000)),
    )
    assert listed == (["7", "8", "9"], ["8", "9", "10"])


def test_discontinuity_is_counted_when_it_has_left_and_not_before():
    stream = Stream(target_s=4, window=4, breaks=(5,))
    assert [stream.discontinuity_sequence(second * 1_000) for second in (24, 36, 40)] == [0, 0, 1]
    assert "#EXT-X-DISCONTINUITY\n" in stream.playlist(36_000)
    assert "#EXT-X-DISCONTINUITY\n" not in stream.playlist(40_000)


def test_a_file_is_kept_for_its_duration_and_the_longest_playlist():
    """RFC 8216, 6.2.2: four seconds and four times four."""
    stream = Stream(target_s=4, window=4)
    assert stream.leaves_ms(7) == 48_000  # complete at 32 s, and four more segments after it
    assert stream.kept_until_ms(7) - stream.leaves_ms(7) == 20_000


def test_part_is_ready_when_it_is_complete_and_the_last_one_ends_with_its_segment():
    stream = Stream(target_s=4, window=4, part_ms=1_500)
    assert stream.parts == 3
    assert [stream.ready_ms(2, part) for part in range(3)] == [9_500, 11_000, 12_000]
    assert stream.ready_ms(2) == 12_000


def test_hint_names_the_part_that_the_next_playlist_lists():
    stream = Stream(target_s=4, window=4, part_ms=500)
    hinted = re.search(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([^"]+)"', stream.playlist(41_500))[1]
    assert f'URI="{hinted}"' in stream.playlist(42_000).partition("#EXT-X-PRELOAD-HINT")[0]
    assert hinted == "720p/10.3.m4s"


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"target_s": 0}, "target_s is 0"),
        ({"target_s": 2.5}, "whole seconds"),
        ({"window": 2}, "at least 3 segments"),
        ({"part_ms": 50}, "a part lasts 100 to 4000 ms"),
    ],
)
def test_stream_that_breaks_a_rule_is_refused_in_a_sentence(how, says):
    with pytest.raises(ValueError, match=says):
        Stream(**how)


def test_playlist_before_anything_is_complete_is_refused():
    with pytest.raises(ValueError, match="the first playlist is there at 4000 ms"):
        Stream().playlist(3_999)


@pytest.mark.parametrize(
    "text", [RFC_LIVE, RFC_SIMPLE.replace("#EXT-X-TARGETDURATION", "#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION")]
)
def test_the_specifications_own_examples_keep_the_rules(text):
    assert check(text) == []


def test_the_specifications_live_example_is_a_tenth_of_a_second_shorter_than_its_own_rule():
    """7.975 + 7.941 + 7.975 = 23.891 s are listed under a target duration of 8 s."""
    (broken,) = check(RFC_LIVE, should=True)
    assert broken.rule == "SHORT" and "23.891 s are listed; three target durations are 24 s" in broken.what


def test_example_without_version_breaks_only_the_version():
    assert names(check(RFC_SIMPLE)) == {"VERSION"}


@pytest.mark.parametrize("kind", ["media", "reload", "variants"])
def test_good_texts_of_the_zoo_break_nothing(kind):
    assert check(zoo.texts()[kind], should=True) == []


def test_good_reload_of_the_zoo_breaks_nothing():
    assert check_reload(zoo.texts()["media"], zoo.texts()["reload"]) == []


@pytest.mark.parametrize("name", zoo.BUGS)
def test_bug_is_caught_by_its_rule_and_by_no_other(name):
    assert names(zoo.found(name)) == {zoo.BUGS[name].rule}


def test_bug_in_a_reload_is_not_seen_in_its_text_alone():
    for name in ("target grows", "sequence from 0", "discontinuity not counted", "sequence stands still"):
        assert check(zoo.spoilt(name)) == []


def test_every_rule_has_a_bug_that_breaks_it():
    elsewhere = {"ENDED", "SHORT"}  # a reload of a stream that ended; the specification's own example
    assert {bug.rule for bug in zoo.BUGS.values()} == set(RULES) - elsewhere


def test_nothing_is_added_after_the_end():
    ended = RFC_LIVE + "#EXT-X-ENDLIST\n"
    added = RFC_LIVE + "#EXTINF:7.975,\nfileSequence2683.ts\n#EXT-X-ENDLIST\n"
    assert names(check_reload(ended, added)) == {"ENDED"}
    assert check_reload(RFC_LIVE, added) == []


@pytest.mark.parametrize(
    ("hold", "rules"),
    [("1.500", set()), ("1.000", {"PART_HOLD_BACK_3"}), ("0.999", {"PART_HOLD_BACK", "PART_HOLD_BACK_3"})],
)
def test_two_parts_of_hold_back_must_be_and_three_should(hold, rules):
    text = Stream(4, 4, 500).playlist(40_000).replace("PART-HOLD-BACK=1.500", f"PART-HOLD-BACK={hold}")
    assert names(check(text, should=True)) == rules


@pytest.mark.parametrize(
    ("lasts", "rules"), [("0.425", set()), ("0.424", {"PART_FULL"}), ("0.501", {"PART_KEPT"})]
)
def test_a_part_in_the_middle_lasts_85_to_100_per_cent(lasts, rules):
    text = (
        Stream(4, 4, 500)
        .playlist(40_000)
        .replace('DURATION=0.500,URI="720p/8.3', f'DURATION={lasts},URI="720p/8.3')
    )
    assert names(check(text)) == rules


def test_last_part_of_a_segment_and_an_independent_one_may_be_short():
    text = Stream(4, 4, 500).playlist(40_000)
    for part in ("8.0", "8.7"):
        assert (
            check(text.replace(f'DURATION=0.500,URI="720p/{part}', f'DURATION=0.100,URI="720p/{part}')) == []
        )


@pytest.mark.parametrize(("lasts", "rules"), [("4.499", set()), ("4.500", {"TARGET_KEPT"})])
def test_segment_is_rounded_before_it_is_compared(lasts, rules):
    text = Stream(4, 4).playlist(40_000).replace("#EXTINF:4.000", f"#EXTINF:{lasts}", 1)
    assert names(check(text)) == rules


def test_parts_of_old_segments_should_not_be_listed():
    text = Stream(4, 5, 1_000).playlist(40_000)
    old = text.replace(
        "#EXTINF:4.000,\n720p/5.m4s",
        '#EXT-X-PART:DURATION=1.000,URI="720p/5.0.m4s",INDEPENDENT=YES\n#EXTINF:4.000,\n720p/5.m4s',
    )
    assert check(old) == []
    assert names(check(old, should=True)) == {"PARTS_NEAR_END"}


def test_broken_rule_names_the_line():
    text = Stream(4, 4).playlist(40_000).replace("#EXTINF:4.000", "#EXTINF:9.000", 1)
    (broken,) = check(text)
    assert text.splitlines()[broken.line - 1] == "#EXTINF:9.000,"
    assert broken.describe().startswith(f"line {broken.line}: 720p/6.m4s lasts 9 s")


def test_attributes_keep_commas_inside_quotes():
    assert (
        attributes('BANDWIDTH=1,CODECS="avc1.640028,mp4a.40.2",AUDIO="sound"')["CODECS"]
        == "avc1.640028,mp4a.40.2"
    )


def test_peak_is_above_average_on_every_rung():
    for line in re.findall(r"#EXT-X-STREAM-INF:(.*)", multivariant()):
        rung = attributes(line)
        assert int(rung["BANDWIDTH"]) > int(rung["AVERAGE-BANDWIDTH"])
    with pytest.raises(ValueError, match="no rung"):
        multivariant(())


# -- another's parser -----------------------------------------------------------------------------------


def test_m3u8_reads_the_numbers_of_the_media_playlist():
    m3u8 = pytest.importorskip("m3u8")
    stream = Stream(target_s=4, window=4, part_ms=500, breaks=(5,))
    media = m3u8.loads(stream.playlist(41_500))
    assert (media.target_duration, media.media_sequence, media.discontinuity_sequence) == (4, 6, 1)
    assert [segment.uri for segment in media.segments if segment.uri] == [
        f"720p/{number}.m4s" for number in (6, 7, 8, 9)
    ]
    assert (
        media.part_inf.part_target,
        media.server_control.part_hold_back,
        media.server_control.can_block_reload,
    ) == (0.5, 1.5, "YES")
    assert not media.is_endlist and not media.is_variant


def test_m3u8_reads_the_ladder():
    m3u8 = pytest.importorskip("m3u8")
    ladder = m3u8.loads(multivariant())
    assert ladder.is_variant
    assert [(each.uri, each.stream_info.resolution) for each in ladder.playlists] == [
        (f"{rung.name}.m3u8", (rung.width, rung.height)) for rung in LADDER
    ]
    assert [media.group_id for media in ladder.media] == ["sound"]


def test_what_m3u8_writes_again_keeps_the_rules():
    """Its text has another order of tags than ours: the rules must not hang on ours."""
    m3u8 = pytest.importorskip("m3u8")
    assert check(m3u8.loads(Stream(4, 4, 500, (5,)).playlist(36_000)).dumps()) == []
    assert check(m3u8.loads(multivariant()).dumps()) == []
