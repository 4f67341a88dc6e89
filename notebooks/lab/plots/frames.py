"""One frame of a recording, drawn: the tree of a heap, the lists, the entry that stands in none.

Places stay the same from frame to frame, so that only what moves seems to move; a task keeps its
colour, so that the same tasks can be followed through different structures.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from sched.plots.letters import text_width, wrap
from sched.plots.style import COLOURS, NOTE, WIDTH, tint

from .entries import Label
from .layout import CARD, ArrayLayout, TreeLayout, draw_card, draw_cell
from .page import Page
from .record import Frame

# What is drawn where: ("tree", task), ("hand", task) or (row, task), to the middle of its card.
Places: TypeAlias = dict[tuple[str | int, int], tuple[float, float]]
Panel: TypeAlias = tuple[str, str, Frame]  # heading, counts, frame

TASKS = [tint(name, 0.4) for name in ("sky", "orange", "green", "yellow", "purple", "grey")]
PANELS = 24  # more in one strip are left out in the middle
LEGEND = [
    ("compared", {"edgecolor": COLOURS["blue"], "linestyle": (0, (2.2, 1.2)), "linewidth": 2.6}),
    ("moved", {"edgecolor": COLOURS["vermilion"], "linewidth": 3.0}),
    ("in no list: in hand, or taken", {"linestyle": ":", "linewidth": 1.6}),
]


def colour(task: int) -> str:
    """A task's own colour; white for those that come after the colours are used up."""
    return TASKS[task] if task < len(TASKS) else "white"


