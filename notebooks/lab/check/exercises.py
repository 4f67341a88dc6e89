"""An exercise and its check, and the table of all of them."""

import dis
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from copy import copy
from decimal import Decimal
from inspect import iscoroutinefunction, isgeneratorfunction
from math import isfinite
from numbers import Real
from types import FunctionType
from typing import Any

from .. import progress, session
from . import apart as limits
from .apart import AbandonedError, OutOfTime, apart
from .running import IS_ASYNC, IS_GENERATOR, StubError, endless
from .searching import Verdict, not_yet, wrong

_all: dict[str, "Exercise"] = {}

# What a body of `...`, `pass`, a docstring or `return None` is compiled to, and no other.
_EMPTY = {"RESUME", "NOP", "CACHE", "LOAD_CONST", "POP_TOP", "RETURN_VALUE", "RETURN_CONST"}


class Exercise:
    """An exercise. Called with the learner's answer, it prints what it finds, and keeps a pass.

    name: as in ``check.<name>``. notebook: its number. title: its line on the score page.
    examine: the check itself, which returns a Verdict and prints nothing.
    unsolved: whether it is a task to which no notebook holds a solution.
    """

    def __init__(
        self,
        notebook: str,
        title: str,
        asks_for: str,
        examine: Callable[[Any], Verdict],
        unsolved: bool = False,
    ) -> None:
        self.unsolved = unsolved
        self.name = examine.__name__
        self.notebook = notebook
        self.title = title
        self.asks_for = asks_for
        self._examine = examine
        self.__doc__ = examine.__doc__

    def __call__(self, *answer: Any) -> None:
        """Check an answer and say what was found."""
        session.used(self.notebook)
        verdict = self.examine(answer[0] if len(answer) == 1 else answer or None)
        if verdict.state == "right":
            page = progress.load(self.notebook)
            if self.name not in page.passed:
                page.passed.append(self.name)
                progress.save(self.notebook, page)
        print(verdict)
        if verdict.state == "right":
            from .. import workshop  # which needs the exercises

            if note := workshop.keep(self, answer[0]):
                print(note)

    def examine(self, answer: Any) -> Verdict:
        """Check an answer; whatever it is, a verdict comes back."""
        if answer is None or answer is Ellipsis:
            return not_yet("write your answer above, then run this cell again.")
        kept = _Kept(answer)
        try:
            verdict = apart(lambda: self._examine(answer), whole=limits.WHOLE)
            if verdict.state == "wrong" and (why := kept.changed()):
                verdict.detail = f"{verdict.detail}\n{why}".strip()
            return verdict
        except AbandonedError as abandoned:
            trial, shown, operation = abandoned.call
            verdict = wrong(operation, "does not come back", endless(shown))
            verdict.lines = list(trial.lines)
            return verdict
        except OutOfTime as late:
            _, shown, operation = late.call
            detail = f"The check stopped before {shown}, with nothing wrong so far: each call came "
            detail += f"back, but all of them together took more than {limits.WHOLE:g} seconds."
            return wrong(operation, "is too slow", detail)
        except StubError as stub:
            return not_yet(f"{stub} is still to be written.")
        except Exception as error:
            return wrong(
                f"check.{self.name}",
                "cannot make sense of this answer",
                f"It needs {self.asks_for}. (What went wrong: {type(error).__name__}.)",
            )
        finally:
            kept.put_back()

    def __repr__(self) -> str:
        return f"<check.{self.name}: needs {self.asks_for}>"


class _Kept:
    """The lists, dictionaries and the like that an answer keeps from call to call.

    They are defaults of its functions, or stand in its class, where all objects share them. A check
    has to begin with what the learner wrote, the second time as well.
    """

    def __init__(self, answer: Any) -> None:
        self._all: list[tuple[str, Any, Any]] = []  # what to say, the thing, a copy of it
        own = [c for c in answer.__mro__ if c is not object] if isinstance(answer, type) else []
        inside = [(c, name, thing) for c in own for name, thing in vars(c).items()]
        for kind, name, thing in inside:
            if type(thing) in _CONTAINERS and not name.startswith("__"):
                say = (
                    f"{kind.__name__}.{name} is one for all. Make it in __init__, on self, so that "
                )
                self._all.append((f"{say}each has its own.", thing, copy(thing)))
        for function in (answer, *(thing for _, _, thing in inside)):
            if type(function) is not FunctionType or not function.__defaults__:
                continue
            code = function.__code__
            names = code.co_varnames[: code.co_argcount][-len(function.__defaults__) :]
            for name, thing in zip(names, function.__defaults__, strict=False):
                if type(thing) in _CONTAINERS:
                    say = (
                        f"The default of {name} is made once, and kept from call to call. Make it "
                    )
                    say += f"inside {function.__name__}, so that each call has its own."
                    self._all.append((say, thing, copy(thing)))

    def changed(self) -> str:
        """What to say if one of them is not what it was; else nothing."""
        for say, now, before in self._all:
            if _inside(now) != _inside(before):
                return say
        return ""

    def put_back(self) -> None:
        for _, now, before in self._all:
            if _inside(now) == _inside(before):
                continue
            now.clear()
            (now.extend if isinstance(now, list | deque) else now.update)(before)


