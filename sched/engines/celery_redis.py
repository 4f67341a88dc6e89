"""Celery's two ways to Redis, for messages and for results, with three changes.

A worker must survive what is in its list in Redis, whoever has put it there. As it is, a text that
is no JSON, JSON that is no message, or a message whose body has another shape ends the worker, or
stays with it for ever. Here it is logged and dropped.

And whoever adds a task does not subscribe to what becomes of it: that is asked for when somebody
wants to know, and half of a task's way to Redis is saved.
"""

import logging
from collections.abc import Callable
from queue import Empty
from typing import Any

from celery.backends.redis import RedisBackend
from kombu.transport import redis
from redis.exceptions import DataError

from sched.arguments import as_error

log = logging.getLogger("sched.engines.celery")

# Python's words for what is not what it should be; RecursionError: a hundred thousand brackets.
# What is wrong with a connection is an OSError or an error of redis, which pass.
UNFIT = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, DataError)


class Channel(redis.Channel):
    """Kombu's, but nothing that is in the list ends the worker."""

    def _brpop_read(self, **options: Any) -> Any:
        """Read what has come: here it is no message yet."""
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        except UNFIT as fault:
            log.error("dropped what is no message: %s", as_error(fault))
            raise Empty from None

    def basic_consume(
        self, queue: str, no_ack: bool, callback: Callable[..., Any], *args: Any, **options: Any
    ) -> Any:
        """Have a message handed to the callback, and rejected if that cannot read it."""

        def read(message: Any) -> Any:
            try:
                return callback(message)
            except UNFIT as fault:
                log.error("rejected a message that is not ours: %s", as_error(fault))
                if not no_ack:
                    message.reject()

        passed_on: Any = super().basic_consume  # which has no types
        return passed_on(queue, no_ack, read, *args, **options)


class Transport(redis.Transport):
    """Kombu's, with the channel above."""

    Channel = Channel


class Backend(RedisBackend):  # type: ignore[misc]
    """Celery's, where who sends a task does not wait for news of it."""

    def on_task_call(self, producer: object, task_id: str) -> None:
        """Nothing is subscribed to."""
