"""Elsewhere: a pool whose actions run on an executor of ``concurrent.futures``.

Each worker hands one task over and waits for it. So never more are in flight than there are
workers, nothing queues in the executor, and order, delays and retries stay the scheduler's: an
executor that is given a backlog runs it in an order of its own.

This is the seam for engines on other machines: whatever is an ``Executor`` can be put here.
"""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from typing import Any

from sched.attempts import Attempt
from sched.base import Scheduler
from sched.entry import details_of
from sched.execution import perform
from sched.runner import Runner
from sched.task import Task, running_task


class Ticket:
    """A task on its way to where it is performed. In another process it is a copy, without what is
    not needed there, and need not be picklable: its retry policy and its context variables."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __reduce__(self) -> Any:
        task = self.task
        rank, run_at, task_id, _, *rest = task.entry
        entry = (
            rank,
            run_at,
            task_id,
            details_of(task.entry)._replace(retry=None, context=None),
            *rest,
        )
        return _ticket, (entry, task.ledger, task.number, task.started_at)

    def perform(self, run: Callable[[Task], Any] | None) -> Any:
        """What ``sched.execution.perform`` does."""
        return perform(self.task, run)


def _ticket(*values: Any) -> Ticket:
    return Ticket(running_task(*values))


class Elsewhere(Runner):
    """executor: somebody else's to shut down. The other arguments are as Runner has them."""

    def __init__(
        self, scheduler: Scheduler, run: Callable[[Task], Any] | None, executor: Executor
    ) -> None:
        super().__init__(scheduler, run)
        self.executor = executor

    def perform(self, attempt: Attempt) -> Any:
        try:
            future: Future[Any] = self.executor.submit(
                Ticket.perform, Ticket(attempt.task), self.run
            )
        except (BrokenExecutor, RuntimeError) as error:  # it takes nothing any more
            self.give_up(attempt, error)
            raise
        attempt.can_stop(future.cancel)
        try:
            return future.result()
        except CancelledError as error:  # the action's own, or the future was not to run at all
            if future.cancelled() and not (attempt.stopped or attempt.task.cancelled):
                self.give_up(attempt, error)  # whose executor it is has shut it down
            raise

    def give_up(self, attempt: Attempt, error: BaseException) -> None:
        """No task is to blame, and each would fail in turn: give this one back, and stop. O(1)."""
        attempt.stopped = True
        self.broken = error
