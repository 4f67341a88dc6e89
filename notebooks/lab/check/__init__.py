"""The checks of all exercises: ``check.heap_push(push)``.

A check runs the learner's code on every small case, and says which operation broke and the
smallest case that shows it, in words. It never shows a traceback of its own, is not broken by an
answer that raises or never ends, and takes an untouched stub for what it is.

One module for each notebook: nb01.py holds the exercises of notebook 01.
"""

from .exercises import Exercise, exercises, notebooks
from .nb01 import diagnose_01, heap_pop, heap_push, tie_break, two_sides

__all__ = [
    "Exercise",
    "diagnose_01",
    "exercises",
    "heap_pop",
    "heap_push",
    "notebooks",
    "tie_break",
    "two_sides",
]
