"""Runs a suite of stages against the engine: each stage brings a schema and tuples, then asserts checks and lists.

The shape is the one in which OpenFGA's authors write theirs; the stories in `test_stories.py` are our own. A stage is a dict::

    {"model": text, "tuples": [(object, relation, user), ...],
     "check": [(object, relation, user, expected), ...],               expected: True, False, or an exception class
     "list_objects": [(type, relation, user, [object, ...]), ...],
     "list_users": [(object, relation, kind, [user, ...]), ...],
     "said": [(object, relation, user), ...]}                          contextual tuples of all assertions of the stage

Tuples stay from stage to stage; a schema sees only those that it allows.
"""

from dslab.zanzibar import Engine, TupleStore, read_schema


def run(stages):
    """Run stages in order on one store; gives a sentence for every assertion that does not hold."""
    store, problems = TupleStore(), []
    for number, stage in enumerate(stages, 1):
        engine = Engine(read_schema(stage["model"]), store)
        engine.write(stage.get("tuples", ()))
        for what, ask in (
            ("check", check),
            ("check", explain),
            ("list_objects", objects),
            ("list_users", users),
        ):
            for *question, expected in stage.get(what, ()):
                got = outcome(ask, engine, question, stage.get("said", ()))
                if not fits(got, sorted(expected) if isinstance(expected, list) else expected):
                    problems.append(
                        f"stage {number}: {ask.__name__} {question} gives {got!r}, not {expected!r}"
                    )
    return problems


def check(engine, question, said):
    """A check."""
    return engine.check(*question, said=said).allowed


def explain(engine, question, said):
    """The same, by the other evaluator."""
    return engine.explain(*question, said=said).answer == 2


def objects(engine, question, said):
    """Objects of a type."""
    return engine.list_objects(*question, said=said)


def users(engine, question, said):
    """Users of a kind, in any order."""
    return sorted(engine.list_users(*question, said=said).users)


def outcome(ask, *arguments):
    """Give what a question answers, or the error that it raises."""
    try:
        return ask(*arguments)
    except (ValueError, RuntimeError) as error:
        return error


def fits(got, expected):
    """Whether an outcome is the expected value, or an error of the expected class."""
    return (
        isinstance(got, expected)
        if isinstance(expected, type)
        else type(got) is type(expected) and got == expected
    )
