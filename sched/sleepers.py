"""Sleepers: workers that wait for something to do, without polling and without a herd.

One of the sleepers, the *leader*, sleeps until the next task is due; the *followers* sleep until
somebody wakes them. So one task that comes due wakes one worker, not all (leader/followers:
D. Schmidt et al., 2000; Java's DelayQueue does the same).

Whoever adds a task wakes the first follower, and no other while that one is on its way: having
taken a task it wakes the next, if there is more. So a thousand tasks that are added at once do not
cause a thousand wake-ups (the schedulers of Go and Tokio keep this rule).

No wake-up is lost, by one rule: *announce, then look*. A worker announces that it is about to
sleep, and then looks for a task once more; whoever adds a task adds it first, and looks for an
announcement after that. One of the two sees the other. So to add a task while all workers are busy
takes no lock here, which is worth a third of the time of an empty task.
"""

import threading
from collections.abc import Callable
from time import monotonic

SLACK = 0.001  # seconds: the leader is not woken to wake sooner by less, two clocks differ as much


class Sleeper:
    """One worker, as the others see it when it sleeps."""

    def __init__(self, lock: threading.Lock) -> None:
        self.bell = threading.Condition(lock)
        self.wakes_at = 0.0  # while it leads: on the monotonic clock, in seconds


class Sleepers:
    """The workers that sleep. Invariant: while one sleeps and something is pending, a worker is
    awake and will look, or the leader wakes when the first task is due, or sooner.

    lock: held by the caller of every method.
    next_due: in how many seconds something can be done (0 or less: now); None if never.
    longest: seconds that the leader sleeps at most, to notice a clock that was set forward.
    """

    def __init__(
        self, lock: threading.Lock, next_due: Callable[[], float | None], longest: float
    ) -> None:
        self._lock = lock
        self._next_due = next_due
        self._longest = min(longest, threading.TIMEOUT_MAX)  # more would overflow
        self._leader: Sleeper | None = None
        self._followers: list[Sleeper] = []  # who has slept longest is first
        self.announced = 0  # how many sleep or are about to; may be read without the lock
        self.wakeups = 0

    def sleep(self, me: Sleeper) -> None:
        """Sleep as leader until the next task is due, or as follower until woken. O(followers)."""
        self.announced += 1
        due = self._next_due()
        delay = self._longest if due is None else min(due, self._longest)
        if delay > 0:
            if self._leader is None:
                self._leader, me.wakes_at = me, monotonic() + delay
                me.bell.wait(delay)
                self._leader = None
            else:
                self.wake_next()  # something may be due before the leader wakes
                self._followers.append(me)
                me.bell.wait()
                self._followers.remove(me)
            self.wakeups += 1
        self.announced -= 1

    def wake_next(self) -> None:
        """Wake one sleeper, if there is something to do or to wait for and none attends to it.

        O(1), and what ``next_due`` costs.
        """
        leader = self._leader
        sleeper = self._followers[0] if self._followers else leader
        if sleeper is None or (due := self._next_due()) is None:
            return
        if due > 0 and leader is not None:
            if monotonic() + min(due, self._longest) > leader.wakes_at - SLACK:
                return
            sleeper = leader
        # Whoever wakes takes itself off the list. Until then it is the first, and to wake it once
        # more does nothing. (And a Ctrl-C in this thread can leave no list half changed.)
        sleeper.bell.notify()

    def wake_all(self) -> None:
        """Wake everybody, because the end has come. O(sleepers)."""
        for sleeper in [*self._followers, self._leader]:
            if sleeper is not None:
                sleeper.bell.notify()
