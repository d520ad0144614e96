"""What lesson 3 says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="zanzibar",
    number=3,
    title="Zanzibar: who may see what, asked ten million times a second",
    promise="Run an authorization engine tuple by tuple, let a removed colleague back in, and find out which mechanism keeps him out.",
    minutes=90,
    objectives=(
        "write relation tuples and rewrites for a policy, and say which tuples one check reads",
        "build both forms of the new-enemy problem, and say what commit wait, snapshots and zookies each contribute",
        "say why a cache keyed by snapshot needs no invalidation, and compute its hit ratio from rate and quantum",
        "decide when an index of groups is worth its entries, and keep it right when members are removed",
    ),
    prerequisites=("what a directed graph is", "reading ten lines of Python"),
    key_points=(
        "A tuple says who is related to what; a rewrite says what follows from it. A check walks from the object towards the user.",
        "A zookie is only a lower bound on freshness. It comes from a check at the newest snapshot and is stored together with the content.",
        "All reads of a check use one snapshot, and timestamps respect who knew of whom; without either, grants appear that never existed.",
        "Results keyed by snapshot never become wrong, only unused; rounding up lets many questions share one, and a lock table lets one compute.",
        "An index turns deep groups into one intersection; removals since its build must be in it, too.",
    ),
    sources=(
        Source("Zanzibar: Google's Consistent, Global Authorization System", "Pang and others, USENIX ATC 2019", "July 2019",
               "https://www.usenix.org/conference/atc19/presentation/pang"),
    ),
    timetable=(
        ("The article, and the system in one picture", 10),
        ("Act 1: what a check reads", 14),
        ("Act 2: the new enemy", 12),
        ("Act 3: be the adversary", 8),
        ("Act 4: a hot object", 11),
        ("Act 5: deep groups", 8),
        ("Break it, claims", 9),
        ("Exercises", 18),
    ),
    real=False,
)  # fmt: skip

WORDS = Glossary(
    {
        "tuple": "object#relation@user: this user has this relation to this object",
        "userset": "object#relation: everybody who has that relation; it can stand where a user stands",
        "rewrite": "the rule by which a relation follows from tuples and from other relations",
        "namespace": "a kind of objects, with its relations and their rewrites; also the database that holds their tuples",
        "check": "is this user in this userset?",
        "snapshot": "all tuples as they were at one moment",
        "zookie": "a text that stands for a timestamp: answer from this snapshot or a later one",
        "content-change check": "a check at the newest snapshot, whose zookie is stored with the new content",
        "new enemy": "somebody who lost access and then gets what was added after that",
        "commit wait": "answering a write only when its timestamp has surely passed",
        "quantum": "the step to which snapshot timestamps are rounded up",
        "lock table": "the questions that are being computed; whoever asks one of them waits for the answer",
        "Leopard": "Zanzibar's index of groups: ordered lists that are intersected",
        "surprise": "one place where a schedule departs from what would normally happen next",
    }
)
