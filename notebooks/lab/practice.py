"""practice: small questions without end, made from a seed and answered by the package itself.

    practice("next-task", seed=3)

The same seed asks the same question. There are three levels; a question takes less than a minute.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from . import progress, session
from .asking import Box, Form, escaped, widgets
from .predictions import agree, show
from .progress import Answer

NAMES = ["mail", "backup", "report", "cleanup", "invoice", "alert", "sync", "archive"]


@dataclass
class Drill:
    """One question. right: its answer. because: a sentence shown with it."""

    question: str
    choices: list[Answer]
    right: Answer
    because: str


Maker = Callable[[Random, int], Drill]
KINDS: dict[str, tuple[str, Maker]] = {}


def kind(name: str, notebook: str) -> Callable[[Maker], Maker]:
    """Enter a kind of question, and the notebook on whose page it is counted."""

    def enter(make: Maker) -> Maker:
        KINDS[name] = (notebook, make)
        return make

    return enter


@kind("next-task", "01")
def next_task(random: Random, level: int) -> Drill:
    """Which task comes next: by priority, then by ties, then with delays."""
    from sched import HeapScheduler, VirtualClock

    clock = VirtualClock(0.0)
    scheduler = HeapScheduler(clock=clock)
    names = random.sample(NAMES, 3 + level)
    lines = []
    for name in names:
        priority = random.randint(1, 9 if level == 1 else 3)
        delay = random.choice([0, 0, 5, 10, 20]) if level == 3 else 0
        scheduler.add_task(priority, name, delay=delay)
        lines.append(f"add_task({priority}, {name!r}{f', delay={delay}' if delay else ''})")
    now = random.choice([0, 5, 12]) if level == 3 else 0
    clock.advance(now)
    for _ in range(level - 1):
        if (taken := scheduler.get_next_task()) is not None:
            lines.append(f"get_next_task()    # at second {now}: {taken.name}")
            scheduler.complete(taken)
            names.remove(taken.name)
    first = scheduler.peek_next_task()
    right = first.name if first is not None else "none yet"
    choices: list[Answer] = [*names, "none yet"] if level == 3 else [*names]
    because = (
        "Nothing is due." if first is None else f"Priority {first.priority} is the lowest due."
    )
    asks = f"Which task comes next{f', at second {now}' if level == 3 else ''}?"
    return Drill("\n".join([*lines, asks]), choices, right, because)


@kind("heap", "01")
def heap(random: Random, level: int) -> Drill:
    """The heap after a push (level 1), a pop (2), or both (3)."""
    from heapq import heapify, heappop, heappush

    size = 3 + 2 * level
    before = random.sample(range(1, 30), size)
    heapify(before)
    after = list(before)
    steps = []
    if level != 1:
        heappop(after)
        steps.append("pop()")
    if level != 2:
        item = random.choice([n for n in range(1, 30) if n not in before])
        heappush(after, item)
        steps.append(f"push({item})")
    wrong: list[list[int]] = [sorted(after), [*after[1:], after[0]], [*after[:-2], *after[:-3:-1]]]
    swapped = list(after)
    swapped[0], swapped[1] = swapped[1], swapped[0]
    wrong.append(swapped)
    choices: list[Answer] = []
    for one in [after, *wrong]:
        if list(one) not in choices and len(choices) < 4:
            choices.append([*one])
    random.shuffle(choices)
    asks = f"heap = {before}\n{', then '.join(steps)}: what is the heap now?"
    return Drill(asks, choices, [*after], "An item moves along one path, between root and leaf.")


@kind("retry", "04")
def retry(random: Random, level: int) -> Drill:
    """When a retry runs: pauses that double; with a cap and a later start; more of them."""
    from sched import RetryPolicy

    base = random.randint(1, 20)
    cap = 60 if level > 1 else 10_000
    attempt = random.randint(2, 3 + level)
    start = random.randrange(0, 100, 5) if level > 1 else 0
    policy = RetryPolicy(max_attempts=10, base=base, factor=2, cap=cap, jitter="none")
    at = float(start)
    for failed in range(1, attempt):
        at += policy.pause(failed)
    right = int(at)
    last = int(policy.pause(attempt - 1))
    wrong = {start + last, start + base * (attempt - 1), right + min(cap, last * 2), right + base}
    choices: list[Answer] = [*sorted({right, *sorted(wrong - {right})[:3]})]
    capped = f", never longer than {cap}" if level > 1 else ""
    asks = (
        f"A task runs first at second {start}, and fails each time at once. The first pause is "
        f"{base} seconds, and pauses double{capped}.\nAt which second is attempt {attempt}?"
    )
    pauses = " + ".join(str(int(policy.pause(n))) for n in range(1, attempt))
    return Drill(asks, choices, right, f"{start} + {pauses} = {right}.")


@kind("who-waits", "03")
def who_waits(random: Random, level: int) -> Drill:
    """Who waits longest, with one worker (level 1), two (2), or two and priorities (3)."""
    from heapq import heapreplace

    from sched import HeapScheduler, VirtualClock

    workers = 1 if level == 1 else 2
    names = random.sample(NAMES, 3 + level)
    clock = VirtualClock(0.0)
    scheduler = HeapScheduler(clock=clock)
    lines, seconds, arrives = [], {}, {}
    for name in names:
        priority = random.randint(1, 3) if level == 3 else 1
        seconds[name], arrives[name] = random.randint(1, 9), random.randint(0, 8)
        scheduler.add_task(priority, name, delay=arrives[name])
        of = f", priority {priority}" if level == 3 else ""
        lines.append(f"{name}: comes at second {arrives[name]}, takes {seconds[name]} s{of}")
    free, waited = [0.0] * workers, {}
    while (due := scheduler.next_run_time()) is not None:
        clock.advance_to(max(clock.now(), free[0], due))
        task = scheduler.get_next_task()
        assert task is not None
        waited[task.name] = int(clock.now()) - arrives[task.name]
        heapreplace(free, clock.now() + seconds[task.name])
        scheduler.complete(task)
    longest = max(waited.values())
    last = [name for name in names if waited[name] == longest]
    choices: list[Answer] = [name for name in names if name == last[0] or name not in last]
    if len(choices) < 3:  # most of them wait equally long: no question
        return who_waits(random, level)
    asks = f"{'One worker' if workers == 1 else 'Two workers'}. Who waits longest?"
    told = f"{last[0]} waits {longest} seconds."
    return Drill("\n".join([*lines, asks]), choices, last[0], told)


def drill(which: str, seed: int = 1, level: int = 1) -> Drill:
    """The question of this kind, level and seed: always the same."""
    if which not in KINDS:
        raise ValueError(f"practice: the kinds are {', '.join(KINDS)}; got {which!r}")
    if level not in (1, 2, 3):
        raise ValueError(f"level must be 1, 2 or 3, got {level!r}")
    return KINDS[which][1](Random(f"{which} {level} {seed}"), level)


_HERE = object()
running: dict[str, Any] = {}  # the buttons of each kind, for whoever clicks


def practice(which: str, seed: int = 1, level: int = 1, *, answer: Any = _HERE) -> None:
    """Ask a small question; there is a button for the next one.

    which: "next-task", "heap", "retry" or "who-waits".
    seed: another number, another question.
    level: 1, 2 or 3.
    answer: where nothing can be clicked.
    """
    one = drill(which, seed, level)
    if answer is not _HERE:
        print(_judge(which, seed, level, one, answer))
        return
    call = f'practice("{which}", seed={seed}, level={level}, answer=...)'
    shown = ", ".join(repr(c) for c in one.choices)
    plain = f"{one.question}\nOne of {shown}.\nWithout buttons, answer with {call}"
    Form(plain, _buttons(which, seed, level))


def _judge(which: str, seed: int, level: int, one: Drill, answer: Any) -> str:
    """Whether it is right, and why. The first answer to a question counts."""
    try:
        is_right = any(agree(c, one.right) for c in one.choices if agree(_plain(answer), c))
    except Exception:
        is_right = False
    notebook = session.notebook() or KINDS[which][0]
    page = progress.load(notebook)
    done = page.practice.setdefault(which, [])
    name = f"{level}/{seed}"
    if not any(entry.split()[0] == name for entry in done):
        done.append(f"{name} {'right' if is_right else 'wrong'}")
        progress.save(notebook, page)
    if is_right:
        return f"Right. {one.because}"
    return f"No: {show(one.right)}. {one.because}"


def _plain(answer: Any) -> Answer:
    return list(answer) if isinstance(answer, tuple) else answer


def _buttons(which: str, seed: int, level: int) -> Any:
    w = widgets()
    if w is None:
        return None
    head, told = w.HTML(), w.HTML()
    buttons = w.RadioButtons(options=[], layout=w.Layout(width="auto"))
    again = w.Button(description="Another one", layout=w.Layout(width="auto"))
    levels = w.ToggleButtons(options=[("easy", 1), ("middle", 2), ("hard", 3)], value=level)
    levels.style.button_width = "5em"
    now = {"seed": seed, "level": level}

    def ask() -> None:
        one = drill(which, now["seed"], now["level"])
        head.value = f"<pre>{escaped(one.question)}</pre>"
        told.value = f"Question {now['seed']}, level {now['level']}"
        now["asking"] = 0
        buttons.options = [(show(c), place) for place, c in enumerate(one.choices)]
        buttons.value = None
        now["asking"] = 1

    def answered(change: Any) -> None:
        if change["new"] is None or not now["asking"]:
            return
        one = drill(which, now["seed"], now["level"])
        said = _judge(which, now["seed"], now["level"], one, one.choices[change["new"]])
        told.value = escaped(said)

    def next_one(_: object) -> None:
        now["seed"] += 1
        ask()

    def another_level(change: Any) -> None:
        now["level"] = change["new"]
        ask()

    buttons.observe(answered, names="value")
    again.on_click(next_one)
    levels.observe(another_level, names="value")
    ask()
    parts = (head, buttons, told, again, levels)
    box = Box(w.VBox([head, buttons, told, w.HBox([again, levels])]), *parts)
    running[which] = {"choices": buttons, "another": again, "level": levels, "told": told}
    return box
