"""Moving pictures, for what only motion explains: a film that plays when it is told to.

matplotlib's own player fetches its icons from the network, has nine buttons, and embeds pictures
three times as large; this one is a button, a slider and an image, and works without a network.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from html import escape
from io import BytesIO
from json import dumps
from secrets import token_hex
from typing import Any

from sched.plots.style import WIDTH, library, set_description, styled

from .page import Page

TITLE = 0.3  # inches above what a film draws
PLAYER = """\
<figure id="{id}" style="margin:0;max-width:{width}px">
<img alt="{alt}" src="{first}" style="width:100%;background:white">
<div style="display:flex;gap:12px;align-items:center;padding:4px">
<button type="button" style="min-width:6em;padding:4px">&#9654; Play</button>
<input type="range" min="0" max="{last}" value="0" style="flex:1" aria-label="picture of the film">
</div></figure>
<script>
(() => {{
  const pictures = {pictures}, times = {times};
  const box = document.getElementById("{id}");
  const [image, button, slider] = ["img", "button", "input"].map(n => box.querySelector(n));
  let timer = null;
  const show = i => {{ slider.value = i; image.src = pictures[i]; }};
  const stop = () => {{ clearTimeout(timer); timer = null; button.innerHTML = "&#9654; Play"; }};
  const play = i => {{
    show(i);
    timer = i < {last} ? setTimeout(() => play(i + 1), times[i]) : stop();
  }};
  slider.oninput = () => {{ stop(); show(+slider.value); }};
  // JupyterLab would take the arrow keys for its own, before they reach the slider.
  addEventListener("keydown", event => {{
    if (event.target === slider && event.key.startsWith("Arrow")) event.stopPropagation();
  }}, true);
  button.onclick = () => {{
    if (timer) return stop();
    button.innerHTML = "&#10074;&#10074; Stop";
    play(+slider.value < {last} ? +slider.value : 0);
  }};
}})();
</script>
"""


class Film:
    """A film: show it as the last line of a cell tagged nbval-ignore-output.

    draw: puts picture number i on a page. seconds: how long each picture stays. height: of the
    page, inches. Where no script runs, the first picture is seen; show a strip beside it.
    """

    def __init__(
        self,
        draw: Callable[[Page, int], None],
        seconds: Sequence[float],
        height: float,
        title: str,
        description: str,
    ) -> None:
        self.title = title
        self._draw = draw
        self._seconds = list(seconds)
        self._height = height
        self._description = description

    def __len__(self) -> int:
        """How many pictures. O(1)."""
        return len(self._seconds)

    def describe(self) -> str:
        """What happens in it, in words; the same in every run. O(1)."""
        return self._description

    def picture(self, number: int) -> Any:
        """One picture, as a figure that no window shows. Raises IndexError if there is none."""
        if not 0 <= number < len(self):
            raise IndexError(f"number must be from 0 to {len(self) - 1}, got {number}")
        return still(lambda page: self._draw(page, number), self._height, self.title)

    def strip(self) -> Any:
        """A figure with the pictures that stay, below each other: for where no film plays."""
        stay = [i for i, s in enumerate(self._seconds) if s >= 1]
        body = self._height - TITLE
        with styled("film") as pyplot:
            figure = pyplot.figure(figsize=(WIDTH, TITLE + body * len(stay)))
            page = Page(figure.add_axes((0, 0, 1, 1)), WIDTH, figure.get_figheight())
            page.text(0.12, 0.2, self.title, 12, ha="left", weight="bold")
            for k, i in enumerate(stay):
                bottom = body * (len(stay) - 1 - k) / figure.get_figheight()
                box = (0, bottom, 1, self._height / figure.get_figheight())
                self._draw(Page(figure.add_axes(box), WIDTH, self._height), i)
            set_description(figure, self._description)
        return figure

    def html(self) -> str:
        """The film with its button and slider, as HTML. O(its pictures), about 10 kB each."""
        pictures = [data_uri(small_png(self.picture(i))) for i in range(len(self))]
        return PLAYER.format(
            id=f"film-{token_hex(6)}",  # two films on one page must not share it
            width=round(WIDTH * 110),
            alt=escape(self._description, quote=True),
            first=pictures[0],
            last=len(self) - 1,
            pictures=dumps(pictures),
            times=dumps([round(1000 * s) for s in self._seconds]),
        )

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        return f"<Film of {len(self)} pictures: {self.title}>"


def still(draw: Callable[[Page], None], height: float, title: str) -> Any:
    """A figure apart from pyplot's, which a notebook would show of its own accord."""
    library("matplotlib", "film")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with styled("film"):
        figure: Any = Figure(figsize=(WIDTH, height))
        FigureCanvasAgg(figure)
        page = Page(figure.add_axes((0, 0, 1, 1)), WIDTH, height)
        page.text(0.12, 0.2, title, 12, ha="left", weight="bold")
        draw(page)
    return figure


def small_png(figure: Any) -> bytes:
    """A figure as PNG with a palette: few colours, a third of the size."""
    from PIL import Image

    full, small = BytesIO(), BytesIO()
    figure.savefig(full, format="png")
    picture: Any = Image.open(full)
    picture.convert("RGB").quantize(64).save(small, format="png", optimize=True)
    return small.getvalue()


def data_uri(picture: bytes) -> str:
    return "data:image/png;base64," + b64encode(picture).decode()
