"""What a worker of Celery runs for each message: one attempt at an action."""

from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from sched.arguments import NEVER_RUN, as_error
from sched.durable.actions import function_of, policy_of
from sched.durable.rows import storable_result
from sched.retry import RetryPolicy


def attempt(
    task: Any,
    name: str,
    args: list[Any],
    kwargs: dict[str, Any],
    timeout: float | None,
    retry: dict[str, Any] | None,
) -> Any:
    """Call an action; if it fails, its policy decides whether it is sent again.

    task: the one of Celery that runs. name: of the action. retry: the numbers of a policy of the
    task's own.
    """
    policy = own = policy_of(name)
    if retry is not None:
        classes: dict[str, Any] = {}
        if isinstance(own, RetryPolicy):  # which errors are worth it belongs to the action
            classes = {"retry_on": own.retry_on, "give_up_on": own.give_up_on}
        policy = RetryPolicy(**retry, **classes)
    try:
        result = function_of(name)(*args, **kwargs)
        if isinstance(result, NEVER_RUN):
            raise TypeError("the action returned a coroutine or a generator: nothing has run")
        return storable_result(result)
    except SoftTimeLimitExceeded:
        error: BaseException = TimeoutError(f"timed out after {timeout:g} s")
    except BaseException as raised:
        # A signal that ends this process arrives as an exit with a negative code.
        if isinstance(raised, SystemExit) and isinstance(raised.code, int) and raised.code < 0:
            raise
        error = raised
    attempts = task.request.retries + 1
    if policy is not None and policy.allows(attempts, error):
        raise task.retry(exc=RuntimeError(as_error(error)), countdown=policy.pause(attempts))
    # What is no Exception, sys.exit() say, would end the process, and be delivered again for ever.
    raise error if isinstance(error, Exception) else RuntimeError(as_error(error))
