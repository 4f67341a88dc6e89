"""CeleryScheduler: the same ``add_task``, where Celery keeps the tasks in Redis and runs them.

::

    # jobs.py, the same on every host
    from sched.durable import action
    from sched.engines.celery import CeleryScheduler

    s = CeleryScheduler()  # at $REDIS_URL, or redis://127.0.0.1:6379/0
    app = s.app

    @action("send_mail")
    def send_mail(to): ...

Whoever imports it adds tasks (``s.add_task(1, "mail", action=send_mail, args=("ada",))``), and
``celery -A jobs worker`` runs them, on as many hosts as there are. A message holds an action's
registered name and JSON, and nothing else is accepted: nothing is ever unpickled, and what is no
message of ours is logged and dropped.

The one idea: nobody of ours is left between the two. The broker hands out, so order, delays and
retries are what the broker makes of them, and CAPABILITIES says what that is, line by line. What
it cannot do is refused.
"""

import os
from datetime import UTC, datetime
from time import time
from typing import Any, NoReturn
from urllib.parse import urlsplit

from celery import Celery, signals
from celery.concurrency.prefork import TaskPool

from sched import arguments
from sched.arguments import NOTHING, shown
from sched.durable.actions import name_of, policy_of
from sched.durable.rows import NUMBERS, storable
from sched.engines.capabilities import Capability, UnsupportedError
from sched.engines.celery_attempt import attempt
from sched.entry import Details
from sched.retry import RetryPolicy
from sched.task import TaskStatus

REDIS = "sched.engines.celery_redis"  # what Celery imports, in whichever process
LEVELS = 10  # priorities 0 to 9, a list in Redis for each
GRACE = 2.0  # seconds from a task's timeout until its process is killed
ANSWER = 1.0  # seconds in which a worker must say that it has heard of a cancellation
STATUSES = {
    "STARTED": TaskStatus.RUNNING,
    "SUCCESS": TaskStatus.SUCCEEDED,
    "FAILURE": TaskStatus.FAILED,
    "REVOKED": TaskStatus.CANCELLED,
}

CAPABILITIES = (
    Capability("task_name", "exact", "what Celery's logs and tools call the task"),
    Capability(
        "action, args, kwargs", "exact",
        "a registered action and what JSON gives back as it was; the rest is refused when added",
    ),
    Capability(
        "priority", "weaker",
        "an int from 0 to 9, lower first, others are refused; FIFO among equals, save for a task "
        "that is delivered again (with RabbitMQ higher would be first: only Redis is taken)",
    ),
    Capability(
        "delay, run_at", "weaker",
        "never too early; but the first worker to see it holds it in its memory until it is due, "
        "and runs it then before what is more urgent. None reach past visibility_timeout",
    ),
    Capability(
        "timeout", "weaker",
        "Celery's SoftTimeLimitExceeded in the action, for the policy a TimeoutError; "
        f"{GRACE:g} s later the process is killed, and the task has failed for good. time_left() "
        "is not known. Needs the prefork pool",
    ),
    Capability(
        "retry", "weaker",
        "attempts and pauses are the policy's, each pause held as a delay is; a crash is not "
        "counted as an attempt: what kills its process comes back each time",
    ),
    Capability("key", "refused", "Celery keeps nothing unique"),
    Capability("wait", "refused", "Redis has no limit on what is pending"),
    Capability(
        "cancel", "weaker",
        "tells the workers that are up, False if none answers; who starts later has not heard",
    ),
    Capability(
        "status", "weaker",
        "PENDING also for an id that was never added, or ended more than a day ago",
    ),
    Capability(
        "at least once", "weaker",
        "a task leaves Redis when it has ended. A killed process: again within seconds. A killed "
        "worker or a lost connection: only after visibility_timeout. One that runs longer runs "
        "twice at once; delivered again after it has succeeded it is dropped",
    ),
    Capability(
        "on disk when it returns", "weaker",
        "as Redis is set up: with appendonly yes and appendfsync always",
    ),
    Capability("what is not ours", "refused", "logged and dropped, and stops nothing"),
    Capability(
        "everything else", "refused",
        "there is no taking, peeking, listing, reprioritizing, no batch and no dead letters",
    ),
)  # fmt: skip


