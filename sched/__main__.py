"""`python -m sched`: what this package is, and where to start."""

import sched

TEXT = f"""\
sched {sched.__version__}: priority task schedulers to learn from, and to use.

    from sched import HeapScheduler

    s = HeapScheduler()
    s.add_task(priority=1, task_name="Critical Fix", delay=3)

All that there is:                        python -m pydoc sched
The notebooks, in the project's folder:   make lab

There is no command line yet. The standard library's sched.scheduler and sched.Event are here too.
"""

if __name__ == "__main__":
    print(TEXT, end="")
