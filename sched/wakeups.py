"""Sleeping without polling and without a herd: workers, and those who wait for a pool.

All idle workers wait for one bell. Whoever learns of a moment at which something can run *notices*
it: an add, a retry, a worker that has taken a task and sees that there is more. The bell rings once
for a moment before which no sleeper wakes by itself, unless it has rung already and nobody has come
yet. So one task wakes one worker, and a thousand that are added at once do not cause a thousand
wake-ups: who wakes up and takes one notices the next (the schedulers of Go and Tokio keep this
rule). One sleeper, not all, sleeps no longer than until the next task is due (leader/followers:
D. Schmidt et al., 2000; Java's DelayQueue does the same).

No wake-up is lost, by one rule: *announce, then look*. A worker announces that it is about to
sleep, and then looks for a task once more; whoever adds a task adds it first, and looks for an
announcement after that. One of the two sees the other. An add that was interrupted between the two
is found when a sleeper wakes by itself, which each does before long.
"""

import math
import threading
from collections.abc import Callable
from time import monotonic

from sched.bell import Bell

LONGEST = 1.0  # seconds until a waiting thread notices a Ctrl-C that did not end its wait
REDRAW = 0.1  # seconds between two pictures of a progress bar
SLACK = 0.001  # seconds: nobody is woken to wake sooner by less


class Sleepers:
    """The workers that sleep, or have announced that they are about to.

    longest: seconds that one sleeps at most, to notice a clock that was set forward.

    Invariant: ``wakes_at`` is the moment, in the time of the scheduler's clock, at which the first
    of them wakes by itself; minus infinity if there is none, or if there is nothing to wake for.
    The methods but ``notice`` and ``wait`` are called with the pool's lock held.
    """

    def __init__(self, longest: float) -> None:
        self.longest = min(longest, threading.TIMEOUT_MAX)  # more would overflow
        self.wakes_at = -math.inf
        self.wakeups = 0
        self.rises = 0  # changes whenever somebody ceases to be idle
        self.idle: set[object] = set()  # who has looked in vain and sleeps, or has yet to begin
        self._deadlines: dict[object, float] = {}
        self.bell = Bell()

    def notice(self, run_at: float) -> None:
        """Something can run at this moment. Takes no lock. O(1)."""
        if run_at < self.wakes_at - SLACK:
            self.bell.ring()

    def announce(self, me: object, now: float) -> None:
        """This one is about to sleep, and will look once more first. O(sleepers)."""
        self._set_deadline(me, now + self.longest)

    def plan(self, me: object, now: float, due: float | None) -> float:
        """It has looked in vain. Returns its seconds to sleep: until something is due, unless
        another one wakes by then. O(sleepers)."""
        others = min((t for who, t in self._deadlines.items() if who is not me), default=math.inf)
        deadline = now + self.longest
        if due is not None and due < others - SLACK:
            deadline = min(deadline, due)
        self._set_deadline(me, deadline)
        self.idle.add(me)
        return max(0.0, deadline - now)

    def wait(self, seconds: float) -> None:
        """Sleep until the bell rings for this one, or the time is over."""
        self.bell.wait(seconds)

    def rise(self, me: object, *, slept: bool = True) -> None:
        """It is awake, or has ended. O(sleepers)."""
        self.rises += 1
        self.wakeups += slept and me in self.idle
        self.idle.discard(me)
        self._deadlines.pop(me, None)
        self.attend(paused=False)

    def attend(self, *, paused: bool) -> None:
        """Whether there is anything to wake for: nothing is noticed in a pause. O(sleepers)."""
        self.wakes_at = -math.inf if paused else min(self._deadlines.values(), default=-math.inf)

    def _set_deadline(self, me: object, deadline: float) -> None:
        self._deadlines[me] = deadline
        self.attend(paused=False)


class Onlookers:
    """Threads that wait for something to become true of a pool, and may be interrupted by Ctrl-C.

    An interrupt that arrives in the instant before a thread starts to wait is noticed only when the
    wait is over, and on Windows no wait for a lock ends early. So a wait lasts a second at most,
    and is then taken up again.
    """

    def __init__(self) -> None:
        self._bells: dict[object, Bell] = {}

    def tell(self, *_: object) -> None:
        """Let all of them look again. Takes no lock. O(onlookers)."""
        for bell in list(self._bells.values()):
            bell.ring()

    def wait(
        self,
        reached: Callable[[], bool],
        timeout: float | None = None,
        draw: Callable[[], None] | None = None,
    ) -> bool:
        """Wait until reached() is true; False if ``timeout`` seconds pass first.

        reached: asked once, and then whenever told. draw: called again and again meanwhile.
        O(1) each time, beside what the two cost.
        """
        bell = Bell()
        end = math.inf if timeout is None else monotonic() + timeout
        self._bells[bell] = bell
        try:
            while not reached():
                left = end - monotonic()
                if left <= 0:
                    return False
                if draw is not None:
                    draw()
                bell.wait(min(left, REDRAW if draw else LONGEST))
            return True
        finally:
            self._bells.pop(bell, None)
