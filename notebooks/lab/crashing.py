"""A program that dies and is started again, in a model, for notebook 07.

What it has written survives; where it was does not. It dies when it is about to write a line, or in
the middle of a task.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

ToDo: TypeAlias = list[tuple[str, int]]  # names, and how often each has been begun before
Dies: TypeAlias = Callable[[str], bool]  # told of a step, such as "run mail": dies it there?


class Crash(BaseException):
    """The program is no more. No `except Exception` sees it, and nothing is done after it."""


class Restarted:
    """Calls a learner's ``carry_on(to_do, write, run)``, each time that the program is started.

    dies: is told each step before it is done, "write begin mail" or "run mail".
    keep: is given each line that is written.
    """

    def __init__(self, dies: Dies, keep: Callable[[str], object]) -> None:
        self._dies, self._keep = dies, keep
        self._dead = False
        self.started: Counter[str] = Counter()  # how often each task was run, to its end or not
        self.finished: Counter[str] = Counter()

    def start(self, carry_on: Callable[..., Any], to_do: Sequence[tuple[str, int]]) -> bool:
        """Whether it came back; False if the program died."""
        self._dead = False

        def write(line: str) -> None:
            self.write(line)

        def run(name: str) -> None:
            self.run(name)

        for function in (write, run):  # an error in a call of theirs names it so
            function.__qualname__ = function.__name__
        try:
            carry_on(list(to_do), write, run)
        except Crash:
            pass
        except Exception:  # raised by what it does after its end, which nobody sees
            if not self._dead:
                raise
        return not self._dead

    def write(self, line: str) -> None:
        """Write a line to the log, unless the program dies before it is there."""
        self._step(f"write {line}")
        self._keep(line)

    def run(self, name: str) -> None:
        """Do a task, unless the program dies in the middle of it."""
        if not self._dead:
            self.started[name] += 1
        self._step(f"run {name}")
        self.finished[name] += 1

    def _step(self, step: str) -> None:
        self._dead = self._dead or self._dies(step)
        if self._dead:
            raise Crash
