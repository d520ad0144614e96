"""Be the adversary: the reader picks what happens next, the invariants are watched, and every pick can be taken back.

| word     | meaning                                                                                           |
|----------|---------------------------------------------------------------------------------------------------|
| choice   | something that could happen next: a message delivered or lost, an actor run, a timer, a fault        |
| usual    | the choice that would normally happen next; picking another one is a surprise                        |
| token    | the schedule so far as a short text that can be copied, kept and loaded again                        |
| stepper  | who runs the scenario: a `dslab.check.Stepper`, or anything that behaves like one                    |
"""

from __future__ import annotations

from typing import Any

import traitlets

from dslab.show.spacetime import _HERE, SpaceTimeView
from dslab.show.tables import html
from dslab.show.words import plural, sentence

TITLES = {
    "run": "Let one go on",
    "deliver": "Deliver a message",
    "timer": "Let time pass",
    "lose": "Lose a message",
    "duplicate": "Deliver a message twice",
    "crash": "Crash a node",
    "restart": "Start a node again",
    "fault": "Let something go wrong",
}
MOST_STEPS = 10_000  # of `run_on`: a scenario that never ends is left there


class Adversary(SpaceTimeView):
    """A scenario that the reader drives: the diagram so far, what could happen next, and the invariants.

    ``stepper`` runs the scenario (`dslab.check.Stepper`). ``goal`` says what the reader should bring about, "make a read
    return an old value". `pick`, `undo`, `reset`, `run_on` and `load` are what the buttons do, so a test can press them.
    """

    _esm = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("spacetime.js", "adversary.js"))
    _css = SpaceTimeView._css

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, stepper: Any, title: str = "", goal: str = "", axis: str = "order") -> None:
        self.stepper, self.goal = stepper, goal or "break an invariant"
        super().__init__(stepper.trace, axis=axis, title=title or "Be the adversary", state=self._state())
        self.on_msg(self._asked)

    # -- what the buttons do --------------------------------------------------------------------------

    def pick(self, index: int) -> None:
        """Let the choice with that ``index`` happen. IndexError names the range where there is no such choice."""
        self.stepper.pick(index)
        self._refresh()

    def undo(self, n: int = 1) -> None:
        """Take the last ``n`` picks back (all of them where there are fewer). ValueError for a negative ``n``."""
        self.stepper.undo(n)
        self._refresh()

    def reset(self) -> None:
        """Start again with nothing picked."""
        self.stepper.reset()
        self._refresh()

    def run_on(self) -> None:
        """Let what would normally happen next happen, until nothing is left."""
        for _ in range(MOST_STEPS):
            usual = next((choice.index for choice in self.stepper.choices() if choice.default), None)
            if self.stepper.finished or usual is None:
                break
            self.stepper.pick(usual)
        self._refresh()

    def load(self, token: str) -> None:
        """Follow the schedule of a token. ValueError, and nothing changed, where it is none or belongs elsewhere."""
        self.stepper.load(token)
        self._refresh()

    @property
    def token(self) -> str:
        """The schedule so far, for `load` and `dslab.check.replay`."""
        return self.stepper.token

    # -- what the page shows ----------------------------------------------------------------------------

    def _state(self, error: str = "") -> dict[str, Any]:
        stepper = self.stepper
        choices = list(stepper.choices())
        return {
            "goal": sentence(self.goal),
            "steps": list(stepper.steps),
            "groups": grouped(choices),
            "invariants": [_watched(stepper, invariant) for invariant in stepper.invariants],
            "surprises": stepper.surprises,
            "status": self._status(choices),
            "token": stepper.token,
            "finished": bool(stepper.finished),
            "error": error,
        }

    def _status(self, choices: list[Any]) -> str:
        stepper = self.stepper
        found = [f"Step {len(stepper.steps)}; surprises so far: {stepper.surprises}."]
        for violation in stepper.violations:
            found.append(f"You broke {violation['invariant']} at step {violation['step']}.")
        if not choices or stepper.finished:
            found.append("The run is over." if not choices else "Nothing is left to happen but faults.")
        return " ".join(found)

    def _refresh(self, error: str = "") -> None:
        """Show where the stepper stands, in one message to the page."""
        with self.hold_sync():
            if not error:
                self.trace = self.stepper.trace
            self.state = self._state(error)

    def _asked(self, _: Any, content: dict[str, Any], __: Any) -> None:
        """Answer a button of the page; what does not fit is answered with a sentence and changes nothing."""
        act = content.get("do")
        if act in ("pick", "undo") and content.get("step") != len(self.stepper.steps):
            return  # pressed before the answer to the last press was seen
        acts = {
            "pick": lambda: self.pick(content.get("index")),
            "undo": self.undo,
            "reset": self.reset,
            "run": self.run_on,
            "load": lambda: self.load(content.get("token")),
        }
        if act not in acts:
            return
        try:
            acts[act]()
        except (IndexError, ValueError, TypeError) as error:
            self._refresh(sentence(str(error)))
        except Exception as error:  # the scenario itself failed: said in the page, where somebody sees it
            self._refresh(f"The scenario stopped with {type(error).__name__}: {sentence(str(error))}")

    # -- what it says -----------------------------------------------------------------------------------

    @property
    def sentence(self) -> str:
        """Where the run stands, in a few sentences: steps, surprises, invariants, what could happen next."""
        stepper = self.stepper
        held = [f"{entry['name']} {entry['word']}" for entry in self._state()["invariants"]]
        choices = list(stepper.choices())
        usual = next((f" (normally: {choice.label})" for choice in choices if choice.default), "")
        left = f"{plural(len(choices), 'choice')} next{usual}" if choices else "nothing is left to happen"
        told = [f"{plural(len(stepper.steps), 'step')}, {plural(stepper.surprises, 'surprise')}; {left}."]
        return " ".join(told + ([f"{'; '.join(held)}."] if held else []))

    def page(self) -> str:
        """Give the start as HTML, for a page without a kernel: the goal, what must hold, and what could happen first."""
        state = self._state()
        holds = [[entry["name"], entry["sentence"]] for entry in state["invariants"]]
        first = [
            [group["title"], choice["label"], "normally" if choice["default"] else ""]
            for group in state["groups"]
            for choice in group["choices"]
        ]
        return html(["what must hold", ""], holds, f"{self.title}. Goal: {state['goal']}") + html(
            ["what could happen first", "", ""], first
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the widget and its sentence; before the first pick its `page`, since a diagram would be empty."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        if not self.stepper.steps:
            data.pop("image/png", None)
            data["text/html"] = self.page()
            metadata = {}
        return data, metadata

    def __repr__(self) -> str:
        return f"{self.title}. Goal: {sentence(self.goal)} {self.sentence}"


def grouped(choices: list[Any]) -> list[dict[str, Any]]:
    """Group choices by kind, in order of first appearance, and number them 1, 2, 3 ... as they are shown.

    Gives [{"kind", "title", "choices": [{"number", "index", "label", "lane", "default"}]}].
    """
    groups: dict[str, list[Any]] = {}
    for choice in choices:
        groups.setdefault(choice.kind, []).append(choice)
    shown, number = [], 0
    for kind, members in groups.items():
        entries = []
        for choice in members:
            number += 1
            entries.append({"number": number, "index": choice.index, "label": choice.label, "lane": choice.lane,
                            "default": bool(choice.default)})  # fmt: skip
        shown.append({"kind": kind, "title": TITLES.get(kind, kind.capitalize()), "choices": entries})
    return shown


def _watched(stepper: Any, invariant: Any) -> dict[str, str]:
    """Say how an invariant stands: {"name", "sentence", "word", "mood" ("good", "bad" or "waiting")}."""
    broken = next((found for found in stepper.violations if found["invariant"] == invariant.name), None)
    if broken:
        word, mood = f"VIOLATED at step {broken['step']}", "bad"
        why = broken.get("explanation")
    else:
        seen, why = invariant.name in stepper.seen, None
        word, mood = {
            "sometimes": ("seen", "good") if seen else ("not yet seen", "waiting"),
            "eventually": ("holds at rest", "good") if stepper.finished else ("is tested at rest", "waiting"),
        }.get(invariant.kind, ("holds so far", "good"))
    return {
        "name": invariant.name,
        "sentence": sentence(why or invariant.sentence),
        "word": word,
        "mood": mood,
    }


__all__ = ["TITLES", "Adversary", "grouped"]
