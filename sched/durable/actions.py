"""Actions: functions that tasks on disk can name.

A file outlives the program that wrote it, so it holds no code: a task's action is the name under
which a function is registered, and its arguments are JSON. Nothing is ever unpickled. Which errors
are worth another attempt, and how often, is a matter of code as well: it belongs to the action.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from sched.arguments import as_callable, as_retry, as_text, shown

if TYPE_CHECKING:
    from sched.retry import RetryPolicy

F = TypeVar("F", bound=Callable[..., Any])

_functions: dict[str, Callable[..., Any]] = {}
_names: dict[Callable[..., Any], str] = {}
_policies: dict[str, "RetryPolicy"] = {}


def action(name: str, retry: "RetryPolicy | None" = None) -> Callable[[F], F]:
    """Register the function that follows under a name, by which files know it. O(1)::

        @action("send_mail", retry=RetryPolicy(max_attempts=5, retry_on=(OSError,)))
        def send_mail(to, subject): ...

    name: a non-empty str, never to be given to something else while a file has tasks of it.
    retry: the policy of each task with this action that is added without one.

    The function is returned as it is. A module that is loaded again replaces its own function.
    Raises TypeError or ValueError for a bad argument, ValueError if the name, or the function, is
    registered differently already.
    """
    name, retry = as_text(name, "name", "a str"), as_retry(retry)

    def register(function: F) -> F:
        as_callable(function, "function")
        before = _functions.get(name)
        if before is not None and before is not function and _origin(before) != _origin(function):
            raise ValueError(f"name must be new, got {name!r}, which is that of {shown(before)}")
        if _names.get(function, name) != name:
            raise ValueError(f"{shown(function)} is registered already, as {_names[function]!r}")
        if before is not None:
            del _names[before]
        _functions[name], _names[function] = function, name
        if retry is None:
            _policies.pop(name, None)
        else:
            _policies[name] = retry
        return function

    return register


def _origin(function: Callable[..., Any]) -> tuple[Any, Any]:
    return getattr(function, "__module__", None), getattr(function, "__qualname__", function)


def name_of(function: Callable[..., Any]) -> str:
    """The name under which a function is registered. O(1). Raises ValueError if it is not."""
    if isinstance(function, UnknownAction):
        return function.name
    try:
        return _names[function]
    except (KeyError, TypeError):  # TypeError: it cannot be hashed
        raise ValueError(
            f"action must be registered to be kept in a file, got {shown(function)}: "
            'put @action("a name") above a function'
        ) from None


def function_of(name: str) -> Callable[..., Any]:
    """The function of this name, or one that says that there is none. O(1)."""
    return _functions.get(name) or UnknownAction(name)


def policy_of(name: str | None) -> "RetryPolicy | None":
    """The retry policy of the action of this name, if it has one. O(1)."""
    return None if name is None else _policies.get(name)


class UnknownAction:
    """Stands for a function that nobody has registered yet: whoever calls it fails."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, if it has been registered meanwhile. Raises LookupError."""
        function = _functions.get(self.name)
        if function is None:
            raise LookupError(
                f"no action {self.name!r} is registered in this process: import the module "
                "that has it before tasks are run"
            )
        return function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<action {self.name!r}, not registered>"
