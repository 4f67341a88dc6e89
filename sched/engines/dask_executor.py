"""DaskExecutor: calls run on the workers of a Dask cluster, on this machine or on many.

The one idea: Dask gets a call only when one of its workers has nothing to do, never a backlog. So
order, delays, retries and the store stay with our scheduler, to which a call is one attempt that
takes a while, wherever it runs.

A call is pickled and unpickled by itself: one that cannot be spoils no other. Small ones may go in
chunks, what one message costs is then shared: a chunk is what has gathered while all workers were
busy, so nothing waits for a chunk to fill.

Whoever waits for Dask may wait for ever, if its scheduler dies. A watchdog asks it now and then
whether it lives. If not, what is in flight is taken back, and sent again once there is a scheduler.
The workers may have done it already, or do it still: over Dask a task runs at least once, and after
a lost connection perhaps twice at the same time.
"""

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from typing import Any, NamedTuple

import cloudpickle
import dask.config
import distributed
from distributed.scheduler import KilledWorker

from sched import arguments
from sched.bell import Bell
from sched.processes import ProcessDiedError

log = logging.getLogger("sched.engines.dask")

LOOPBACK = "127.0.0.1"
Client: Any = distributed.Client  # they have no types
LocalCluster: Any = distributed.LocalCluster


class Call(NamedTuple):
    """One call that was asked for: pickled, and whom to tell."""

    pickled: bytes
    future: "Future[Any]"


