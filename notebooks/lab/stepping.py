"""turns: be the scheduler of threads. One step at a time, you say whose turn it is.

    turns("count")                      # two threads, each adds 1 to the same number
    turns("count", lock=(1, 3))         # the same, with a lock from step 1 to step 3
    turns("take", threads=3)            # look at the first task, remove it, run it
    turns("count", order=[1, 2, 1, 2])  # where there are no buttons

The threads are generators: nothing here depends on real threads, on their luck, or on time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import Any

from .asking import Box, Form, widgets

LOCK, UNLOCK = "lock.acquire()", "lock.release()"
MOST_ORDERS = 20_000


@dataclass
class Shared:
    """What all the threads see."""

    count: int = 0
    tasks: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    holder: int | None = None


Own = dict[str, Any]  # a thread's variables, which no other thread sees
Steps = Iterator[str]


@dataclass
class Story:
    """What each thread does, step by step; how it begins; what is wrong at the end, or ""."""

    steps: Callable[[Shared, Own], Steps]
    begin: Callable[[int], Shared]
    wrong: Callable[[Shared, int], str]
    shown: Callable[[Shared], str]
    length: int


def _add_one(shared: Shared, own: Own) -> Steps:
    """count += 1, as Python does it. Each yield names the step that comes next."""
    yield "x = count"
    own["x"] = shared.count
    yield "x = x + 1"
    own["x"] += 1
    yield "count = x"
    shared.count = own["x"]


def _take_one(shared: Shared, own: Own) -> Steps:
    yield "name = tasks[0], if there is one"
    own["name"] = name = shared.tasks[0] if shared.tasks else None
    yield "if name in tasks: tasks.remove(name)"
    if name in shared.tasks:
        shared.tasks.remove(str(name))
    yield "if name: run it"
    if name:
        shared.ran.append(name)


def _lost(shared: Shared, threads: int) -> str:
    if shared.count == threads:
        return ""
    return f"{threads} threads added 1, and count is {shared.count}."


def _twice(shared: Shared, _threads: int) -> str:
    again = sorted({name for name in shared.ran if shared.ran.count(name) > 1})
    return f"{', '.join(again)} ran more than once." if again else ""


STORIES = {
    "count": Story(_add_one, lambda _n: Shared(), _lost, lambda s: f"count = {s.count}", 3),
    "take": Story(
        _take_one,
        lambda n: Shared(tasks=["mail", "report", "backup", "alert"][:n]),
        _twice,
        lambda s: f"tasks = {s.tasks}   ran: {s.ran}",
        3,
    ),
}


def _are_steps(lock: Any, length: int) -> bool:
    return (
        isinstance(lock, tuple | list)
        and len(lock) == 2
        and all(type(step) is int for step in lock)
        and 1 <= lock[0] <= lock[1] <= length
    )


class Game:
    """Some threads in one story, at one moment. Undo begins again, one turn less."""

    def __init__(self, story: str, threads: int = 2, lock: tuple[int, int] | None = None) -> None:
        if not isinstance(story, str) or story not in STORIES:
            raise ValueError(f"turns: the stories are {', '.join(STORIES)}; got {story!r}")
        if type(threads) is not int or threads not in (2, 3, 4):
            raise ValueError(f"threads must be 2, 3 or 4, got {threads!r}")
        self.story, self.threads = STORIES[story], threads
        if lock is not None and not _are_steps(lock, self.story.length):
            raise ValueError(
                f"lock must name a first and a last step from 1 to {self.story.length}, such as "
                f"(1, 2), got {lock!r}"
            )
        self.lock = lock
        self.turns: list[int] = []
        self._begin()

    def _begin(self) -> None:
        self.shared = self.story.begin(self.threads)
        self.told = [f"at the start: {self.story.shown(self.shared)}"]
        self._own: list[Own] = [{} for _ in range(self.threads)]
        self._threads = [self._with_lock(n) for n in range(1, self.threads + 1)]
        self.next: list[str | None] = [next(thread, None) for thread in self._threads]

    def _with_lock(self, number: int) -> Steps:
        first, last = self.lock or (0, 0)
        steps = self.story.steps(self.shared, self._own[number - 1])
        for place, step in enumerate(steps, start=1):
            if place == first:
                yield LOCK
                self.shared.holder = number
            yield step
            if place == last:
                after = next(steps, None)  # does the step
                yield UNLOCK
                self.shared.holder = None
                if after is not None:
                    yield after
                    yield from steps
                return

    def can_go(self, thread: int) -> bool:
        """Whether it has a step left, and does not wait for the lock."""
        step = self.next[thread - 1]
        return step is not None and (step != LOCK or self.shared.holder is None)

    def go(self, thread: int) -> bool:
        """Let a thread do its next step; False if it cannot."""
        if thread not in range(1, self.threads + 1) or not self.can_go(thread):
            return False
        step = self.next[thread - 1]
        self.next[thread - 1] = next(self._threads[thread - 1], None)
        self.turns.append(thread)
        own = "".join(f"   its {name} = {value!r}" for name, value in self._own[thread - 1].items())
        self.told.append(f"thread {thread}: {step:<38}{self.story.shown(self.shared)}{own}")
        return True

    def undo(self) -> None:
        turns, self.turns = self.turns[:-1], []
        self._begin()
        for thread in turns:
            self.go(thread)

    @property
    def over(self) -> bool:
        return all(step is None for step in self.next)

    def verdict(self) -> str:
        if not self.over:
            return ""
        wrong = self.story.wrong(self.shared, self.threads)
        return f"Broken: {wrong}" if wrong else "Done, and nothing went wrong in this order."

    def text(self) -> str:
        lines = list(self.told)
        for number, step in enumerate(self.next, start=1):
            waits = "" if step is None or self.can_go(number) else "   (waits for the lock)"
            lines.append(f"    thread {number} next: {step or 'nothing, it is done'}{waits}")
        return "\n".join([*lines, *([self.verdict()] if self.over else [])])


def all_orders(
    story: str, threads: int = 2, lock: tuple[int, int] | None = None
) -> tuple[int, list[int] | None]:
    """How many orders of turns there are, and the first that breaks it, or None.

    It stops at MOST_ORDERS.
    """
    count, broken = 0, None
    todo: list[list[int]] = [[]]
    while todo and count < MOST_ORDERS:
        turns = todo.pop()
        game = Game(story, threads, lock)
        for thread in turns:
            game.go(thread)
        if game.over:
            count += 1
            if broken is None and game.verdict().startswith("Broken"):
                broken = turns
            continue
        todo += [[*turns, n] for n in range(threads, 0, -1) if game.can_go(n)]
    return count, broken


def told_of_all(story: str, threads: int = 2, lock: tuple[int, int] | None = None) -> str:
    count, broken = all_orders(story, threads, lock)
    if broken is None:
        return f"None of the {count:,} orders breaks it."
    return f"Of {count:,} orders, this one breaks it: {broken}"


running: dict[str, Any] = {}  # the buttons of the latest one, for whoever clicks


def turns(
    story: str,
    threads: int = 2,
    lock: tuple[int, int] | None = None,
    *,
    order: Sequence[int] | None = None,
) -> None:
    """Decide whose turn it is, one step at a time, until it breaks.

    story: "count" (count += 1, as its three steps) or "take" (look, remove, run).
    threads: 2, 3 or 4.
    lock: the first and the last step that the lock is held for; None for no lock.
    order: where there are no buttons: whose turn it is, such as [1, 2, 1].
    """
    game = Game(story, threads, lock)
    if order is not None:
        if not isinstance(order, list | tuple):
            raise ValueError(f"order must say whose turn it is, such as [1, 2, 1], got {order!r}")
        for thread in order:
            if not game.go(thread):
                print(f"It cannot be the turn of {thread!r} here.")
                break
        print(game.text())
        if game.over:
            print(told_of_all(story, threads, lock))
        return
    given = f", threads={threads}" * (threads != 2) + f", lock={lock}" * (lock is not None)
    how = f'turns("{story}"{given}, order=[1, 2, ...])'
    Form(f"{game.text()}\nWithout buttons, say whose turn it is: {how}", _buttons(game, story))


def _buttons(game: Game, story: str) -> Any:
    w = widgets()
    if w is None:
        return None
    screen = w.HTML()
    go = [w.Button(description=f"Thread {n}") for n in range(1, game.threads + 1)]
    undo = w.Button(description="Undo", icon="undo")
    again = w.Button(description="From the start")
    every = w.Button(description="Try all orders")
    told = w.HTML()

    def show() -> None:
        screen.value = f"<pre>{escape(game.text())}</pre>"
        for number, button in enumerate(go, start=1):
            button.disabled = not game.can_go(number)
        undo.disabled = again.disabled = not game.turns

    def play(act: Callable[[], object]) -> Callable[[object], None]:
        def clicked(_: object) -> None:
            act()
            told.value = ""
            show()

        return clicked

    def begin() -> None:
        game.turns.clear()
        game._begin()

    for number, button in enumerate(go, start=1):
        button.on_click(play(partial(game.go, number)))
    undo.on_click(play(game.undo))
    again.on_click(play(begin))

    def try_all(_: object) -> None:
        told.value = escape(told_of_all(story, game.threads, game.lock))

    every.on_click(try_all)
    show()
    rows = [w.HBox(go), w.HBox([undo, again, every])]
    running.update(go=go, undo=undo, again=again, every=every, told=told, game=game)
    return Box(w.VBox([screen, *rows, told]), screen, *go, undo, again, every, told, *rows)
