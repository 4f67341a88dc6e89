"""Pictures of a Timeline: what ``simulate`` did, at a glance.

    timeline  who ran what, a row for each worker
    depth     how many tasks were ready, waiting and running
    wait_by_priority  how long the tasks of each priority waited
    load      how many attempts started in each second: a retry storm
    describe  what a picture shows, in words: printed right under it

matplotlib is imported when a picture is drawn, never before; it comes with the extra ``lab``. No
function calls ``plt.show()``: the cell that draws does. ``STYLE`` and ``COLOURS`` are the look of
every figure of the project. The pictures that teach (heaps, steps, delays) are the notebooks' own.
"""

from sched.plots.depth import depth
from sched.plots.load import load
from sched.plots.style import COLOURS, STYLE, describe
from sched.plots.timeline import timeline
from sched.plots.waits import wait_by_priority

__all__ = [
    "COLOURS",
    "STYLE",
    "depth",
    "describe",
    "load",
    "timeline",
    "wait_by_priority",
]
