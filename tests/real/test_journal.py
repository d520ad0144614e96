"""A journal names clock readings by their order."""

from __future__ import annotations

from dslab.real import Journal


def test_timestamps_are_named_by_their_rank() -> None:
    journal = Journal()
    journal.say("reads v1@", 1_700_000_000_000_005)
    journal.say("stops")
    journal.say("commits v2@", 1_700_000_000_000_001)
    assert journal.lines() == ("reads v1@t2", "stops", "commits v2@t1")


def test_a_timestamp_not_heard_of_is_ranked_with_the_others() -> None:
    journal = Journal()
    journal.say("v1@", 10)
    assert (journal.named("v0@", 5), journal.named("v2@", 20)) == ("v0@t1", "v2@t2")
    assert journal.lines() == ("v1@t1",)
