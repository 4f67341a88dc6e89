"""Threads: a few daemon threads that call what they are given, started as they are needed.

Those of concurrent.futures are waited for at exit, whatever they do, and take nothing any more
then, when the tasks of a pool still come to their end.
"""

import threading
from collections.abc import Callable
from itertools import count
from queue import SimpleQueue
from typing import Any


class Threads:
    """most: how many there are at most. name: how they are called, with a number behind it.
    backlog: how many calls may wait before another thread is started.

    What is called must raise nothing."""

    def __init__(self, most: int, name: str, backlog: int = 0) -> None:
        self.most, self.name, self.backlog = most, name, backlog
        self.threads: set[threading.Thread] = set()
        self._calls: SimpleQueue[tuple[Callable[..., object], tuple[Any, ...]] | None]
        self._calls, self._numbers, self._lock = SimpleQueue(), count(1), threading.Lock()

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Have one of them call it. Raises RuntimeError if the system gives not even one. O(1)."""
        self._calls.put((function, args))
        there = len(self.threads)
        if there < self.most and self._calls.qsize() > (self.backlog if there else 0):
            self._start()

    def _start(self) -> None:
        thread = threading.Thread(
            target=self._serve, name=f"{self.name}-{next(self._numbers)}", daemon=True
        )
        with self._lock:
            if len(self.threads) >= self.most:
                return
            self.threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # the system gives no more, or the interpreter is about to end
            self.threads.discard(thread)
            if not self.threads:
                raise

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            function, args = call
            function(*args)
            del call, function, args  # a thread that sleeps must not keep anything in memory

    def close(self) -> None:
        """End them, each after what it does. O(their number)."""
        for _ in range(self.most):
            self._calls.put(None)
