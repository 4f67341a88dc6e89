"""The look that all figures share: titles, names and words are as a reader needs them."""

import subprocess
import sys

import pytest

from sched import HeapScheduler, VirtualClock, plots
from sched.plots.letters import FONT, fit, text_width
from sched.plots.style import COLOURS, LABEL, SERIES, WIDTH, title_lines
from sched.simulation import simulate
from tests.pictures import plt


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    yield
    plt.close("all")


def test_neither_sched_nor_its_plots_import_matplotlib_until_a_picture_is_drawn():
    code = (
        "import sys, sched; from sched import plots\n"
        "print([m for m in ('matplotlib', 'numpy', 'ipywidgets') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_matplotlib_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    timeline = simulate(HeapScheduler(clock=VirtualClock()))
    with pytest.raises(
        ImportError, match=r"plots\.depth needs matplotlib.*extra 'lab'.*pip install"
    ):
        plots.depth(timeline)


def test_names_that_differ_at_the_end_still_differ_when_shortened():
    one, other = (fit(f"Process payment {i}", 8.5, 0.7) for i in (12, 13))
    assert one != other
    assert text_width(one, 8.5) <= 0.7


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("Short: it fits", ["Short: it fits"]),
        (
            "Most attempts in a second: 60 (a), 7 (b)",
            ["Most attempts in a second:", "60 (a), 7 (b)"],
        ),
        (
            "No aging: priority 5 waits longest of all",
            ["No aging: priority 5 waits", "longest of all"],
        ),
    ],
)
def test_a_title_breaks_after_a_colon_if_that_takes_no_more_lines(words: str, lines: list[str]):
    assert title_lines(words, 2.6) == lines


def test_only_pictures_of_ours_are_described():
    with pytest.raises(ValueError, match="picture must have been drawn by"):
        plots.describe(plt.figure())
    with pytest.raises(ValueError, match="picture must have been drawn by plots, got <Axes"):
        plots.describe(plt.figure().subplots())
    with pytest.raises(TypeError, match="picture must be axes or a figure drawn by .* got 3"):
        plots.describe(3)


def test_the_powers_of_ten_on_a_logarithmic_axis_are_formulas():
    with plt.style.context(plots.STYLE):
        figure, axes = plt.subplots(layout="constrained")
        axes.loglog([1, 1e6], [1, 1e5])
        figure.canvas.draw()
    for tick in axes.get_xticklabels() + axes.get_yticklabels():
        assert tick.get_parse_math()
    widths = [tick.get_window_extent().width for tick in axes.get_yticklabels()]
    assert max(widths) < 40  # 10 to the fifth; the source of the formula is 170 wide


def test_the_style_file_has_the_colours_lines_and_sizes_of_the_module():
    with plt.style.context(plots.STYLE):
        look = plt.rcParams
        assert tuple(look["axes.prop_cycle"]) == SERIES
        assert look["figure.figsize"][0] == WIDTH
        assert look["font.sans-serif"][0] == FONT
        assert look["text.color"] == COLOURS["ink"]
        assert look["legend.fontsize"] == look["xtick.labelsize"] == LABEL


def test_no_two_lines_of_a_plot_differ_by_colour_alone():
    looks = {(line["linestyle"], line["marker"]) for line in SERIES}
    assert len(looks) == len(SERIES)
    assert {line["color"] for line in SERIES} <= set(COLOURS.values())
