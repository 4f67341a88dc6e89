"""Notebook 07: a log, a loop that survives; deeper: a window, a checksum, and what shards cost."""

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import permutations
from random import Random
from typing import Any

from ..broken import left_by
from ..crashing import Restarted, ToDo
from ..disk import Disk
from .exercises import a_kind, exercise, is_number, need_class, need_diagnosis, need_function
from .running import BrokenError, Trial
from .searching import Case, Verdict, random_cases, right, sequences, smallest_failure, wrong

# --- the log --------------------------------------------------------------------------------------

STEPS = ["add mail", "done mail", "add backup", "done backup"]
LONG = [
    *("add send the mail", "add add salt", "add be done", "done send the mail", "add 7"),
    *("add backup", "done add salt", "add send the mail", "done be done", "done backup"),
]


def open_tasks(text: str) -> list[str]:
    """The names that were added and are not done, by the lines that are whole."""
    names: list[str] = []
    for line in text.split("\n")[:-1]:
        what, _, name = line.partition(" ")
        if what == "add":
            names.append(name)
        else:
            names.remove(name)
    return names


def histories() -> Iterator[Case]:
    """Logs as lists of their lines, the shortest first; the last line may be torn."""
    yield []
    for lines in sequences(STEPS, 4):
        if makes_sense(lines):
            whole = [f"{line}\n" for line in lines]
            yield whole
            last = lines[-1]
            yield from ([*whole[:-1], last[:end]] for end in (len(last) - 2, len(last), 4, 2))
    whole = [f"{line}\n" for line in LONG]
    yield from (whole[:number] for number in range(1, len(whole) + 1))
    yield [*whole[:5], "done"]
    yield ["add  Two  blanks \n"]


def makes_sense(lines: Sequence[str]) -> bool:
    """Whether each task is added while it is not there, and done while it is."""
    there: set[str] = set()
    for line in lines:
        what, _, name = line.partition(" ")
        if (what == "add") is (name in there):
            return False
        there ^= {name}
    return True


@exercise("07", "A log, replayed after a crash", "your function, as in replay(replay)")
def replay(function: Any) -> Verdict:
    """Check ``replay(text)``: the tasks that are still to be done. A case: the lines of the log."""
    unfit = need_function(function, "replay", "check.replay(replay)")
    if unfit:
        return unfit
    found = smallest_failure(partial(_replay, function=function), histories())
    return found or right("what is whole counts, what is torn does not, and nothing is lost.")


def _replay(trial: Trial, case: Case, function: Any) -> None:
    text = "".join(case)
    if not makes_sense(text.split("\n")[:-1]):  # nothing was promised about such a log
        return
    expected, torn = open_tasks(text), bool(text) and not text.endswith("\n")
    shown = f"replay({text!r})"
    got = trial.call(shown, "replay", function, text)
    if not isinstance(got, list | tuple):
        kind = "None" if got is None else a_kind(got)
        raise BrokenError("replay", "does not return a list", f"It returned {kind}.")
    got, detail = list(got), f"It returned {list(got)}; still to be done: {expected}."
    if got == expected:
        return
    if any(not isinstance(name, str) or name not in text or "\n" in name for name in got):
        raise BrokenError("replay", "gives something else than names", detail)
    if torn and got == _torn_as_whole(text):
        raise BrokenError("replay", "takes a torn line for a whole one", detail)
    names = {line.rstrip("\n").partition(" ")[2] for line in case}
    if any(name not in names for name in got):
        raise BrokenError("replay", "gives something else than names", detail)
    if set(expected) - set(got):
        raise BrokenError("replay", "loses a task", detail)
    if len(got) > len(expected):
        raise BrokenError("replay", "brings back what is done", detail)
    raise BrokenError("replay", "changes the order", detail)


def _torn_as_whole(text: str) -> list[str] | None:
    try:
        return open_tasks(text + "\n")
    except ValueError:
        return None


# --- a loop that survives -------------------------------------------------------------------------

TASKS = ["mail", "backup", "send the report"]
TRIES = 3  # so often is a task begun at most
CARRY_ON = "carry_on"


def crashes() -> Iterator[Case]:
    """For each task how often it was begun, or "poison"; at the end, perhaps, "crash at step 2"."""
    yield from ([], [0], [2], [3])
    yield from ([0, f"crash at step {step}"] for step in range(1, 4))
    yield ["poison"]
    for number in (2, 3):
        tasks = list(sequences([0, 2, 3, "poison"], number, shortest=number))
        yield from tasks
        for case in tasks:
            if number == 2 or "poison" not in case:
                yield from ([*case, f"crash at step {step}"] for step in range(1, 3 * number + 1))


