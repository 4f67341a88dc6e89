"""A WorkerPool whose tasks run on Dask: on a cluster of its own, or on one of many machines.

::

    from sched.engines.dask import pool

    with pool(scheduler) as workers:  # processes on this machine
        workers.drain()
    with pool(scheduler, "tcp://10.0.0.5:8786") as workers:  # the same on a running cluster
        workers.drain()

Our scheduler keeps order, delays, retries and the store. Dask only runs what has a free worker
(dask_executor.py), and CAPABILITIES says what that leaves of our promises.

A cluster of its own is made of new processes, which import the program: what starts one stands
below ``if __name__ == "__main__":``. Tasks travel pickled: a cluster is of people who trust each
other.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sched import arguments
from sched.base import Scheduler
from sched.engines.capabilities import Capability
from sched.engines.dask_executor import DaskExecutor
from sched.task import Task
from sched.workers import WorkerPool

__all__ = ["CAPABILITIES", "DaskExecutor", "DaskPool", "pool"]

CAPABILITIES = (
    Capability("action, args, kwargs", "exact", "whatever cloudpickle can take there and back"),
    Capability(
        "priority", "exact",
        "no task begins before a more urgent one, but for those that are in flight: as many as "
        "workers, or chunks",
    ),
    Capability("delay, run_at", "exact", "nothing waits in Dask"),
    Capability("retry", "exact", "a worker that dies counts as an attempt; Dask itself tries none"),
    Capability("key, wait", "exact", "our scheduler's"),
    Capability(
        "timeout", "weaker",
        "as in a thread: an attempt that comes back too late has failed, and nothing stops it",
    ),
    Capability(
        "cancel", "weaker",
        "one that runs ends as CANCELLED when its action returns, which is not told",
    ),
    Capability(
        "at least once", "weaker",
        "nothing is lost when workers or the cluster's scheduler die; what was in flight when a "
        "connection was lost runs again, perhaps while it still runs. The pool's own process is "
        "not replaced: what survives it is up to the scheduler, a file say",
    ),
)  # fmt: skip


class DaskPool(WorkerPool):
    """A WorkerPool over a DaskExecutor of its own; ``pool`` makes it.

    executor: is shut down with the pool. workers: how many tasks are in flight at most; None
    follows the cluster, where workers join and leave. The rest as for WorkerPool.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        executor: DaskExecutor,
        workers: int | None = None,
        **options: Any,
    ) -> None:
        self.executor = executor
        try:
            super().__init__(
                scheduler, workers or self._size_for(executor.slots), executor=executor, **options
            )
        except BaseException:
            executor.shutdown()
            raise
        if workers is None:
            executor.on_slots = self._follow

    def shutdown(
        self, wait: bool = True, cancel_pending: bool = False, timeout: float | None = None
    ) -> bool:
        """As a WorkerPool's; then the connection ends, and the cluster if it is the pool's own.
        O(workers), O(n) to cancel."""
        ended = super().shutdown(wait, cancel_pending, timeout)
        if ended:
            self.executor.shutdown()
        else:  # when the last task has ended, whoever waits for that
            threading.Thread(target=self._end_later, name="sched-dask-end", daemon=True).start()
        return ended

    def _end_later(self) -> None:
        super().shutdown()
        self.executor.shutdown()

    def _size_for(self, slots: int) -> int:
        return max(1, slots) * self.executor.chunk

    def _follow(self, slots: int) -> None:
        with suppress(RuntimeError):  # it is not running yet, or no more
            self.resize(self._size_for(slots))


def pool(
    scheduler: Scheduler,
    address: str | None = None,
    workers: int | None = None,
    *,
    chunk: int = 1,
    patience: float = 5.0,
    run: Callable[[Task], Any] | None = None,
    **options: Any,
) -> DaskPool:
    """A WorkerPool whose tasks run on a Dask cluster. Seconds, for a cluster of its own.

    address: of the cluster's scheduler, "tcp://host:port"; None: a cluster of the pool's own, which
    listens on this machine alone.
    workers: without an address how many processes it has, 2 if None; with one how many tasks are
    in flight at most, None for as many as the cluster's workers have threads, whoever joins.
    chunk: how many tasks may travel together: many a second more where they are tiny, in order up
    to a chunk; one whose worker dies takes its chunk with it.
    patience: seconds without an answer after which the cluster's scheduler is taken for dead.
    run, and options: as for WorkerPool.

    Raises TypeError or ValueError for a bad argument, OSError where there is no scheduler.
    """
    if workers is not None:
        workers = arguments.as_count(workers, "workers", at_least=1)
    executor = DaskExecutor(address, workers or 2, chunk=chunk, patience=patience)
    most = None if address is None or workers is None else workers * executor.chunk
    return DaskPool(scheduler, executor, most, run=run, **options)
