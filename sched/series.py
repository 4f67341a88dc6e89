"""Recurring: one series of tasks, and the calendar of a scheduler, which has them all.

How it works is told in recurring.py. What keeps it right where threads, interrupts and full disks
meet is the key: to add an occurrence where there is one is to be given that one's id. So whoever is
in doubt adds, and nobody holds a lock meanwhile.
"""

import threading
import weakref
from contextvars import Context
from math import inf

from sched import forks
from sched.arguments import shown
from sched.base import Scheduler
from sched.clock import checked
from sched.entry import Details, details_of
from sched.events import Kind, TaskEvent
from sched.schedules import Schedule
from sched.task import Task, TaskStatus, UnknownTaskError

UNFINISHED = (TaskStatus.PENDING, TaskStatus.RUNNING)
DESCRIBED = 8  # fields of Details that say what a task is; the others, what became of it
KEPT_AS = "calendar of series"  # a name that no attribute of a subclass can have


class Recurring:
    """A series of tasks: what ``every`` and ``cron`` return. It goes on if nobody refers to this.

    While there is one, something is pending: stop it before ``WorkerPool.drain``, which would wait
    on, and give ``simulate`` an ``until``.
    """

    def __init__(self, calendar: "Calendar", schedule: Schedule, details: Details) -> None:
        self._calendar, self._schedule, self._details = calendar, schedule, details
        self._latest = (0, -inf)  # the id of the last occurrence, and what it was planned for
        self._stopped = True  # until it has begun

    @property
    def key(self) -> str:
        """The key that each occurrence has. O(1)."""
        return str(self._details.key)

    @property
    def stopped(self) -> bool:
        """Whether it has been stopped, or replaced by a series of the same key. O(1)."""
        return self._stopped

    @property
    def next_run(self) -> float | None:
        """When the next occurrence may start, epoch seconds; None if it is stopped.

        While one is running: when the next would be, were it to end now. An interrupt (Ctrl-C) of
        the very ``complete`` or ``fail`` that ends an occurrence can keep the next one from being
        added: a program that goes on after an interrupt asks for this, which adds it. O(1)."""
        scheduler = self._calendar.scheduler()
        if self._stopped or scheduler is None:
            return None
        task = self._look(scheduler)
        if task is not None and task.status is TaskStatus.PENDING:
            return task.run_at
        return self._following(scheduler)

    def stop(self) -> None:
        """Add no more, and cancel the occurrence that is pending. Idempotent. O(1).

        One that is running goes on to its end, its retries included. A program that only ends does
        not call this: in a file, what is pending is to be there when it starts again."""
        scheduler = self._calendar.scheduler()
        try:
            if scheduler is not None:
                self._look(scheduler)  # should an interrupt have hidden the last one's id
        finally:
            there = self._calendar.leave(self)
        if there and scheduler is not None:
            _cancel(scheduler, self._latest[0])

    def begin(self, first: float) -> None:
        """For ``every`` and ``cron``: add the first occurrence, or go on with what is there.

        Raises what ``add_task`` raises; nothing is changed then. O(log n) in a heap."""
        scheduler = self._calendar.scheduler()
        assert scheduler is not None
        new: list[int] = []  # the ids of those with this key
        unsubscribe = scheduler.subscribe(
            lambda event: new.extend(task.id for task in event.tasks if task.key == self.key),
            "added",
        )
        try:
            task_id = self._add(scheduler, first)
        finally:
            unsubscribe()
        self._calendar.join(self)
        try:
            if task_id in new:
                self._note(task_id, first)
            else:
                self._take_over(scheduler, task_id, first)
        except BaseException:
            self._calendar.leave(self)
            raise
        self._stopped = False
        self._look(scheduler)  # it may have ended before anybody heard

    def _take_over(self, scheduler: Scheduler, task_id: int, first: float) -> None:
        """An earlier series of this key, or another process, has left an occurrence."""
        task = _find(scheduler, task_id)
        if task is None:
            return
        planned, now = task.run_at, checked(scheduler.clock).now()
        kept = self._schedule.keeps(planned, first) or planned <= now
        wanted = kept and details_of(task.entry)[:DESCRIBED] == self._details[:DESCRIBED]
        # An occurrence that has been tried keeps its count: one that kills the process would else
        # be tried for ever.
        if task.attempts or wanted or not _cancel(scheduler, task_id):
            self._note(task_id, planned)
        else:
            planned = planned if kept else first
            self._note(self._add(scheduler, planned), planned)

    def ended(self, task: Task) -> None:
        """An occurrence has ended: add the next. Raises what ``add_task`` raises. O(log n)."""
        scheduler = self._calendar.scheduler()
        if scheduler is not None and not self._stopped:
            self._note(task.id, task.run_at)
            self.go_on(scheduler)

    def go_on(self, scheduler: Scheduler) -> None:
        """Add the next occurrence; if that fails, it is owed. Raises as ``add_task``. O(log n)."""
        try:
            moment = self._following(scheduler)
            task_id = self._add(scheduler, moment)
        except BaseException:
            self._calendar.owe(self)
            raise
        self._note(task_id, moment)
        if self._stopped and not self._calendar.has(self.key):
            # Stopped meanwhile, by somebody who did not know of this one.
            _cancel(scheduler, task_id)

    def end(self) -> None:
        """Add no more from now on. O(1)."""
        self._stopped = True

    def _look(self, scheduler: Scheduler) -> Task | None:
        """The occurrence that is not over; added if there is none, unless that fails."""
        task = _find(scheduler, self._latest[0])
        if self._stopped or (task is not None and task.status in UNFINISHED):
            return task
        try:
            self.go_on(scheduler)
        except Exception:  # no room, a full disk
            return None
        return _find(scheduler, self._latest[0])

    def _following(self, scheduler: Scheduler) -> float:
        return self._schedule.after(max(self._latest[1], checked(scheduler.clock).now()))

    def _add(self, scheduler: Scheduler, moment: float) -> int:
        d = self._details
        # In the context of whoever began the series, not of who has just ended an occurrence.
        context = d.context.copy() if d.context else Context()
        return context.run(
            scheduler.add_task,
            d.priority,
            d.name,
            run_at=moment,
            action=d.action,
            args=d.args,
            kwargs=d.kwargs or None,
            timeout=d.timeout,
            retry=d.retry,
            key=d.key,
        )

    def _note(self, task_id: int, moment: float) -> None:
        with self._calendar.lock:
            if task_id > self._latest[0]:  # threads may bring the news of two in any order
                self._latest = task_id, moment

    def __repr__(self) -> str:
        state = ", stopped" if self._stopped else ""
        return f"<Recurring {shown(self._details.name)}: {self._schedule}{state}>"


