"""Onlookers: threads that wait for something to become true of a pool.

Unlike workers they may be interrupted by Ctrl-C, which Python delivers to the main thread between
any two of its instructions. A Condition and an Event are written in Python, and an interrupt
inside them can leave a lock held for ever. A SimpleQueue is written in C: it serves as a bell here.

An interrupt that arrives in the instant before a thread starts to wait is noticed only when the
wait is over, and on Windows no wait for a lock ends early. So a wait lasts a second at most, and
is then taken up again.
"""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from time import monotonic

from sched.base import Scheduler
from sched.metrics import Metrics

LONGEST = 1.0  # seconds until a wait notices a Ctrl-C that did not end it
REDRAW = 0.1  # seconds between two pictures of a progress bar


class Onlookers:
    """Those who wait. lock: guards what they wait for, and this."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._bells: list[SimpleQueue[None]] = []

    def tell(self) -> None:
        """Let all of them look again; called with the lock held. O(onlookers)."""
        for bell in self._bells:
            bell.put(None)

    def wait(
        self,
        reached: Callable[[], bool],
        timeout: float | None = None,
        draw: Callable[[], None] | None = None,
    ) -> bool:
        """Wait until reached() is true; False if ``timeout`` seconds pass first.

        reached: asked with the lock held, once and then whenever told.
        draw: called again and again meanwhile, without the lock.
        O(1) each time, beside what the two cost.
        """
        bell: SimpleQueue[None] = SimpleQueue()
        end = math.inf if timeout is None else monotonic() + timeout
        with self._lock:
            self._bells.append(bell)
        try:
            while True:
                with self._lock:
                    if reached():
                        return True
                left = end - monotonic()
                if left <= 0:
                    return False
                if draw is not None:
                    draw()
                try:
                    bell.get(timeout=min(left, REDRAW if draw else LONGEST))
                except Empty:
                    pass
        finally:
            with self._lock:
                self._bells.remove(bell)


@contextmanager
def progress_bar(scheduler: Scheduler, name: str) -> Iterator[Callable[[], None]]:
    """A bar of the tasks that have ended, and the function that draws it anew. Needs tqdm."""
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("progress=True needs tqdm: pip install tqdm") from error

    def ended(m: Metrics) -> int:
        return m.succeeded + m.failed + m.cancelled

    def draw() -> None:
        m = scheduler.metrics()
        bar.n = ended(m) - before
        bar.total = bar.n + m.pending + m.running
        bar.refresh()

    before = ended(scheduler.metrics())
    with tqdm(desc=name, unit=" tasks") as bar:
        try:
            yield draw
        finally:
            draw()
