"""The guard: run a learner's function so that whatever it does ends in a sentence.

A function that raises is told with the input that made it raise and the line where it did. A function that loops for ever
is stopped after a budget of executed lines, which is the same on every machine; no clock and no thread is involved. What
loops inside C code (``sum(itertools.count())``) is not seen: interrupting the kernel ends it, and nothing is lost.

Only the learner's own lines are counted: those of the answer's functions and of the functions beside them that they name.
"""

from __future__ import annotations

import ast
import dataclasses
import dis
import functools
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType
from typing import Any

from dslab.teach.page import as_code, plain

BUDGET = 300_000  # lines executed in one call, or between two awaits


class OutOfBudget(BaseException):
    """A learner's function ran more lines than its budget. Not an Exception, so that ``except Exception`` does not eat it."""


class Guard:
    """Wraps the functions of an answer, counts their lines while `watching`, and remembers the call that failed."""

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = self.left = budget
        self.failed_call = ""
        self._codes: set[CodeType] = set()

    def wrap(self, answer: Any) -> Any:
        """Give the answer with its functions guarded: a function, or those in a list, tuple, dict or invariant."""
        if inspect.ismethod(answer) or inspect.isfunction(answer):
            return self._guarded(answer)
        if type(answer) in (list, tuple):
            return type(answer)(self.wrap(part) for part in answer)
        if type(answer) is dict:
            return {name: self.wrap(part) for name, part in answer.items()}
        if dataclasses.is_dataclass(answer) and inspect.isfunction(getattr(answer, "test", None)):
            return dataclasses.replace(answer, test=self._guarded(answer.test))
        return answer

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        self._own(getattr(function, "__func__", function))
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def watched(*args: Any, **kwargs: Any) -> Any:
                try:
                    return await function(*args, **kwargs)
                except (Exception, OutOfBudget):
                    self.failed_call = self.failed_call or call_text(function, args, kwargs)
                    raise

        else:

            @functools.wraps(function)
            def watched(*args: Any, **kwargs: Any) -> Any:
                try:
                    return function(*args, **kwargs)
                except (Exception, OutOfBudget):
                    self.failed_call = self.failed_call or call_text(function, args, kwargs)
                    raise

        return watched

    def _own(self, function: FunctionType) -> None:
        if function.__code__ in self._codes:
            return
        codes = list(_all_code(function.__code__))
        self._codes |= set(codes)
        for name in dict.fromkeys(name for code in codes for name in code.co_names):
            beside = function.__globals__.get(name)
            if inspect.isfunction(beside) and beside.__module__ == function.__module__:
                self._own(beside)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Stop a learner's function that runs out of its budget of lines, within the block."""
        begin, end = (
            (self._monitor, self._monitored) if sys.version_info >= (3, 12) else (self._trace, sys.settrace)
        )
        before = begin() if self._codes else None
        try:
            yield
        finally:
            if self._codes:
                end(before)

    def _enter(self, frame: FrameType | None) -> None:
        caller = frame.f_back if frame else None
        if (
            caller is None or caller.f_code not in self._codes
        ):  # called from outside: a new call, a new budget
            self.left = self.budget

    def _line(self, *_: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise OutOfBudget
        return self._line

    def _trace(self) -> Any:
        spinning = {code for code in self._codes if _spins(code)}

        def call(frame: FrameType, event: str, argument: Any) -> Any:
            if frame.f_code not in self._codes:
                return None
            self._enter(frame)
            frame.f_trace_opcodes = frame.f_code in spinning
            return self._line

        before = sys.gettrace()
        sys.settrace(call)
        return before

    def _monitor(self) -> int | None:
        monitoring = sys.monitoring
        tool = next((number for number in (4, 3) if monitoring.get_tool(number) is None), None)
        if tool is None:
            return None
        monitoring.use_tool_id(tool, "dslab")
        events = monitoring.events
        for event in (events.PY_START, events.PY_RESUME):
            monitoring.register_callback(tool, event, lambda *_: self._enter(sys._getframe(1)))
        for event in (events.LINE, events.JUMP):
            monitoring.register_callback(tool, event, lambda *_: self._line() and None)
        for code in self._codes:
            monitoring.set_local_events(
                tool, code, events.PY_START | events.PY_RESUME | events.LINE | events.JUMP
            )
        return tool

    def _monitored(self, tool: int | None) -> None:
        if tool is None:
            return
        for code in self._codes:
            sys.monitoring.set_local_events(tool, code, 0)
        for event in ("PY_START", "PY_RESUME", "LINE", "JUMP"):
            sys.monitoring.register_callback(tool, getattr(sys.monitoring.events, event), None)
        sys.monitoring.free_tool_id(tool)

    def blame(self, problem: BaseException) -> str:
        """Say where in the learner's own lines a problem arose; "" where it arose in none of them."""
        import linecache
        import traceback

        own = [step for step in traceback.walk_tb(problem.__traceback__) if step[0].f_code in self._codes]
        if not own:
            return ""
        frame, number = own[-1]
        place = f"line {number - frame.f_code.co_firstlineno + 1} of {frame.f_code.co_name}"
        text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
        return f"{place}, `{text}`" if text and "`" not in text else place


def _spins(code: CodeType) -> bool:
    """Tell whether the code has a one-instruction loop (``while True: pass``), of which 3.11 reports no lines."""
    return any(
        step.opname.startswith("JUMP") and step.argval == step.offset for step in dis.get_instructions(code)
    )


def _all_code(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _all_code(constant)


def call_text(function: Callable[..., Any], args: tuple, kwargs: Mapping[str, Any]) -> str:
    """Write a call as it would be written in code, the same on every run."""
    texts = [as_code(value) for value in args] + [
        f"{name}={as_code(value)}" for name, value in kwargs.items()
    ]
    return f"{function.__name__}({', '.join(texts)})"


def last_line(problem: BaseException) -> str:
    """Give an exception as the last line of its traceback, the same on every run."""
    import traceback

    return plain(traceback.format_exception_only(problem)[-1].strip())


def is_stub(answer: Any, starter: str = "") -> bool:
    """Tell whether a function is still the one it started as: the ``starter`` itself, or one that says nothing.

    Nothing is said by a docstring, `...`, pass and NotImplementedError. A function without readable source is no stub.
    """
    if not inspect.isfunction(answer):
        return False
    try:
        own = _functions(inspect.getsource(answer))
    except (OSError, TypeError):
        return False
    if len(own) != 1:
        return False
    return all(map(_says_nothing, own[0].body)) or ast.dump(own[0]) in [
        ast.dump(begun) for begun in _functions(starter)
    ]


def _functions(source: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give the functions that a source defines at its top; none where it is no whole piece of code (a lambda in a call)."""
    try:
        body = ast.parse(textwrap.dedent(source)).body
    except SyntaxError:
        return []
    return [statement for statement in body if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef))]


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise):
        return "NotImplementedError" in ast.unparse(statement)
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
