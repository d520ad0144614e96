"""What lesson 4 says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="rdg",
    number=4,
    title="Real-Time Distributed Graph: 150 billion edges that nobody may join",
    promise="Build Netflix's graph from a stream, break it by order, crash and width, and count what a walk costs.",
    minutes=85,
    objectives=(
        "say why one job for all topics fails, and what a job for each topic isolates",
        "compute how many writes a dedup window saves, and for which keys it saves none",
        "make writes to a store safe against late, doubled and reordered input, and say which metadata that needs",
        "lay out a graph in a two-level map, and give the round trips and items of a walk in either layout",
    ),
    prerequisites=("what a topic of a message log such as Kafka is", "reading ten lines of Python"),
    key_points=(
        "One job for all topics gives every topic the lag of the worst one; a job for each topic isolates them.",
        "A dedup window turns 1 + rate × window updates into one record: it helps hot keys and hardly any others.",
        "Event time, a tie-breaker and idempotent upserts make the order and the number of arrivals irrelevant.",
        "A walk by level costs one round trip for each page of a level; the newest edges of a wide record cost all of it.",
        "Two namespaces are not written together: a half-written edge is repaired later, not prevented.",
    ),
    sources=(
        Source("How and Why Netflix Built a Real-Time Distributed Graph: Part 1, Ingesting and Processing Data Streams at Internet Scale", "Netflix",
               "17 October 2025", "https://netflixtechblog.com/how-and-why-netflix-built-a-real-time-distributed-graph-part-1-ingesting-and-processing-data-80113e124acc"),
        Source("High-Throughput Graph Abstraction at Netflix: Part I", "Netflix", "29 May 2026", "https://netflixtechblog.com/"),
        Source("How and Why Netflix Built a Real-Time Distributed Graph: Part 3", "Netflix", "August 2026", "https://netflixtechblog.com/"),
        Source("Introducing Netflix's Key-Value Data Abstraction Layer", "Netflix", "18 September 2024",
               "https://netflixtechblog.com/introducing-netflixs-key-value-data-abstraction-layer-1ea8a0a11b30"),
    ),
    timetable=(
        ("The article, and the system in one picture", 10),
        ("Act 1: one job for all topics", 9),
        ("Act 2: the dedup window", 9),
        ("A stream of 200,000 actions", 6),
        ("Act 3: a record that grows", 9),
        ("Act 4: a walk by level", 9),
        ("Act 5: half an edge", 9),
        ("Break it, for real, claims", 10),
        ("Exercises", 14),
    ),
    real=True,
)  # fmt: skip

WORDS = Glossary(
    {
        "property graph": "nodes and edges, each with a type and with properties",
        "topic": "a named log of messages; a reader's place in it is its offset",
        "job": "a program that reads a topic and hands on nodes and edges; Netflix runs Flink jobs",
        "checkpoint": "what a job keeps so that it can go on after a crash: its offset and its open windows",
        "event time": "when something happened, not when the message of it arrived; here also the version of a write",
        "watermark": "the event time before which nothing more is expected, though something may still come",
        "dedup window": "how long a job waits after a key's first update before it hands on the newest",
        "KVDAL": "Netflix's key-value abstraction: record id to sorted items, on Cassandra, EVCache and others",
        "namespace": "a logical table of the abstraction; one for each type of node and edge",
        "upsert": "a write that inserts an item or replaces it, so that doing it twice is doing it once (idempotent)",
        "last-write-wins": "of two writes of one item the one with the later event time stays",
        "tombstone": "what a delete leaves: no value, but a version, so that an older write stays out",
        "adjacency": "the edges of one node, kept in one record",
        "page": "a part of a record that one call returns; 100 items at Netflix",
        "LATEST, ANY": "which edges a caller wants where there are more than the limit: the newest, or the first that are found",
        "lookback": "older edges than so many days are left out of a walk",
        "round trip": "a call and its answer, before which the next call cannot go out",
        "entropy repair": "writing half-written edges again until both directions are there",
        "AIMD": "additive increase, multiplicative decrease: one more call at a time, 0.7 times as many on trouble",
        "referee": "the part of this course that runs a scenario in every order that can happen and tests what must hold",
        "invariant": "what must hold: after every step, or at rest, when nothing is on its way any more",
        "schedule": "one order in which the steps of a scenario happen",
        "surprise": "one place where a schedule departs from what would normally happen next",
    }
)
