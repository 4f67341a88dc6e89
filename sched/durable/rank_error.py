"""Rank error: what relaxed order costs, counted on the real scheduler.

The rank error of a take is how many ready tasks were more urgent than the one that was taken; seen
from the other side, a task is overtaken by each less urgent one that is taken before it. The terms,
and how the error grows where each worker has one queue: D. Alistarh et al., "The Power of Choice in
Priority Scheduling", PODC 2017.
"""

from random import Random
from typing import NamedTuple

from sched import arguments
from sched.clock import VirtualClock
from sched.durable.shards import ShardedScheduler


class RankErrors(NamedTuple):
    """errors: of each take, in turn. overtaken: by how many each task was, most urgent first."""

    errors: list[int]
    overtaken: list[int]

    @property
    def mean(self) -> float:
        """The mean rank error of a take. O(n)."""
        return sum(self.errors) / len(self.errors)

    @property
    def largest(self) -> int:
        """The largest rank error of a take. O(n)."""
        return max(self.errors)

    @property
    def share_overtaken(self) -> float:
        """Which share of the tasks was overtaken by any other, 0 to 1. O(n)."""
        return sum(by > 0 for by in self.overtaken) / len(self.overtaken)


def rank_errors(
    shards: int = 8, tasks: int = 10_000, seed: int = 0, *, relaxed: bool = True
) -> RankErrors:
    """Have one worker for each shard take a backlog of tasks, whoever is drawn being the next.

    tasks: how many, each of a priority of its own. seed: what all luck hangs on.
    relaxed: False for exact order, whose errors are all 0.
    O(n log n) for n tasks. Raises TypeError or ValueError for a bad argument.
    """
    tasks = arguments.as_count(tasks, "tasks", at_least=1)
    rng = Random(seed)
    s = ShardedScheduler(shards, relaxed=relaxed, clock=VirtualClock(), history=0)
    priorities = list(range(tasks))
    rng.shuffle(priorities)
    s.add_tasks([(priority, "task") for priority in priorities])
    workers = [s.shard(k) for k in range(shards)] if relaxed else [s] * shards
    left, gone = _Counts(tasks, 1), _Counts(tasks, 0)
    errors, overtaken = [], [0] * tasks
    while (task := workers[rng.randrange(shards)].get_next_task()) is not None:
        rank = int(task.priority)
        errors.append(left.below(rank))
        overtaken[rank] = len(errors) - 1 - gone.below(rank)
        left.add(rank, -1)
        gone.add(rank, 1)
        s.complete(task)
    return RankErrors(errors, overtaken)


class _Counts:
    """A number for each place, and the sum of those before one. (P. Fenwick, 1994.)"""

    def __init__(self, size: int, number: int) -> None:
        self.sums = [number * (i & -i) for i in range(size + 1)]

    def add(self, place: int, number: int) -> None:
        place += 1
        while place < len(self.sums):
            self.sums[place] += number
            place += place & -place

    def below(self, place: int) -> int:
        total = 0
        while place:
            total += self.sums[place]
            place -= place & -place
        return total
