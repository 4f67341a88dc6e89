"""What the tests of all pictures share: nothing of them may be cut off or hidden."""

from itertools import combinations
from typing import Any

import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

__all__ = ["assert_nothing_is_clipped_or_hidden", "plt", "texts_of"]


def texts_of(figure: Any) -> list[Any]:
    """All letters that are seen; where the axes are off, so are the numbers along them."""
    found = set(figure.findobj(matplotlib.text.Text))
    for axes in figure.axes:
        if not axes.axison:
            found -= {*axes.xaxis.findobj(), *axes.yaxis.findobj()}
        for axis in (axes.xaxis, axes.yaxis):  # ticks beyond the ends of an axis are not drawn
            low, high = sorted(axis.get_view_interval())
            for tick in axis.majorTicks:
                if not low <= tick.get_loc() <= high:
                    found -= {tick.label1, tick.label2}
    return [t for t in found if t.get_visible() and t.get_text()]


def assert_nothing_is_clipped_or_hidden(figure: Any) -> None:
    """All letters are on the canvas, and no text lies on another."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    canvas = figure.bbox
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts_of(figure)]
    assert boxes
    for text, box in boxes:
        beyond = min(box.x0, box.y0, canvas.x1 - box.x1, canvas.y1 - box.y1)
        assert beyond >= -1, f"{text!r} is cut off: {box}"
    for (one, a), (other, b) in combinations(boxes, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or high <= 1, f"{one!r} and {other!r} lie on each other"