class DaskExecutor(Executor):
    """Runs calls on Dask's workers; at most one chunk for each of their threads is in flight.

    address: of a cluster's scheduler, "tcp://host:port"; None for a cluster of this program's own,
    of so many ``workers``, each a process with one thread, that listens on this machine alone.
    workers: how many of them, for a cluster of one's own.
    chunk: how many calls may travel together. One that is lost takes its chunk with it.
    patience: seconds without an answer after which the cluster's scheduler is taken for dead; a
    result comes over in less.
    on_slots: called with ``slots`` when they have changed, in a thread of the executor's.

    A call that raises has raised; one whose worker died raises ProcessDiedError: Dask tries none
    again. (Of a cluster that others have started, Dask may: unless its own configuration has
    ``distributed.scheduler.allowed-failures: 0``.)
    Raises TypeError or ValueError for a bad argument, OSError if there is no scheduler.
    """

    def __init__(
        self,
        address: str | None = None,
        workers: int = 2,
        *,
        chunk: int = 1,
        patience: float = 5.0,
        on_slots: Callable[[int], object] | None = None,
    ) -> None:
        self._address = None if address is None else arguments.as_text(address, "address", "a str")
        self._workers = arguments.as_count(workers, "workers", at_least=1)
        self.chunk = arguments.as_count(chunk, "chunk", at_least=1)
        self._patience = arguments.as_seconds(patience, "patience", positive=True)
        self._lock = threading.Lock()
        self._waiting: deque[Call] = deque()  # for a worker that has nothing to do
        self._flying: dict[str, list[Call]] = {}  # by the key of the chunk that they are in
        self.on_slots = on_slots
        self._closing = False
        self._bell = Bell()  # for the watchdog, when it closes
        self._cluster: Any = None
        self._client: Any = self._connect()
        self._slots = self._count()
        self._watchdog = threading.Thread(target=self._watch, name="sched-dask", daemon=True)
        self._watchdog.start()

    @property
    def slots(self) -> int:
        """How many chunks may be in flight: the threads of the workers there are. O(1)."""
        return self._slots

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Run a call on some worker. O(size of the arguments). Raises RuntimeError after shutdown.

        What cannot be pickled is the fault of that call: its future raises TypeError.
        """
        future: Future[Any] = Future()
        try:
            call = Call(cloudpickle.dumps((fn, args, kwargs)), future)
        except Exception as error:
            text = f"what goes to a worker must be picklable: {arguments.as_error(error)}"
            future.set_exception(TypeError(text))
            return future
        with self._lock:
            if self._closing:
                raise RuntimeError("cannot submit a call after shutdown")
            self._waiting.append(call)
        self._send()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; end the connection, and the cluster if it is one's own. Idempotent.

        wait: for the calls there are; otherwise they are given up: what has begun raises
        RuntimeError here, whatever becomes of it there.
        """
        if cancel_futures:
            with self._lock:
                calls, self._waiting = list(self._waiting), deque()
            for call in calls:
                call.future.cancel()
        if wait:
            wait_for([call.future for call in self._unfinished()])
        with self._lock:
            self._closing = True
        # All of this may be done again: by whoever calls after a shutdown that was interrupted.
        self._bell.ring()
        self._watchdog.join()
        _close(self._client)
        if self._cluster is not None:
            self._cluster.close()
        for call in self._unfinished():
            if not call.future.cancel() and not call.future.done():
                call.future.set_exception(RuntimeError("given up: its executor was shut down"))

    def _unfinished(self) -> list[Call]:
        with self._lock:
            return [*self._waiting, *(call for chunk in self._flying.values() for call in chunk)]

    # --- sending ----------------------------------------------------------------------------------

    def _send(self) -> None:
        """Send what waits, as long as a worker has nothing to do."""
        while (chunk := self._next_chunk()) is not None:
            key, calls, client = chunk
            try:
                sent = client.submit(
                    run_chunk,
                    [call.pickled for call in calls],
                    key=key,
                    pure=False,
                    retries=0,
                )
                sent.add_done_callback(lambda done, key=key: self._arrived(key, done))
            except Exception as fault:  # it closes, or has lost its scheduler
                log.debug("not sent: %s", arguments.as_error(fault))
                return  # the watchdog takes it back

    def _next_chunk(self) -> tuple[str, list[Call], Any] | None:
        with self._lock:
            if self._client is None or len(self._flying) >= self._slots:
                return None
            calls = self._take_waiting()
            if not calls:
                return None
            key = f"sched-{uuid.uuid4().hex}"
            self._flying[key] = calls
            return key, calls, self._client

    def _take_waiting(self) -> list[Call]:
        """With the lock held: the next chunk, without those that were cancelled while waiting."""
        calls: list[Call] = []
        while self._waiting and len(calls) < self.chunk:
            call = self._waiting.popleft()
            if call.future.running() or call.future.set_running_or_notify_cancel():
                calls.append(call)
        return calls

    def _arrived(self, key: str, done: Any) -> None:
        """A chunk has come to its end, or is given up. Called in a thread of the client's."""
        answer: Any = None
        try:
            answer = done.result(self._patience)
        except (
            CancelledError,
            TimeoutError,
        ):  # its scheduler ends, or somebody restarts the cluster
            self._take_back([key])
            return
        except KilledWorker:
            answer = ProcessDiedError("the worker that ran it has died")
            # Until it is replaced: what queued at another worker would die with that one.
            self._slots = max(0, self._slots - 1)
        except BaseException as fault:  # it cannot import what it needs, say
            answer = fault
        finally:
            done.release()  # the workers need not keep it
        with self._lock:
            calls = self._flying.pop(key, [])  # none if it was taken back meanwhile
        self._send()
        for number, call in enumerate(calls):
            if isinstance(answer, BaseException):
                call.future.set_exception(answer)
                continue
            try:
                good, value = cloudpickle.loads(answer[number])
            except BaseException as fault:  # a class that is over there alone; what it asks for
                good, value = False, fault
            if good:
                call.future.set_result(value)
            else:
                call.future.set_exception(value)

    def _take_back(self, keys: list[str] | None = None) -> None:
        """What is in flight, all of it if None, waits again, before all others."""
        with self._lock:
            flown = [self._flying.pop(key, []) for key in keys or list(self._flying)]
            self._waiting.extendleft(reversed([call for calls in flown for call in calls]))
        self._send()

    # --- the cluster ------------------------------------------------------------------------------

    def _connect(self) -> Any:
        """A client of the cluster; starts the cluster if it is one's own. Raises OSError."""
        if self._address is not None:
            return Client(self._address, timeout=self._patience, set_as_default=False)
        # Without an address here, the page for browsers listens to the whole network.
        own = f"{LOOPBACK}:0"
        with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
            self._cluster = LocalCluster(
                n_workers=self._workers,
                threads_per_worker=1,
                processes=True,
                host=LOOPBACK,
                dashboard_address=own,
                worker_dashboard_address=own,
                silence_logs=logging.ERROR,
            )
        return Client(self._cluster, set_as_default=False)

    def _count(self) -> int:
        """How many threads the workers have. Raises if the scheduler gives no answer in time."""
        client = self._client
        threads = client.sync(client.scheduler.ncores, callback_timeout=self._patience)
        return sum(threads.values())

    def _closes_within(self, seconds: float) -> bool:
        if not self._closing:
            self._bell.wait(seconds)
        return self._closing

    def _watch(self) -> None:
        """See now and then whether the scheduler lives, and how many workers it has."""
        while not self._closes_within(self._patience / 5):
            try:
                slots = self._count()
            except Exception as fault:
                self._replace_client(fault)
                continue
            before, self._slots = self._slots, slots
            if slots != before and self.on_slots is not None:
                self.on_slots(slots)
            self._send()

    def _replace_client(self, fault: Exception) -> None:
        """Take back what is in flight, and connect again, for as long as it takes."""
        log.error("no answer from the scheduler of Dask: %s", arguments.as_error(fault))
        with self._lock:
            lost, self._client = self._client, None
        self._take_back()
        _close(lost)
        while not self._closes_within(self._patience / 5):
            try:
                client = self._connect()
            except Exception as still:
                log.debug("still none: %s", arguments.as_error(still))
                continue
            with self._lock:
                self._client = client
            log.warning("connected to a scheduler of Dask again: what was in flight is sent again")
            return


def _close(client: Any) -> None:
    """End a connection, though nobody may be at its other end."""
    if client is not None:
        with suppress(Exception):
            client.close(timeout=1)


def run_chunk(pickled: list[bytes]) -> list[bytes]:
    """On a worker: each call, and what came of it, pickled. O(calls)."""
    return [run_call(each) for each in pickled]


def run_call(pickled: bytes) -> bytes:
    """On a worker: whether a call has returned, and what; or what it has raised. Raises nothing."""
    try:
        fn, args, kwargs = cloudpickle.loads(pickled)
        outcome = True, fn(*args, **kwargs)
    except BaseException as error:
        outcome = False, error
    try:
        return bytes(cloudpickle.dumps(outcome))
    except BaseException as fault:  # what it is pickled with is the user's code
        name = arguments.class_name
        why = arguments.as_error(fault) if isinstance(fault, Exception) else name(fault)
        text = f"a {name(outcome[1])} cannot be pickled: {why}"
        return bytes(cloudpickle.dumps((False, TypeError(text))))
