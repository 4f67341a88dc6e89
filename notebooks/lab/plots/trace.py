"""A recording of a data structure at work: as a strip of pictures, as text, with a slider."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, cast

from sched import arguments
from sched.base import Scheduler
from sched.heap import HeapScheduler
from sched.plots.letters import fit
from sched.plots.style import NOTE, WIDTH, library, set_description, styled
from sched.table import counted

from .algorithms import narrator_of
from .animation import Film, small_png, still
from .entries import Label
from .frames import Scene, between
from .layout import SHOWN
from .page import Page
from .record import Frame, record

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Operation:
    """One task added or taken. frames: the numbers of its frames; comparisons, moves: its own."""

    title: str
    frames: range
    comparisons: int
    moves: int


class Trace:
    """All that happened, frame by frame; made by ``plots.steps``.

    structure: what it is called in titles. labels: of the tasks, in the order of adding.
    taken: the names in the order of taking. comparisons, moves: how many in all.
    """

    def __init__(
        self,
        structure: str,
        labels: list[Label],
        frames: list[Frame],
        taken: list[int],
        tree: bool = False,
        note: str = "",
    ) -> None:
        self.structure = structure
        self.labels = tuple(labels)
        self.frames = tuple(frames)
        self.taken = tuple(labels[i].name or labels[i].key for i in taken)
        self.comparisons = frames[-1].comparisons
        self.moves = frames[-1].moves
        self.note = note
        self.operations = self._operations(taken)
        self._scene = Scene(self.labels, self.frames, tree)

    def _operations(self, taken: list[int]) -> tuple[Operation, ...]:
        done: list[Operation] = []
        start = comparisons = moves = 0
        for step in range(len(self.labels) + len(taken)):
            end = start
            while end < len(self.frames) and self.frames[end].operation == step:
                end += 1
            adding = step < len(self.labels)
            number = step if adding else taken[step - len(self.labels)]
            last = self.frames[end - 1]
            counts = last.comparisons - comparisons, last.moves - moves
            title = f"{'add' if adding else 'take'} {self.labels[number]}"
            done.append(Operation(title, range(start, end), *counts))
            start, comparisons, moves = end, last.comparisons, last.moves
        return tuple(done)

    # --- in words ---------------------------------------------------------------------------------

    def text(self, operation: int | None = None) -> str:
        """Every frame as a sentence, with the counts so far and the lists after each operation.

        operation: only this one, counted from 0 (-1: the last); its steps and its comparisons are
        counted from its own beginning. The same in every run. O(frames).
        """
        lines = [f"{self.structure}, step by step (c: comparisons so far, m: moves so far)"]
        for op in self.operations if operation is None else [self._operation(operation)]:
            first = 0 if operation is None else op.frames[0]
            for i in op.frames:
                frame = self.frames[i]
                comparisons, moves = self._since(first, frame)
                counts = f"c {comparisons:>3}  m {moves:>3}"
                lines.append(f"{i - first + 1:>3}.  {counts}  {frame.sentence}")
            lines.append(" " * 21 + self._state(self.frames[op.frames[-1]]))
        if operation is None:
            lines.append(f"in all: {self._counts(self.comparisons, self.moves)}")
            lines.extend([self.note] if self.note else [])
        return "\n".join(lines)

    def _state(self, frame: Frame) -> str:
        """The lists as they stand, those that hold something."""
        lists: list[str] = []
        for row in frame.rows:
            words = ["empty" if cell is None else str(self.labels[cell]) for cell in row.cells]
            if words:
                lists.append(f"{row.name} [{', '.join(words)}]".lstrip())
        return "now: " + (", ".join(lists) or "[]")

    def _since(self, first: int, frame: Frame) -> tuple[int, int]:
        """The comparisons and moves up to a frame, from the frame of number `first` on."""
        if not first:
            return frame.comparisons, frame.moves
        before = self.frames[first - 1]
        return frame.comparisons - before.comparisons, frame.moves - before.moves

    @staticmethod
    def _counts(comparisons: int, moves: int) -> str:
        return f"{counted(comparisons, 'comparison')}, {counted(moves, 'move')}"

    def describe(self, operation: int | None = None) -> str:
        """What ``strip`` shows, in words: one line for each of its pictures. O(frames)."""
        lines = [self._title(operation) + "."]
        for heading, counts, frame in self._panels(operation):
            lines += [f"{heading}: {counts}", f"    {self._state(frame)}"]
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Trace(...)" if cycle else repr(self))

    def __repr__(self) -> str:
        counts = self._counts(self.comparisons, self.moves)
        return f"<Trace of {self.structure}: {len(self.frames)} frames, {counts}>"

    # --- in pictures ------------------------------------------------------------------------------

    def strip(self, operation: int | None = None) -> "Figure":
        """A figure of still pictures side by side: one for each task added or taken, as it stands
        afterwards; or every frame of one operation, counted from 0 (-1: the last).

        Raises IndexError for an operation there is not, ImportError without matplotlib.
        """
        panels = self._panels(operation)
        with styled("Trace.strip") as pyplot:
            figure = self._scene.strip(pyplot, panels, self._title(operation))
            set_description(figure, self.describe(operation))
            return cast("Figure", figure)

    def _panels(self, operation: int | None) -> list[tuple[str, str, Frame]]:
        """(heading, counts, what is drawn) of each picture of a strip."""
        if operation is not None:
            op = self._operation(operation)
            first = op.frames[0]
            return [
                (f"{n}. {f.sentence}", self._counts(*self._since(first, f)) + " so far", f)
                for n, f in enumerate((self.frames[i] for i in op.frames), start=1)
            ]
        panels: list[tuple[str, str, Frame]] = []
        for op in self.operations:
            frames = [self.frames[i] for i in op.frames]
            last = frames[-1]
            row = frames[-1].moved_row
            moved = frozenset[int]().union(*(f.moved for f in frames if f.moved_row == row))
            # What was in hand while a place was looked for is in the list now; a task taken is not.
            stands = {task for row in last.rows for task in row.cells}
            gone = [f.held for f in frames if f.held is not None and f.held not in stands]
            held = gone[0] if gone else None
            summary = replace(last, compared=(), moved=moved, span=None, held=held)
            panels.append((op.title, self._counts(op.comparisons, op.moves), summary))
        return panels

    def _title(self, operation: int | None) -> str:
        if operation is None:
            counts = self._counts(self.comparisons, self.moves)
            return f"{self.structure}: {counts} in {len(self.operations)} operations"
        op = self._operation(operation)
        return f"{self.structure}, {op.title}: {self._counts(op.comparisons, op.moves)}"

    def _operation(self, operation: int) -> Operation:
        if isinstance(operation, bool) or not isinstance(operation, int):
            raise TypeError(f"operation must be an int or None, got {operation!r}")
        count = len(self.operations)
        if not -count <= operation < count:
            raise IndexError(f"operation must be from {-count} to {count - 1}, got {operation}")
        return self.operations[operation]

    def film(self, operation: int = -1) -> Film:
        """One operation as a moving picture, the entries gliding to their places; it starts when
        the play button is pressed. The default is the last operation.

        Show it as the last line of a cell, or use ``.html()``; about 10 kB a picture.
        """
        op = self._operation(operation)
        frames = self.frames[max(0, op.frames[0] - 1) : op.frames[-1] + 1]
        stage = self._scene.stage(frames, WIDTH)
        places = [stage.places(frame) for frame in frames]
        shots = [(0, 1.0)]  # a frame, and how far on the way to it everything is
        for i in range(1, len(frames)):
            glides = any(places[i - 1].get(k) != place for k, place in places[i].items())
            shots += [(i, part) for part in ((0.25, 0.5, 0.75) if glides else ())] + [(i, 1.0)]

        def draw(page: Page, number: int) -> None:
            i, part = shots[number]
            self._write(page, frames[i], self._counts(*self._since(op.frames[0], frames[i])))
            on_the_way = None if part == 1.0 else between(places[i - 1], places[i], part)
            stage.draw(page, frames[i], 0.0, 0.95, on_the_way)

        seconds = [1.6 if part == 1.0 else 0.12 for _, part in shots]
        title, words = self._scene.said(self._title(operation)), self.describe(operation)
        return Film(draw, seconds, stage.height + 1.05, title, words)

    def _write(self, page: Page, frame: Frame, counts: str) -> None:
        """The sentence of a frame, and the counts so far, in two lines."""
        sentence = fit(self._scene.said(frame.sentence), 10.5, WIDTH - 0.3)
        page.text(0.12, 0.5, sentence, 10.5, ha="left")
        page.text(0.12, 0.7, f"{counts} so far", 9.5, ha="left", color=NOTE)

    def slider(self, start: int = 0) -> Any:
        """A widget for a live notebook: a slider over all frames, a play button, and the sentence
        of the frame as text. The arrow keys move it. start: the first frame shown, from 0.

        Raises ImportError without ipywidgets and matplotlib: ``strip`` and ``text`` need fewer.
        """
        last = len(self.frames) - 1
        start = arguments.as_count(start, "start", at_least=0)
        if start > last:
            raise ValueError(f"start must be at most {last}, got {start}")
        widgets = library("ipywidgets", "Trace.slider")
        library("matplotlib", "Trace.slider")
        pictures: dict[int, bytes] = {}
        place = widgets.IntSlider(start, 0, last, description="step", readout=False)
        place.layout.width = "60%"
        play = widgets.Play(value=start, min=0, max=last, interval=1200)
        picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        words = widgets.HTML()

        def show(index: int) -> None:
            if index not in pictures:
                pictures[index] = self._png(index)
            picture.value = pictures[index]
            frame = self.frames[index]
            counts = self._counts(frame.comparisons, frame.moves)
            words.value = (
                f"<p role='status' style='font-size:110%;line-height:1.4;min-height:2.8em'>"
                f"<b>{index + 1} of {last + 1}.</b> {escape(frame.sentence)}.<br>"
                f"{counts} so far</p>"
            )

        place.observe(lambda change: show(change["new"]), "value")
        widgets.jslink((play, "value"), (place, "value"))
        show(start)
        return widgets.VBox([widgets.HBox([play, place]), words, picture])

    def _png(self, index: int) -> bytes:
        """A frame as the slider shows it: the sentence stands beside it, as text."""
        stage = self._scene.stage(self.frames, WIDTH)
        title = self._scene.said(self.operations[self.frames[index].operation].title)

        def draw(page: Page) -> None:
            stage.draw(page, self.frames[index], 0.0, 0.4)
            self._scene.legend(page, page.height - 0.14, self.frames)

        return small_png(still(draw, stage.height + 0.75, f"{self.structure}: {title}"))


def steps(
    tasks: Iterable[Any],
    scheduler_class: type[Scheduler] = HeapScheduler,
    *,
    take: int | None = None,
) -> Trace:
    """Record every comparison and every move while tasks are added and then taken.

    tasks: at most 31 of them, (priority, name) or a bare priority; all are ready at once.
    scheduler_class: HeapScheduler, SortedListScheduler, NaiveSortScheduler and
    MultilevelScheduler are told in their own words; of any other scheduler the comparisons are
    told, and its entries in order.
    take: how many are taken in the end; all of them if None.

    Raises TypeError or ValueError for a bad argument. O(what the structure costs).
    """
    if not isinstance(scheduler_class, type) or not issubclass(scheduler_class, Scheduler):
        raise TypeError(f"scheduler_class must be a class of scheduler, got {scheduler_class!r}")
    rows = [_row(i, row) for i, row in enumerate(tasks)]
    if not 1 <= len(rows) <= SHOWN:
        raise ValueError(f"tasks must be from 1 to {SHOWN}, got {len(rows)}")
    take = len(rows) if take is None else arguments.as_count(take, "take", at_least=0)
    if take > len(rows):
        raise ValueError(f"take must be at most the number of tasks, {len(rows)}, got {take}")
    narrator, taken = record(scheduler_class.queue(), rows, take, narrator_of(scheduler_class))
    told = narrator.labels, narrator.frames, taken, narrator.tree, narrator.note
    return Trace(narrator.called or scheduler_class.__name__, *told)


def _row(number: int, row: Any) -> tuple[int | float, str]:
    fields: Sequence[Any] = row if isinstance(row, tuple | list) else (row,)
    try:
        if len(fields) not in (1, 2):
            raise ValueError(f"a task must be (priority, name) or a priority, got {row!r}")
        name = arguments.as_name(fields[1]) if len(fields) == 2 else ""
        return arguments.as_priority(fields[0]), name
    except (TypeError, ValueError) as error:
        raise type(error)(f"tasks, row {number}: {error}") from None