@exercise("07", "A loop that survives", "your function, as in carry_on(carry_on)")
def carry_on(function: Any) -> Verdict:
    """Check ``carry_on(to_do, write, run)``. A case: see ``crashes``."""
    unfit = need_function(function, CARRY_ON, "check.carry_on(carry_on)")
    if unfit:
        return unfit
    found = smallest_failure(partial(_carry_on, function=function), crashes())
    found = found or smallest_failure(partial(_run_raises, function=function), [[]])
    return found or right(
        "wherever the program dies, nothing is lost, one task at most runs again, and poison ends."
    )


def _run_raises(trial: Trial, _case: Case, function: Any) -> None:
    """A program may die of an error, too: then what stands in a `finally` is still done."""
    lines: list[str] = []

    def run(_name: str) -> None:
        raise OSError("the disk is full")

    trial.note("def run(name): raise OSError('the disk is full')")
    try:
        shown = "carry_on([('mail', 0)], write, run)"
        trial.call(shown, CARRY_ON, function, [("mail", 0)], lines.append, run)
    except BrokenError:
        pass  # it may end the program, and need not
    if "done mail" in lines:
        detail = f"It wrote {lines}, and 'mail' was not run to its end: it is lost."
        raise BrokenError(CARRY_ON, "writes done where run raises OSError", detail)


def _carry_on(trial: Trial, case: Case, function: Any) -> None:
    tasks = dict(zip(TASKS, (item for item in case if item in (0, 2, 3, "poison")), strict=False))
    step = int(case[-1].split()[-1]) if len(tasks) < len(case) else 0
    history = _History(trial, tasks, step)
    came_back = False
    while not came_back:
        to_do = history.starts_anew()
        shown = f"carry_on({to_do}, write, run)"
        came_back = trial.call(shown, CARRY_ON, history.program.start, function, to_do)
        history.has_ended(came_back)


