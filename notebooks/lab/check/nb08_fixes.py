"""Notebook 08, deeper: a time that is up, as many workers as work, a file that is whole, lanes."""

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from ..disk import Files, is_killed
from .exercises import exercise, is_number, need_function
from .running import BrokenError, Trial
from .searching import Case, Verdict, right, sequences, smallest_failure

# --- a time that is up ----------------------------------------------------------------------------

START = 100  # the clock does not begin at zero


@exercise("08", "A time that is up", "your function, as in time_is_up(time_is_up)")
def time_is_up(function: Any) -> Verdict:
    """Check ``time_is_up(now, seconds)``, which returns a function. A case: "ask", and seconds."""
    unfit = need_function(function, "time_is_up", "check.time_is_up(time_is_up)")
    if unfit:
        return unfit
    for limit in (2, 1.5):
        scenario = partial(_time_is_up, function=function, limit=limit)
        if found := smallest_failure(scenario, sequences(["ask", 1, 0.5], 5, shortest=0)):
            return found
    if found := smallest_failure(partial(_two_limits, function=function), [[]]):
        return found
    return right("the time runs from when it was made, whoever asks, and how often.")


def _time_is_up(trial: Trial, case: Case, function: Any, limit: float) -> None:
    clock: list[float] = [START]
    trial.note(f"seconds = [{START}]")
    trial.note("def now(): return seconds[0]")
    stop = _made(trial, "stop", function, clock, limit)
    for step in case:
        if step == "ask":
            _ask(trial, "stop", stop, clock[0] - START, limit)
        else:
            clock[0] += step
            trial.note(f"seconds[0] += {step}")
    _ask(trial, "stop", stop, clock[0] - START, limit)


def _two_limits(trial: Trial, _case: Case, function: Any) -> None:
    clock: list[float] = [START]
    trial.note(f"seconds = [{START}]")
    trial.note("def now(): return seconds[0]")
    first = _made(trial, "first", function, clock, 1)
    clock[0] += 1
    trial.note("seconds[0] += 1")
    second = _made(trial, "second", function, clock, 5)
    _ask(trial, "first", first, 1, 1)
    _ask(trial, "second", second, 0, 5)


def _made(trial: Trial, name: str, function: Any, clock: list[float], limit: float) -> Any:
    def now() -> float:
        return clock[0]

    stop = trial.call(f"time_is_up(now, {limit})", "time_is_up", function, now, limit)
    trial.lines[-1] = f"{name} = {trial.lines[-1]}"
    if not callable(stop):
        detail = f"It returned {stop!r}. Whoever works asks it between any two steps: {name}()."
        raise BrokenError("time_is_up", "does not return a function", detail)
    return stop


def _ask(trial: Trial, name: str, stop: Any, passed: float, limit: float) -> None:
    got = trial.call(f"{name}()", name, stop)
    trial.lines[-1] += f"    # returned {got!r}"
    detail = f"{passed:g} s have passed since it was made, of {limit:g}."
    if got is None:
        raise BrokenError(name, "returns nothing", detail)
    if bool(got) and passed < limit:
        raise BrokenError(name, "is true too early", detail)
    if not got and passed >= limit:
        raise BrokenError(name, "is not true when the time is up", detail)


# --- as many workers as work ----------------------------------------------------------------------


@exercise("08", "As many workers as work", "your function, as in pool_size(pool_size)")
def pool_size(function: Any) -> Verdict:
    """Check ``pool_size(workers, stuck, ready, wanted, most)``. A case: the five of them."""
    unfit = need_function(function, "pool_size", "check.pool_size(pool_size)")
    if unfit:
        return unfit
    if found := smallest_failure(partial(_pool_size, function=function), _pools()):
        return found
    return right("as many as are wanted work, as far as there is room and something to do.")


def _pools() -> Iterator[Case]:
    """Those that can be, the smallest numbers first."""
    all_of_them = product(range(1, 6), range(5), (0, 1, 40), range(1, 4), range(1, 7))
    possible = [
        [workers, stuck, ready, wanted, most]
        for workers, stuck, ready, wanted, most in all_of_them
        if stuck <= workers <= most and wanted <= most
    ]
    yield from sorted(possible, key=sum)
    yield [22, 2, 40, 2, 30]


def _size(workers: int, stuck: int, ready: int, wanted: int, most: int) -> int:
    size = min(wanted + stuck, most)
    return size if ready else min(size, workers)


def _pool_size(trial: Trial, case: Case, function: Any) -> None:
    if len(case) != 5:  # cut short: there is no such pool
        return
    workers, stuck, ready, wanted, most = case
    shown = f"pool_size(workers={workers}, stuck={stuck}, ready={ready}, wanted={wanted}"
    shown += f", most={most})"
    got = trial.call(shown, "pool_size", function, workers, stuck, ready, wanted, most)
    trial.lines[-1] += f"    # returned {got!r}"
    expected = _size(workers, stuck, ready, wanted, most)
    if not is_number(got):
        raise BrokenError("pool_size", "does not return a number of workers", f"It is {got!r}.")
    if got == expected:
        return
    if got > most:
        detail = f"At most {most} are allowed."
    elif not ready and got > workers:
        detail = "No task is ready, so nobody more is needed."
    else:
        beside = f"beside {stuck} that {'is' if stuck == 1 else 'are'} stuck" if stuck else ""
        detail = f"{wanted} should work{f', {beside}' if beside else ''}: {expected} in all."
        if expected < wanted + stuck:
            why = f"at most {most} are allowed" if expected == most else "nothing is ready"
            detail = (
                f"{wanted} should work{f', {beside}' if beside else ''}. But {why}: {expected}."
            )
    raise BrokenError("pool_size", "is too large" if got > expected else "is too small", detail)


