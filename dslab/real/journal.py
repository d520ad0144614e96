"""A journal of a real run that reads the same every time: clock readings become t1, t2, t3."""

from __future__ import annotations


class Journal:
    """Sentences in the order in which they were said; an "@" in one stands for its timestamp.

    Real timestamps differ from run to run; their order is what a race is about. So each is named by its rank among all
    that the journal has heard of. May be used by several threads.
    """

    def __init__(self) -> None:
        self._said: list[tuple[str, int | None]] = []

    def say(self, sentence: str, timestamp: int | None = None) -> None:
        """Add a sentence, "writer: commits v2@", and what "@" stands for (any integer that orders, say microseconds)."""
        self._said.append((sentence, timestamp))

    def lines(self) -> tuple[str, ...]:
        """Give all sentences, each "@" as "@t1", "@t2" ..."""
        ranks = self._ranks()
        return tuple(
            sentence if timestamp is None else sentence.replace("@", f"@t{ranks[timestamp]}")
            for sentence, timestamp in self._said
        )

    def named(self, sentence: str, timestamp: int) -> str:
        """Give one sentence with its "@" named as in `lines`; a timestamp not heard of is ranked with the others."""
        return sentence.replace("@", f"@t{self._ranks(timestamp)[timestamp]}")

    def _ranks(self, *more: int) -> dict[int, int]:
        """Number the timestamps from 1 in their order."""
        known = sorted({timestamp for _, timestamp in self._said if timestamp is not None} | set(more))
        return {timestamp: rank for rank, timestamp in enumerate(known, start=1)}