class Scene:
    """The frames of one recording, and how large its structure becomes."""

    def __init__(self, labels: Sequence[Label], frames: Sequence[Frame], tree: bool) -> None:
        self.labels = labels
        self.tree = tree
        self.size = largest(frames)

    def said(self, sentence: str) -> str:
        """A sentence in letters that can be drawn, the names as they stand on the cards."""
        for label in self.labels:
            if (drawn := label.drawn()) != label:
                sentence = sentence.replace(str(label), str(drawn))
        return sentence

    def stage(self, frames: Sequence[Frame], width: float) -> "Stage":
        return Stage(self, frames, width)

    def columns(self) -> int:
        """How many pictures stand side by side."""
        return 3 if self.size <= 7 else 2 if self.size <= 15 else 1

    def columns_for(self, panels: int) -> int:
        """How many of so many pictures: rows of one length, as far as that goes. Four are two and
        two, not three and one."""
        rows = -(-panels // self.columns())
        return -(-panels // rows)

    def strip(self, pyplot: Any, panels: Sequence[Panel], title: str) -> Any:
        """A figure with one small picture for each panel."""
        if len(panels) > PANELS:
            half = PANELS // 2
            title += f" ({len(panels) - PANELS} frames in the middle left out)"
            panels = [*panels[:half], *panels[-half:]]
        title = self.said(title)
        panels = [(self.said(heading), counts, frame) for heading, counts, frame in panels]
        columns = self.columns_for(len(panels))
        gap, width = 0.16, (WIDTH - 0.2 - 0.16 * (columns - 1)) / columns
        stage = self.stage([panel[2] for panel in panels], width)
        head = 0.08 + 0.17 * max(len(wrap(p[0], 9, width - 0.16)) for p in panels) + 0.2
        height = head + stage.height + 0.1
        rows = -(-len(panels) // columns)
        titles = wrap(title, 12.6, WIDTH - 0.3)
        top, foot = 0.24 + 0.2 * len(titles), 0.3
        figure = pyplot.figure(figsize=(WIDTH, top + rows * (height + gap) + foot))
        whole = Page(figure.add_axes((0, 0, 1, 1)), WIDTH, figure.get_figheight())
        for i, line in enumerate(titles):
            whole.text(0.1, 0.2 + 0.2 * i, line, 12, ha="left", weight="bold")
        for i, (heading, counts, frame) in enumerate(panels):
            row, column = divmod(i, columns)
            x, y = 0.1 + column * (width + gap), top + row * (height + gap)
            frame_look = {"facecolor": "none", "edgecolor": "#CCCCCC", "zorder": 0}
            whole.box(x + width / 2, y + height / 2, width, height, rounding=0.06, **frame_look)
            for k, line in enumerate(wrap(heading, 9, width - 0.16)):
                whole.text(x + 0.08, y + 0.13 + 0.17 * k, line, 9, ha="left")
            whole.text(x + 0.08, y + head - 0.14, counts, 8.5, ha="left", color=NOTE)
            stage.draw(whole, frame, x, y + head)
        self.legend(whole, figure.get_figheight() - 0.16, [panel[2] for panel in panels])
        return figure

    def legend(self, page: Page, y: float, frames: Sequence[Frame]) -> None:
        """What the outlines mean that are seen in these frames."""
        seen = (
            any(frame.compared for frame in frames),
            any(frame.moved for frame in frames),
            any(frame.held is not None for frame in frames),
        )
        x = 0.1
        for text, look in (key for key, shown in zip(LEGEND, seen, strict=True) if shown):
            page.box(x + 0.15, y, 0.28, 0.16, **{"facecolor": "white", **look})
            page.text(x + 0.37, y, text, 9, ha="left")
            x += 0.37 + text_width(text, 9) + 0.3


def largest(frames: Sequence[Frame]) -> int:
    """How long the longest list becomes; 1 at least, so that there is something to lay out."""
    return max(1, *(len(row.cells) for frame in frames for row in frame.rows))


class Stage:
    """The places on a picture of a given width, the same for all the frames shown on it."""

    def __init__(self, scene: Scene, frames: Sequence[Frame], width: float) -> None:
        self.scene = scene
        self.width = width
        size = largest(frames)
        self.tree = TreeLayout(size, width, 0.66) if scene.tree else None
        self.array = ArrayLayout(size, width, int(width / 0.36) if width < 5 else 16)
        rows = range(len(frames[0].rows))
        self.rows = [k for k in rows if k == 0 or any(frame.rows[k].cells for frame in frames)]
        self.hand = 0.0
        y = 0.04
        if self.tree:
            y += self.tree.height + 0.16
        elif any(frame.held is not None for frame in frames):
            y += CARD + 0.3
        self.tops: dict[int, float] = {}
        for k in self.rows:
            self.tops[k] = y + 0.28
            y += 0.28 + self.array.height - 0.06
        self.height = y - 0.04

    def places(self, frame: Frame) -> Places:
        """Where everything stands in a frame."""
        found: Places = {}
        for k in self.rows:
            for i, task in enumerate(frame.rows[k].cells):
                if task is None:
                    continue
                x, y = self.array.place(i)
                found[k, task] = x, y + self.tops[k]
                if k == 0 and self.tree:
                    x, y = self.tree.place(i)
                    found["tree", task] = x, y + 0.04
        if frame.held is not None:
            found["hand", frame.held] = self.hand_place(frame)
        return found

    def hand_place(self, frame: Frame) -> tuple[float, float]:
        """In the upper left corner; above the cell that it is compared with, if there is one."""
        room = self.hand_room()
        cells = frame.rows[0].cells
        beside = [cells.index(task) for task in frame.compared if task in cells]
        x = self.array.place(beside[0])[0] if beside and not self.tree else 0.0
        return min(max(x, room / 2 + 0.04), self.width - room / 2 - 0.04), 0.04 + CARD / 2

    def hand_room(self) -> float:
        return min(1.3, self.width * 0.3)

    def draw(
        self, page: Page, frame: Frame, left: float, top: float, places: Places | None = None
    ) -> None:
        """Draw a frame with its upper left corner there; ``places``: on the way to the next."""
        moving = places is not None
        places = self.places(frame) if places is None else places
        at = {key: (x + left, y + top) for key, (x, y) in places.items()}
        if self.tree:
            self.draw_edges(page, frame, at)
        for k in self.rows:
            self.draw_row(page, frame, k, left, top)
        if frame.span:
            self.draw_span(page, frame.span, left, top)
        still = self.places(frame)
        for (where, task), place in at.items():
            look = self.look(frame, task, where)
            if still[where, task] != places[where, task]:
                look["lift"] = 10  # what glides passes over the others
            label = self.scene.labels[task]
            if where == "tree":
                assert self.tree is not None
                room = self.tree.room(frame.rows[0].cells.index(task))
                draw_card(page, place, room, label, **look)
            elif where == "hand":
                draw_card(page, place, self.hand_room(), label, **look)
                if not moving:
                    word = "in hand" if frame.compared else "taken"
                    page.text(place[0], place[1] + CARD / 2 + 0.1, word, 8.5, style="italic")
            else:
                draw_cell(page, place, self.array.cell, label, **look)

    def draw_edges(self, page: Page, frame: Frame, at: Places) -> None:
        cells = frame.rows[0].cells
        for i in range(1, len(cells)):
            pair = cells[i], cells[(i - 1) // 2]
            ends = [at.get(("tree", task)) for task in pair if task is not None]
            look: dict[str, Any] = {"color": COLOURS["grey"], "linewidth": 1.2}
            if len(frame.moved & set(pair)) == 2 and len(frame.moved) == 2:
                look = {"color": COLOURS["vermilion"], "linewidth": 3.6}
            page.line([end for end in ends if end is not None], **look)

    def draw_row(self, page: Page, frame: Frame, k: int, left: float, top: float) -> None:
        """The title of a list, its indices, and its empty places."""
        row = frame.rows[k]
        x, y = left + self.array.left, top + self.tops[k] - 0.17
        page.text(x, y, row.title if row.cells else f"{row.title}: empty", 8.5, ha="left")
        for i, task in enumerate(row.cells):
            x, y = self.array.place(i)
            x, y = x + left, y + top + self.tops[k]
            page.text(x, y + CARD / 2 + 0.1, str(i), 8, color=NOTE)
            if task is None:
                page.box(
                    x, y, self.array.cell, CARD, facecolor="white", edgecolor="#BBBBBB", hatch="//"
                )

    def draw_span(self, page: Page, span: tuple[int, int], left: float, top: float) -> None:
        """A bracket over the cells among which a place is still looked for."""
        for i in range(*span):
            x, y = self.array.place(i)
            x, y = x + left, y + top + self.tops[0] - CARD / 2 - 0.05
            half = self.array.cell / 2
            page.line([(x - half, y), (x + half, y)], color=COLOURS["ink"], linewidth=3)

    @staticmethod
    def look(frame: Frame, task: int, where: str | int) -> dict[str, Any]:
        look: dict[str, Any] = {"facecolor": colour(task)}
        if where == "hand":
            look |= LEGEND[2][1]
        if task in frame.compared:
            look |= {**LEGEND[0][1], "zorder": 3}
        if task in frame.moved and where in (frame.moved_row, *["tree"][frame.moved_row :]):
            look |= {**LEGEND[1][1], "linestyle": "-", "zorder": 3}
        return look


def between(one: Places, other: Places, part: float) -> Places:
    """Where everything stands on the way from one frame to the next; part from 0 to 1."""
    middle: Places = {}
    for key, (x, y) in other.items():
        fx, fy = one.get(key, one.get(_before(key, one), (x, y)))
        middle[key] = fx + (x - fx) * part, fy + (y - fy) * part
    return middle


def _before(key: tuple[str | int, int], one: Places) -> tuple[str | int, int]:
    """Where something comes from that was not there: a taken task from its place, and back."""
    where, task = key
    homes: list[str | int] = ["tree", 0] if where == "hand" else ["hand", 0]
    for home in homes:
        if (home, task) in one:
            return home, task
    return key
