"""StopSignals: how a ``with`` block of a pool ends when the program is told to end.

Whoever ends a program (a deployment, systemd, Kubernetes) sends SIGTERM, waits, and then kills. So
the first signal stops the pool at once and raises in the main thread, whatever it is doing there;
on the way out of the block the tasks that run have a grace to come to their end. A second signal
means that this takes too long.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

NUMBERS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """stop: what ends the pool without waiting, without a lock. grace: seconds."""

    def __init__(self, stop: Callable[[], object], grace: float) -> None:
        self.stop, self.grace = stop, grace
        self._received = 0
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Hear the signals from now on. Raises ValueError in any thread but the main one. O(1)."""
        if threading.current_thread() is not threading.main_thread():
            raise ValueError("signals=True is for the main thread, which alone hears signals")
        for number in NUMBERS:
            self._before[number] = signal.signal(number, self._hear)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self._received += 1
        self.stop()
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    def run_out(self, shutdown: Callable[..., object]) -> None:
        """Shut down, and wait for as long as the signals leave; those that come meanwhile are
        heard. Raises what the first of these raises."""
        heard: BaseException | None = None
        try:
            while True:
                before = self._received
                try:
                    shutdown(timeout=None if not before else self.grace if before == 1 else 0.0)
                    break
                except (KeyboardInterrupt, SystemExit) as error:
                    if self._received == before or before > 1:
                        raise
                    heard = heard or error
        finally:
            for number, handler in self._before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if heard is not None:
            raise heard
