"""What lesson 10a says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="concepts",
    number=10,
    part="a",
    title="Twelve concepts, each with its price",
    promise="Take the twelve boxes of a famous diagram apart, break fourteen of their promises, and run one request through all of them.",
    minutes=90,
    objectives=(
        "say for each of the twelve concepts what it buys, what it costs, and which number decides",
        "predict waiting, hit ratio, origin traffic, moved keys and stale time from closed forms",
        "find the order of steps in which a purge, an acknowledgement, a hedge, a probe, a goodbye or a move goes wrong",
        "choose visibility timeout, lease, burst, cool-down and number of points for given limits",
        "tell which concept to miss least in a given minute, by switching each off",
    ),
    prerequisites=("what a server, a request and a database are", "what an average and a 99th percentile are"),
    key_points=(
        "Load balancing: two random choices do nearly what asking everybody does; one queue for all is the bound.",
        "Caching: the workload decides which policy is best, and Che's formula says in advance how often LRU hits.",
        "CDN: what the origin sees is one fetch for each TTL, if caches collapse; a purge must also stop what is on its way.",
        "Queues deliver at least once, topics deliver to everybody; both need a rule for the one that is slow.",
        "Retries, hedges and probes are second attempts; what they reach must know that it has been there before.",
        "A lease is a bet: short ones take the living for dead, long ones send callers to the dead.",
        "Adding a node moves 1 / (n + 1) of the keys at best; modulo moves n / (n + 1).",
        "A control loop that looks again before its last order has arrived orders twice.",
    ),
    sources=(
        Source("EP197: 12 Architectural Concepts Developers Should Know", "ByteByteGo", "January 2026",
               "https://blog.bytebytego.com/p/ep197-12-architectural-concepts-developers"),
        Source("SIEVE is Simpler than LRU (NSDI 2024)", "Yazhuo Zhang and others", "April 2024", "https://www.usenix.org/conference/nsdi24/presentation/zhang-yazhuo"),
        Source("A Fast, Minimal Memory, Consistent Hash Algorithm", "John Lamping, Eric Veach", "June 2014", "https://arxiv.org/abs/1406.2294"),
        Source("The Power of Two Choices in Randomized Load Balancing", "Michael Mitzenmacher", "2001", "https://www.eecs.harvard.edu/~michaelm/postscripts/tpds2001.pdf"),
    ),
    timetable=(
        ("The article, and the system in one picture", 6),
        ("Act 1: near the reader", 16),
        ("Act 2: between services", 14),
        ("Act 3: when something fails", 10),
        ("Act 4: more of everything", 16),
        ("Act 5: all twelve at once", 6),
        ("Break it, claims", 8),
        ("Exercises", 14),
    ),
    real=False,
)  # fmt: skip

WORDS = Glossary(
    {
        "load balancer": "decides which of several servers gets a request",
        "cache": "a small, near copy of what is asked for often; a hit is an answer from it, a miss is not",
        "CDN": "content delivery network: caches at many places (edges), often with one more (a shield) before the origin",
        "message queue": "keeps work until a worker takes it; each message is for one worker",
        "publish-subscribe": "keeps messages for everybody who wants them; each message is for every subscriber",
        "API gateway": "one door to many services: who are you, may you, where to",
        "circuit breaker": "stops calls to what does not answer, and probes now and then whether it does",
        "service discovery": "a list of who is where, kept by heartbeats and leases",
        "sharding": "one table on many machines, each key on one of them",
        "rate limiting": "refuses what is more than agreed",
        "consistent hashing": "key to node so that few keys move when a node comes or goes",
        "auto scaling": "more servers when there is more to do, fewer when there is less",
        "closed form": "a formula that gives the result without a simulation; drawn beside it wherever one exists",
        "99th percentile": "99 of 100 requests take no longer than this",
        "surprise": "one place where a schedule departs from what would normally happen next",
    }
)