class CeleryScheduler:
    """Adds tasks to Celery, and is what its workers are configured with.

    url: of Redis, "redis://..." or "rediss://..."; the environment's REDIS_URL if None, else
    that of this machine.
    name: of the queue, and before every key in Redis: two names do not meet.
    visibility_timeout: seconds after which a task that a worker has fetched and not ended is given
    to another: longer than any task takes, its delay included.

    Raises TypeError or ValueError for a bad argument; UnsupportedError for another broker.
    """

    def __init__(
        self, url: str | None = None, *, name: str = "sched", visibility_timeout: float = 3600.0
    ) -> None:
        url = url or os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
        if urlsplit(arguments.as_text(url, "url", "a str")).scheme not in ("redis", "rediss"):
            raise UnsupportedError(
                f"url must be of Redis, redis://host:port/number, got {shown(url)}: what is most "
                "urgent with one broker is least urgent with another"
            )
        self.visibility_timeout = arguments.as_seconds(
            visibility_timeout, "visibility_timeout", positive=True
        )
        name = arguments.as_text(name, "name", "a str")
        self.app: Any = Celery(
            name, broker=url, backend=f"{REDIS}:Backend+{url}", set_as_current=False
        )
        self.app.conf.update(
            accept_content=["json"],
            result_accept_content=["json"],
            task_serializer="json",
            result_serializer="json",
            task_default_queue=name,
            task_acks_late=True,  # a task leaves Redis when it has ended, not when it starts
            task_reject_on_worker_lost=True,
            task_track_started=True,
            worker_deduplicate_successful_tasks=True,
            worker_prefetch_multiplier=1,  # none is fetched before a process is free
            broker_connection_retry_on_startup=True,
            broker_transport=f"{REDIS}:Transport",
            broker_transport_options={
                "global_keyprefix": f"{name}:",
                "priority_steps": list(range(LEVELS)),
                "visibility_timeout": self.visibility_timeout,
            },
            result_backend_transport_options={"global_keyprefix": f"{name}:"},
        )
        self._task: Any = self.app.task(attempt, bind=True, name="sched.attempt", max_retries=None)
        signals.celeryd_after_setup.connect(self._refuse_pool, weak=False)

    def add_task(
        self,
        priority: int,
        task_name: Any,
        delay: float | None = None,
        run_at: Any = None,
        action: Any = None,
        args: Any = NOTHING,
        kwargs: Any = None,
        timeout: float | None = None,
        retry: RetryPolicy | None = None,
        key: None = None,
        wait: None = None,
    ) -> str:
        """Send one task to Redis, and return the id that Celery gives it. One round trip.

        Arguments as ``Scheduler.add_task`` has them, within CAPABILITIES.
        Raises TypeError or ValueError for a bad one, UnsupportedError for what Celery cannot do,
        and what Celery raises where Redis cannot be reached; nothing was sent then.
        """
        for argument, value in (("key", key), ("wait", wait)):
            if value is not None:
                self._refuse(argument, value)
        level = arguments.as_priority(priority)
        if not isinstance(level, int) or not 0 <= level < LEVELS:
            raise UnsupportedError(
                f"priority must be an int from 0 to {LEVELS - 1} for Celery, got {shown(priority)}"
            )
        delay, run_at = arguments.as_time(delay, run_at)
        if action is None:
            raise UnsupportedError("action must be given for Celery, got None")
        given = arguments.as_details(
            level, arguments.as_name(task_name), action, args, kwargs, timeout, retry, None
        )
        task = storable(given)
        assert isinstance(task, Details) and task.action is not None
        known = name_of(task.action)
        numbers = None
        if task.retry is not policy_of(known):
            numbers = {each: getattr(task.retry, each) for each in NUMBERS}
        now = time()
        moment = run_at if run_at is not None else None if delay is None else now + delay
        self._refuse_late(task, 0.0 if moment is None else moment - now)
        sent = self._task.apply_async(
            (known, list(task.args), task.kwargs, task.timeout, numbers),
            priority=int(level),
            eta=None if moment is None else datetime.fromtimestamp(moment, UTC),
            soft_time_limit=task.timeout,
            time_limit=None if task.timeout is None else task.timeout + GRACE,
            shadow=task.name,
            argsrepr=known,  # no arguments in logs
        )
        return str(sent.id)

    def cancel(self, task_id: str) -> bool:
        """Tell each worker that is up not to start this task; whether any has heard it, of a task
        that has not started as far as is known. Takes a second."""
        if self.status(task_id) is not TaskStatus.PENDING:
            return False
        return bool(self.app.control.revoke(task_id, reply=True, timeout=ANSWER))

    def status(self, task_id: str) -> TaskStatus:
        """Where a task stands, PENDING if Celery knows nothing of it. One round trip."""
        task_id = arguments.as_text(task_id, "task_id", "what add_task returned")
        return STATUSES.get(self.app.AsyncResult(task_id).state, TaskStatus.PENDING)

    def close(self) -> None:
        """End the connections to Redis. What was sent stays there."""
        signals.celeryd_after_setup.disconnect(self._refuse_pool)
        self.app.backend.client.connection_pool.disconnect()
        self.app.close()

    def __enter__(self) -> "CeleryScheduler":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"a CeleryScheduler has no {name!r}: Celery keeps the tasks, and CAPABILITIES says "
            "what it can do"
        )

    def __repr__(self) -> str:
        return f"<CeleryScheduler {self.app.main!r} at {self.app.connection().as_uri()}>"

    def _refuse(self, what: str, value: object) -> NoReturn:
        why = next(row.how for row in CAPABILITIES if row.what == what)
        raise UnsupportedError(f"{what} must be None for Celery, got {shown(value)}: {why}")

    def _refuse_late(self, task: Details, wait: float) -> None:
        """What a worker would hold for longer than it may is given to another as well."""
        pause = 0.0
        if isinstance(task.retry, RetryPolicy):
            pause = task.retry.longest_pause(task.retry.max_attempts or 10**6)  # None: for ever
        takes = 0.0 if task.timeout is None else task.timeout + GRACE
        for argument, seconds in (("timeout", 0.0), ("delay", wait), ("retry", pause)):
            if seconds + takes >= self.visibility_timeout:
                raise UnsupportedError(
                    f"{argument} must end before visibility_timeout for Celery, got "
                    f"{seconds:g} s of waiting and {takes:g} s of running: after "
                    f"{self.visibility_timeout:g} s another worker would run it too"
                )

    def _refuse_pool(self, instance: Any, **_: Any) -> None:
        """Called in a worker that starts."""
        if instance.app is self.app and not issubclass(instance.pool_cls, TaskPool):
            raise SystemExit(
                "sched: timeouts need processes that can be killed, start the worker with "
                f"--pool prefork, not {instance.pool_cls.__module__.rsplit('.', 1)[-1]}"
            )
