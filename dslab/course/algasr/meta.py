"""What lesson 7 says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="algasr",
    number=7,
    title="Town Al-Gasr: a guided tour of nine bugs in office",
    promise="Visit nine ministries, each a distributed-systems bug with a title. See what each reports, measure it from outside, then cure it.",
    minutes=85,
    objectives=(
        "say why three leaders of one register are three registers, and what a majority and a fence each stop",
        "tell data that is merely immutable from data that means the same to every reader",
        "find the circle in a supervision graph that keeps a dead system green, and cut it",
        "compare what a team reports with what is measured from outside, and say which of them can be gamed",
    ),
    prerequisites=("what a replica and a leader are", "reading ten lines of Python"),
    key_points=(
        "A majority decides who may lead; a fence at the resource stops who led before. Neither does the other's work.",
        "A copy that is written beside its source drifts; a copy that is derived from its log catches up.",
        "Evidence must keep the time and the place of its origin. Who stamps it anew keeps the dead alive.",
        "A number counted by those whom it judges measures their effort to please. Count from outside.",
        "Convergence is a property of the merge: commutative, associative and idempotent, or it is luck.",
    ),
    sources=(
        Source("Welcome to Town Al-Gasr", "Murat Demirbas", "January 2026", "https://muratbuffalo.blogspot.com/2026/01/welcome-to-town-al-gasr.html"),
    ),
    timetable=(
        ("The article, and the town in one picture", 9),
        ("Act 1: the Palace", 13),
        ("Act 2: records and branches", 13),
        ("Act 3: the ring of supervision", 11),
        ("Act 4: numbers that please", 11),
        ("Act 5: the whole town", 6),
        ("Break it, claims", 7),
        ("Exercises", 15),
    ),
)  # fmt: skip

WORDS = Glossary(
    {
        "partition": "a cut in the network: no message passes between the sides while it lasts",
        "register": "the one value that a key has; to have three leaders is to have three of it",
        "acknowledged": "the sender was told that the write is safe",
        "last writer wins": "a merge that keeps what the one wrote who wrote last, and drops the rest",
        "Poisson": "at random times, none of which knows of another; a key gets none with chance e^(-mean)",
        "lease": "leadership that ends by itself at a certain time",
        "epoch": "the number of a reign; each grant of leadership gets a larger one",
        "fence": "the resource's own check: it remembers the largest epoch it has seen and refuses smaller ones",
        "quorum": "how many votes a leader needs; two majorities of one town always share a voter",
        "zombie": "a leader that was replaced and does not know it",
        "branch": "what one side wrote while it heard nothing of the others",
        "drift": "two stores that should say the same and do not",
        "outbox": "a list of changes still to be copied, written in the same transaction as the change",
        "fixed point": "a state that a rule no longer changes; one rule can have several",
        "canary": "a stranger who uses the system as a citizen would, and counts for itself",
        "relabel": "to file a failure as something that is not counted",
        "convergence": "when updates stop, all replicas come to the same state",
        "join": "a merge that is commutative, associative and idempotent: order, grouping and repetition do not matter",
        "idempotent": "doing it twice is the same as doing it once",
        "dot": "one write by one writer; a set of dots says what a version's writer had seen",
        "surprise": "one place where a schedule departs from what would normally happen next",
    }
)
