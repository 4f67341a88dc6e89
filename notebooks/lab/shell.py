"""A scheduler of the learner's own parts: the shell is ours, what it does is theirs.

    shell = my_scheduler()                    # or my_scheduler(levels=True)
    shell.add(2, "mail", delay=5, now=0)
    shell.take(now=5)

Its slots are named as in the notebooks: `push` and `pop` (01) or `Levels` (06) hold what is ready,
`take` (03) the waiting side, `pause` (04) says when a failed task comes back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from threading import Lock
from typing import Any

from .check.apart import AbandonedError, apart
from .check.running import BrokenError, StubError, Trial, endless
from .check.searching import Case, Verdict, not_yet, right, sequences, smallest_failure, wrong

BASE, CAP = 2, 60  # seconds between attempts


@dataclass
class Parts:
    """What goes into the slots."""

    push: Callable[[list[Any], Any], None]
    pop: Callable[[list[Any]], Any]
    take: Callable[[list[Any], float, Any], Any]
    pause: Callable[[int, float, float], float]
    levels: Callable[[], Any] | None = None


class Shell:
    """A scheduler whose every decision is made by the parts in its slots."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.lock = Lock()
        self.waiting: list[Any] = []  # (run_at, name), as `take` expects it
        self.ready: Any = parts.levels() if parts.levels else []
        self.tasks: dict[str, list[Any]] = {}  # name: [priority, attempts]
        self.arrived = 0

    def add(self, priority: int, name: str, delay: float = 0, now: float = 0) -> None:
        """Add a task; it waits for `delay` seconds first. Names are all different."""
        self.tasks[name] = [priority, 0]
        if delay > 0:
            self.parts.push(self.waiting, (now + delay, name))
        else:
            self._is_ready(name)

    def take(self, now: float = 0) -> Any:
        """The most urgent task that is ready, or None."""
        while (name := self.parts.take(self.waiting, now, self.lock)) is not None:
            self._is_ready(name)
        if self.parts.levels:
            name = self.ready.take()  # whatever the learner's part gives
        else:
            name = self.parts.pop(self.ready)[-1] if self.ready else None
        if name is not None:
            self.tasks[name][1] += 1
        return name

    def fail(self, name: str, now: float = 0) -> float:
        """Say that a task has failed: it comes back after a pause, which is returned."""
        # To the microsecond: 8 seconds may be 8.000000000000002 in the learner's arithmetic.
        pause = round(float(self.parts.pause(self.tasks[name][1], BASE, CAP)), 6)
        self.parts.push(self.waiting, (now + pause, name))
        return pause

    def _is_ready(self, name: str) -> None:
        priority = self.tasks[name][0]
        self.arrived += 1
        if self.parts.levels:
            self.ready.add(priority, name)
        else:
            self.parts.push(self.ready, (priority, self.arrived, name))


def my_scheduler(levels: bool = False) -> Shell:
    """A scheduler made of your own parts; ours where you have none yet."""
    return Shell(parts_of_mine(levels))


def parts_of_mine(levels: bool = False) -> Parts:
    from .workshop import mine

    return Parts(mine.push, mine.pop, mine.take, mine.pause, mine.Levels if levels else None)


def try_out(parts: Parts) -> Verdict:
    """Try add, delay, order, take and retry; the smallest case in which one of them goes wrong."""

    def scenario(trial: Trial, case: Case) -> None:
        now, last = 0, None
        waiting: list[Any] = []
        ready: list[Any] = []
        kept: dict[str, list[int]] = {}
        arrived = 0
        trial.note(f"s = my_scheduler({'levels=True' if parts.levels else ''})")
        shell: Shell = trial.call("s", "my_scheduler", Shell, parts)
        trial.lines.pop()
        for number, step in enumerate(case):
            if step == "take":
                while waiting and waiting[0][0] <= now:
                    _, name = heappop(waiting)
                    arrived += 1
                    heappush(ready, (kept[name][0], arrived, name))
                expected = heappop(ready)[2] if ready else None
                got = trial.call(f"s.take(now={now})", "take", shell.take, now)
                trial.lines[-1] += f"    # returned {got!r}"
                if got != expected:
                    detail = f"It returned {got!r}; it should return {expected!r}."
                    raise BrokenError("take", _problem(got, expected, kept, waiting), detail)
                last = got
                if last is not None:
                    kept[last][1] += 1
            elif step == "fail":
                if last is None:
                    continue
                pause = min(CAP, BASE * 2 ** (kept[last][1] - 1))
                shown = f"s.fail({last!r}, now={now})"
                got = trial.call(shown, "fail", shell.fail, last, now)
                trial.lines[-1] += f"    # a pause of {got!r} seconds"
                if got != pause:
                    detail = f"The pause should be {pause} seconds."
                    raise BrokenError(
                        "fail", "lets a failed task come back too early or late", detail
                    )
                heappush(waiting, (now + pause, last))
                last = None
            elif step == "wait":
                now += BASE
                trial.note(f"# {BASE} seconds later")
            else:
                priority, delay = step
                name = f"task {number + 1}"
                kept[name] = [priority, 0]
                if delay:
                    heappush(waiting, (now + delay, name))
                else:
                    arrived += 1
                    heappush(ready, (priority, arrived, name))
                late = f", delay={delay}" if delay else ""
                shown = f"s.add({priority}, {name!r}{late}, now={now})"
                trial.call(shown, "add", shell.add, priority, name, delay, now)

    steps = [(1, 0), (2, 0), (1, BASE), "take", "fail", "wait"]
    larger: list[Case] = [
        [(3, 0), (1, 4), (2, 0), "take", "fail", "wait", "take", "take", "wait", "wait", "take"],
        [*[(n % 4, n % 3) for n in range(12)], *["take", "fail", "wait"] * 12, *["take"] * 12],
        [(1, 0), *["take", "fail", *["wait"] * 40] * 6],
    ]
    found = smallest_failure(scenario, sequences(steps, 4), larger)
    return found or right("it adds, waits, orders, takes and tries again, with these parts.")


def _problem(got: Any, expected: Any, kept: dict[str, list[int]], waiting: list[Any]) -> str:
    if expected is None:
        early = any(name == got for _, name in waiting)
        return "gives a task before its time" if early else "gives a task that is not there"
    if got is None:
        return "gives nothing where a task is ready"
    if got not in kept:
        return "gives something else than the name of a task"
    if any(name == got for _, name in waiting):
        return "gives a task before its time"
    if kept[got][0] == kept[expected][0]:
        return "does not keep equal priorities in order"
    return "does not give the most urgent task"


def check_my_scheduler() -> None:
    """Try the scheduler made of your own parts: with a heap, and with levels."""
    for levels in (False, True):
        verdict = examine(parts_of_mine(levels))
        if verdict.state != "right":
            print(verdict)
            return
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
