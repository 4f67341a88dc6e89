"""Outcomes: how somebody waits for what a pool runs, or has it cancelled."""

import threading
from time import monotonic, sleep

from sched.arguments import as_flag, as_seconds
from sched.crew import Crew
from sched.events import TaskEvent
from sched.execution import current_task
from sched.progress import progress_bar
from sched.task import FinishedTask, Task, TaskStatus, UnknownTaskError

IN_BETWEEN = 1.0  # seconds in which a worker begins with what it has taken, or records its end


class Outcomes(Crew):
    """See WorkerPool, which has these methods."""

    def drain(self, timeout: float | None = None, progress: bool = False) -> bool:
        """Wait until nothing is pending (delayed tasks and retries count) and no worker is busy.

        timeout: seconds to wait at most; None for no limit. progress: show a bar (needs tqdm).
        Returns False if time runs out first. Waits on while the pool is paused.
        Raises RuntimeError if the pool is shut down first or has not been started, and if a task
        of this pool calls it: it would wait for itself. O(1) each time the pool runs dry.
        """
        if timeout is not None:
            timeout = as_seconds(timeout, "timeout")
        progress = as_flag(progress, "progress")
        if self._is_own_thread():
            raise RuntimeError("drain() called by a task of this pool would wait for that task")
        self._refuse_if_not_started()
        unsubscribe = self._scheduler.subscribe(self._onlookers.tell, "cancelled")
        try:
            if not progress:
                return self._onlookers.wait(self._is_dry, timeout)
            with progress_bar(self._scheduler, self.name) as draw:
                return self._onlookers.wait(self._is_dry, timeout, draw)
        finally:
            unsubscribe()

    def _is_dry(self) -> bool:
        """Whether nothing is pending and no worker has a task; raises if that will never be."""
        if self._crash is not None:
            self._refuse_if_over()
        before = self._sleepers.rises
        m = self._scheduler.metrics()
        if m.pending:
            self._refuse_if_over()
            return False
        if not m.running:
            return True
        # What runs may be somebody else's. Who is idle here takes nothing without rising first.
        with self._lock:
            if self._sleepers.rises != before or self._runner.seated:
                return False
            return self._sleepers.idle >= self._crew

    def _is_own_thread(self) -> bool:
        """Whether the thread that asks runs tasks of this pool. O(1)."""
        return threading.current_thread() in self._crew or self._runner.runs_here()

    def _has_ended(self) -> bool:
        return not self._crew and not self._runner.seated

    def wait(self, task_id: int, timeout: float | None = None) -> Task:
        """Wait until a task has ended, whoever runs it, and return it.

        timeout: seconds to wait at most; None for no limit. Raises TimeoutError when they are over,
        UnknownTaskError, and RuntimeError if the pool is shut down first or has not been started,
        and if the task itself calls it. O(1) beside the wait.
        """
        if timeout is not None:
            timeout = as_seconds(timeout, "timeout")
        self._refuse_if_not_started()
        here = current_task()
        if here is not None and here.id == task_id and here.ledger == self._scheduler.ledger.name:
            raise RuntimeError("wait() called by a task would wait for that task")
        if here is not None and self._runner.loop is not None and self._runner.loop.is_here():
            raise RuntimeError("wait() called by a coroutine would block the event loop")
        ended: list[Task] = []

        def tell(event: TaskEvent) -> None:
            if event.task.id == task_id:
                ended.append(event.task)
                self._onlookers.tell()

        def is_over() -> bool:
            return bool(ended) or self._has_ended()

        unsubscribe = self._scheduler.subscribe(tell, "succeeded", "failed", "cancelled")
        try:
            task = self._scheduler.task(task_id)
            if not isinstance(task, FinishedTask):
                in_time = self._onlookers.wait(is_over, timeout)
                task = ended[0] if ended else self._scheduler.task(task_id)
                if not in_time and not isinstance(task, FinishedTask):
                    raise TimeoutError(f"task {task_id} is {task.status} after {timeout:g} s")
        finally:
            unsubscribe()
        if not isinstance(task, FinishedTask):
            self._refuse_if_over()
        return task

    def cancel(self, task_id: int) -> bool:
        """Cancel a task that is PENDING, or RUNNING in this pool; False if it is neither.

        One that is RUNNING ends as CANCELLED, whatever comes of it, and never runs again. In a
        process it is killed. In a thread it goes on until its action returns, which may ask
        ``current_task().cancelled``. Raises UnknownTaskError. O(workers).
        """
        attempts = self._runner.attempts
        if self._scheduler.cancel(task_id) or attempts.cancel(task_id):
            return True
        token = attempts.want(task_id)  # for a worker that is about to begin with it
        if threading.current_thread() in self._crew and current_task() is None:
            return True  # it is this one, which tells a subscriber that the task starts
        end = monotonic() + IN_BETWEEN
        cancelled = False
        try:
            while not cancelled and monotonic() < end and self._is_in_between(task_id):
                # It may have failed meanwhile, and be PENDING again.
                cancelled = attempts.cancel(task_id) or self._cancel_pending(task_id)
                if not cancelled:
                    sleep(0.001)
        finally:
            begun = attempts.withdraw(token)
        return cancelled or begun or attempts.cancel(task_id)

    def _cancel_pending(self, task_id: int) -> bool:
        try:
            return self._scheduler.cancel(task_id)
        except UnknownTaskError:  # it has ended and been evicted from history meanwhile
            return False

    def _is_in_between(self, task_id: int) -> bool:
        """Whether the task may wait for a worker to begin with it, or to record what came of it."""
        try:
            status = self._scheduler.status(task_id)
        except UnknownTaskError:
            return False
        if status is TaskStatus.RUNNING:
            return not self._runner.have_begun(len(self._crew) - len(self._sleepers.idle))
        return status is TaskStatus.PENDING
