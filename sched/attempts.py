"""Attempts: what a pool runs at this moment, and how each of them is cancelled or stopped.

An attempt ends as its action says, or as somebody wants who cancels it, and both may happen in the
same instant. So each has one token that only one thread can take: whoever takes it decides. That
is one step of a list, which needs no lock; a lock would be on the way of every task.
"""

import math
from collections.abc import Callable
from time import monotonic

from sched.entry import Details
from sched.task import RunningTask, Task, ask_to_cancel


class Attempt:
    """A task that runs.

    deadline: when its timeout is over, in monotonic seconds.
    stop: ends it from outside, where that can be done; says whether it does. stopped: whether that
    was done because the pool ends, and not because it was cancelled.
    """

    __slots__ = ("_token", "deadline", "is_to_stop", "stop", "stopped", "task")

    def __init__(self, task: Task) -> None:
        self.task = task
        self.deadline = math.inf
        payload = task.entry[3]  # few calls: this is on the way of every task
        if isinstance(payload, Details) and payload.timeout is not None:
            self.deadline = monotonic() + payload.timeout
        self.stop: Callable[[], bool] | None = None
        self.is_to_stop = self.stopped = False
        self._token = [None]

    def decide(self) -> bool:
        """Whether the caller is the first, who decides how it ends. O(1)."""
        try:
            self._token.pop()
        except IndexError:
            return False
        return True

    def can_stop(self, stop: Callable[[], bool]) -> None:
        """From now on it can be ended from outside. O(1)."""
        self.stop = stop
        if self.is_to_stop:  # for somebody who came before
            self.stop_now()
        elif self.task.cancelled:
            stop()

    def stop_now(self) -> bool:
        """Its pool ends: stop it, now or when that can be done; whether it is stopped. O(1)."""
        self.is_to_stop = True
        if self.stop is not None:
            self.stopped = True  # first, as it may end before the next line
            self.stopped = self.stop()
        return self.stopped

    def cancel(self) -> None:
        """Tell its action, and stop it if that can be done. O(1)."""
        if isinstance(self.task, RunningTask):
            ask_to_cancel(self.task)
        if self.stop is not None:
            self.stop()


class Attempts(set[Attempt]):
    """Those of one pool, from when a worker has the task until its end is to be recorded. Any
    thread may call any method, and none takes a lock."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: dict[object, int] = {}  # ids of tasks that nobody runs yet, to be cancelled
        self.are_to_stop = False  # those that begin from now on, too

    def begin(self, task: Task) -> Attempt:
        """A worker is about to run it; it may be cancelled already. O(1)."""
        attempt = Attempt(task)
        self.add(attempt)
        if self.are_to_stop:
            attempt.is_to_stop = True
        if self.wanted:
            tokens = [token for token, task_id in list(self.wanted.items()) if task_id == task.id]
            if any([self.wanted.pop(token, None) for token in tokens]):  # noqa: C419 (all of them)
                self.cancel(task.id)
        return attempt

    def end(self, attempt: Attempt) -> bool:
        """It has come to its end: whether that counts, as nobody has cancelled it before. O(1)."""
        self.discard(attempt)
        return attempt.decide()

    def cancel(self, task_id: int) -> bool:
        """Have it end as CANCELLED; False if none of this id runs here. O(what runs)."""
        found = False
        for attempt in list(self):
            if attempt.task.id == task_id and (attempt.decide() or attempt.task.cancelled):
                found = True
                attempt.cancel()
        return found

    def want(self, task_id: int) -> object:
        """Whoever begins with it is to cancel it; returns a token to withdraw that with. O(1)."""
        token = object()
        self.wanted[token] = task_id
        return token

    def withdraw(self, token: object) -> bool:
        """It is wanted no more; whether somebody had begun with it before, and seen it. O(1)."""
        return self.wanted.pop(token, None) is None

    def stop_all(self) -> bool:
        """Stop what can be stopped from outside; whether there was anything. O(what runs)."""
        self.are_to_stop = True
        stopped = [attempt.stop_now() for attempt in list(self)]
        return any(stopped)

    def stuck(self) -> int:
        """How many go on past their timeout. O(what runs)."""
        now = monotonic()
        return sum(attempt.deadline < now for attempt in list(self))
