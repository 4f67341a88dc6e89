"""Finding the smallest case in which a learner's code goes wrong.

First all small cases, the smallest first: the first that fails is a smallest one, and nothing has
to be shrunk. Then some larger ones, from a fixed seed: one that fails is made smaller, piece by
piece, for as long as it still fails. The same code always gets the same answer.

After QuickCheck (K. Claessen, J. Hughes, 2000) and SmallCheck (C. Runciman, M. Naylor,
F. Lindblad, 2008).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from random import Random
from textwrap import fill
from typing import Any, TypeAlias

from .apart import OutOfTime
from .running import BrokenError, StubError, Trial

Case: TypeAlias = list[Any]
Scenario: TypeAlias = Callable[
    [Trial, Case], None
]  # does the case; raises BrokenError where it breaks
LINE = 96  # letters, which fit into a window of usual width
LONGEST = 2_000  # letters that are shown of one line
SEED = 20  # of the larger cases


@dataclass
class Verdict:
    """What a check found. `case` is the smallest failing one, for tests to run again."""

    state: str  # "right", "wrong" or "not yet"
    message: str  # one sentence
    operation: str = ""
    case: Case | None = None
    lines: list[str] = field(default_factory=list)
    detail: str = ""
    printed: str = ""
    again: Callable[[Case], "Verdict | None"] | None = None  # examine another case

    def __str__(self) -> str:
        if self.state != "wrong":
            return _in_lines(self.message)
        parts = [_in_lines(self.message)]
        if self.lines:
            lines = (_readable(line) for line in self.lines)
            parts += ["The smallest case that shows it:", *("    " + line for line in lines)]
        if self.detail:
            parts.append(_in_lines("\n".join(map(_readable, self.detail.split("\n")))))
        if self.printed.strip():
            parts.append("What your code printed in this case:")
            parts += ["    " + _readable(line) for line in self.printed.splitlines()[:10]]
        return "\n".join(parts)


def _readable(line: str) -> str:
    """Without addresses, which differ in each run; and no page for a list of a thousand items."""
    line = re.sub(r" at 0x[0-9A-Fa-f]+", "", line)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."


def _in_lines(text: str) -> str:
    """Broken between words; JupyterLab breaks a long line wherever it ends."""
    return "\n".join(
        fill(line, LINE, break_long_words=False, break_on_hyphens=False)
        if len(line) > LINE and not line.startswith(" ")
        else line
        for line in text.split("\n")
    )


def right(message: str) -> Verdict:
    return Verdict("right", f"Right: {message}")


def not_yet(message: str) -> Verdict:
    return Verdict("not yet", f"Not yet: {message}")


def wrong(operation: str, problem: str, detail: str = "", case: Case | None = None) -> Verdict:
    message = f"Not right yet: {operation} {problem}."
    return Verdict("wrong", message, operation, case, detail=detail)


def run(scenario: Scenario, case: Case) -> Verdict | None:
    """Run one case: what is wrong, or None."""
    trial = Trial()
    try:
        scenario(trial, case)
    except StubError as stub:
        return not_yet(f"{stub} is still to be written.")
    except BrokenError as broke:
        found = wrong(broke.operation, broke.problem, broke.detail, case)
        found.lines, found.printed = trial.lines, trial.printed
        found.again = partial(run, scenario)
        return found
    return None


def smallest_failure(
    scenario: Scenario,
    small: Iterable[Case],
    large: Iterable[Case] = (),
    simpler: Callable[[Any], Iterable[Any]] = lambda _item: (),
) -> Verdict | None:
    """The smallest failing case among `small`, or a shrunk one of `large`; None if all pass.

    small: cases, the smallest first.
    simpler: what an item of a case may be replaced by, simpler than itself.
    """
    for case in small:
        found = run(scenario, case)
        if found:
            return found
    for case in large:
        found = run(scenario, case)
        if found:
            return shrink(scenario, found, simpler)
    return None


def shrink(scenario: Scenario, found: Verdict, simpler: Callable[[Any], Iterable[Any]]) -> Verdict:
    """Leave out or simplify one item at a time until every such step would pass, or time is up."""
    for case in _steps_down(found.case or [], simpler):
        try:
            smaller = run(scenario, case)
        except OutOfTime:
            return found
        if smaller and smaller.state == found.state:
            return shrink(scenario, smaller, simpler)
    return found


def _steps_down(case: Case, simpler: Callable[[Any], Iterable[Any]]) -> Iterator[Case]:
    half = len(case) // 2
    if half > 1:
        yield case[:half]
        yield case[half:]
    for i in range(len(case)):
        yield case[:i] + case[i + 1 :]
    for i, item in enumerate(case):
        for less in simpler(item):
            yield [*case[:i], less, *case[i + 1 :]]


def sequences(items: Iterable[Any], longest: int, shortest: int = 1) -> Iterator[Case]:
    """All lists of these items, the shortest first."""
    choices = list(items)
    for length in range(shortest, longest + 1):
        yield from map(list, product(choices, repeat=length))


def random_cases(item: Callable[[Random], Any], longest: int, number: int = 30) -> Iterator[Case]:
    """Larger cases, the same in every run."""
    random = Random(_seeds[-1])
    for _ in range(number):
        yield [item(random) for _ in range(random.randint(longest // 2, longest))]


_seeds = [SEED]  # the last one counts, in the check's thread too


@contextmanager
def other_cases(seed: int | None) -> Iterator[None]:
    """Inside the block, larger cases are those of this seed: a grader's, which no learner has seen.

    None changes nothing. Not for two threads at once.
    """
    _seeds.append(_seeds[-1] if seed is None else seed)
    try:
        yield
    finally:
        _seeds.pop()
