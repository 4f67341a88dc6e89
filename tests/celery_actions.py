"""What the workers of the Celery tests do. They say it in a file, whatever becomes of Redis."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from sched import RetryPolicy
from sched.durable import action
from sched.execution import time_left

# What tells a worker where to write, and what its scheduler is like.
FOLDER, NAME, VISIBLE = "SCHED_TEST_FOLDER", "SCHED_TEST_NAME", "SCHED_TEST_VISIBLE"


def folder() -> Path:
    return Path(os.environ[FOLDER])


def note(book: str, text: str) -> None:
    """One more line in a book: appended in one write."""
    with (folder() / book).open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def times(book: str, text: str) -> int:
    return (folder() / book).read_text(encoding="utf-8").split("\n").count(text)


@action("test.note")
def noted(book: str, text: str) -> str:
    note(book, text)
    return text


@action("test.values")
def values(book: str, *args: Any, **kwargs: Any) -> None:
    note(book, json.dumps([args, kwargs], sort_keys=True))


@action("test.moment")
def moment(book: str) -> None:
    note(book, repr(time.time()))


@action("test.gate")
def gate(book: str, text: str) -> None:
    """Keeps its process until the file is there that opens it."""
    note(book, f"{text} starts")
    while not (folder() / f"{book}.open").exists():
        time.sleep(0.01)
    note(book, f"{text} ends")


FEW = RetryPolicy(max_attempts=3, base=0.05, jitter="none", give_up_on=(ValueError,))


@action("test.fails", retry=FEW)
def fails(book: str, kind: str = "OSError") -> None:
    note(book, "tried")
    raise {"OSError": OSError, "ValueError": ValueError, "SystemExit": SystemExit}[kind]("again")


@action("test.crashes", retry=RetryPolicy(max_attempts=1))
def crashes(book: str, crashes: int) -> None:
    """Its process is killed as often as it is told, and then it works."""
    note(book, "tried")
    if times(book, "tried") <= crashes:
        os.kill(os.getpid(), signal.SIGKILL)


@action("test.slow")
def slow(book: str) -> None:
    note(book, f"has {time_left()} s left, as far as it is told")
    time.sleep(60)


@action("test.deaf")
def deaf(book: str) -> None:
    """Lets nothing stop it but a kill."""
    note(book, "tried")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            time.sleep(60)
        except Exception:
            note(book, "heard and went on")
