"""`python -m sched`: what this package is; with a file, the command line of its queue."""

import signal
import sys

import sched

TEXT = f"""\
sched {sched.__version__}: priority task schedulers to learn from, and to use.

    from sched import HeapScheduler

    s = HeapScheduler()
    s.add_task(priority=1, task_name="Critical Fix", delay=3)

All that there is:                        python -m pydoc sched
The notebooks, in the project's folder:   make lab
A queue in a file, from a terminal:       python -m sched --help

The standard library's sched.scheduler and sched.Event are here too.
"""

if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(TEXT, end="")
    else:
        try:
            from sched.durable.command_line import main

            code = main(sys.argv[1:])
            # All is closed: one more Ctrl-C, while Python ends, is not worth a traceback.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        except KeyboardInterrupt:
            code = 128 + signal.SIGINT
        sys.exit(code)