class _History:
    """What a program has written and done in all its lives, and what is wrong with it.

    tasks: how often each was begun before, or "poison". step: where the program dies once, or 0.
    """

    def __init__(self, trial: Trial, tasks: dict[str, Any], step: int) -> None:
        self.trial, self.dies_at = trial, step
        self.poison = {name for name, item in tasks.items() if item == "poison"}
        self.begun = {name: 0 if name in self.poison else item for name, item in tasks.items()}
        self.lines: list[str] = []
        self.steps = 0
        self.told: dict[str, int] = {}  # in this life: the tasks, and how often each was begun
        self.runs: list[str] = []  # in this life
        self.broken: BrokenError | None = None
        self.program = Restarted(self.dies, self.keep)

    def starts_anew(self) -> ToDo:
        counts = {name: n + self.lines.count(f"begin {name}") for name, n in self.begun.items()}
        self.told = {name: count for name, count in counts.items() if not self.is_over(name)}
        self.runs = []
        return list(self.told.items())

    def is_over(self, name: str) -> bool:
        return f"done {name}" in self.lines or f"dead {name}" in self.lines

    def blame(self, problem: str, detail: str) -> None:
        self.broken = self.broken or BrokenError(CARRY_ON, problem, detail)

    # --- at each step

    def dies(self, step: str) -> bool:
        if self.broken:  # nothing that comes afterwards is shown
            return True
        what, _, name = step.partition(" ")
        self.steps += 1
        self.trial.note(f"    # {what}({name!r})")
        if what == "run":
            self.is_run(name)
        dies = self.steps == self.dies_at or (what == "run" and name in self.poison)
        if dies and not self.broken:
            where = "in the middle of it" if what == "run" else "before this is written"
            self.trial.note(f"    # the program dies {where}")
        return dies or self.broken is not None

    def is_run(self, name: str) -> None:
        if name not in self.told:
            self.blame("runs what is not to be done", f"It called run({name!r}).")
            return
        times = self.begun[name] + self.program.started[name]
        if name in self.runs:
            self.blame("runs a task twice", f"{name!r} was run already, and nothing had happened.")
        elif self.told[name] >= TRIES:
            self.blame(
                "runs a task that was begun three times",
                f"{name!r} was begun {_times(self.told[name])}, so it is dead.",
            )
        elif times > TRIES:
            self.blame(
                "never gives up",
                f"{name!r} is run for the fourth time, and brings the program down each time. The "
                f"log counts {self.told[name]} of its runs.",
            )
        self.runs.append(name)

    def keep(self, line: str) -> None:
        what, _, name = line.partition(" ") if isinstance(line, str) else ("", "", "")
        if what not in ("begin", "done", "dead") or name not in self.begun:
            self.blame(
                "writes something else than begin, done or dead, a blank and a name",
                f"It called write({line!r}).",
            )
        elif what == "dead":
            self.is_given_up(name)
        self.lines.append(line)

    def is_given_up(self, name: str) -> None:
        runs = self.program.started[name]
        uncounted = 1 if self.dies_at else 0  # it may have died between the two
        if self.told.get(name, TRIES) < TRIES:
            self.blame("gives up too early", f"{name!r} was begun {_times(self.told[name])}.")
        elif self.begun[name] + runs + uncounted < TRIES:
            self.blame(
                "gives up a task that did no harm" if not runs else "gives up too early",
                f"The log counts {self.told[name]} runs of {name!r}. There were {runs}.",
            )

    # --- at the end of each life

    def has_ended(self, came_back: bool) -> None:
        """Raise what is wrong with the life that is over."""
        if not self.broken:
            self.is_anything_lost()
        if not self.broken:
            (self.is_complete if came_back else self.would_run_again)()
        if self.broken:
            raise self.broken

    def is_anything_lost(self) -> None:
        for name in self.begun:
            if f"done {name}" in self.lines and not self.program.finished[name]:
                self.blame("loses a task", f"The log says that {name!r} is done, and it is not.")

    def would_run_again(self) -> None:
        again = [name for name in self.runs if not self.is_over(name)]
        if len(again) > 1:
            names = " and ".join(map(repr, again))
            self.blame(
                "runs more than one task again",
                f"{names} were run, and the log does not say that they are done.",
            )

    def is_complete(self) -> None:
        for name, begun in self.told.items():
            dead = begun >= TRIES
            if not dead and not self.program.finished[name]:
                self.blame("leaves a task out", f"{name!r} was not run.")
            elif not self.is_over(name):
                word = "dead" if dead else "done"
                self.blame("leaves a task open", f"The log does not say that {name!r} is {word}.")
        if self.runs != [name for name in self.told if name in self.runs]:
            self.blame("changes the order", f"It ran {self.runs}.")


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice", 3: "three times"}.get(number, f"{number} times")


# --- the diagnosis --------------------------------------------------------------------------------


@exercise(
    "07",
    "Diagnosis: a log that goes on after a crash",
    "a fault and a list of steps, as in ('A', ['add mail', 'crash'])",
)
def diagnose_07(answer: Any) -> Verdict:
    """Check a diagnosis of BrokenLog: (fault, the fewest steps that show it)."""
    unfit = need_diagnosis(answer, "check.diagnose_07((fault, steps))")
    if unfit:
        return unfit
    fault, steps = answer
    lines = [step for step in steps if step != "crash"]
    if not all(isinstance(s, str) and re.fullmatch(r"(add|done) .+", s) for s in lines):
        return wrong(
            "the list", "should hold steps such as 'add mail', 'done mail' and 'crash', in quotes"
        )
    if not makes_sense(lines):
        return wrong("the list", "adds a task that is there, or ends one that is not")
    expected = open_tasks("".join(f"{line}\n" for line in lines))
    untyped: Any = left_by
    got = untyped(steps)
    shown = f"it replays {got}, and should {expected}"
    if got == expected:
        return wrong("the list", f"does not show the fault: BrokenLog replays {got}, as it should")
    if len(steps) > 2:
        return wrong("the list", f"shows the fault ({shown}), but a shorter one can")
    if fault.strip().upper() != "C":
        return wrong(
            "the fault",
            "is another one",
            f"Your list does show it: {shown}. Write down the text of the file, letter by letter.",
        )
    return right(f"{shown}. The new line stands on the end of the torn one.")


# --- a window (deeper) ----------------------------------------------------------------------------


