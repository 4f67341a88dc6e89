"""Pictures that teach: what a learner looks at before reading.

    heap      a heap as a tree and as an array at once
    steps     every comparison and move of a data structure: a strip, a text, a slider, a film;
              of HeapByHand, what a learner is asked to write, of HeapScheduler what heapq does
    sides     who is waiting and who is ready; becoming_ready, the same as a film
    waiting   delayed tasks on a line of time, late ones hatched; compare_waiting, several ways
    costs     what operations cost over the number of tasks; times, with the spread
    describe  what a picture shows, in words: printed right under it

The look is that of ``sched.plots``, whose pictures of a simulation notebooks use as well. In text,
an entry is called as its card in the picture is: its key, then its name.
"""

from sched.plots import COLOURS, STYLE, describe

from .algorithms import HeapByHand
from .animation import Film
from .costs import costs, times
from .delays import compare_waiting, waiting
from .trace import Trace, steps
from .tree import heap, push_path
from .two_sides import becoming_ready, sides

__all__ = [
    "COLOURS",
    "STYLE",
    "Film",
    "HeapByHand",
    "Trace",
    "becoming_ready",
    "compare_waiting",
    "costs",
    "describe",
    "heap",
    "push_path",
    "sides",
    "steps",
    "times",
    "waiting",
]
