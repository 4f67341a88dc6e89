"""The look that every figure of the project shares, and the words that go with each picture."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sched.plots.letters import drawable, families, text_width, wrap

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

NOTE = "#555555"  # small print: indices, counts, remarks
FAINT = "#999999"  # auxiliary lines, and what is no longer there

SERIES: tuple[dict[str, str], ...] = (
    {"color": COLOURS["blue"], "linestyle": "-", "marker": "o"},
    {"color": COLOURS["vermilion"], "linestyle": "--", "marker": "s"},
    {"color": COLOURS["green"], "linestyle": "-.", "marker": "^"},
    {"color": COLOURS["purple"], "linestyle": ":", "marker": "D"},
    {"color": COLOURS["orange"], "linestyle": "-", "marker": "v"},
    {"color": COLOURS["sky"], "linestyle": "--", "marker": "P"},
    {"color": COLOURS["ink"], "linestyle": "-.", "marker": "X"},
)
"""How the first, second, ... line of a plot looks; the style file's cycle. No two differ by colour
alone."""

WIDTH = 8.2  # inches; 902 px at 110 dpi
TITLE = 11.5  # points
LABEL = 9  # points: legends, ticks, remarks
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
    with pyplot.style.context([STYLE, {"text.parse_math": False, "font.family": families()}]):
        yield pyplot


def tint(colour: str, strength: float = 0.38) -> str:
    """A colour mixed with white, light enough for black letters on it."""
    channels = (int(COLOURS[colour][i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - strength * (255 - c)):02X}" for c in channels)


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
    lines = title_lines(drawable(words), room(ax) if width is None else width)
    ax.set_title("\n".join(lines), fontsize=TITLE, parse_math=False, family=families())


def room(ax: Any) -> float:
    """About how wide the axes are, in inches: the layout decides later."""
    return float(ax.figure.get_figwidth() * min(1.0, ax.get_position().width * 1.06))


def set_description(axes_or_figure: Any, text: str) -> None:
    setattr(axes_or_figure, _DESCRIPTION, text)


def describe(picture: Any) -> str:
    """What a picture shows, in words: the caption to print right under it. O(its axes).

    picture: the axes or the figure that a function of plots returned. The text is the same in
    every run. Raises TypeError if it is neither, ValueError if no function of plots drew it.
    """
    own = getattr(picture, _DESCRIPTION, None)
    if own is not None:
        return str(own)
    if hasattr(picture, "describe"):
        return str(picture.describe())
    if not hasattr(picture, "get_window_extent"):
        raise TypeError(f"picture must be axes or a figure drawn by plots, got {picture!r}")
    held = getattr(picture, "axes", None)  # of axes, these themselves
    parts = [getattr(a, _DESCRIPTION, None) for a in (held if isinstance(held, list) else [])]
    found = [part for part in parts if part is not None]
    if not found:
        raise ValueError(f"picture must have been drawn by plots, got {picture!r}")
    return "\n".join(found)