_CONTAINERS = (list, dict, set, deque, defaultdict, Counter)  # and nothing odder


def _inside(thing: Any) -> list[int]:
    """Which things it holds: whether they are equal, no class of the learner's is asked."""
    return [id(one) for one in (*thing, *(thing.values() if isinstance(thing, dict) else ()))]


def exercise(
    notebook: str,
    title: str,
    asks_for: str,
    unsolved: bool = False,
) -> Callable[[Callable[[Any], Verdict]], Exercise]:
    """Make an exercise of a function that examines an answer, and enter it into the table.

    asks_for: what to give to the check, for whoever gives something else.
    """

    def enter(examine: Callable[[Any], Verdict]) -> Exercise:
        entry = Exercise(notebook, title, asks_for, examine, unsolved)
        if entry.name in _all:
            raise ValueError(f"two exercises are called {entry.name}")
        _all[entry.name] = entry
        return entry

    return enter


def exercises(notebook: str | None = None) -> list[Exercise]:
    """The exercises of one notebook, or all, in the order in which they are defined."""
    return [e for e in _all.values() if notebook in (None, e.notebook)]


def notebooks() -> list[str]:
    """The numbers of the notebooks that have exercises."""
    return sorted({e.notebook for e in _all.values()})


# --- what an answer must be, before it is run -----------------------------------------------------


def need_function(answer: Any, name: str, call: str) -> Verdict | None:
    """None if the answer is a function with something in it; else what to say."""
    if isinstance(answer, type) or not callable(answer):
        return wrong(
            call,
            f"needs the function itself, not {a_kind(answer)}",
            f"Write {call}: the name alone, without brackets after it.",
        )
    if is_empty(answer):
        return not_yet(f"{name} is still to be written.")
    if iscoroutinefunction(answer):
        return wrong(name, *IS_ASYNC)
    if isgeneratorfunction(answer):
        return wrong(name, *IS_GENERATOR)
    return None


def need_class(answer: Any, call: str, *methods: str) -> Verdict | None:
    """None if the answer is a class with these methods, all written; else what to say."""
    if not isinstance(answer, type):
        return wrong(
            call,
            f"needs the class itself, not {a_kind(answer)}",
            f"Write {call}: the name alone, without brackets after it.",
        )
    missing = [m for m in methods if not callable(getattr(answer, m, None))]
    if len(missing) == len(methods):
        return not_yet(f"{answer.__name__} needs {' and '.join(methods)}.")
    if missing:
        return wrong(answer.__name__, f"has no method {missing[0]}")
    empty = [m for m in methods if is_empty(getattr(answer, m))]
    if empty:
        return not_yet(f"{empty[0]} is still to be written.")
    return None


def need_diagnosis(answer: Any, call: str, most: int = 100) -> Verdict | None:
    """None if the answer is a letter from A to D and a list; else what to say."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return wrong(call, "needs two things: a letter and a list")
    fault, evidence = answer
    missing = any(given is None or given is ... for given in answer)
    if missing or (isinstance(evidence, list | tuple) and not evidence):
        return not_yet("name the fault, and give a list that shows it.")
    if not isinstance(fault, str) or fault.strip().upper() not in ("A", "B", "C", "D"):
        return wrong("the fault", f"is {fault!r}: it should be one of A, B, C and D")
    if not isinstance(evidence, list | tuple):
        return wrong("the list", f"is {a_kind(evidence)}: write it in square brackets")
    if len(evidence) > most:
        return wrong("the list", "is long: a few items are enough")
    return None


def is_number(value: Any) -> bool:
    """Whether a learner's result is a number: NumPy's, fractions and decimals too, not True."""
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def all_numbers(items: Iterable[Any]) -> bool:
    """Whether these are numbers that can be put in order: 3, 3.0 or 2.5; not True, not nan."""
    return all(is_number(n) and isfinite(n) for n in items)


def is_empty(function: Any) -> bool:
    """Whether a function's body is a stub: ``...``, ``pass``, ``return None`` or a docstring."""
    if not isinstance(function, FunctionType):
        return False
    return all(
        step.opname in _EMPTY
        and (step.opname not in ("LOAD_CONST", "RETURN_CONST") or step.argval in (None, ...))
        for step in dis.get_instructions(function)
    )


def a_kind(answer: Any) -> str:
    """What it is, with an article: "a list", "an int", "a function", "the class Levels"."""
    if isinstance(answer, type):
        return f"the class {answer.__name__}"
    name = type(answer).__name__
    return (
        "a function" if callable(answer) else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
    )
