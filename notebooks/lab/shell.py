"""A scheduler of the learner's own parts: the shell is ours, what it does is theirs.

    s = my_scheduler()                           # or my_scheduler(levels=True, waiting=True)
    s.add(2, "mail", delay=5, now=0)
    s.take(now=5)

Its slots are named as in the notebooks. What is ready is held by `push` and `pop` (01), or by
`Levels` (06). What waits is held by `push` and `take` (01, 03), or by `Waiting` (06). `pauses` (04)
says when a failed task comes back, and how often.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from heapq import heappop, heappush
from numbers import Real
from random import Random
from threading import Lock
from typing import Any

from .check.apart import AbandonedError, apart
from .check.running import BrokenError, StubError, Trial, endless
from .check.searching import (
    Case,
    Scenario,
    Verdict,
    not_yet,
    right,
    run,
    sequences,
    smallest_failure,
    wrong,
)

ATTEMPTS, CAP = 5, 60  # of one task; seconds of its longest pause
START, STEP = 100, 2  # in the check, the clock does not begin at zero; seconds


@dataclass
class Parts:
    """What goes into the slots. levels, waiting: None where a heap is used."""

    push: Callable[[list[Any], Any], None]
    pop: Callable[[list[Any]], Any]
    take: Callable[[list[Any], float, Any], Any]
    pauses: Callable[[int, Any], list[float]]
    levels: Callable[[], Any] | None = None
    waiting: Callable[[], Any] | None = None


class ReadyHeap:
    """What is ready, in a heap: the shape of `Levels`."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.heap, self.added = parts, list[Any](), 0

    def add(self, priority: int, name: str) -> None:
        self.added += 1
        self.parts.push(self.heap, (priority, self.added, name))

    def take(self) -> Any:
        return self.parts.pop(self.heap)[-1] if self.heap else None


