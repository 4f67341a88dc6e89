"""Coroutines: a pool whose actions run on one event loop, thousands at once.

A worker is no thread here, but a seat: one thread takes tasks as long as a seat is free, hands
each to the loop and goes on. What has ended is recorded by a few other threads, as a ledger on disk
takes its time for that, in which the loop must not stand still; together they share its commits. A
plain function, which would block the loop, runs in one of a few threads of its own.
"""

import threading
from collections.abc import Callable
from functools import partial
from inspect import iscoroutinefunction
from typing import Any

from sched.attempts import Attempt
from sched.base import Scheduler
from sched.entry import details_of
from sched.runner import Runner
from sched.task import Task
from sched.threads import Threads
from sched.wakeups import Onlookers

RECORDERS = 8  # threads that record what has ended
BACKLOG = 32  # ends that one of them may leave waiting before there is another
PLAIN = 16  # threads for plain functions


class Coroutines(Runner):
    """workers: how many tasks may run at once. The other arguments are as Runner has them."""

    def __init__(
        self, scheduler: Scheduler, run: Callable[[Task], Any] | None, workers: int
    ) -> None:
        super().__init__(scheduler, run)
        self.seats = workers
        self.seated = self._seated = set[Attempt]()
        self.before_take = self._wait_for_a_seat
        self._make_threads()

    def belong_to(self, pool: str) -> None:
        super().belong_to(pool)
        self._make_threads()

    def _make_threads(self) -> None:
        self._room = Onlookers()
        self._recorders = Threads(RECORDERS, f"{self.name}-recorder", BACKLOG)
        self._plain = Threads(PLAIN, f"{self.name}-plain")

    def _wait_for_a_seat(self) -> None:
        if self._is_full():
            self._room.wait(lambda: not self._is_full() or self.is_stopping())
        self.scheduler.ledger.give_way()

    def _is_full(self) -> bool:
        return len(self.seated) >= (self.seats or 1)

    def attempt(self, task: Task, worker: str) -> None:
        attempt = self.begin(task, worker)
        self._seated.add(attempt)
        try:
            self._start(attempt, worker)
        except BaseException as error:  # it has not come so far
            self._record(attempt, worker, None, error)

    def _start(self, attempt: Attempt, worker: str) -> None:
        details = details_of(attempt.task.entry)
        call, args = details.action, details.args
        if call is None:
            call, args = self.run, (attempt.task,)
        if call is None or not _is_async(call):
            self._plain.call(self._perform, attempt, worker)
            return
        context = details.context and details.context.copy()
        make = partial(call, *args, **details.kwargs)
        self.the_loop().spawn(attempt, context, make, partial(self._ended, attempt, worker))

    def _perform(self, attempt: Attempt, worker: str) -> None:
        """Run a plain function, in a thread of its own."""
        try:
            result = self.perform(attempt)
        except BaseException as error:
            self._record(attempt, worker, None, error)
        else:
            self._record(attempt, worker, result, None)

    def _ended(
        self, attempt: Attempt, worker: str, result: Any, error: BaseException | None
    ) -> None:
        """What the loop calls when a coroutine has ended."""
        try:
            self._recorders.call(self._record, attempt, worker, result, error)
        except RuntimeError:  # no thread: let the loop wait for it
            self._record(attempt, worker, result, error)

    def _record(
        self, attempt: Attempt, worker: str, result: Any, error: BaseException | None
    ) -> None:
        try:
            self.end(attempt, worker, result, error=error)
        except BaseException as crash:
            self.crashed(crash)
        finally:
            self._seated.discard(attempt)
            self._room.tell()
            if not self.seated:
                self.is_empty()

    def runs_here(self) -> bool:
        return threading.current_thread() in self._plain.threads or super().runs_here()

    def have_begun(self, busy: int) -> bool:
        return not busy and len(self._seated) <= len(self.attempts)

    def look_again(self) -> None:
        self._room.tell()

    def close(self) -> None:
        self._plain.close()
        self._recorders.close()
        super().close()

    def renew_after_fork(self) -> None:
        super().renew_after_fork()
        self.seated = self._seated = set()
        self._make_threads()


def _is_async(function: Callable[..., Any]) -> bool:
    """Whether it returns a coroutine. (One that does although it does not look like it is run by
    a plain thread, and its coroutine by the loop.)"""
    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)
