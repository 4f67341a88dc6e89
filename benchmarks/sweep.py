"""A sweep: small steps that each measure something, a bar that shows them pass, rows that stay.

The rows are handed to the caller's list step by step, so that whoever presses Ctrl-C keeps what
was measured before.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from tqdm import tqdm

R = TypeVar("R")


@dataclass(frozen=True)
class Step:
    """A part of a sweep: what the bar calls it, how long it takes beside others, what it does."""

    label: str
    weight: float
    run: Callable[[], Sequence[Any]]


def run(name: str, steps: Sequence[Step], rows: list[Any]) -> None:
    """Run the steps, garbage collection off, and append what each returns to ``rows``."""
    layout = "{desc:<8} {percentage:3.0f} % {bar} {elapsed}, {remaining} left {postfix}"
    total = sum(step.weight for step in steps)
    with (
        quiet_collector(),
        tqdm(desc=name, total=total, bar_format=layout, dynamic_ncols=True) as bar,
    ):
        for step in steps:
            bar.set_postfix_str(step.label)
            rows.extend(step.run())
            bar.update(step.weight)
        bar.set_postfix_str("")


def settle(
    name: str,
    rows: list[Any],
    again: Callable[[list[Any]], tuple[list[Any], Sequence[Step]]],
    times: int,
) -> None:
    """Measure again what is disturbed (repeats.py), at most so many times.

    again: which rows are kept, and the steps that replace the others; no steps if all is well.
    Rows are replaced when all steps have run: whoever presses Ctrl-C keeps what was there.
    """
    for _ in range(times):
        kept, steps = again(rows)
        if not steps:
            return
        fresh: list[Any] = []
        run(name, steps, fresh)
        rows[:] = kept + fresh


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Switch garbage collection off, and hide from it what exists already.

    Frozen objects (the rows, matplotlib, ...) are not walked through by a collection that a
    measurement asks for: it sees the objects of the queue and nothing else.
    """
    was_on = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


@contextmanager
def collector(*, on: bool) -> Iterator[None]:
    """Garbage collection on or off for a measurement.

    It is on as it would be in a program that has run for a while: what is there has survived
    collections before, and does not meet its first one inside the measurement.
    """
    if on:
        gc.collect()
        gc.enable()
    try:
        yield
    finally:
        gc.disable()
