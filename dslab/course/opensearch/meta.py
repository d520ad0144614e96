"""What lesson 8 says of itself, and its words."""

from dslab.teach import Glossary, LessonMeta, Source

REPOSITORY = "https://github.com/opensearch-project/opensearch-k8s-operator"
META = LessonMeta(
    lesson="opensearch",
    number=8,
    title="The OpenSearch operator: a loop that deletes your pods, carefully",
    promise="Restart, upgrade and shrink a search cluster with the guards of three real releases, and find out which guard saves it from the operator itself.",
    minutes=90,
    objectives=(
        "trace why an operator that looks at one pool at a time took down all managers, and name the single change that stops it",
        "tabulate a quorum guard for any number of managers: what it blocks for ever, and what it lets through",
        "explain why a rolling upgrade can wait for ever at yellow, and state what an exception from green must keep",
        "write a restart policy for a control loop and let a referee search it",
    ),
    prerequisites=("what a pod and a StatefulSet are, roughly", "what a majority vote is", "reading ten lines of Python"),
    key_points=(
        "Pools are how people write clusters down; a quorum does not care about pools. A guard must count over all of them.",
        "The strongest guard was not the quorum guard but the gate before it: every pod of every pool is ready.",
        "A guard that waits without saying why turns an unsafe step into a stuck one. Being stuck is a failure too.",
        "Waiting for green is wrong where green cannot come; the exception must leave every shard a copy that stays.",
        "A loop that writes down what it is doing, and cleans up after itself, may die anywhere.",
    ),
    sources=(
        Source("OpenSearch Kubernetes Operator 3.0: Stability and Resilience Finally Delivered", "BigData Boutique", "January 2026"),
        Source("opensearch-k8s-operator v3.0.0-alpha, the source of the reconcilers (commit b7376be9)", "OpenSearch project",
               "26 January 2026", f"{REPOSITORY}/tree/v3.0.0-alpha"),
        Source("Incorrect rolling restart of master nodes logic due to availability zone setup (issue 650)", "OpenSearch project",
               "27 October 2023", f"{REPOSITORY}/issues/650"),
        Source("Rolling restart deadlocks forever on single-master clusters (issue 1449)", "OpenSearch project", "7 July 2026",
               f"{REPOSITORY}/issues/1449"),
    ),
    timetable=(
        ("The article, and the system in one picture", 10),
        ("Act 1: one change of configuration", 12),
        ("Act 2: be Kubernetes", 10),
        ("Act 3: the guard, from one to nine", 10),
        ("Act 4: the upgrade that waits for green", 12),
        ("Act 5: your own manifest", 8),
        ("Break it, claims", 13),
        ("Exercises", 15),
    ),
    real=False,
)  # fmt: skip

WORDS = Glossary(
    {
        "operator": "a program in a Kubernetes cluster that compares what is asked for with what is there, and acts, in a loop",
        "manager": "an OpenSearch node that votes; a majority of them must run for the cluster to do anything (in old manifests: master)",
        "node pool": "pods of one shape in the manifest; the operator makes one StatefulSet of each, which keeps pods pool-0, pool-1 ... there",
        "revision": "what a pod is made from: a version and a configuration; a pod that runs keeps its own until it is deleted",
        "pass": "one run of the operator's loop through its parts; the first part that waits ends it",
        "guard": "the rule that asks whether enough managers are ready before one is deleted",
        "gate": "a rule that must be open before any pod is deleted: all pods ready, the cluster green",
        "quorum": "a majority of the managers: floor(N / 2) + 1 of N",
        "primary, replica": "the copy of a shard that takes the writes first, and a further copy of it on another node",
        "green, yellow, red": "every copy of every shard is started; every primary is; not even that",
        "allocation: primaries": "a setting of the cluster: until it is set back to “all”, only primaries are given a node",
        "exclude": "put a node on the list of those that get no copies and must give away what they have",
        "drain": "exclude a node and wait until it is empty",
        "SmartScaler": "the part of the operator that drains a node before it takes it away",
        "bootstrap pod": "a pod that holds the first election and then goes",
        "leaderless": "fewer managers vote than a quorum: nothing can be written, no shard moves, no pod counts as ready",
        "referee": "a program that runs a scenario again and again, each time in another order, and asks whether an invariant breaks",
        "invariant": "a sentence that must be true in every run, such as QUORUM_KEPT",
        "schedule": "one order in which everything in a scenario happens",
        "surprise": "one place where a schedule departs from what would normally happen next",
    }
)
