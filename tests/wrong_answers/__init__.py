"""Wrong answers that learners really give, by exercise; and right ones unlike the solution.

A check is worth what it rejects. Each wrong answer is entered with the operation that the check
must blame and with words that it must say. The modules are named after the notebooks.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WrongAnswer:
    """name: what the learner did. blames: the operation. says: a part of the first line."""

    name: str
    thing: Any
    blames: str
    says: str


WRONG: dict[str, list[WrongAnswer]] = defaultdict(list)
RIGHT: dict[str, list[Any]] = defaultdict(list)


def wrong(exercise: str, blames: str, says: str) -> Callable[[Any], Any]:
    """Enter a function or a class; its name says what is wrong."""

    def enter(thing: Any) -> Any:
        wrong_value(exercise, thing.__name__, thing, blames, says)
        return thing

    return enter


def wrong_value(exercise: str, name: str, thing: Any, blames: str, says: str) -> None:
    """Enter an answer that is neither a function nor a class."""
    WRONG[exercise].append(WrongAnswer(name, thing, blames, says))


def also_right(exercise: str) -> Callable[[Any], Any]:
    """Enter an answer that differs from the notebook's solution, and is right."""

    def enter(thing: Any) -> Any:
        RIGHT[exercise].append(thing)
        return thing

    return enter


from tests.wrong_answers import (  # noqa: E402
    nb00,
    nb01,
    nb02,
    nb03,
    nb04,
    nb05,
    nb06,
    nb07,
    nb08,
    nb08_fixes,
    nb09,
    nb10,
)

__all__ = [
    "RIGHT",
    "WRONG",
    "WrongAnswer",
    "nb00",
    "nb01",
    "nb02",
    "nb03",
    "nb04",
    "nb05",
    "nb06",
    "nb07",
    "nb08",
    "nb08_fixes",
    "nb09",
    "nb10",
]
