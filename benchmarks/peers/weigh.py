"""Weighed: bytes per waiting task of each peer, keys and names excluded; and what an import costs.

Two scales. tracemalloc counts what Python's objects take, exactly. RSS is what the system gives
the process: it adds what allocators round up and keep, so each peer is weighed in a process of
its own, whose memory no other has used.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.memory import traced
from benchmarks.peers.field import PEERS, taking_part
from benchmarks.peers.interface import DISTINCT, TEN_LEVELS, Peer
from benchmarks.peers.race import rows_of
from benchmarks.repeats import packed, quartiles
from benchmarks.subjects import SORTED_LIST
from benchmarks.sweep import Step

TRACED, RESIDENT = 2**14, 2**16  # tasks; fewer would be lost in what allocators keep
SLOW = 2**12  # for a peer so slow that it does not get as far in the race
STATM = Path("/proc/self/statm")
ROOT = Path(__file__).parents[2]
IMPORT_RUNS = 9


@dataclass(frozen=True)
class PeerWeight:
    """Bytes per task with n of them waiting; nan where the system does not tell."""

    peer: str
    keys: str
    n: int
    traced_bytes: float
    rss_n: int
    rss_bytes: float


@dataclass(frozen=True)
class Import:
    """Milliseconds of one import in a fresh process, after ``import queue``."""

    module: str
    ms: float


@dataclass(frozen=True)
class ImportTime:
    """Milliseconds of an import: median and quartiles."""

    module: str
    runs: int
    median_ms: float
    q1_ms: float
    q3_ms: float
    samples: str = ""


def weigh(name: str, keys: str, n: int, rss_n: int) -> list[PeerWeight]:
    """Weigh a peer on both scales; on the first alone if ``rss_n`` is 0."""
    peer, rows = PEERS[name](), _rows(name, keys, n)
    inside = traced(lambda: _filled(peer, rows)) / n
    resident = _in_fresh_process(name, keys, rss_n) / rss_n if rss_n else float("nan")
    return [PeerWeight(name, keys, n, inside, rss_n, resident)]


def _filled(peer: Peer, rows: list[Any]) -> None:
    peer.add(rows)
    peer.settle()


def _rows(name: str, keys: str, n: int) -> list[Any]:
    rows = rows_of(keys, n)
    # The bytes are the same, and no add moves all others.
    return sorted(rows, reverse=True) if name == SORTED_LIST else rows


def _in_fresh_process(name: str, keys: str, n: int) -> float:
    """Bytes by which the process grows while n tasks are added."""
    if not STATM.exists():
        return float("nan")
    return float(_output("-m", "benchmarks.peers.weigh", name, keys, str(n)))


def grown(name: str, keys: str, n: int) -> int:
    """The same, in this process."""
    rows, peer = _rows(name, keys, n), PEERS[name]()
    gc.collect()  # it stays on: what is left behind in cycles does not wait in the queue
    _filled(peer, rows[:1])  # what it makes once, it has made
    before = _resident()
    _filled(peer, rows[1:])
    return _resident() - before


def _resident() -> int:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _output(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def steps(max_n: int, *, quick: bool = False) -> Sequence[Step]:
    """One step for each peer that is installed and each kind of keys.

    quick: only ten levels, and only traced, because a process for each peer takes seconds.
    """
    todo = []
    for keys in (TEN_LEVELS,) if quick else (TEN_LEVELS, DISTINCT):
        for name in taking_part():
            slow = PEERS[name].largest_in("") < TRACED
            n, rss_n = (min(max_n, SLOW if slow else most) for most in (TRACED, RESIDENT))
            todo.append(
                Step(f"{name}, {keys}", 1, partial(weigh, name, keys, n, 0 if quick else rss_n))
            )
    return todo


def import_once() -> list[Import]:
    """Time ``import sched`` in a fresh process that has imported queue."""
    code = (
        "import queue; from time import perf_counter as now; start = now(); import sched; "
        "seconds = now() - start; sched.HeapScheduler; print(seconds * 1000)"
    )
    return [Import("sched", float(_output("-c", code)))]


def import_steps(runs: int = IMPORT_RUNS) -> Sequence[Step]:
    """So many imports."""
    return [Step("import sched", 1, import_once)] * runs


def import_summary(imports: Iterable[Import]) -> list[ImportTime]:
    """Median and quartiles of the runs."""
    times = [i.ms for i in imports]
    each = packed(enumerate(times))
    return [ImportTime("sched", len(times), median(times), *quartiles(times), each)]


if __name__ == "__main__":
    print(grown(sys.argv[1], sys.argv[2], int(sys.argv[3])))
