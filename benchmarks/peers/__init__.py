"""Peers: what else a user could pick, on the same workloads, in the same run, as ratios.

    python -m benchmarks peers            # to 2**20 tasks
    python -m benchmarks peers --quick    # to 2**14, in seconds

interface.py   what a queue must do to take part
standard.py    from the standard library, and lists and heaps made by hand
installed.py   from packages: one that is not installed is named and left out
ours.py        the schedulers of this package
field.py       all of them by name
check.py       does each give the order of a sorted list? Asked before anything is timed
race.py        the workloads, timed
weigh.py       bytes per task, and what an import costs
report.py      the table; plot.py the picture
"""