class WaitingHeap:
    """What waits, in a heap of pairs as `take` expects them: the shape of `Waiting`."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.heap, self.added = parts, list[Any](), 0
        self.lock = Lock()
        self.names: dict[int, str] = {}  # pairs of equal times are in order by their numbers

    def add(self, due: float, name: str) -> None:
        self.added += 1
        self.names[self.added] = name
        self.parts.push(self.heap, (due, self.added))

    def take(self, now: float) -> Any:
        number = self.parts.take(self.heap, now, self.lock)
        return self.names.pop(number, number) if isinstance(number, int) else number


class Shell:
    """A scheduler whose every decision is made by the parts in its slots."""

    def __init__(self, parts: Parts) -> None:
        self.ready: Any = parts.levels() if parts.levels else ReadyHeap(parts)
        self.waiting: Any = parts.waiting() if parts.waiting else WaitingHeap(parts)
        self.pauses = parts.pauses
        self.priorities: dict[str, int] = {}
        self.attempts: dict[str, int] = {}
        self.plans: dict[str, list[float]] = {}  # the pauses of a task that has failed

    def add(self, priority: int, name: str, delay: float = 0, now: float = 0) -> None:
        """Add a task; it waits for `delay` seconds first. Names are all different."""
        self._let_in(now)  # whoever was due before this one stands before it
        self.priorities[name], self.attempts[name] = priority, 0
        if delay > 0:
            self.waiting.add(now + delay, name)
        else:
            self.ready.add(priority, name)

    def take(self, now: float = 0) -> Any:
        """The most urgent task that is ready, or None."""
        self._let_in(now)
        name = self.ready.take()
        if name is not None:
            self.attempts[name] += 1
        return name

    def fail(self, name: str, now: float = 0) -> float | None:
        """Say that a task has failed: it comes back after the pause that is returned, or never."""
        if name not in self.plans:
            self.plans[name] = self.pauses(ATTEMPTS, Random(len(self.plans)))
        failed = self.attempts[name]
        if failed > len(self.plans[name]):
            return None
        pause = float(self.plans[name][failed - 1])  # whatever arithmetic it comes from
        self.waiting.add(now + pause, name)
        return pause

    def _let_in(self, now: float) -> None:
        while (name := self.waiting.take(now)) is not None:
            self.ready.add(self.priorities[name], name)


def my_scheduler(levels: bool = False, waiting: bool = False) -> Shell:
    """A scheduler made of your own parts; ours where you have none yet.

    levels: what is ready is held by your `Levels`, not by a heap.
    waiting: what waits is held by your `Waiting`, not by a heap.
    """
    return Shell(parts_of_mine(levels, waiting))


def parts_of_mine(levels: bool = False, waiting: bool = False) -> Parts:
    from .workshop import mine

    return Parts(
        mine.push,
        mine.pop,
        mine.take,
        mine.pauses,
        mine.Levels if levels else None,
        mine.Waiting if waiting else None,
    )


# --- trying it out --------------------------------------------------------------------------------


def try_out(parts: Parts) -> Verdict:
    """Try add, delay, order, take and retry; the smallest case in which one of them goes wrong."""
    steps = [(1, 0), (2, 0), (1, STEP), "take", "fail", "wait"]
    larger: list[Case] = [
        [(3, 0), (1, 4), (2, 0), "take", "fail", "wait", "take", "take", "wait", "wait", "take"],
        [*[(n % 4, n % 3) for n in range(12)], *["take", "fail", "wait"] * 12, *["take"] * 12],
        [(1, 0), (1, 0), *["take", "fail", *["wait"] * (CAP // STEP)] * 2 * ATTEMPTS, "take"],
    ]
    found = smallest_failure(_scenario(parts), sequences(steps, 4), larger)
    if found is None:
        return right("it adds, waits, orders, takes and tries again, with these parts.")
    if found.state == "wrong":
        found.detail = f"{found.detail} {_who(parts, found.case or [])}".strip()
    return found


def _who(parts: Parts, case: Case) -> str:
    """Which part it is, if the case comes out right with ours in its place."""
    for field in fields(Parts):
        ours = getattr(OURS, field.name)
        if getattr(parts, field.name) is not ours:
            with_ours = replace(parts, **{field.name: ours})
            if run(_scenario(with_ours), case) is None:
                name = field.name.capitalize() if ours is None else field.name
                return f"With our {name} in place of yours it comes out right: look there."
    return ""


def _scenario(parts: Parts) -> Scenario:
    def scenario(trial: Trial, case: Case) -> None:
        now, last = START, ""
        pending: dict[str, tuple[int, float, int]] = {}  # priority, time, order of arrival
        priorities: dict[str, int] = {}
        attempts: dict[str, int] = {}
        slots = [f"{slot}=True" for slot in ("levels", "waiting") if getattr(parts, slot)]
        shell: Shell = trial.call("s", "my_scheduler", Shell, parts)
        trial.lines[-1] = f"s = my_scheduler({', '.join(slots)})"
        for number, step in enumerate(case):
            if step == "take":
                ready = [n for n, (_, run_at, _) in pending.items() if run_at <= now]
                expected = min(ready, key=lambda n: pending[n], default=None)
                got = trial.call(f"s.take(now={now})", "take", shell.take, now)
                trial.lines[-1] += f"    # returned {got!r}"
                if not isinstance(got, str | None) or got != expected:
                    detail = f"It returned {got!r}; it should return {expected!r}."
                    raise BrokenError("take", _problem(got, expected, pending, now), detail)
                last = got or last
                if expected is not None:
                    attempts[expected] += 1
                    del pending[expected]
            elif step == "fail":
                if not last:
                    continue
                pause = trial.call(f"s.fail({last!r}, now={now})", "fail", shell.fail, last, now)
                trial.lines[-1] += f"    # returned {pause!r}"
                _is_a_pause(pause, attempts[last])
                if pause is not None:
                    pending[last] = priorities[last], now + pause, number
                last = ""
            elif step == "wait":
                now += STEP
            else:
                priority, delay = step
                name = f"task {number + 1}"
                late = f", delay={delay}" if delay else ""
                shown = f"s.add({priority}, {name!r}{late}, now={now})"
                trial.call(shown, "add", shell.add, priority, name, delay, now)
                pending[name] = priority, now + delay, number
                priorities[name], attempts[name] = priority, 0

    return scenario


def _is_a_pause(pause: Any, failed: int) -> None:
    if failed >= ATTEMPTS:
        if pause is not None:
            detail = f"After attempt {failed} it should give up, and return None."
            raise BrokenError("fail", "tries more often than it may", detail)
        return
    longest = min(CAP, 2 ** (failed - 1))
    detail = f"After attempt {failed} the pause should be from 0 to {longest} seconds."
    if pause is None:
        raise BrokenError("fail", "gives up too early", detail)
    # 8.000000000000002 is 8
    if not isinstance(pause, Real) or not 0 <= float(pause) <= longest * (1 + 1e-9):
        raise BrokenError("fail", "lets a failed task come back too early or late", detail)


def _problem(got: Any, expected: Any, pending: dict[str, Any], now: float) -> str:
    if got is None:
        return "gives nothing where a task is ready"
    if not isinstance(got, str):
        return "gives something else than the name of a task"
    if got not in pending:
        return "gives a task that is not there"
    if pending[got][1] > now:
        return "gives a task before its time"
    if pending[got][0] == pending[expected][0]:
        return "does not keep equal priorities in order"
    return "does not give the most urgent task"


def _take(heap: list[Any], now: float, lock: Any) -> Any:
    with lock:
        return heappop(heap)[1] if heap and heap[0][0] <= now else None


def _pauses(limit: int, source: Any) -> list[float]:
    return [source.uniform(0, min(CAP, 2**n)) for n in range(limit - 1)]


OURS = Parts(heappush, heappop, _take, _pauses)


def check_my_scheduler() -> None:
    """Try the scheduler made of your own parts: with heaps, and with `Levels` and `Waiting`."""
    for other in (False, True):
        verdict = examine(parts_of_mine(other, other))
        if verdict.state != "right":
            break
    print(verdict)


def examine(parts: Parts) -> Verdict:
    """Try it out, whatever the parts do."""
    try:
        return apart(lambda: try_out(parts))
    except AbandonedError as abandoned:
        trial, shown, operation = abandoned.call
        verdict = wrong(operation, "does not come back", endless(shown))
        verdict.lines = list(trial.lines)
        return verdict
    except StubError as stub:
        return not_yet(f"{stub} is still to be written.")
