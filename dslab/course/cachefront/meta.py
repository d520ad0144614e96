"""What lesson 2 says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="cachefront",
    number=2,
    title="CacheFront: 150 million rows per second from a cache that can be wrong",
    promise="Break Uber's cache in the ways it has been broken, then find out which defence stops which break.",
    minutes=85,
    objectives=(
        "say why a cache that is filled after a read can go back to an older row, and what two mechanisms together prevent it",
        "tell how long a value is stale from how old it is, and say which of the two a TTL bounds",
        "estimate the database's load from a hit rate, also when a part of the cache is lost",
        "find the shortest schedule that breaks a cache protocol, and say how much was searched when none is found",
    ),
    prerequisites=("what a key-value cache is", "reading ten lines of Python"),
    key_points=(
        "A compare-and-set without a marker compares with nothing; a marker without a compare-and-set stops nobody.",
        "Synchronous invalidation lets a client read its own writes, as long as it does not time out. It is not linearizable.",
        "A TTL bounds how long a wrong row is served, never how old it is.",
        "The better the cache, the deeper the fall when a part of it is gone; spreading the loss is a choice of sharding.",
    ),
    sources=(
        Source("How Uber Serves over 150 Million Reads per Second from Integrated Cache with Stronger Consistency Guarantees", "Uber",
               "26 August 2025", "https://www.uber.com/blog/how-uber-serves-over-150-million-reads/"),
        Source("How Uber Serves Over 40 Million Reads Per Second from Online Storage Using an Integrated Cache", "Uber",
               "15 February 2024", "https://www.uber.com/blog/how-uber-serves-over-40-million-reads-per-second-using-an-integrated-cache/"),
    ),
    timetable=(
        ("The article, and the system in one picture", 10),
        ("Act 1: one write between two reads", 12),
        ("Act 2: be the adversary", 12),
        ("Act 3: how long, and how old", 9),
        ("Act 4: hit rate and load", 9),
        ("Act 5: a tenth of the cache is gone", 8),
        ("Break it, for real, claims", 10),
        ("Exercises", 15),
    ),
    real=True,
)  # fmt: skip

WORDS = Glossary(
    {
        "slot": "what the cache holds for one row: the row, a marker, the note that there is no such row, or nothing",
        "fill": "writing a row that was read from the database into its slot",
        "marker": "a note in the slot that something newer was committed, with its timestamp",
        "compare-and-set": "write only if what is there is not newer: compared and written in one step that nothing can come between",
        "v1@10": "version 1 of a row, committed with timestamp 10",
        "shard": "one of the parts that the rows are divided into; a cluster is one of the parts that Redis is divided into",
        "schedule": "an order in which messages arrive and actors go on; a run follows one",
        "invariant": "a sentence that must be true after every step",
        "referee": "the search that runs schedules until one breaks an invariant",
        "linearizable": "as if there were one copy: once somebody has read the new row, nobody who asks later reads the old one",
        "Flux": "Uber's change data capture: it tails the database's log and writes what it sees to the cache",
        "CDC lag": "the time from a commit until the change feed shows it",
        "TTL": "time to live: after so long a slot counts as empty",
        "late fill": "a fill that left before a write and arrives after it",
        "stale": "older than what the database has",
        "surprise": "one place where a schedule departs from what the model's own timing would do next",
    }
)
