"""A heap, as the tree that it means and as the array that it is."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from sched.heap import HeapScheduler
from sched.plots.letters import text_width
from sched.plots.style import COLOURS, FAINT, NOTE, set_description, styled
from sched.table import counted

from .entries import Label, label, ready_side
from .frames import colour
from .layout import CARD, SHOWN, ArrayLayout, TreeLayout, draw_card, draw_cell
from .page import Page, new_page

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def heap(
    heap: HeapScheduler | Sequence[Any],
    path: Iterable[int] | str | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a binary heap as a tree and as an array; an item has one colour in both, or none. O(n).

    heap: a HeapScheduler (its ready side), or a list in heap order: numbers, names, or tuples.
    path: indices to mark, each the parent or a child of the one before: the way an entry took; or
    "push" for the way of the task that a scheduler was given last (see ``push_path``).
    ax: axes to draw on; a figure of its own if None.

    Of more than 31 entries the first five levels are shown. An entry that is smaller than its
    parent is marked: the list is not a heap. A cancelled task's entry is hatched.
    Raises TypeError or ValueError for a bad argument, ImportError without matplotlib.
    """
    entries, dead = entries_of(heap)
    way = checked_path(heap, path, len(entries))
    with styled("heap") as pyplot:
        picture = HeapPicture([label(e) for e in entries], way, dead, broken(entries))
        page = new_page(pyplot, ax, picture.height, top=0.4)
        picture.draw(page)
        page.axes.set_title(picture.title(), fontsize=12 * page.scale, x=0.01, parse_math=False)
        set_description(page.axes, picture.describe())
        return cast("Axes", page.axes)


