"""The look that all pictures share, and the words that go with each.

A picture is laid out in inches of a page as wide as a notebook's output. Axes given by the caller
may be smaller: everything, the letters too, is scaled to fit.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

STYLE = str(Path(__file__).with_name("sched.mplstyle"))
"""The style file of the project, for ``matplotlib.style.use``."""

COLOURS = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
    "ink": "#222222",
    "grey": "#767676",
}
"""Colours that people of every kind of colour vision tell apart. Okabe and Ito, 2008."""

WIDTH = 8.2  # inches; 902 px at 110 dpi
TITLE = 11.5  # points
_DESCRIPTION = "_sched_description"


def library(name: str, caller: str) -> Any:
    """Import a module of matplotlib's or ipywidgets' for ``plots.<caller>``.

    Raises ImportError that names the extra to install.
    """
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise ImportError(
            f"plots.{caller} needs {package}, which comes with the extra 'lab': "
            f"pip install 'priority-sched[lab]'"
        ) from error


@contextmanager
def styled(caller: str) -> Iterator[Any]:
    """matplotlib.pyplot with the style of the project, for as long as a picture is drawn.

    A task called "$5 for $6" is a name, not a formula. (The style file does not say so: the labels
    of a logarithmic axis are formulas.)
    """
    pyplot = library("matplotlib.pyplot", caller)
    with pyplot.style.context([STYLE, {"text.parse_math": False}]):
        yield pyplot


def tint(colour: str, strength: float = 0.38) -> str:
    """A colour mixed with white, light enough for black letters on it."""
    channels = (int(COLOURS[colour][i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - strength * (255 - c)):02X}" for c in channels)


class Page:
    """Axes on which everything is placed in inches, y growing downwards from the top.

    scale: how many inches of the figure one inch of the page gets.
    """

    def __init__(self, axes: Any, width: float, height: float) -> None:
        box = axes.get_window_extent()
        dpi = axes.figure.dpi
        self.axes = axes
        self.width = width
        self.height = height
        self.scale = min(box.width / dpi / width, box.height / dpi / height)
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.set_aspect("equal", anchor="N")

    def text(self, x: float, y: float, text: str, size: float, **look: Any) -> Any:
        """Letters around (x, y), size in points on the page."""
        look = {"ha": "center", "va": "center", "zorder": 5, "parse_math": False, **look}
        return self.axes.text(x, y, text, fontsize=size * self.scale, **look)

    def line(self, points: list[tuple[float, float]], **look: Any) -> None:
        """A line through points; linewidth in points on the page."""
        look["linewidth"] = look.get("linewidth", 1.0) * self.scale
        xs, ys = zip(*points, strict=True)
        look = {"marker": "", "linestyle": "-", "zorder": 1, "solid_capstyle": "round", **look}
        self.axes.plot(xs, ys, **look)

    def box(self, x: float, y: float, width: float, height: float, **look: Any) -> None:
        """A rectangle around (x, y); linewidth in points on the page; rounding in inches."""
        from matplotlib.patches import FancyBboxPatch

        rounding = look.pop("rounding", 0.0)
        look["linewidth"] = look.get("linewidth", 1.0) * self.scale
        patch: Any = FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle=f"round,pad=0,rounding_size={rounding}" if rounding else "square,pad=0",
            **{"edgecolor": COLOURS["ink"], "zorder": 2, **look},
        )
        self.axes.add_patch(patch)


def new_page(pyplot: Any, axes: Any, height: float, width: float = WIDTH, top: float = 0.0) -> Page:
    """A page on the axes given, or on a figure of its own; ``top`` inches are kept for a title."""
    if axes is None:
        figure = pyplot.figure(figsize=(width, height + top))
        axes = figure.add_axes((0.0, 0.0, 1.0, height / (height + top)))
    return Page(axes, width, height)


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide a text is, in inches, at a size in points."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    weight = "bold" if bold else "normal"
    font: Any = get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
    font.set_size(100, 72)  # large, so that no rounding to pixels matters
    font.set_text(text)
    width: float = font.get_width_height()[0] / 64 * size / 100 / 72
    return width * 1.04  # letters on a screen keep to whole pixels


@lru_cache(maxsize=4096)
def fit(text: str, size: float, width: float, bold: bool = False) -> str:
    """Shorten in the middle: both "Payment 12" and "Payment 13" keep what tells them apart."""
    if text_width(text, size, bold) <= width:
        return text

    def short(keep: int) -> str:
        return text[: keep - keep // 2].rstrip() + "…" + text[len(text) - keep // 2 :].lstrip()

    keep = bisect_right(range(len(text)), width, key=lambda k: text_width(short(k), size, bold))
    return short(max(0, keep - 1))


def wrap(text: str, size: float, width: float, bold: bool = False) -> list[str]:
    """Break a text into lines of at most that many inches."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size, bold) <= width:
            lines[-1] += " " + word
        else:
            lines.append(fit(word, size, width, bold))
    return lines


def title_lines(words: str, width: float) -> list[str]:
    """Break a title into lines of at most that many inches, after colons if that takes no more."""
    lines: list[str] = []
    for part in re.split(r"(?<=:) ", " ".join(words.split())):
        if lines and text_width(f"{lines[-1]} {part}", TITLE, bold=True) <= width:
            lines[-1] += " " + part
        else:
            lines += wrap(part, TITLE, width, bold=True)
    anywhere = wrap(words, TITLE, width, bold=True)
    return lines if len(lines) <= len(anywhere) else anywhere


def write_title(ax: Any, words: str, width: float | None = None) -> None:
    """Above the axes, in as many lines as it takes. width: in inches, if not that of the axes."""
    lines = title_lines(words, room(ax) if width is None else width)
    ax.set_title("\n".join(lines), fontsize=TITLE, parse_math=False)


def room(ax: Any) -> float:
    """About how wide the axes are, in inches: the layout decides later."""
    return float(ax.figure.get_figwidth() * min(1.0, ax.get_position().width * 1.06))


def set_description(axes_or_figure: Any, text: str) -> None:
    setattr(axes_or_figure, _DESCRIPTION, text)


def describe(picture: Any) -> str:
    """What a picture shows, in words: the caption to print right under it. O(its axes).

    picture: the axes or the figure that a function of this module returned. The text is the same
    in every run. Raises TypeError if it is neither, ValueError if nothing here drew it.
    """
    own = getattr(picture, _DESCRIPTION, None)
    if own is not None:
        return str(own)
    if hasattr(picture, "describe"):
        return str(picture.describe())
    if not hasattr(picture, "get_window_extent"):
        raise TypeError(f"picture must be axes or a figure drawn by sched.plots, got {picture!r}")
    held = getattr(picture, "axes", None)  # of axes, these themselves
    parts = [getattr(a, _DESCRIPTION, None) for a in (held if isinstance(held, list) else [])]
    found = [part for part in parts if part is not None]
    if not found:
        raise ValueError(f"picture must have been drawn by sched.plots, got {picture!r}")
    return "\n".join(found)
