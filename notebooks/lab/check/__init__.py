"""The checks of all exercises: ``check.heap_push(push)``.

A check runs the learner's code on every small case, and says which operation broke and the
smallest case that shows it, in words. It never shows a traceback of its own, is not broken by an
answer that raises or never ends, and takes an untouched stub for what it is.

One module for each notebook: nb02.py holds the exercises of notebook 02. (Those of 01 that build a
heap by hand are in heaps.py.)
"""

from typing import Any

from .exercises import Exercise, exercises, notebooks
from .heaps import heap_pop, heap_push
from .nb00 import diagnose_00, first_scheduler, night_watch, work_off
from .nb01 import diagnose_01, diagnose_one_queue, tie_break, two_sides
from .nb02 import diagnose_02, next_run_time, run_all, steady_clock
from .nb03 import diagnose_03, finish_time, rank, take, work
from .nb04 import diagnose_04, pause, pauses, run_next, try_again
from .nb05 import counted, diagnose_05, growth, runs, sorted_add
from .nb06 import bulk_add, diagnose_06, levels, merge, waiting
from .nb07 import carry_on, diagnose_07, rank_errors, replay, sound, window
from .nb08 import buckets, diagnose_08, in_steps, next_time, watch
from .nb08_fixes import pool_size, save, take_urgent, time_is_up
from .nb09 import diagnose_09, engine_options, machines_needed, overtaken
from .nb10 import diagnose_10, keyed, tracked
from .nb10_open import dependent, fair, limited

__all__ = [
    "Exercise",
    "buckets",
    "bulk_add",
    "carry_on",
    "counted",
    "dependent",
    "diagnose_00",
    "diagnose_01",
    "diagnose_02",
    "diagnose_03",
    "diagnose_04",
    "diagnose_05",
    "diagnose_06",
    "diagnose_07",
    "diagnose_08",
    "diagnose_09",
    "diagnose_10",
    "diagnose_one_queue",
    "engine_options",
    "exercises",
    "fair",
    "finish_time",
    "first_scheduler",
    "growth",
    "heap_pop",
    "heap_push",
    "in_steps",
    "keyed",
    "levels",
    "limited",
    "machines_needed",
    "merge",
    "my_scheduler",
    "next_run_time",
    "next_time",
    "night_watch",
    "notebooks",
    "overtaken",
    "pause",
    "pauses",
    "pool_size",
    "rank",
    "rank_errors",
    "replay",
    "run_all",
    "run_next",
    "runs",
    "save",
    "sorted_add",
    "sound",
    "steady_clock",
    "take",
    "take_urgent",
    "tie_break",
    "time_is_up",
    "tracked",
    "try_again",
    "two_sides",
    "waiting",
    "watch",
    "window",
    "work",
    "work_off",
]


def my_scheduler() -> None:
    """Try the scheduler that is made of the learner's own parts."""
    from ..shell import check_my_scheduler

    check_my_scheduler()


def __getattr__(name: str) -> Any:
    """An old copy of a notebook may ask for a check that there is no more."""
    raise AttributeError(
        f"there is no check.{name}. If this notebook is an old copy of yours: "
        f'make lab ARGS="--fresh <its number>" gives you a fresh one and keeps yours.'
    )
