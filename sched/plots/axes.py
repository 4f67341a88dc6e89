"""What the pictures of a Timeline share: their axes, legends and checks."""

from typing import Any

from sched.plots.letters import text_width
from sched.plots.style import LABEL, WIDTH, room
from sched.timeline import Attempt, Timeline


def checked(timeline: object, argument: str) -> None:
    if not isinstance(timeline, Timeline):
        raise TypeError(f"{argument} must be a Timeline from simulate(), got {timeline!r}")


def axes_for(pyplot: Any, ax: Any, height: float) -> Any:
    """The axes given, or those of a figure of their own; the layout keeps all letters on it."""
    if ax is None:
        _, ax = pyplot.subplots(figsize=(WIDTH, height), layout="constrained")
    elif ax.figure.get_layout_engine() is None:
        ax.figure.set_layout_engine("constrained")
    return ax


def legend(ax: Any, handles: list[Any], ticks_lines: int = 1) -> None:
    """Under the axes, where it covers nothing, in as many columns as there is room for."""
    from matplotlib.transforms import ScaledTranslation

    if not handles:
        return
    widths = [text_width(handle.get_label(), LABEL) + 0.62 for handle in handles]
    columns = len(handles) if sum(widths) <= room(ax) else int(room(ax) / max(widths))
    below = -(28 + 13 * ticks_lines) / 72  # the numbers along the axis, and its label
    ax.legend(
        handles=handles,
        ncols=max(1, min(len(handles), columns)),
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=ax.transAxes + ScaledTranslation(0, below, ax.figure.dpi_scale_trans),
        borderaxespad=0,
        frameon=False,
        handlelength=2.4,
        columnspacing=1.4,
    )


def patch(name: str, look: dict[str, Any]) -> Any:
    from matplotlib.patches import Patch

    return Patch(label=name, **look)


def whole_numbers(ax: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def until(attempt: Attempt, timeline: Timeline) -> float:
    return timeline.end if attempt.end is None else attempt.end
