"""Benchmarks: what each operation of each scheduler costs, counted and measured.

Two questions, kept apart because their answers have different weight.

*How does the cost grow?* is answered by counting comparisons (count.py, fit.py): exact, and the
same on every machine, so it can name a complexity class. *What does it cost?* is answered by the
clock (measure.py, drain.py, memory.py), in nanoseconds and bytes of one machine, and as a ratio
to a bare ``heapq`` measured at the same moment. A clock names no class: caches bend its curves.

    python -m benchmarks               # everything, to 2**20 tasks, into benchmarks/out/
    python -m benchmarks --quick       # to 2**14, in seconds
    python -m benchmarks peers         # beside what else a user could pick
    python -m benchmarks figures       # the few ratios that sum it up, in five minutes
    python -m benchmarks compare A B   # two folders of results: faster, slower, or no change
"""
