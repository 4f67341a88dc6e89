"""Past one machine: the same tasks on engines that others have built.

    sched.engines.celery   a broker (Redis) keeps the tasks, workers on any host run them

Each needs its extra (``pip install 'priority-sched[celery]'``), and is imported by its own name
alone. None is a scheduler of ours: its ``CAPABILITIES`` say what it keeps exactly, what it weakens
and what it refuses. What it cannot do is an error when it is asked for, never dropped in silence.
"""

from sched.engines.capabilities import Capability, UnsupportedError, capability_table

__all__ = ["Capability", "UnsupportedError", "capability_table"]
