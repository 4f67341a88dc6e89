"""Looks: what can be asked of a ledger on disk, for the one thread that writes. Nothing is a move,
except that what is due is promoted first."""

from typing import Any

from sched.durable.schema import FAILED, READY, RUNNING, WAITING
from sched.durable.standing import Standing
from sched.metrics import Metrics
from sched.task import RunningTask, Task, pending_task


class Looks(Standing):
    """See Ledger for what each method returns."""

    def peek(self) -> Task | None:
        self.catch_up()
        entry = self.window.peek()
        return None if entry is None else pending_task(entry, self.name)

    def find(self, task_id: int) -> Task | None:
        item = self.item(task_id)
        if item is None:
            return None
        task = item.task
        return pending_task(task, self.name) if isinstance(task, tuple) else task

    def pending(self, limit: int | None) -> tuple[float, list[Task]]:
        now = self.catch_up()
        most = -1 if limit is None else limit
        items = self.table.ready(most)
        if limit is None or len(items) < limit:
            items += self.table.waiting(-1 if limit is None else limit - len(items))
        entries: list[Any] = [item.task for item in items]
        return now, [pending_task(entry, self.name) for entry in entries]

    def all_running(self) -> list[Task]:
        return sorted(self.running.values(), key=lambda task: task.number)

    def dead(self) -> list[Task]:
        return [item.task for item in self.table.dead() if isinstance(item.task, Task)]

    def counts(self) -> Metrics:
        self.catch_up()
        c = self.counters
        return Metrics(
            added=c.added,
            ready=c.ready,
            waiting=c.waiting,
            running=len(self.running),
            succeeded=c.succeeded,
            failed=c.failed,
            cancelled=c.cancelled,
            retried=c.retried,
            dead_letters=len(self.dead_ids),
        )

    def size(self) -> int:
        return self.counters.pending

    def next_run_time(self) -> float | None:
        now = self.catch_up()
        if self.counters.ready:
            return now
        if not self.counters.waiting:
            return None
        if not self.due_is_exact:
            self.look_up_due()
        return self.due

    def check(self) -> None:
        """Raise AssertionError if an invariant does not hold. O(n log n)."""
        now = self.catch_up()
        self.table.write()
        self.window.queue.check()
        ready: list[Any] = [item.task for item in self.table.ready(-1)]
        waiting: list[Any] = [item.task for item in self.table.waiting(-1)]
        running = {item.task.id: item.task for item in self.table.running()}  # type: ignore[union-attr]
        ended = list(self.table.ended())
        live, boundary = self.window.live, self.window.boundary
        queued = list(self.window.queue)
        here = ready[: len(live)]
        rest = ready[len(live) :]
        damage = [line for (line,) in self.connection.execute("PRAGMA integrity_check(3)")]
        count = dict(
            self.connection.execute("SELECT state, count(*) FROM sched_tasks GROUP BY state")
        )
        for holds, invariant in [
            (damage == ["ok"], f"the file is sound: {damage}"),
            (_keys(here) == sorted(_keys(list(live.values()))), "the window has the first ones"),
            (
                len([e for e in queued if live.get(e[2]) is e]) == len(live),
                "each of them is queued once",
            ),
            (
                len(queued) == len(live) + self.window.left_behind,
                "what tasks have left behind is counted",
            ),
            (all(live[i][2] == i for i in live), "items stand at their ids"),
            (
                not rest or (boundary is not None and all(e[:3] > boundary for e in rest)),
                "what is on disk alone is beyond the boundary",
            ),
            (
                boundary is None or all(e[:3] <= boundary for e in live.values()),
                "what is in the window is not beyond the boundary",
            ),
            (all(e[1] > now for e in waiting), "no task waits after its time"),
            (not waiting or self.due <= min(e[1] for e in waiting), "no task is due unnoticed"),
            (len(ready) == count.get(READY, 0) == self.counters.ready, "the ready are counted"),
            (
                len(waiting) == count.get(WAITING, 0) == self.counters.waiting,
                "the waiting are counted",
            ),
            (running == self.running, "what is handed out is known"),
            (len(running) == count.get(RUNNING, 0), "each task that runs is handed out"),
            (all(isinstance(t, RunningTask) for t in running.values()), "each has a hand-out"),
            ([i for i, state in ended if state == FAILED] == [*self.dead_ids], "dead letters"),
            (
                [i for i, state in ended if state != FAILED] == [*self.finished_ids],
                "the history is what ended, in order",
            ),
            (len(self.finished_ids) <= self.history, "the history is bounded"),
            (
                sum(count.values()) == len(ready) + len(waiting) + len(running) + len(ended),
                "each task is in one state",
            ),
        ]:
            if not holds:
                raise AssertionError(f"broken: {invariant}")


def _keys(entries: list[Any]) -> list[tuple[Any, ...]]:
    return [entry[:3] for entry in entries]
