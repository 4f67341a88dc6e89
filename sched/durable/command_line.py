"""The command line: ``python -m sched FILE COMMAND``, for whoever looks after a queue.

``ls``, ``stats`` and ``backup`` look, and always work. The others write: they need the file to be
free, and do not wait for it. What a command prints is for people, or with ``--json`` for programs.

Exit codes: 0 done; 1 there is no such task, or it is not in a state for that; 2 the command, an
argument or the module of actions is wrong; 3 another process has the file, which the message names;
4 the file cannot be used; 130 and 143 ended by Ctrl-C and by SIGTERM.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from sched.arguments import shown
from sched.durable import commands
from sched.durable.commands import (
    DONE,
    MISTAKE,
    NO_SUCH_TASK,
    TAKEN,
    UNUSABLE,
    SignalledError,
    WrongError,
)
from sched.durable.errors import StorageError
from sched.durable.ownership import owner_of
from sched.task import InvalidTransitionError, QueueFullError, UnknownTaskError

STATES = ("pending", "running", "dead", "finished", "all")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; what it returns is the exit code."""
    _require_channels()
    try:
        with _signals():
            given = _parser().parse_args(arguments)
            return _carry_out(given, Path(given.file))
    except SignalledError as ended:
        return 128 + int(ended.args[0])
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _carry_out(given: Any, path: Path) -> int:
    try:
        code: int = given.carry_out(path, given) or DONE
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read it, head for example, has read enough
        commands.say_no_more()
        return DONE
    except OSError as error:  # of what is printed; those of the file are a StorageError
        commands.say_no_more()
        return _wrong(error, UNUSABLE)
    except StorageError as error:
        return _wrong(error, TAKEN if owner_of(path) not in (None, os.getpid()) else UNUSABLE)
    except (UnknownTaskError, InvalidTransitionError, QueueFullError) as error:
        return _wrong(error, NO_SUCH_TASK)
    except (WrongError, TypeError, ValueError) as error:
        return _wrong(error, MISTAKE)
    return code


def _wrong(error: Exception, code: int) -> int:
    with suppress(OSError):  # nobody reads it: the exit code tells
        print(f"sched: {error}", file=sys.stderr, flush=True)
    return code


def _require_channels() -> None:
    """Somewhere to print, though it was started with none (``>&-``); and what a terminal cannot
    show is shown as an escape."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 (until the end)
        if isinstance(channel := getattr(sys, name), TextIOWrapper):
            channel.reconfigure(errors="backslashreplace")


@contextmanager
def _signals() -> Iterator[None]:
    """The first signal to end ends in order, the second at once: a file can bear that."""
    if threading.current_thread() is not threading.main_thread():
        yield  # no other may handle signals
        return
    before = {number: signal.signal(number, _end) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: object) -> None:  # noqa: ARG001 (given by the signal)
    for each in SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    raise SignalledError(number)


# --- what can be asked for ------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sched",
        description="Look after a queue that a SQLiteScheduler keeps in a file.",
        epilog="Exit codes: 0 done; 1 no such task, or not in a state for that; 2 a mistake in the "
        "command; 3 another process has the file; 4 the file cannot be used; 130, 143 interrupted.",
    )
    parser.add_argument("file", help="the file of the queue", metavar="FILE")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(carry_out: Callable[[Path, Any], Any], text: str) -> argparse.ArgumentParser:
        made = subparsers.add_parser(carry_out.__name__, help=text, description=text)
        made.set_defaults(carry_out=carry_out)
        return made

    one = command(commands.ls, "list tasks, whoever has the file")
    one.add_argument("--state", choices=STATES, default="pending", help="which (default: pending)")
    one.add_argument("--limit", type=_count, default=20, help="how many of each (20); 0 for all")
    one.add_argument("--json", action="store_true", help="an array of objects")

    one = command(commands.stats, "count tasks, whoever has the file")
    one.add_argument("--json", action="store_true", help="one object")

    one = command(commands.add, "add a task; the file is made if it is missing")
    one.add_argument("priority", type=_number, help="lower is more urgent")
    one.add_argument("name")
    when = one.add_mutually_exclusive_group()
    when.add_argument("--delay", type=float, metavar="SECONDS")
    when.add_argument(
        "--run-at", type=_moment, metavar="WHEN", help="epoch seconds, or 2030-01-31T12:00+01:00"
    )
    one.add_argument("--action", help="the name under which a function is registered")
    one.add_argument("--args", metavar="JSON", help="an array")
    one.add_argument("--kwargs", metavar="JSON", help="an object")
    one.add_argument("--timeout", type=float, metavar="SECONDS")
    one.add_argument("--key", help="nothing is added while a task with this key is unfinished")
    one.add_argument("--json", action="store_true", help="one object")

    one = command(
        commands.run, "run tasks until told to end, by Ctrl-C or SIGTERM; told twice, end at once"
    )
    one.add_argument("--actions", required=True, metavar="MODULE", help="registers the functions")
    one.add_argument("--workers", type=_count, default=4, help="threads (4)")
    one.add_argument("--drain", action="store_true", help="end when nothing is pending")
    one.add_argument("--history", type=_count, default=10_000, help="finished tasks kept (10000)")

    one = command(commands.cancel, "cancel pending tasks")
    one.add_argument("ids", type=_count, nargs="+", metavar="ID")

    one = command(commands.requeue, "give dead letters another life")
    one.add_argument("ids", type=_count, nargs="*", metavar="ID")
    one.add_argument("--all", action="store_true", help="all that there are")

    one = command(commands.discard, "forget dead letters, or tasks that are damaged")
    one.add_argument("ids", type=_count, nargs="+", metavar="ID")

    one = command(commands.backup, "copy the file as it is now, whoever has it")
    one.add_argument("to", metavar="TO")

    command(commands.vacuum, "give the disk back what deleted tasks took")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:  # a file has no larger ones
        raise argparse.ArgumentTypeError(
            f"must be a whole number, 0 or more, of 18 digits at most, got {shown(text)}"
        )
    return int(text)


def _number(text: str) -> int | float:
    for kind in (int, float):
        with suppress(ValueError):
            value: int | float = kind(text)
            return value
    raise argparse.ArgumentTypeError(f"must be a number, got {text!r}")


def _moment(text: str) -> Any:
    with suppress(ValueError):
        return float(text)
    with suppress(ValueError):
        if (moment := datetime.fromisoformat(text)).tzinfo is not None:
            return moment
        raise argparse.ArgumentTypeError(
            f"must say its offset from UTC, as in 2030-01-31T12:00+01:00, got {text!r}"
        )
    raise argparse.ArgumentTypeError(f"must be epoch seconds or a date with time, got {text!r}")
