"""Bell: what a thread sleeps on until another one rings, or its time is over.

It is a Lock, which is written in C. A Condition and an Event are written in Python, and Ctrl-C
inside one can leave a lock held for ever, or lose a wake-up. A SimpleQueue is written in C, too,
but before Python 3.13 its ``get(timeout=)`` never ends where something disturbs it (a signal whose
handler takes a while, another thread that is faster to take what has come) and its time is over
when it goes on: what is left of it is negative then, which stands for no limit.
"""

import threading


class Bell:
    """One ring ends the wait of one thread: of the next, if none waits. Rings that nobody has heard
    yet are one.

    Whoever hears it looks at everything after that: so those who ring first make known what for.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lock.acquire()
        self.rung = False  # for one who is on its way, too, when the lock may be taken already

    def ring(self) -> None:
        """Takes no lock: signal handlers and finalizers may ring. O(1)."""
        if not self.rung:
            self.rung = True  # no signal comes between this and the ring
            try:
                self.lock.release()
            except RuntimeError:  # it rings still, for one whose time was over as it was rung
                pass

    def wait(self, seconds: float) -> None:
        """Sleep until it rings for the caller, or the time is over."""
        self.lock.acquire(timeout=seconds)
        self.rung = False
