"""A second engine to compare with: the least fixed point, in Kleene's sense, of all nodes at once. Slow, and short enough to trust.

Every node begins as unknown. All rewrites are evaluated over and over, with the answers of the round before, until nothing changes.
"""

from dslab.zanzibar.rewrites import Arrow, Computed, Exclusion, Intersection, Nil, This
from dslab.zanzibar.tuples import kind_of, type_of

NO, UNKNOWN, YES = 0, 1, 2


def members(schema, tuples, user):
    """Give {(object, relation): NO, UNKNOWN or YES} for every object that stands anywhere."""
    things = {t.object for t in tuples} | {t.user.split("#")[0] for t in tuples} | {user.split("#")[0]}
    nodes = [
        (thing, name)
        for thing in sorted(things)
        for name in schema.relations.get(type_of(thing), ())
        if not thing.endswith(":*")
    ]
    lead = leading_to(schema, user)
    answers = {(thing, name): UNKNOWN if (type_of(thing), name) in lead else NO for thing, name in nodes}
    while True:
        new = {
            node: node_answer(schema, tuples, user, node, answers)
            if answers[node] == UNKNOWN
            else answers[node]
            for node in nodes
        }
        if new == answers:
            return answers
        answers = new


def leading_to(schema, user):
    """Give every (namespace, relation) whose rewrites, all operators read as unions, can come to users of this kind."""
    wanted = {kind_of(user)} | ({f"{type_of(user)}:*"} if "#" not in user else set())
    lead = {tuple(user.split(":")[0:1] + user.split("#")[1:])} if "#" in user else set()
    while True:
        more = {(type_, name) for type_, relations in schema.relations.items() for name, rewrite in relations.items()
                if (type_, name) not in lead and comes_to(schema, type_, rewrite, wanted, lead)}  # fmt: skip
        if not more:
            return lead
        lead |= more


def comes_to(schema, type_, rewrite, wanted, lead):
    if isinstance(rewrite, This):
        kinds = rewrite.kinds
        return (
            kinds is None
            or bool(wanted & set(kinds))
            or any(tuple(kind.split("#")) in lead for kind in kinds)
        )
    if isinstance(rewrite, Computed):
        return (type_, rewrite.relation) in lead
    if isinstance(rewrite, Arrow):
        kinds = schema.direct_kinds(type_, rewrite.tupleset)
        types = schema.relations if kinds is None else {type_of(kind.split("#")[0]) for kind in kinds}
        return any((there, rewrite.relation) in lead for there in types)
    if isinstance(rewrite, Nil):
        return False
    below = (rewrite.base, rewrite.subtract) if isinstance(rewrite, Exclusion) else rewrite.children
    return any(comes_to(schema, type_, child, wanted, lead) for child in below)


def node_answer(schema, tuples, user, node, answers):
    thing, name = node
    if user == f"{thing}#{name}":
        return YES
    return answer(schema, tuples, user, thing, name, schema.relations[type_of(thing)][name], answers)


def answer(schema, tuples, user, thing, name, rewrite, answers):
    def ask(part):
        return answer(schema, tuples, user, thing, name, part, answers)

    if isinstance(rewrite, Nil):
        return NO
    if isinstance(rewrite, This):
        return direct(tuples, user, thing, name, rewrite.kinds, answers)
    if isinstance(rewrite, Computed):
        return answers[thing, rewrite.relation]
    if isinstance(rewrite, Arrow):
        kinds = schema.direct_kinds(type_of(thing), rewrite.tupleset)
        there = [t.user.split("#")[0] for t in tuples if (t.object, t.relation) == (thing, rewrite.tupleset)
                 and (kinds is None or kind_of(t.user) in kinds) and not t.user.endswith(":*")]  # fmt: skip
        return max((answers.get((other, rewrite.relation), NO) for other in there), default=NO)
    if isinstance(rewrite, Exclusion):
        return min(ask(rewrite.base), YES - ask(rewrite.subtract))
    answers_below = [ask(child) for child in rewrite.children]
    return min(answers_below) if isinstance(rewrite, Intersection) else max(answers_below)


def direct(tuples, user, thing, name, kinds, answers):
    found = NO
    for t in tuples:
        if (t.object, t.relation) != (thing, name) or (kinds is not None and kind_of(t.user) not in kinds):
            continue
        if t.user == user or (t.user.endswith(":*") and "#" not in user and type_of(user) == type_of(t.user)):
            return YES
        if "#" in t.user:
            found = max(found, answers.get(tuple(t.user.split("#")), NO))
    return found