def _find(scheduler: Scheduler, task_id: int) -> Task | None:
    try:
        return scheduler.task(task_id)
    except UnknownTaskError:  # it has ended, and is out of the history
        return None


def _cancel(scheduler: Scheduler, task_id: int) -> bool:
    try:
        return scheduler.cancel(task_id)
    except UnknownTaskError:
        return False


def calendar_of(scheduler: Scheduler) -> "Calendar":
    """The one that is kept with a scheduler; made when it is first asked for. O(1)."""
    made: Calendar = vars(scheduler).setdefault(KEPT_AS, Calendar(scheduler))  # in one step
    return made


class Calendar:
    """The series of one scheduler by their keys, and who among them is owed an occurrence.

    It hears of ends while there are series, and of more while something is owed: an occurrence that
    found no room, or a full disk, is tried again whenever something has changed.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = weakref.ref(scheduler)  # which refers to this
        self.lock = threading.Lock()  # never held during a transition
        self._series: dict[str, Recurring] = {}
        self._owed: dict[str, Recurring] = {}
        self._hear_no_more = self._try_no_more = _nothing
        forks.note(self)

    def renew_after_fork(self) -> None:
        """Make the lock anew, in a forked child. O(1)."""
        self.lock = threading.Lock()

    def join(self, series: Recurring) -> None:
        """Tell it of ends from now on, in place of an earlier one of its key. O(1)."""
        scheduler = self.scheduler()
        assert scheduler is not None
        with self.lock:
            if not self._series:
                ends: tuple[Kind, ...] = ("succeeded", "failed", "cancelled")
                self._hear_no_more = scheduler.subscribe(self._hear, *ends)
            if (before := self._series.get(series.key)) is not None:
                before.end()
            self._series[series.key] = series

    def has(self, key: str) -> bool:
        """Whether there is a series of this key. O(1)."""
        return key in self._series

    def leave(self, series: Recurring) -> bool:
        """Tell it of nothing more; False if it has left, or been replaced, before. O(1)."""
        with self.lock:
            series.end()
            there = self._series.get(series.key) is series
            if there:
                del self._series[series.key]
            if not self._series:
                self._hear_no_more()
        self._settle(series)
        return there

    def owe(self, series: Recurring) -> None:
        """Try again to add its next occurrence, at every move from now on. O(1)."""
        scheduler = self.scheduler()
        assert scheduler is not None
        with self.lock:
            if not self._owed:
                moves: tuple[Kind, ...] = ("started", "succeeded", "failed", "cancelled")
                self._try_no_more = scheduler.subscribe(self._try_again, *moves)
            self._owed[series.key] = series

    def _settle(self, series: Recurring) -> None:
        with self.lock:
            if self._owed.get(series.key) is series:
                del self._owed[series.key]
                if not self._owed:
                    self._try_no_more()

    def _hear(self, event: TaskEvent) -> None:
        for task in event.tasks:
            if (series := self._series.get(task.key or "")) is not None:
                series.ended(task)

    def _try_again(self, _: TaskEvent) -> None:
        scheduler = self.scheduler()
        for series in list(self._owed.values()):
            try:
                if scheduler is not None and not series.stopped:
                    series.go_on(scheduler)
            except Exception:  # still none
                continue
            self._settle(series)


def _nothing() -> None:
    pass
