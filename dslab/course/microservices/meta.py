"""What lesson 1 says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="microservices",
    number=1,
    title="The price of a network call",
    promise="Check an article's arithmetic, then find out what a call between processes really costs: time, availability, and a storm that stays.",
    minutes=85,
    objectives=(
        "tell work from tax in the time of a request, and compare two architectures that do the same work",
        "use Little's law and Erlang C to say what a pool can carry and what cutting it into parts costs",
        "say why a request that waits for many parts meets the slow ones, and what a hedge costs and saves",
        "explain how retries keep a server overloaded after the cause is gone, and name what ends it",
        "find the shortest schedule in which a call between two processes goes wrong, and say how much was searched",
    ),
    prerequisites=("what an HTTP request is", "what a mean and a percentile are", "reading ten lines of Python"),
    key_points=(
        "Charge the same work to both sides before you compare; what is left is the tax of the edges.",
        "A pool carries connections divided by hold time; whoever holds one while calling somebody else empties it.",
        "Percentiles do not add: who waits for a hundred parts waits for the slowest of them.",
        "A retry storm outlives its cause, because the server works for callers who have given up.",
        "A process boundary has a price in time, availability and memory; an organisation may still have a reason to pay it.",
    ),
    sources=(
        Source("Microservices Are Killing Your Performance (And Here's the Math)", "Polliog, dev.to", "14 January 2026", "https://dev.to/polliog/microservices-are-killing-your-performance-and-heres-the-math-21op"),
        Source("Metastable Failures in the Wild", "Huang and others, OSDI", "July 2022",
               "https://www.usenix.org/conference/osdi22/presentation/huang-lexiang"),
    ),
    timetable=(
        ("The article, and the system in one picture", 12),
        ("Act 1: what a call costs", 14),
        ("Act 2: a pool is a line", 10),
        ("Act 3: the slowest of a hundred", 10),
        ("Act 4: the storm that stays", 12),
        ("Break it, for real, claims", 12),
        ("Exercises", 15),
    ),
    real=True,
)  # fmt: skip

WORDS = Glossary(
    {
        "edge": "a call from one service to another, with all that it costs beside the work",
        "work": "what a call computes, wherever it runs",
        "tax": "what an edge costs beside the work: serialization, network, a new connection",
        "monolith": "one process that does all of it",
        "modular monolith": "one process whose parts call each other through interfaces only",
        "hard dependency": "a service without whose answer the request fails; a soft one can be left out",
        "hold time": "how long one request keeps a connection of a pool",
        "utilisation": "the share of its time in which a server or a connection is busy",
        "p99": "the time that 99 % of the requests do not exceed",
        "hedge": "a second copy of a call, sent to another replica when the first is late",
        "goodput": "requests per second that are answered while their caller still waits",
        "dead work": "work for a caller who has given up",
        "metastable": "still broken after the cause is gone",
        "surprise": "one place where a schedule departs from what would normally happen next",
    }
)
