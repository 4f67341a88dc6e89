"""Pictures: what a learner looks at before reading.

    heap      a heap as a tree and as an array at once
    steps     every comparison and move of a data structure: a strip, a text, a slider, a film
    sides     who is waiting and who is ready; becoming_ready, the same as a film
    waiting   delayed tasks on a line of time, late ones hatched; compare_waiting, several ways
    timeline  who ran what in a simulation, a row for each worker
    depth     how many tasks were ready, waiting and running
    wait_by_priority  how long the tasks of each priority waited
    load      how many attempts started in each second: a retry storm
    describe  what a picture shows, in words: printed right under it

matplotlib is imported when a picture is drawn, never before; it comes with the extra ``lab``. No
function calls ``plt.show()``: the cell that draws does. In text, an entry is called as its card in
the picture is: its key, then its name.
"""

from sched.plots.film import Film
from sched.plots.lateness import compare_waiting, waiting
from sched.plots.sides import becoming_ready, sides
from sched.plots.style import COLOURS, STYLE, describe
from sched.plots.trace import Trace, steps
from sched.plots.tree import heap, push_path
from sched.plots.workload import depth, load, timeline, wait_by_priority

__all__ = [
    "COLOURS",
    "STYLE",
    "Film",
    "Trace",
    "becoming_ready",
    "compare_waiting",
    "depth",
    "describe",
    "heap",
    "load",
    "push_path",
    "sides",
    "steps",
    "timeline",
    "wait_by_priority",
    "waiting",
]
