"""practice: small questions without end, made from a seed and answered by the package itself.

    practice("next-task", seed=3)

The same seed asks the same question. There are three levels; a question takes less than a minute.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from sched.table import counted

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
    pending = list(scheduler.pending_tasks())
    because = "Nothing is due." if first is None else _why_first(first, pending, now)
    asks = f"Which task comes next{f', at second {now}' if level == 3 else ''}?"
    return Drill("\n".join([*lines, asks]), choices, right, because)


def _why_first(first: Any, pending: list[Any], now: float) -> str:
    """Why this task is the next of those that are pending."""
    due = [task for task in pending if task.run_at <= now]
    equals = [task for task in due if task.priority == first.priority]
    if len(due) == 1:
        return "It is the only one that is due." if len(pending) > 1 else "It is the only one."
    if len(equals) == 1:
        return f"Its number, {first.priority}, is the lowest of those that are due."
    earlier = all(task.run_at > first.run_at for task in equals if task.id != first.id)
    how = "was due first" if earlier else "was added first"
    return f"Of those with priority {first.priority}, it {how}."


@kind("heap", "01")
def heap(random: Random, level: int) -> Drill:
    """The heap after a push (level 1), a pop (2), or both (3)."""
    from heapq import heapify, heappop, heappush

    before = random.sample(range(1, 30), 4 + level)
    heapify(before)
    after, steps, rules = list(before), [], []
    careless: list[list[int]] = []  # what comes out if nothing climbs or sinks, and such
    if level != 1:
        careless += [before[1:], [before[-1], *before[1:-1]]]
        heappop(after)
        steps.append("pop()")
        rules.append(POP)
    if level != 2:
        item = random.choice([n for n in range(1, 30) if n not in before])
        careless = [[*one, item] for one in [*careless, after]]
        heappush(after, item)
        steps.append(f"push({item})")
        rules.append(PUSH)
    swapped = [*after[:1], after[2], after[1], *after[3:]]
    exchanged = [*after[:-2], after[-1], after[-2]]
    wrong = [*careless, swapped, sorted(after), exchanged]
    choices: list[Answer] = []
    for one in [after, *wrong]:
        if list(one) not in choices and len(choices) < 4:
            choices.append([*one])
    random.shuffle(choices)
    asks = f"heap = {before}\n{', then '.join(steps)}: what is the heap now?"
    return Drill(asks, choices, [*after], " ".join(rules))


PUSH = "A new item starts at the end, and changes places with its parent while it is smaller."
POP = "The last item goes to the root, and sinks: it changes places with its smaller child."


@kind("retry", "04")
def retry(random: Random, level: int) -> Drill:
    """When a retry runs: pauses that double; with a cap and a later start; more of them."""
    from sched import RetryPolicy

    base = random.randint(1, 20)
    cap = 60 if level > 1 else 10_000
    attempt = random.randint(1 + level, 3 + level)
    start = random.randrange(0, 100, 5) if level > 1 else 0
    policy = RetryPolicy(max_attempts=10, base=base, factor=2, cap=cap, jitter="none")
    pauses = [int(policy.pause(n)) for n in range(1, attempt + 1)]
    *made, later = pauses
    right = start + sum(made)
    wrong = (
        {
            start + made[-1],  # the last pause alone
            start + sum(made[:-1]),  # one too few
            right + later,  # one too many
            start + base * (attempt - 1),  # all alike
            start + base * (2 ** (attempt - 1) - 1),  # without the cap
            right + base,
            right - start,
        }
        - {right}
    )
    some = random.sample(sorted(wrong), 3)
    choices: list[Answer] = [*sorted([right, *some])]
    capped = f", but are never longer than {cap}" if level > 1 else ""
    asks = (
        f"A task runs first at second {start}, and fails each time at once.\nThe first pause is "
        f"{base} second{'s' if base > 1 else ''}, and pauses double{capped}.\n"
        f"At which second does attempt {attempt} run?"
    )
    return Drill(asks, choices, right, f"{start} + {' + '.join(map(str, made))} = {right}.")


@kind("who-waits", "03")
def who_waits(random: Random, level: int) -> Drill:
    """Who waits longest, with one worker (level 1), two (2), or two and priorities (3)."""
    from heapq import heapreplace

    from sched import HeapScheduler, VirtualClock

    workers = 1 if level == 1 else 2
    names = random.sample(NAMES, 3 + min(level, 2))
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
    last, *others = [name for name in names if waited[name] == longest]
    if others or not longest:  # there is nobody who waits longer than all others
        return who_waits(random, level)
    first = "whoever came first"
    if level == 3:
        first = f"the most urgent of those there,\namong these {first}"
    whose = "One worker takes" if workers == 1 else "Two workers take"
    asks = f"{whose} {first}; of two alike, the one named first. Who waits longest?"
    begin = ", ".join(f"{name} {seconds}" for name, seconds in waited.items() if seconds)
    told = f"Seconds of waiting: {begin}."
    return Drill("\n".join([*lines, asks]), [*names], last, told)


@kind("machines", "09")
def machines(random: Random, level: int) -> Drill:
    """Machines for a load: workers that are always busy (level 1), not always (2), a broker (3)."""
    per = random.choice([4, 5, 8, 10])
    share = 1 if level == 1 else random.choice([2, 4, 5])  # busy for one part in so many
    tenths = random.randint(1, 9)  # of a second
    load = 10 * random.randint(3, 20)
    crew = load * tenths * share // 10
    needed = -(-crew // per)
    lines = [
        f"{load} tasks come in a second, and each keeps a worker for {tenths / 10:g} s.",
        f"A machine has {per} workers.",
    ]
    wrong = {crew, crew // per, -(-load // per), -(-crew // (share * per))}
    because = f"{load} × {tenths / 10:g} = {load * tenths // 10} workers are busy at a time"
    if level > 1:
        lines.append(f"A worker may be busy for {1 / share:.0%} of the time.")
        because += f", {crew} are needed"
    because += f", on {counted(needed, 'machine')}"
    right = needed
    if level == 3:
        passes_on = random.choice([30, 40, 70])
        brokers = -(-load // passes_on)
        lines.append(f"A broker passes on {passes_on} a second, on a machine of its own.")
        because += f", and {counted(brokers, 'broker')}"
        right += brokers
        wrong |= {needed, brokers}
    wrong |= {right + 1, right + 2, right + 3}
    some = random.sample(sorted(wrong - {right, 0}), 3)
    choices: list[Answer] = [*sorted([right, *some])]
    asks = "\n".join([*lines, "How many machines does it take?"])
    return Drill(asks, choices, right, f"{because}.")


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

    which: "next-task", "heap", "retry", "who-waits" or "machines".
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
    if name not in _asked(which):
        done.append(f"{name} {'right' if is_right else 'wrong'}")
        progress.save(notebook, page)
    if is_right:
        return f"Right. {one.because}"
    return f"No: {show(one.right)}. {one.because}"


def _asked(which: str) -> set[str]:
    """The questions that are answered already, as "level/seed"."""
    page = progress.load(session.notebook() or KINDS[which][0])
    return {entry.split()[0] for entry in page.practice.get(which, [])}


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
        while f"{now['level']}/{now['seed']}" in _asked(which):  # another day: no old ones
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
    row = w.HBox([again, levels], layout=w.Layout(align_items="center"))
    box = Box(w.VBox([head, buttons, told, row]), *parts)
    running[which] = {"choices": buttons, "another": again, "level": levels, "told": told}
    return box
