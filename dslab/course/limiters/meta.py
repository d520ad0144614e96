"""What lesson 10b says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="limiters",
    number=10,
    part="b",
    title="Rate limiters: what “100 per minute” lets through",
    promise="Flood seven rate limiters, find by search the most that each lets through in any minute, and hold one in Lua against its model.",
    minutes=85,
    objectives=(
        "say what each of the usual rate limiters promises about any minute, not only about the minutes that it counts",
        "choose the size and the refill of a token bucket for a limit that must hold",
        "tell a limiter that refuses from one that makes requests wait, and say what the wait costs",
        "name the conventions that make two limiters with the same settings decide differently",
        "say what several edges, several clocks and a read before a write do to a limit",
    ),
    prerequisites=("what a request and a server are", "reading ten lines of Python"),
    key_points=(
        "A limit per minute holds for the minutes that are counted. Ask what holds for a minute that begins anywhere.",
        "Fixed window 2L, sliding counter 2L - 1, bucket B + L - 1, log L: the numbers a limiter remembers buy what it can promise.",
        "Token bucket, leaky meter and GCRA are one limiter in three clothes; choose B for what may pass at once, r for the long run.",
        "A queue refuses later and delays everybody: up to places / rate, and for as long as requests come at the rate.",
        "Who counts, by whose clock, and whether reading and writing are one step decide more than the algorithm does.",
    ),
    sources=(
        Source("EP197: 12 Architectural Concepts Developers Should Know", "ByteByteGo", "January 2026",
               "https://blog.bytebytego.com/p/ep197-12-architectural-concepts-developers"),
        Source("How we built rate limiting capable of scaling to millions of domains", "Julien Desgats, Cloudflare", "7 June 2017",
               "https://blog.cloudflare.com/counting-things-a-lot-of-different-things/"),
    ),
    timetable=(
        ("The article, and the system in one picture", 8),
        ("Act 1: windows and their borders", 12),
        ("Act 2: two numbers for a log", 10),
        ("Act 3: three buckets that are one", 13),
        ("Act 4: waiting instead of refusing", 8),
        ("Act 5: several edges", 9),
        ("Break it, for real, claims", 11),
        ("Exercises", 14),
    ),
    real=True,
)  # fmt: skip

WORDS = Glossary(
    {
        "limit": "how many requests may pass in a window; written L, and 100 a minute in most of this lesson",
        "window": "a stretch of time for which a limiter counts; written W",
        "any minute": "the 60 s from any moment on: its beginning counts, its end belongs to the next",
        "burst": "many requests at one moment; B is how many of them a full bucket lets pass",
        "rate": "what passes in the long run: r = L / W",
        "flood": "far more requests than the limit, without a pause",
        "token": "the right to one request; a bucket holds some, and a request takes one",
        "GCRA": "generic cell rate algorithm: a bucket remembered as the moment when it will be full again",
        "interval": "the time between two requests at the rate: T = W / L",
        "meter": "a leaky bucket that refuses what does not fit; the other leaky bucket is a queue",
        "edge": "a server in front that decides; there are several of them",
        "convention": "what is decided where a description is silent: is the end of a window in it, are fractions kept, what does a refusal cost",
        "schedule": "when how many requests come",
        "surprise": "something that the adversary lets happen: requests that come now, a message that is late",
        "base": "the design in which every mechanism of the table is on: a bucket with B = 1, in one store, by its clock, in one step",
    }
)
