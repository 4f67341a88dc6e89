"""The two sides of a scheduler: who is waiting, by run_at, and who is ready, by priority."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sched import arguments
from sched.base import Scheduler
from sched.clock import VirtualClock
from sched.heap import HeapScheduler
from sched.plots.style import COLOURS, WIDTH, set_description, styled
from sched.plots.words import seconds

from .animation import Film
from .entries import Label, label
from .frames import colour
from .layout import CARD, draw_cell
from .page import Page, new_page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 8  # cards side by side; more are counted
CELL = 0.97  # width of a card, inches
HEIGHT = 2.0


@dataclass(frozen=True)
class Card:
    """A pending task: its id, its label, and when it is due, seconds on the scheduler's clock."""

    task: int
    label: Label
    run_at: float


@dataclass(frozen=True)
class Moment:
    """Both sides at one time, each in its order."""

    now: float
    waiting: tuple[Card, ...]
    ready: tuple[Card, ...]

    def title(self) -> str:
        return f"At {seconds(self.now)} s: {len(self.waiting)} waiting, {len(self.ready)} ready"

    def describe(self) -> str:
        waiting = [f"{c.label} due in {seconds(c.run_at - self.now)} s" for c in self.waiting]
        ready = [str(c.label) for c in self.ready]
        return "\n".join(
            [
                self.title() + ".",
                f"waiting, by run_at: {listed(waiting)}",
                f"ready, by priority: {listed(ready)}",
            ]
        )

    def places(self) -> dict[int, tuple[float, float]]:
        """The middle of each task's card, inches from the upper left corner."""
        rows = ((self.waiting, 0.3), (self.ready, 1.28))
        return {
            card.task: (0.15 + (i + 0.5) * CELL, top + CARD / 2)
            for row, top in rows
            for i, card in enumerate(row[:SHOWN])
        }

    def width(self) -> float:
        """As wide as its cards, in inches, and no narrower than what is written above them."""
        cards = min(SHOWN, max(len(self.waiting), len(self.ready)))
        return min(WIDTH, max(4.0, 0.3 + cards * CELL))

    def draw(self, page: Page, top: float, places: dict[int, tuple[float, float]]) -> None:
        """Draw the cards at these places; what is elsewhere than it belongs lies above."""
        for text, row, y in (
            ("waiting, by run_at: who is due first?", self.waiting, 0.16),
            ("ready, by priority: who is most urgent?", self.ready, 1.14),
        ):
            more = f"   … and {len(row) - SHOWN} more" if len(row) > SHOWN else ""
            none = "" if row else "   nobody"
            page.text(0.15, top + y, text + more + none, 9.5, ha="left")
        home = self.places()
        for side in (self.waiting, self.ready):
            for i, card in enumerate(side[:SHOWN]):
                x, y = places[card.task]
                look: dict[str, Any] = {"facecolor": colour(card.task)}
                if (x, y) != home[card.task]:
                    look |= {"edgecolor": COLOURS["vermilion"], "linewidth": 3, "lift": 10}
                elif i == 0:
                    look |= {"edgecolor": COLOURS["blue"], "linewidth": 2.6, "zorder": 3}
                    look["linestyle"] = "--" if side is self.waiting else "-"
                draw_cell(page, (x, y + top), CELL - 0.05, card.label, **look)
                word = "next" if i == 0 else ""
                if side is self.waiting:
                    word = f"due at {seconds(card.run_at)} s"
                if (x, y) == home[card.task] and word:
                    page.text(x, y + top + CARD / 2 + 0.12, word, 8, color="#444444")


def sides(scheduler: Scheduler, ax: "Axes | None" = None) -> "Axes":
    """Draw both sides of a scheduler as they are now: waiting by run_at, ready by priority.

    The first of each has a thick outline: dashed, the one due first; solid, the one that
    ``get_next_task`` would take. Of more than 8 on a side the rest is counted. O(n log n).
    Raises TypeError for what is no scheduler, ImportError without matplotlib.
    """
    if not isinstance(scheduler, Scheduler):
        raise TypeError(f"scheduler must be a Scheduler, got {scheduler!r}")
    moment = moment_of(scheduler)
    with styled("sides") as pyplot:
        page = new_page(pyplot, ax, HEIGHT, moment.width(), top=0.4)
        moment.draw(page, 0.0, moment.places())
        page.axes.set_title(moment.title(), fontsize=12 * page.scale, x=0.01, parse_math=False)
        set_description(page.axes, moment.describe())
        return cast("Axes", page.axes)


def becoming_ready(tasks: Iterable[Any], scheduler_class: type[Scheduler] = HeapScheduler) -> Film:
    """A film, in virtual time, of delayed tasks that move from the waiting to the ready side.

    tasks: (priority, name, delay in seconds), at most 8. The scheduler is a real one with a
    VirtualClock, which moves on to each moment at which a task is due. ``.strip()`` shows those
    moments side by side, ``.describe()`` says them. O(n log n) for each moment.
    Raises TypeError or ValueError for a bad argument.
    """
    if not isinstance(scheduler_class, type) or not issubclass(scheduler_class, Scheduler):
        raise TypeError(f"scheduler_class must be a class of scheduler, got {scheduler_class!r}")
    rows = list(tasks)
    if not 1 <= len(rows) <= SHOWN:
        raise ValueError(f"tasks must be from 1 to {SHOWN}, got {len(rows)}")
    clock = VirtualClock()
    scheduler = scheduler_class(clock=clock)
    scheduler.add_tasks(rows)
    moments = [moment_of(scheduler)]
    while moments[-1].waiting:
        clock.advance_to(moments[-1].waiting[0].run_at)
        moments.append(moment_of(scheduler))
    return film_of(moments)


def film_of(moments: Sequence[Moment]) -> Film:
    places = [moment.places() for moment in moments]
    shots = [(0, 1.0)]
    for i in range(1, len(moments)):
        shots += [(i, part / 6) for part in range(1, 6)] + [(i, 1.0)]

    def draw(page: Page, number: int) -> None:
        i, part = shots[number]
        at = dict(places[i])
        if part < 1.0:
            for task, (x, y) in places[i].items():
                fx, fy = places[i - 1].get(task, (x, y))
                at[task] = fx + (x - fx) * part, fy + (y - fy) * part
        page.text(0.15, 0.46, moments[i].title(), 10.5, ha="left", weight="bold")
        moments[i].draw(page, 0.62, at)

    return Film(
        draw,
        [1.8 if part == 1.0 else 0.12 for _, part in shots],
        HEIGHT + 0.66,
        "A delayed task waits until it is due, then its priority counts",
        "\n".join(moment.describe() for moment in moments),
    )


def moment_of(scheduler: Scheduler) -> Moment:
    """Both sides now. A task that comes due while they are read is on the ready side."""
    tasks = list(scheduler.pending_tasks())
    now = arguments.as_timestamp(scheduler.clock.now(), "clock.now()")
    cards = [(task, Card(task.id, label(task), task.run_at)) for task in tasks]
    return Moment(
        now,
        tuple(card for task, card in cards if task.run_at > now),
        tuple(card for task, card in cards if task.run_at <= now),
    )


def listed(words: list[str]) -> str:
    return ", ".join(words) if words else "nobody"
