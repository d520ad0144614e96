"""What lesson 10c says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

META = LessonMeta(
    lesson="elections",
    number=10,
    part="c",
    title="Leader election: five ways to choose one, and what none of them gives you",
    promise="Kill, freeze and cut off the leader of five algorithms; count what its replacement costs, find two leaders at once, and learn what stops the old one.",
    minutes=85,
    objectives=(
        "say what Bully and the ring assume about time, and show with a partition what happens when it does not hold",
        "count the messages of an election by hand, and say which part of the sum grows with the square of the nodes",
        "choose timeouts for Raft, and explain split votes and what five milliseconds of chance do to them",
        "state Raft's three rules of the log (vote, append, commit) and give a schedule that each of them prevents",
        "explain why an elected leader still needs a fence, and place it",
    ),
    prerequisites=("what a replica and a message are", "reading ten lines of Python"),
    key_points=(
        "Nobody can tell a dead leader from a slow one. Every election begins with a guess, a timeout.",
        "Bully and the ring turn silence into death; in a partition each side elects. A quorum is what stops that.",
        "One vote in a term, stored, and a majority: two leaders of one term would share a voter. Leaders of different terms can act at the same time.",
        "Random timeouts make split votes unlikely, never impossible. The range has to be wide against the time a request takes.",
        "The vote rule and the commit rule are one rule in two halves: who can win has all that was committed.",
        "An election chooses a leader for an epoch. That only this leader acts is the work of the resource, with a fence.",
    ),
    sources=(
        Source("EP197: 12 Architectural Concepts Developers Should Know", "ByteByteGo", "January 2026", "https://blog.bytebytego.com/p/ep197-12-architectural-concepts-developers"),
        Source("In Search of an Understandable Consensus Algorithm (extended version)", "Ongaro, Ousterhout", "2014", "https://raft.github.io/raft.pdf"),
    ),
    timetable=(
        ("The article, and five elections in one picture", 8),
        ("Act 1: who is the leader now?", 14),
        ("Act 2: counting messages", 10),
        ("Act 3: five milliseconds of chance", 13),
        ("Act 4: who may win, what is safe", 12),
        ("Act 5: a service, a herd and a fence", 11),
        ("Break it, claims", 7),
        ("Exercises", 10),
    ),
)  # fmt: skip

WORDS = Glossary(
    {
        "leader": "the one node that is allowed to decide, for a while",
        "suspicion": "a timeout ran out and nothing was heard; the leader may be dead, slow, or cut off",
        "heartbeat": "a message that says nothing but: I am still here",
        "reign": "the time from when a node begins to lead until it stops",
        "term": "Raft's number of a reign or of a failed try; it only grows. Paxos says ballot, other systems epoch",
        "quorum": "so many nodes that any two such groups share one; a majority is the usual one",
        "majority": "more than half of all nodes, dead ones included: 3 of 5, 3 of 4",
        "partition": "the network falls into sides that hear nothing of each other",
        "split vote": "several candidates share the votes, and none has a majority",
        "log": "the numbered list of what leaders decided; each entry carries the term it was made in",
        "committed": "stored by a majority under the rules, so that no later leader can lack it",
        "session": "the time for which a service takes a client for alive; heartbeats prolong it",
        "znode": "an entry in ZooKeeper's tree; an ephemeral one goes when its session ends",
        "herd": "everybody who is woken for a place that only one of them can have",
        "fence": "the resource's own check: it remembers the largest epoch it has seen and refuses smaller ones",
        "zombie": "a leader that was replaced and does not know it",
        "surprise": "one place where a schedule departs from what would normally happen next",
    }
)
