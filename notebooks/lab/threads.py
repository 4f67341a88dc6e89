"""Real threads for notebook 03: run some of them, and a gate that makes an unlucky moment come.

gate.wait()              # in the gap of what `take` does
two_workers(take)        # what two threads get that call it at the same time
"""

from collections.abc import Callable
from threading import Barrier, BrokenBarrierError, Event, Lock, Thread
from typing import Any

from sched import Clock, HeapScheduler, Timeline, VirtualClock, simulate


def run_threads(target: Callable[..., object], number: int, *args: object) -> None:
    """Call target(*args) in so many threads at once, and wait until all have come back."""
    threads = [Thread(target=target, args=args, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def ask() -> None:
    """Wait for a tenth of a second, as if for an answer from the network."""
    Event().wait(0.1)


class Gate:
    """Opens when two threads stand before it, or when one has lost its patience (in seconds)."""

    def __init__(self) -> None:
        self.close(patience=0)

    def close(self, patience: float) -> None:
        """As new, whatever was run before. With a patience of 0 it holds nobody."""
        self.patience = patience
        self.gave_up = False
        self._barrier = Barrier(2)

    def wait(self) -> None:
        """Stand before the gate until it opens."""
        if self.patience <= 0:
            return
        try:
            self._barrier.wait(self.patience)
        except BrokenBarrierError:
            self.gave_up = True


gate = Gate()


def two_workers(take: Callable[[], Any], patience: float = 10) -> list[str | None]:
    """What two threads get that call take(), None before a name: which was first is chance.

    patience: seconds for which one stands alone before the gate; 0: the gate stands open.
    """
    gate.close(patience)
    got: list[str | None] = []

    def worker() -> None:
        try:
            name = take()
            got.append(None if name is None else str(name))
        except Exception as error:
            got.append(type(error).__name__)

    run_threads(worker, 2)
    if gate.gave_up:
        print("Nobody else came to the gate.")
    return sorted(got, key=lambda name: name or "")


def four_take(take: Callable[[list[tuple[int, str]], int, Lock], str | None]) -> list[str]:
    """What four threads get out of one heap of 1,000 tasks, all of them due, with this take."""
    heap = [(number, f"task {number}") for number in range(1000)]
    lock = Lock()
    got: list[str] = []

    def worker() -> None:
        while (name := take(heap, 1000, lock)) is not None:
            got.append(name)

    run_threads(worker, 4)
    return got


def two_loops(work: Callable[[HeapScheduler, Event], object], scheduler: HeapScheduler) -> None:
    """Let two threads run this loop over one scheduler, until both have left it."""
    run_threads(work, 2, scheduler, Event())


def five_mails(clock: Clock | None = None) -> HeapScheduler:
    """A scheduler with five mails to send; the first two raise an error, for want of an address."""

    def send(address: str) -> Callable[[], str]:
        def action() -> str:
            if "@" not in address:
                raise ValueError(f"no address: {address}")
            return "sent"

        return action

    scheduler = HeapScheduler(clock=clock)
    for address in ["anna", "ben", "cy@home", "di@work", "eve@work"]:
        scheduler.add_task(3, f"mail to {address}", action=send(address))
    return scheduler


def who_sends_what(workers: int) -> Timeline:
    """The same five mails in virtual time: each takes a second for each letter of its address."""
    return simulate(
        five_mails(VirtualClock()),
        workers,
        service_time=lambda task, _: len(task.name.removeprefix("mail to ")),
        failure_rate=lambda task, _: "@" not in task.name,
    )
