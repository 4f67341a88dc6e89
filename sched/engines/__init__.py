"""Past one machine: the same tasks on engines that others have built.

    sched.engines.dask     our scheduler keeps the tasks, workers on any host run them
    sched.engines.celery   a broker (Redis) keeps the tasks as well

Each needs its extra (``pip install 'priority-sched[dask]'``), and is imported by its own name
alone. Its ``CAPABILITIES`` say which of our promises it keeps exactly, which it weakens and what it
refuses. What it cannot do is an error when it is asked for, never dropped in silence.
"""

from sched.engines.capabilities import Capability, UnsupportedError, capability_table

__all__ = ["Capability", "UnsupportedError", "capability_table"]
