"""RetryPolicy: whether a task that failed runs again, and when.

Retrying at once, or all after the same pause, is how a small outage becomes a large one: every
client comes back at the same moment (a retry storm). Two ideas keep the peace. *Exponential
backoff*: each pause is ``factor`` times as long as the last, up to ``cap``. *Jitter*: the pause is
drawn at random from zero to that length, so that those who failed together do not return together.

Full jitter: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

import math
import random
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from sched import forks
from sched.arguments import as_count, as_number, as_seconds, shown

ErrorClasses = tuple[type[BaseException], ...]


class _Jitter(random.Random):
    """Draws other numbers in each forked child, copy or unpickled policy: those who fail together
    must not agree.
    """

    def __init__(self) -> None:
        super().__init__()
        forks.note(self)

    def __reduce__(self) -> Any:
        return _Jitter, ()

    def renew_after_fork(self) -> None:
        """Take a new seed, in a forked child. O(1)."""
        self.seed()


@dataclass(frozen=True)
class RetryPolicy:
    """How often to try, and how long to pause between attempts.

    max_attempts: how often at most, the first attempt included; None to retry for ever.
    base: the longest first pause, in seconds; factor: what it is multiplied by each time;
    cap: the longest pause, in seconds.
    jitter: "full" draws each pause from 0 to the length above, "none" takes that length.
    retry_on: exception classes that are worth another attempt; give_up_on: those that are not,
    though they are among the first. An error given as a text counts as an Exception.
    seed: makes the pauses repeatable.

    Raises TypeError or ValueError that names the argument.
    """

    max_attempts: int | None = 3
    base: float = 1.0
    factor: float = 2.0
    cap: float = 60.0
    jitter: Literal["full", "none"] = "full"
    retry_on: ErrorClasses = (Exception,)
    give_up_on: ErrorClasses = ()
    seed: int | None = None
    _random: random.Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checked: dict[str, Any] = {
            "max_attempts": _as_attempts(self.max_attempts),
            "base": as_seconds(self.base, "base"),
            "factor": as_number(self.factor, "factor", at_least=1),
            "cap": _as_cap(self.cap),
            "retry_on": _as_classes(self.retry_on, "retry_on"),
            "give_up_on": _as_classes(self.give_up_on, "give_up_on"),
            "seed": None if self.seed is None else as_count(self.seed, "seed", at_least=0),
            "_random": _Jitter() if self.seed is None else random.Random(self.seed),
        }
        if self.jitter not in ("full", "none"):
            raise ValueError(f"jitter must be 'full' or 'none', got {shown(self.jitter)}")
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def allows(self, attempts: int, error: object) -> bool:
        """Whether a task that has had so many attempts, and failed with this, runs again. O(1)."""
        if not isinstance(error, BaseException):
            error = Exception(error)
        return (
            not self.is_spent(attempts)
            and isinstance(error, self.retry_on)
            and not isinstance(error, self.give_up_on)
        )

    def is_spent(self, attempts: int) -> bool:
        """Whether none is left after so many attempts, whatever they failed with. O(1)."""
        return self.max_attempts is not None and attempts >= self.max_attempts

    def longest_pause(self, attempts: int) -> float:
        """The pause after so many attempts before jitter, in seconds. O(1)."""
        steps = as_count(attempts, "attempts", at_least=1) - 1
        if self.base == 0 or self.cap == 0:
            return 0.0
        try:
            longest = self.base * self.factor**steps
        except OverflowError:  # the power is beyond a float, though base times it need not be
            exponent = math.log(self.base) + steps * math.log(self.factor)
            longest = math.exp(exponent) if exponent < math.log(self.cap) else self.cap
        return min(longest, self.cap)

    def seeded(self, seed: int) -> Self:
        """A copy, of the same class, with another seed, under which it draws its pauses. O(1)."""
        policy = copy(self)  # and not another one: a subclass may want other arguments
        for name, value in (("seed", seed), ("_random", random.Random(seed))):
            object.__setattr__(policy, name, value)
        return policy

    def pause(self, attempts: int) -> float:
        """The seconds to wait after so many attempts: drawn anew at each call. O(1)."""
        longest = self.longest_pause(attempts)
        return longest if self.jitter == "none" else self._random.uniform(0, longest)


def _as_attempts(value: object) -> int | None:
    try:
        return None if value is None else as_count(value, "max_attempts", at_least=1)
    except (TypeError, ValueError) as error:
        raise type(error)(
            "max_attempts must be an int >= 1, or None to retry for as long as it takes, "
            f"got {shown(value)}"
        ) from None


def _as_cap(value: object) -> float:
    try:
        return as_seconds(value, "cap")
    except (TypeError, ValueError) as error:
        raise type(error)(
            "cap must be a finite number of seconds >= 0 (a very large one for pauses that grow "
            f"for as long as it takes), got {shown(value)}"
        ) from None


def _as_classes(value: object, argument: str) -> ErrorClasses:
    classes: tuple[Any, ...] = value if isinstance(value, tuple) else (value,)
    for each in classes:
        if not (isinstance(each, type) and issubclass(each, BaseException)):
            raise TypeError(f"{argument} must be a tuple of exception classes, got {shown(value)}")
    return classes