def push_path(heap: HeapScheduler | Sequence[Any], newest: Any = None) -> list[int]:
    """The indices that the entry pushed last has stood at: from the last one upwards. O(n).

    newest: that entry; may be left out for a scheduler, whose newest task has the highest id.
    Raises ValueError if it stands elsewhere: something else was done to the heap since.
    """
    entries, _ = entries_of(heap)
    if newest is None:
        if not isinstance(heap, HeapScheduler):
            raise TypeError("newest must be given for a list: the entry that was pushed last")
        if not entries:
            raise ValueError("heap must not be empty: nothing has been pushed")
        newest = max(entries, key=lambda entry: entry[2])
    way = [len(entries) - 1]
    while way[-1] > 0 and entries[way[-1]] is not newest and entries[way[-1]] != newest:
        way.append((way[-1] - 1) // 2)
    if not entries or entries[way[-1]] != newest:
        raise ValueError(
            f"newest must stand between the last index and the root, got {label(newest)}: "
            "it was not pushed last"
        )
    return way


def entries_of(heap: object) -> tuple[list[Any], set[int]]:
    """A copy of the list of entries, and the indices of those that belong to no task any more."""
    if isinstance(heap, HeapScheduler):
        return ready_side(heap)
    if isinstance(heap, str | bytes) or not isinstance(heap, Sequence):
        raise TypeError(f"heap must be a HeapScheduler or a list in heap order, got {heap!r}")
    entries: Sequence[Any] = heap
    return list(entries), set()


def checked_path(heap: Any, path: Iterable[int] | str | None, size: int) -> list[int]:
    if path is None:
        return []
    if isinstance(path, str):
        if path != "push":
            raise ValueError(f'path must be indices or "push", got {path!r}')
        return push_path(heap)
    try:
        way: list[Any] = list(path)
    except TypeError:
        raise TypeError(f'path must be indices or "push", got {path!r}') from None
    for i in way:
        if isinstance(i, bool) or not isinstance(i, int):
            raise TypeError(f"path must hold indices, got {i!r}")
        if not 0 <= i < size:
            raise ValueError(f"path must stay inside the heap, 0 to {size - 1}, got {i}")
    for i, j in zip(way, way[1:], strict=False):
        if (max(i, j) - 1) // 2 != min(i, j):
            raise ValueError(f"path must go from parent to child or back, got {i} then {j}")
    return way


def broken(entries: Sequence[Any]) -> set[int]:
    """The indices of entries smaller than their parent; those that cannot be compared are not."""
    found: set[int] = set()
    for i in range(1, len(entries)):
        try:
            if entries[i] < entries[(i - 1) // 2]:
                found.add(i)
        except TypeError:
            continue
    return found


class HeapPicture:
    """A heap in labels, and how it is drawn and said. Knows nothing of schedulers."""

    def __init__(
        self, labels: list[Label], path: list[int], dead: set[int], broken: set[int]
    ) -> None:
        self.labels = labels
        self.path = path
        self.dead = dead
        self.broken = broken
        self.shown = min(len(labels), SHOWN)
        self.tree = TreeLayout(len(labels))
        self.array = ArrayLayout(len(labels))
        self.keys = self.legend()
        self.array_top = 0.1 + self.tree.height + 0.5
        self.height = self.array_top + self.array.height + 0.1
        if self.shown < len(labels):
            self.height += 0.2
        self.height += 0.26 * bool(self.keys)

    def legend(self) -> list[tuple[str, dict[str, Any]]]:
        keys: list[tuple[str, dict[str, Any]]] = []
        if self.path:
            keys.append(("path of the last sift", {"edgecolor": COLOURS["vermilion"]}))
        if self.dead:
            keys.append(("cancelled, not yet cleared away", {"hatch": "//", "edgecolor": FAINT}))
        if self.broken:
            keys.append(("smaller than its parent", {"linestyle": ":"}))
        return keys

    def look(self, index: int) -> dict[str, Any]:
        """How the card and the cell of an index look: the same, so that the eye connects them."""
        look: dict[str, Any] = {"facecolor": colour(index)}
        if index in self.dead:
            look |= {"facecolor": "#F4F4F4", "hatch": "//", "edgecolor": "#BBBBBB"}
        if index in self.broken:
            look |= {"linestyle": ":", "linewidth": 2.6}
        if index in self.path:
            look |= {"edgecolor": COLOURS["vermilion"], "linewidth": 3.0, "zorder": 3}
        return look

    def draw(self, page: Page) -> None:
        if not self.labels:
            page.text(page.width / 2, page.height / 2, "nothing in it", 11, style="italic")
            return
        steps = {frozenset(pair) for pair in zip(self.path, self.path[1:], strict=False)}
        for i in range(self.shown):
            self.draw_node(page, i, frozenset((i, (i - 1) // 2)) in steps)
            x, y = self.array.place(i)
            y += self.array_top
            draw_cell(page, (x, y), self.array.cell, self.labels[i], **self.look(i))
            page.text(x, y + CARD / 2 + 0.11, str(i), 8.5, color=NOTE)
        page.text(
            self.array.left, self.array_top - 0.14, "the same as a list, by index", 9, ha="left"
        )
        y = self.array_top + self.array.height + 0.06
        if self.shown < len(self.labels):
            page.text(0.1, y, f"… and {len(self.labels) - self.shown} more", 10, ha="left")
            y += 0.2
        self.draw_legend(page, y + 0.06)

    def draw_node(self, page: Page, i: int, on_path: bool) -> None:
        x, y = self.tree.place(i)
        y += 0.1
        if i:
            px, py = self.tree.place((i - 1) // 2)
            look: dict[str, Any] = {"color": COLOURS["grey"], "linewidth": 1.2}
            if i in self.broken:
                look = {"color": COLOURS["ink"], "linewidth": 2.6, "linestyle": ":"}
                page.text((x + px) / 2, (y + py + 0.1) / 2, "✗", 12, backgroundcolor="white")
            if on_path:
                look |= {"color": COLOURS["vermilion"], "linewidth": 3.6}
            page.line([(px, py + 0.1), (x, y)], **look)
        draw_card(page, (x, y), self.tree.room(i), self.labels[i], str(i), **self.look(i))

    def draw_legend(self, page: Page, y: float) -> None:
        x = 0.1
        for text, look in self.keys:
            page.box(x + 0.14, y, 0.28, 0.15, **{"facecolor": "white", "linewidth": 2.2, **look})
            page.text(x + 0.36, y, text, 9, ha="left")
            x += 0.36 + text_width(text, 9) + 0.3

    def title(self) -> str:
        if not self.labels:
            return "An empty heap"
        n = len(self.labels)
        if self.broken:
            wrong = len(self.broken)
            are = f"{counted(wrong, 'item')} {'is' if wrong == 1 else 'are'}"
            return f"Not a heap: {are} smaller than the parent"
        return f"A heap of {n}: no item is smaller than its parent" if n > 1 else "A heap of 1"

    def describe(self) -> str:
        """In words, level by level."""
        lines = [self.title() + "."]
        for level in range(self.tree.levels):
            first, last = (1 << level) - 1, min((2 << level) - 1, self.shown)
            cards = [f"[{i}] {self.labels[i]}{self.remark(i)}" for i in range(first, last)]
            lines.append(f"Level {level}: " + ", ".join(cards))
        if self.shown < len(self.labels):
            lines.append(f"... and {len(self.labels) - self.shown} more.")
        if self.path:
            lines.append("Path of the last sift: " + " -> ".join(f"[{i}]" for i in self.path))
        return "\n".join(lines)

    def remark(self, i: int) -> str:
        remarks = ["cancelled"] * (i in self.dead)
        if i in self.broken:
            remarks.append(f"smaller than its parent [{(i - 1) // 2}]")
        return f" <{', '.join(remarks)}>" if remarks else ""
