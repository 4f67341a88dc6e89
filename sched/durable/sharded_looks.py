"""ShardedLooks: what can be asked of a ledger over several others. Nothing is a move."""

from sched.durable.sharded_standing import ShardedStanding
from sched.ledger import Ledger
from sched.metrics import Metrics
from sched.task import Task, UnknownTaskError
from sched.waiting import by_run_at


class ShardedLooks(ShardedStanding):
    """See Ledger for what each method returns."""

    def peek(self) -> Task | None:
        with self.lock:
            self._settle()
            with self.moment:
                head = self._first()
        return None if head is None else head[0]

    def find(self, task_id: int) -> Task | None:
        try:
            return self._there(task_id, None, lambda ledger: ledger.found(task_id))
        except UnknownTaskError:
            return None

    def pending(self, limit: int | None = None) -> tuple[float, list[Task]]:
        now, answers = self._ask_all(lambda ledger: ledger.pending(limit)[1])
        tasks = [task for answer in answers for task in answer]
        ready = [task for task in tasks if task.run_at <= now]
        later = [task for task in tasks if task.run_at > now]
        ready.sort(key=lambda task: task.entry[:3])
        later.sort(key=lambda task: by_run_at(task.entry))
        return now, (ready + later)[:limit]

    def running(self) -> list[Task]:
        tasks = [
            task for answer in self._ask_all(lambda each: each.running())[1] for task in answer
        ]
        return sorted(tasks, key=lambda task: (task.started_at, task.entry[:3]))

    def dead(self) -> list[Task]:
        tasks = [task for answer in self._ask_all(lambda each: each.dead())[1] for task in answer]
        return sorted(tasks, key=lambda task: (task.finished_at, task.id))

    def counts(self) -> Metrics:
        answers: list[Metrics] = []
        while True:
            before, (_, answers) = answers, self._ask_all(lambda ledger: ledger.counts())
            found = Metrics(*map(sum, zip(*answers, strict=True)))
            # While one shard was asked, the last task of another may have added to it and ended.
            idle = not (found.pending or found.running)
            if not idle or answers == before or (self.adds_lock and not self.relaxed):
                return found

    def __len__(self) -> int:
        with self.lock:
            self._settle()
            return self._size()

    def next_run_time(self) -> float | None:
        _, answers = self._ask_all(lambda ledger: ledger.next_run_time())
        return min((when for when in answers if when is not None), default=None)

    def check(self) -> None:
        self._forget()

        def look(ledger: Ledger) -> list[Task]:
            ledger.check()
            return [*ledger.pending()[1], *ledger.running()]

        _, answers = self._ask_all(look)
        tasks = [task for answer in answers for task in answer]
        keys = [task.key for task in tasks if task.key is not None]
        places = [(k, task.key) for k, answer in enumerate(answers) for task in answer if task.key]
        for holds, invariant in [
            (len({task.id for task in tasks}) == len(tasks), "each task stands in one shard"),
            (all(task.id <= self.last_id for task in tasks), "no id is to be given again"),
            (len({*keys}) == len(keys), "each unfinished key has one task"),
            (all(self.place(key) == k for k, key in places), "each key is at its place"),
        ]:
            if not holds:
                raise AssertionError(f"broken: {invariant}")