@exercise("07", "A window on a larger queue", "your class, as in window(Window)")
def window(answer: Any) -> Verdict:
    """Check ``Window``: add(item), take(). A case: numbers to add, and None to take."""
    unfit = need_class(answer, "check.window(Window)", "add", "take")
    if unfit:
        return unfit
    if found := smallest_failure(partial(_two_windows, kind=answer), [[]]):
        return found
    for size in (2, 1, 3):
        scenario = partial(_window, kind=answer, size=size)
        found = smallest_failure(
            scenario,
            sequences([2, 1, None], 5),
            random_cases(lambda r: r.choice([*range(9), None, None, None]), 40),
            lambda item: [] if item is None else range(item),
        )
        if found:
            return found
    cases = [list(range(number)) for number in range(1, 20)]  # all are added, then all taken
    found = smallest_failure(partial(_window, kind=answer, size=5, few_reads=True), cases)
    return found or right("the order is exact, and never more than a window of items is in memory.")


def _two_windows(trial: Trial, _case: Case, kind: Any) -> None:
    made = []
    for name in ("w", "other"):
        disk = Disk()
        shown = f"{name} = {kind.__name__}(2, Disk())"
        made.append(trial.call(shown, kind.__name__, kind, 2, disk))
    for item in (1, 2):
        trial.call(f"w.add({item})", "add", made[0].add, item)
    trial.call("w.take()", "take", made[0].take)
    got = trial.call("other.take()", "take", made[1].take)
    if is_number(got) and got == 2:
        detail = f"It gave {got}. What it remembers belongs on self, where each has its own."
        raise BrokenError("take", "gives what was added to another window", detail)


def _window(trial: Trial, case: Case, kind: Any, size: int, few_reads: bool = False) -> None:
    disk = Disk()
    trial.note("disk = Disk()")
    window = trial.call(f"w = {kind.__name__}({size}, disk)", kind.__name__, kind, size, disk)
    there: list[Any] = []
    beyond: tuple[int, BrokenError] | None = None
    rest = [None] * (sum(item is not None for item in case) + 1)  # take all that is left, and more
    for item in [*case, *rest]:
        if item is None:
            got = trial.call("w.take()", "take", window.take)
            smallest = min(there, default=None)
            if got != smallest:
                problem = "loses an item" if got is None else "takes an item out of turn"
                raise BrokenError("take", problem, f"It gave {got}; the smallest is {smallest}.")
            if there:
                there.remove(smallest)
        else:
            trial.call(f"w.add({item})", "add", window.add, item)
            there.append(item)
        if len(there) - len(disk) > size and not beyond:
            beyond = (
                len(trial.lines),
                BrokenError(
                    "add" if item is not None else "take",
                    "keeps more in memory than the window allows",
                    f"{len(disk)} of {len(there)} items are on the disk, and the window is {size}.",
                ),
            )
    if beyond:  # not before all have been taken: an item may be lost instead
        del trial.lines[beyond[0] :]
        raise beyond[1]
    if few_reads and disk.reads > len(case) // size + 2:
        raise BrokenError(
            "take",
            "goes to the disk too often",
            f"It was read {disk.reads} times. Each time it gives you as many as you ask for.",
        )


# --- a checksum (deeper) --------------------------------------------------------------------------


def seal(line: str) -> str:
    """A line with the checksum of its text in front, as the notebook has it."""
    return f"{zlib.crc32(line.encode()):08x} {line}"


TEXTS = ["add mail", "add the backup", "add report"]
ODD_TEXTS = ["", "add café", "add two  blanks "]
DAMAGE = ["whole", "letter", "checksum", "blank", "half", "zeros", "glued"]


