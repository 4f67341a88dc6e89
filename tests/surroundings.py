"""What all the code of a process shares, and a check has to leave as it was."""

import _thread
import signal
import sys
import time
from typing import Any

import pytest


def surroundings(threads: bool = True) -> dict[str, Any]:
    """Everything that a check could have changed and not put back.

    threads: wait for those that are about to end, and count the others.
    """
    until = time.monotonic() + 5
    if threads:
        while _thread._count() > _at_rest[0] and time.monotonic() < until:
            _sleep(0.001)
    timer = signal.getitimer(signal.ITIMER_REAL) if hasattr(signal, "getitimer") else None
    alarm = signal.getsignal(signal.SIGALRM) if hasattr(signal, "SIGALRM") else None
    return {
        "time.sleep": time.sleep,
        "sys.stdout": sys.stdout,
        "sys.stderr": sys.stderr,
        "write": getattr(sys.stdout, "write", None).__self__ is sys.stdout,
        "print": print,
        "tracer": sys.gettrace(),
        "profiler": sys.getprofile(),
        "timer": timer,
        "alarm": alarm,
        "interrupt": signal.getsignal(signal.SIGINT),
        "switch": sys.getswitchinterval(),
        "recursion": sys.getrecursionlimit(),
        "threads": max(0, _thread._count() - _at_rest[0]) if threads else 0,
    }


@pytest.fixture(autouse=True)
def threads_at_rest() -> None:
    """For a module that imports it: as many threads are at rest as there are before each test.

    Another test may leave one, and to wait for its end in vain would take an hour in all.
    """
    _at_rest[0] = _thread._count()


_sleep = time.sleep
_at_rest = [_thread._count()]
