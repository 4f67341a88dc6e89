"""EventLoop: the one thread of a pool in which its coroutines run, many at once.

A coroutine can be stopped where it awaits something. So a timeout is a real one here, and so is
being cancelled: asyncio raises CancelledError inside, and whatever it has opened is closed on the
way out. What blocks without awaiting (``time.sleep``) blocks all the others as well.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from queue import SimpleQueue
from time import monotonic
from typing import Any

from sched.attempts import Attempt
from sched.entry import details_of
from sched.execution import log_safely, on_loop, require_run, timed_out

Make = Callable[[], Coroutine[Any, Any, Any]]
Done = Callable[[Any, BaseException | None], object]


class EventLoop:
    """name: how its thread is called. It starts with the first coroutine."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_report)
        self._closing = False
        self._to_close = [None]  # whoever takes it closes
        self._new: deque[tuple[Context, Attempt, Make, Done]] = deque()
        self._is_woken = False  # for what is new; many that come together need one wake-up
        self._tasks: set[asyncio.Task[None]] = set()  # nobody else refers to them
        self.thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self.thread.start()

    def is_here(self) -> bool:
        """Whether the thread that asks is the loop's. O(1)."""
        return threading.current_thread() is self.thread

    def spawn(
        self,
        attempt: Attempt,
        context: Context | None,
        make: Make,
        done: Done,
    ) -> None:
        """Run what ``make()`` returns in this context, and call done(result, error) in the loop's
        thread when it has ended. Any thread may call it. O(1)."""
        context = context or copy_context()
        context.run(on_loop.set, (attempt.task, attempt.deadline))
        self._new.append((context, attempt, make, done))
        if not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._begin)

    def run(
        self, attempt: Attempt, context: Context | None, coroutine: Coroutine[Any, Any, Any]
    ) -> Any:
        """Wait for the result of a coroutine. Raises what it raises. Not for the loop's thread."""
        answer: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self.spawn(attempt, context, lambda: coroutine, lambda *outcome: answer.put(outcome))
        result, error = answer.get()
        if error is not None:
            raise error
        return result

    def _begin(self) -> None:
        """Start what is new."""
        self._is_woken = False  # first: who comes from now on wakes it again
        while self._new:
            context, attempt, make, done = self._new.popleft()
            task = self._loop.create_task(_carry(attempt, make, done), context=context)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            attempt.can_stop(partial(self._stop, task))

    def _stop(self, task: asyncio.Task[None]) -> bool:
        """Cancel it; any thread may call this."""
        self._loop.call_soon_threadsafe(task.cancel)
        return True

    def _serve(self) -> None:
        while not self._closing:
            try:
                self._loop.run_forever()
            except BaseException as error:  # SystemExit in a task that an action has started
                _report(self._loop, {"message": "a task raised", "exception": error})
        try:
            self._loop.run_until_complete(_end(asyncio.all_tasks(self._loop)))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        except BaseException as error:
            _report(self._loop, {"message": "a task raised", "exception": error})
        finally:
            self._loop.close()

    def close(self) -> None:
        """End the thread, once all that was spawned has ended. Idempotent. O(1)."""
        with suppress(IndexError):
            self._to_close.pop()
            self._closing = True
            self._loop.call_soon_threadsafe(self._loop.stop)


async def _end(left: set[asyncio.Task[Any]]) -> None:
    """Cancel what actions have started and not awaited."""
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def _carry(attempt: Attempt, make: Make, done: Done) -> None:
    """Run a coroutine within its time; nothing that it raises goes further than here."""
    result, error = None, None
    timeout = details_of(attempt.task.entry).timeout
    try:
        if timeout is None:
            result = await make()
        else:
            async with asyncio.timeout_at(attempt.deadline):  # loops count monotonic seconds, too
                result = await make()
        require_run(result)
    except BaseException as raised:
        result, error = None, raised
    if timeout is not None and (over := monotonic() - attempt.deadline) > 0:
        no_other = error is None or (isinstance(error, TimeoutError) and not error.args)
        error = TimeoutError(timed_out(timeout + over, timeout)) if no_other else error
    done(result, error)


def _report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what went wrong beside the actions; nothing if the application's plug-ins raise."""
    error = context.get("exception")
    log_safely(logging.ERROR, "event loop: %s", context.get("message"), trace=error)
