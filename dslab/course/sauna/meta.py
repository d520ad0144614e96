"""What lesson 6 says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="sauna",
    number=6,
    title="The Sauna Algorithm: surviving without a clock",
    promise="Stay long enough in a sauna without a watch, find out how the trick fails, and take it from there to the logical clocks that distributed systems use.",
    minutes=85,
    objectives=(
        "prove a lower bound on time from two happened-before edges, and say why no upper bound follows",
        "tell an endless chain of waiting from a true cycle in a waits-for graph",
        "say what Lamport, vector and hybrid clocks can and cannot tell of two events",
        "say what a causal broadcast guarantees, and how a back channel or one vector too few defeats it",
    ),
    prerequisites=("what a message between two processes is", "reading ten lines of Python"),
    key_points=(
        "Anchor on an event that happens after yours: then its whole duration lies inside yours, whatever the clocks and messages do.",
        "Heard of later is not happened later; a notice must carry the proof of its order.",
        "If everybody follows, nobody holds the clock: one rule then never ends, the other ends at once.",
        "A smaller Lamport number is no cause; concurrent needs a vector to be seen.",
        "Order is kept only for what is tracked: a back channel breaks it, and a dot keeps apart what one vector lumps together.",
    ),
    sources=(
        Source("The Sauna Algorithm: Surviving Asynchrony Without a Clock", "Murat Demirbas", "8 January 2026",
               "https://muratbuffalo.blogspot.com/2026/01/the-sauna-algorithm-surviving.html"),
    ),
    timetable=(
        ("The article, and the system in one picture", 8),
        ("Act 1: whom to follow", 13),
        ("Act 2: a crowd that follows", 9),
        ("Act 3: a room that is full", 11),
        ("Act 4: three clocks on one run", 13),
        ("Act 5: what is kept in order", 9),
        ("Break it, for real, claims", 10),
        ("Exercises", 12),
    ),
    real=True,
)  # fmt: skip

WORDS = Glossary(
    {
        "follower": "somebody who cannot tell time, and leaves when somebody else does",
        "anchor": "the person whose exit a follower waits for",
        "happened before": "earlier on the same lane, or the send of what was received, or a chain of these",
        "concurrent": "neither happened before the other, so neither can have caused the other",
        "safety": "nothing bad happens: nobody leaves too early",
        "liveness": "something good happens at last: everybody leaves",
        "waits-for graph": "an arrow from everybody who waits to those who could end the waiting",
        "referee": "the search that runs the schedules of a scenario and looks for one that breaks an invariant",
        "schedule": "one order in which what can happen does happen",
        "invariant": "a sentence that must be true in every schedule, written in capitals",
        "attendant": "a person with a watch who comes in again and again after closing time, so that somebody always follows",
        "received, delivered": "a message that has arrived is received; only when a rule lets it through is it delivered, that is, read",
        "↩": "the door's reply to somebody who came in or went out",
        "witness": "the list of those whom a newcomer found inside: the proof that it came after them",
        "sibling": "one of several values that a store keeps because it cannot tell that one replaced another",
        "dot": "the name of one single write: the server and a count",
        "surprise": "one place where a schedule departs from what would normally happen next",
    }
)
