"""A page: axes on which a picture is laid out in inches, as wide as a notebook's output.

Axes given by the caller may be smaller: everything, the letters too, is scaled to fit.
"""

from typing import Any

from sched.plots.letters import drawable, families
from sched.plots.style import COLOURS, WIDTH


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
        look["family"] = families()
        return self.axes.text(x, y, drawable(text), fontsize=size * self.scale, **look)

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
