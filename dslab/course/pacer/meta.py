"""What lesson 5 says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="pacer",
    number=5,
    title="Pacer: who may take which job",
    promise="Let eighty claimers fight for ten tables, give each table an owner, then kill the owner, freeze it, and wake it up again.",
    minutes=85,
    objectives=(
        "say why more claimers on the same tables wait longer and do no more, and what the optimum depends on",
        "keep two cures apart: an owner for each partition ends lock waits, the right number of partitions ends empty polls",
        "specify how a broker may claim ahead, so that its death loses nothing and delays nothing for long",
        "tell what a fence in the database stops and what it cannot stop, and name three ways in which one partition is not first in, first out",
    ),
    prerequisites=("what a database transaction and a row lock are", "reading ten lines of Python"),
    key_points=(
        "The dequeue is a claiming UPDATE. Plain reads do not wait for each other; claims of the same rows do.",
        "Ownership removes the waiting. Only the right number of partitions removes the empty polls.",
        "At least once and never lost come together: what is never lost is sometimes done twice.",
        "A fence stops a deposed owner from claiming, not from handing out what it has in memory.",
        "One partition orders the hand-out. Finishing in order takes blocking retries, one at a time, and waiting for what is claimed.",
    ),
    sources=(
        Source("Pacer: Pinterest's New Generation of Asynchronous Computing Platform", "Pinterest", "23 May 2023",
               "https://medium.com/pinterest-engineering/pacer-pinterests-new-generation-of-asynchronous-computing-platform-5c338a15d2a0"),
        Source("pinlater, the open-source code, commit a1e171c", "Pinterest", "12 May 2017", "https://github.com/pinterest/pinlater"),
        Source("How Pinterest Built An Async Compute Platform for Billions of Task Executions", "ByteByteGo", "20 January 2026",
               "https://blog.bytebytego.com/p/how-pinterest-built-an-async-compute"),
    ),
    timetable=(
        ("The article, and the system in one picture", 9),
        ("Act 1: many claimers, ten locks", 11),
        ("Act 2: two problems, two cures", 10),
        ("Act 3: the broker dies", 10),
        ("Act 4: the broker comes back", 11),
        ("Act 5: neighbours", 8),
        ("Break it, for real, claims", 11),
        ("Exercises", 15),
    ),
    real=True,
)  # fmt: skip

WORDS = Glossary(
    {
        "job": "a piece of work in a queue: a row of a table, pending until somebody claims it",
        "table": "where a part of a queue's jobs is stored; Pacer calls it a partition",
        "shard": "a database host; it has a few databases, and in each a table for each priority",
        "claim": "an UPDATE that makes pending rows somebody's; it locks them while it runs",
        "claim descriptor": "a text in the row that names this one claim, and no later one",
        "claim timeout": "after so long without a report a claimed job is pending again",
        "claimer": "a thread of a PinLater server that dequeues for workers",
        "empty poll": "a claim, or a look, that finds no job",
        "broker": "Pacer's dequeue server: the one owner of a partition; it claims ahead and hands out from memory",
        "Helix": "the controller: it appoints the broker of a partition, and another one when its heartbeats end",
        "prefetch": "to have jobs in memory before anybody asks: by a claim (claim ahead) or by a mere read (read ahead)",
        "checkpoint": "what a worker notes in the row, so that the next try need not begin at the beginning",
        "lease": "how long something stays somebody's after he was last heard of",
        "epoch": "the number of an appointment; the next owner's is larger",
        "fence": "the table refuses what carries an older epoch or an older descriptor",
        "to stand still": "to do nothing for a while and not to notice: a long garbage collection, a suspended machine",
        "zombie": "an owner that stood still, was replaced, and does not know",
        "idempotent": "doing it twice changes nothing more than doing it once",
        "schedule": "the order in which messages arrive, timers go off and things break; one run of a scenario",
        "invariant": "a sentence that must hold in every schedule",
        "anomaly": "a way to break: a small scenario and the invariant that a schedule of it violates",
        "referee": "the search that runs schedules until one breaks an invariant",
        "replay token": "a schedule as a short text",
        "mutant": "the system with exactly one bug",
        "surprise": "one place where a schedule departs from what would normally happen next",
    }
)