# --- a file that is whole -------------------------------------------------------------------------


@exercise("08", "A file that is whole", "your function, as in save(save)")
def save(function: Any) -> Verdict:
    """Check ``save(files, text)``. A case: the moment at which each of some calls is killed; 0
    for never."""
    unfit = need_function(function, "save", "check.save(save)")
    if unfit:
        return unfit
    scenario = partial(_save, function=function)
    if found := smallest_failure(scenario, [[0], [0, 0]]):
        return found
    moments = range(1, 13)
    first: list[Case] = [[moment] for moment in moments]
    then: list[Case] = [[moment, 0] for moment in moments]
    second: list[Case] = [[0, moment] for moment in moments]
    third: list[Case] = [[0, moment, 0] for moment in moments]
    twice: list[Case] = [[0, *both] for both in product(moments[:8], repeat=2)]
    if found := smallest_failure(scenario, [*first, *then, *second, *third, *twice]):
        return found
    return right("there is always a whole text: the old one, or the new.")


TEXTS = ["mail 1, mail 2", "mail 1, mail 2, mail 3", "mail 2, mail 3", "mail 3"]


def _save(trial: Trial, case: Case, function: Any) -> None:
    files, saved = Files(), [None]
    trial.note("from lab.disk import Files, is_killed")
    trial.note("files = Files()")
    for text, moment in zip(TEXTS, case, strict=False):
        if moment:
            shown = f"is_killed(save, files, {text!r}, moment={moment})"
            died = trial.call(shown, "save", is_killed, function, files, text, moment)
            trial.lines[-1] += f"    # returned {died!r}"
        else:
            trial.call(f"save(files, {text!r})", "save", function, files, text)
            died = False
        got: Any = files.contents.get("queue")
        trial.note(f'files.contents.get("queue")    # returned {got!r}')
        if got not in ([saved[-1], text] if died else [text]):
            _lost(got, text, died)
        saved.append(got)


def _lost(got: str | None, text: str, died: bool) -> None:
    if not died:
        detail = f'It should hold {text!r}. Is the file that is read called "queue"?'
        raise BrokenError("save", "does not save the text", detail)
    if got is None:
        detail = "There is no file of that name at this moment: neither the old text nor the new."
        raise BrokenError("save", "leaves a moment without a file", detail)
    detail = "Whoever starts the program again finds neither the old text nor the new."
    raise BrokenError("save", "leaves a part of the text", detail)


# --- lanes ----------------------------------------------------------------------------------------


@exercise("08", "The most urgent lane", "your function, as in take_urgent(take_urgent)")
def take_urgent(function: Any) -> Verdict:
    """Check ``take_urgent(lanes)``. A case: priorities of tasks that come, and "take"."""
    unfit = need_function(function, "take_urgent", "check.take_urgent(take_urgent)")
    if unfit:
        return unfit
    for priorities in ([3, 1], [1, 3], [10, 9], [-1, 0]):
        scenario = partial(_take_urgent, function=function, priorities=priorities)
        steps = [*range(len(priorities)), "take"]
        if found := smallest_failure(scenario, sequences(steps, 5)):
            return found
    return right("whoever is most urgent goes first, and whoever came first of those.")


NAMES = ["mail", "charge", "backup", "report", "invoice"]


def _take_urgent(trial: Trial, case: Case, function: Any, priorities: list[int]) -> None:
    lanes: dict[int, list[str]] = {priority: [] for priority in priorities}
    trial.note(f"lanes = {lanes}")
    for number, step in enumerate(case):
        if step != "take":
            lanes[priorities[step]].append(NAMES[number])
            trial.note(f"lanes[{priorities[step]}].append({NAMES[number]!r})")
            continue
        before = {priority: list(lane) for priority, lane in lanes.items()}
        got = trial.call("take_urgent(lanes)", "take_urgent", function, lanes)
        trial.lines[-1] += f"    # returned {got!r}"
        _took(got, before, lanes)


def _took(got: Any, before: dict[int, list[str]], lanes: dict[int, list[str]]) -> None:
    urgent = min((priority for priority, lane in before.items() if lane), default=None)
    if urgent is None:
        if got is not None:
            detail = f"All lanes are empty, so it should return None; it returned {got!r}."
            raise BrokenError("take_urgent", "returns something where nothing is left", detail)
        if lanes != before:
            raise BrokenError("take_urgent", "changes lanes that are empty", f"Now: {lanes}.")
        return
    first = before[urgent][0]
    if got != first:
        detail = f"It returned {got!r}; it should return {first!r}, of lane {urgent}."
        if got is None:
            raise BrokenError("take_urgent", "returns None where a task is left", detail)
        if isinstance(got, str) and got in before[urgent]:
            raise BrokenError("take_urgent", "is not first in, first out", detail)
        if isinstance(got, str) and any(got in lane for lane in before.values()):
            raise BrokenError("take_urgent", "does not take from the most urgent lane", detail)
        raise BrokenError("take_urgent", "returns something else than a name", detail)
    after = {**before, urgent: before[urgent][1:]}
    if lanes != after:
        detail = f"Lanes should be {after}; they are {lanes}."
        if lanes == before:
            raise BrokenError("take_urgent", "leaves the task in its lane", detail)
        if len(lanes) < len(after):
            raise BrokenError("take_urgent", "takes away a lane", detail)
        raise BrokenError("take_urgent", "changes what it does not take", detail)
