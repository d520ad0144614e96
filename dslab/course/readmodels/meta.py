"""What lesson 9 says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="readmodels",
    number=9,
    title="Rebuilding read models: who may write while the past is replayed",
    promise="Rebuild a read model while events keep coming, find the event that a published design loses, and repair it twice.",
    minutes=85,
    objectives=(
        "find the interleaving in which an append skips, commits late, and its event is in no read model",
        "say what an advisory lock, a status row, a skip record, a fence and a barrier each protect, and what each cannot",
        "predict from the time that transactions are open and the number of writers whether trying for a lock can succeed, and when one must wait",
        "tell what PostgreSQL does with an advisory lock at COMMIT, at ROLLBACK TO SAVEPOINT, in a queue and in a deadlock",
    ),
    prerequisites=("what a database transaction is", "that other transactions see nothing of it before it commits"),
    key_points=(
        "A check and the commit that rests on it are two moments; whoever decided by the check must leave a trace that commits with it.",
        "A transaction lock cannot be gone before its commit, so whoever waits for it exclusively has waited for the commit as well.",
        "One statement sees one snapshot: a status read in the statement that takes the lock can be older than the lock.",
        "A reader that hides young transactions must not take seeing nothing for having read everything.",
        "A try that fails while anybody is there succeeds with (1 - p)^C; a request in the queue is served after the longest hold.",
    ),
    sources=(
        Source("Rebuilding Event-Driven Read Models in a safe and resilient way", "Oskar Dudycz", "5 January 2026",
               "https://event-driven.io/en/rebuilding_event_driven_read_models/"),
        Source("Rebuilding read models: skipped events (the correction)", "Oskar Dudycz", "19 January 2026",
               "https://event-driven.io/en/rebuilding_read_models_skipping_events/"),
        Source("Emmett, commit 6e308790", "event-driven-io", "21 August 2026", "https://github.com/event-driven-io/emmett"),
        Source("Explicit Locking: Advisory Locks", "PostgreSQL Global Development Group", "2025",
               "https://www.postgresql.org/docs/18/explicit-locking.html#ADVISORY-LOCKS"),
    ),
    timetable=(
        ("The article, and the system in one picture", 10),
        ("Act 1: one append beside one rebuild", 13),
        ("Act 2: be the adversary", 12),
        ("Act 3: what it costs under load", 9),
        ("Act 4: try, or wait", 9),
        ("Act 5: nothing left to see", 9),
        ("Break it, for real, claims", 10),
        ("Exercises", 13),
    ),
    real=True,
)  # fmt: skip

WORDS = Glossary(
    {
        "transaction id": "a number that a transaction gets with its first write; they are given out in rising order",
        "read model": "what the events add up to, kept ready for queries: a balance, a list of open orders",
        "inline projection": "the transaction that appends an event updates the read model too",
        "rebuild": "empty a read model and replay the whole log into it",
        "advisory lock": "a lock on a number that only means what the programs that take it agree on; shared or exclusive",
        "status row": "a row that says active or rebuilding, and who owns the rebuild; it survives a crash, a lock does not",
        "checkpoint": "how far the replay has come, committed together with what it applied",
        "xmin rule": "replay only transactions that are older than the oldest one still running, so that none can appear later in between",
        "skip record": "a note, committed with the event, that the event was not applied inline",
        "drain": "apply the skip records that the replay did not cover, and archive them",
        "fence": "a condition in the write itself: do it only if I still own the row",
        "barrier": "at the end of a rebuild, wait for the exclusive lock, and read the tail of the log under it",
        "schedule": "an order in which the steps of all who take part happen",
        "surprise": "a place where a schedule departs from the usual: whoever runs goes on until it must wait or ends, then the next in the list",
        "invariant": "a sentence that must be true after every step",
        "referee": "the search that runs schedules, those with few surprises first, until one breaks an invariant",
    }
)
CURES = ("skip record", "drain", "barrier", "fence")  # what is told only when the reader has found the loss