def damaged(line: str, how: str) -> str:
    """What is left of a sealed line."""
    changed = {
        "letter": line[:-1] + ("x" if line[-1] != "x" else "y"),
        "checksum": ("0" if line[0] != "0" else "1") + line[1:],
        "blank": f"{line[:8]}!{line[9:]}",
        "half": line[: len(line) // 2],
        "zeros": "\0" * len(line),
        "glued": line + line,
    }
    return changed.get(how, line)


@exercise("07", "Lines that a checksum guards", "your function, as in sound(sound)")
def sound(function: Any) -> Verdict:
    """Check ``sound(lines)``: the texts up to the first damaged line. A case: damages, by line."""
    unfit = need_function(function, "sound", "check.sound(sound)")
    if unfit:
        return unfit
    scenario = partial(_sound, function=function)
    cases = [[], *sequences(DAMAGE, 3), ["empty"], ["whole", "empty", "whole"]]
    found = smallest_failure(scenario, cases)
    if not found:
        found = smallest_failure(partial(scenario, texts=ODD_TEXTS), sequences(["whole"], 3))
    return found or right("what is sound is read, up to the first line that is not.")


def _sound(trial: Trial, case: Case, function: Any, texts: Sequence[str] = TEXTS) -> None:
    lines = [
        "" if how == "empty" else damaged(seal(t), how) for t, how in zip(texts, case, strict=False)
    ]
    first = next((n for n, how in enumerate(case) if how != "whole"), len(case))
    expected = list(texts[:first])
    got = trial.call(f"sound({lines})", "sound", function, list(lines))
    if not isinstance(got, list | tuple):
        kind = "None" if got is None else a_kind(got)
        raise BrokenError("sound", "does not return a list", f"It returned {kind}.")
    got = list(got)
    detail = f"It returned {got}; sound are {expected}."
    if got == expected:
        return
    if got == lines[:first] and first:
        raise BrokenError("sound", "leaves the checksums on the lines", detail)
    if got[:first] != expected:
        raise BrokenError("sound", "loses a line that is sound", detail)
    after = [t for t, how in zip(texts, case, strict=False) if how == "whole"]
    if got == after:
        raise BrokenError("sound", "goes on after a damaged line", detail)
    raise BrokenError("sound", "takes a damaged line for a sound one", detail)


# --- what relaxed order costs (deeper) ------------------------------------------------------------


def errors_of(taken: Sequence[int]) -> list[int]:
    """The rank error of each take: how many of those that are taken later are more urgent."""
    return _each(taken, lambda n, priority: sum(later < priority for later in taken[n + 1 :]))


def _each(taken: Sequence[int], count: Callable[[int, int], int]) -> list[int]:
    return [count(n, priority) for n, priority in enumerate(taken)]


def orders() -> Iterator[Case]:
    """Some of five priorities, in each order; the shortest first."""
    for number in range(5):
        yield from map(list, permutations(range(5), number))


def long_orders() -> Iterator[Case]:
    random = Random(20)
    for _ in range(20):
        yield random.sample(range(60), random.randint(10, 20))


@exercise("07", "What relaxed order costs", "your function, as in rank_errors(rank_errors)")
def rank_errors(function: Any) -> Verdict:
    """Check ``rank_errors(taken)``: an error for each take. A case: priorities, as taken."""
    unfit = need_function(function, "rank_errors", "check.rank_errors(rank_errors)")
    if unfit:
        return unfit
    found = smallest_failure(partial(_rank_errors, function=function), orders(), long_orders())
    return found or right("each take is counted with what was still waiting, and nothing else.")


def _rank_errors(trial: Trial, case: Case, function: Any) -> None:
    expected = errors_of(case)
    shown = f"rank_errors({case})"
    given = list(case)
    got = trial.call(shown, "rank_errors", function, given)
    if not isinstance(got, list | tuple):
        kind = "None" if got is None else a_kind(got)
        raise BrokenError("rank_errors", "does not return a list", f"It returned {kind}.")
    got = list(got)
    detail = f"It returned {got}; the errors are {expected}."
    if got == expected:
        if given != case:
            problem = "changes the list that it is given"
            raise BrokenError("rank_errors", problem, f"It is now {given}.")
        return
    if len(got) != len(case):
        raise BrokenError("rank_errors", "does not give one number for each take", detail)
    for problem, count in MISCOUNTS:
        # A short list may come out the same by chance, a longer one does not.
        if all(_got(function, t) == _each(t, partial(count, t)) for t in (case, LONGER)):
            raise BrokenError("rank_errors", problem, detail)
    raise BrokenError("rank_errors", "counts wrongly", detail)


LONGER = [2, 7, 0, 4, 9, 1]
BEFORE = "counts what has been taken before"
MISCOUNTS: list[tuple[str, Callable[[Sequence[int], int, int], int]]] = [
    ("counts what is less urgent", lambda taken, n, p: sum(o > p for o in taken[n + 1 :])),
    ("counts the task itself", lambda taken, n, p: sum(o <= p for o in taken[n:])),
    (BEFORE, lambda taken, n, p: sum(o < p for o in taken[:n])),
    (BEFORE, lambda taken, _n, p: sum(o < p for o in taken)),
]


def _got(function: Any, taken: Sequence[int]) -> Any:
    try:
        return Trial().call("rank_errors(taken)", "rank_errors", function, list(taken))
    except BrokenError:
        return None
