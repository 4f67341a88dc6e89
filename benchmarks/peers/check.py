"""Checked before anything is timed: does a peer give the order of a sorted list?

The order is that of this package: the smallest key first, and among equals the one added first.
Speed at another order is another thing, so the row of a peer says what its order is.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.peers.field import PEERS, installed, version_of
from benchmarks.peers.interface import CANCELLED, STEADY_STATES, WORKLOADS, Row
from benchmarks.peers.race import doomed, new_rows, play, rows_of
from benchmarks.sweep import Step

TASKS = 320
RIGHT, ANY_TIES, WRONG = "right", "equals in any order", "wrong"
MISSING = "not installed"


@dataclass(frozen=True)
class Check:
    """What is to be known of a peer beside its times."""

    peer: str
    version: str
    order: str
    note: str


def expected(workload: str, n: int, *, take_first: bool = False) -> list[Row]:
    """What a sorted list gives, as (key, name), in the order in which it comes out. O(n**2).

    take_first: whether in the steady state a task is taken before the new one is added.
    """
    rows = [(key, number, name) for number, (key, name) in enumerate(rows_of(workload, n))]
    if workload == CANCELLED:
        gone = set(doomed(n))
        rows = [row for row in rows if row[1] not in gone]
    rows.sort()
    if workload not in STEADY_STATES:
        return [(key, name) for key, _, name in rows]
    taken = []
    for number, (key, name) in enumerate(new_rows(workload, n), n):
        if take_first:
            taken.append(rows.pop(0))
        insort(rows, (key, number, name))
        if not take_first:
            taken.append(rows.pop(0))
    return [(key, name) for key, _, name in taken]


def order_of(name: str, workload: str, n: int = TASKS) -> str:
    """Whether a peer's order in a workload is right, right but for equals, or wrong."""
    wanted = expected(workload, n, take_first=PEERS[name].takes_all)
    seen: list[str] = []
    play(name, workload, n, seen=seen)
    seen = seen[: len(wanted)]  # one that takes first has taken one more when it stops
    if seen == [name for _, name in wanted]:
        return RIGHT
    new = new_rows(workload, n) if workload in STEADY_STATES else []
    keys = {name: key for key, name in [*rows_of(workload, n), *new]}
    right_but_for_equals = [keys[name] for name in seen] == [key for key, _ in wanted]
    return ANY_TIES if right_but_for_equals and len(set(seen)) == len(wanted) else WRONG


def check(name: str) -> list[Check]:
    """Check one peer in all workloads that it can do; the worst verdict counts."""
    peer = PEERS[name]
    if not installed(name):
        note = f"install {peer.package} to see it (it comes with the extra dev)"
        return [Check(name, "", MISSING, note)]
    verdicts = {order_of(name, w) for w in WORKLOADS if w not in peer.leaves_out}
    order = next(verdict for verdict in (WRONG, ANY_TIES, RIGHT) if verdict in verdicts)
    notes = [peer.note] if peer.note else []
    notes += [f"{workload}: {reason}" for workload, reason in peer.leaves_out.items()]
    return [Check(name, version_of(name), order, "; ".join(notes))]


def steps() -> Sequence[Step]:
    """One step for each peer, installed or not."""
    return [Step(name, 1, partial(check, name)) for name in PEERS]
