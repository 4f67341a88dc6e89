"""Where the cards of a tree and the cells of an array stand, and how a card is written."""

from typing import Any

from sched.plots.letters import fit, text_width
from sched.plots.style import NOTE, WIDTH

from .entries import Label
from .page import Page

SHOWN = 31  # five levels: more cannot be read on one page
CARD = 0.44  # height of a card, inches
STAGGER = 0.54  # how much lower every other card of a crowded level stands, inches
MARGIN = 0.2  # left and right of the tree, inches


def level_of(index: int) -> int:
    return (index + 1).bit_length() - 1


class TreeLayout:
    """Where the cards of a tree of n entries stand, in inches from the upper left corner."""

    def __init__(self, size: int, width: float = WIDTH, step: float = 0.82) -> None:
        self.size = min(size, SHOWN)
        self.width = width
        self.margin = MARGIN if width > 5 else 0.05
        self.levels = level_of(self.size - 1) + 1 if self.size else 0
        self.step = step
        # Cards of the last level that would be too narrow to name stand at two heights in turn.
        self.crowded = self.levels > 1 and self.apart(self.levels - 1) < 0.6
        low = STAGGER if self.crowded and self.size > 1 << (self.levels - 1) else 0.0
        self.height = CARD + max(0, self.levels - 1) * step + low

    def apart(self, level: int) -> float:
        """From the middle of a card to the next one's on its level."""
        return (self.width - 2 * self.margin) / (1 << level)

    def place(self, index: int) -> tuple[float, float]:
        """The middle of a card."""
        level = level_of(index)
        slot = index + 1 - (1 << level)
        low = STAGGER if self.lowered(level) and slot % 2 else 0.0
        return self.margin + self.apart(level) * (slot + 0.5), CARD / 2 + level * self.step + low

    def room(self, index: int) -> float:
        """How wide a card may be."""
        level = level_of(index)
        apart = self.apart(level) * (2 if self.lowered(level) else 1)
        return min(1.5, apart - (0.16 if self.width > 5 else 0.08), self.width * 0.34)

    def lowered(self, level: int) -> bool:
        return self.crowded and level == self.levels - 1


class ArrayLayout:
    """Where the cells of a list stand, in rows of at most ``columns``."""

    def __init__(self, size: int, width: float = WIDTH, columns: int = 16) -> None:
        self.size = min(size, SHOWN)
        self.columns = max(1, min(self.size, columns))
        self.cell = min(1.0, (width - 0.1) / self.columns)
        self.left = (width - self.cell * self.columns) / 2
        self.row_height = CARD + 0.32
        self.height = max(1, -(-self.size // self.columns)) * self.row_height

    def place(self, index: int) -> tuple[float, float]:
        """The middle of a cell."""
        row, column = divmod(index, self.columns)
        return self.left + (column + 0.5) * self.cell, CARD / 2 + row * self.row_height


def draw_cell(page: Page, at: tuple[float, float], room: float, words: Label, **look: Any) -> None:
    """A cell of an array: the key above the name, which a narrow cell leaves out."""
    words = words.drawn()
    lift = page_lift(look)
    page.box(*at, room, CARD, **look)
    write(page, at, words.key, words.name if room > 0.51 else "", room, lift)


def draw_card(
    page: Page, at: tuple[float, float], room: float, words: Label, index: str = "", **look: Any
) -> None:
    """A card of a tree, as wide as it needs to be; its index in the upper left corner."""
    words = words.drawn()
    corner = text_width(index, 7.5) + 0.06 if index else 0.0
    key = fit(words.key, 10, room - 2 * corner - 0.08, bold=True)
    name = fit(words.name, 8.5, room - 0.1)
    needed = max(text_width(key, 10, True) + 2 * corner + 0.08, text_width(name, 8.5) + 0.16, 0.4)
    width = min(room, needed)
    lift = page_lift(look)
    page.box(*at, width, CARD, rounding=0.09, **look)
    write(page, at, key, name, room, lift)
    if index:
        x, y = at[0] - width / 2 + 0.05, at[1] - 0.12
        page.text(x, y, index, 7.5, color=NOTE, ha="left")


def page_lift(look: dict[str, Any]) -> int:
    """Take ``lift`` out of a look: by how many layers this lies above the others."""
    lift: int = look.pop("lift", 0)
    look["zorder"] = look.get("zorder", 2) + lift
    return lift


def write(
    page: Page, at: tuple[float, float], key: str, name: str, room: float, lift: int = 0
) -> None:
    x, y = at
    key = fit(key, 10, room - 0.06, bold=True)
    page.text(x, y - (0.09 if name else 0.0), key, 10, weight="bold", zorder=5 + lift)
    if name:
        page.text(x, y + 0.1, fit(name, 8.5, room - 0.1), 8.5, zorder=5 + lift)
