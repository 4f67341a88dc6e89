"""Names in any script: drawn where a font for them is installed, and readable where none is."""

from pathlib import Path
from typing import Any

import pytest

import lab.plots as lab_plots
from sched import HeapScheduler, SortedListScheduler, VirtualClock, plots
from sched.plots import letters
from sched.simulation import simulate
from sched.timeline import Timeline
from tests.pictures import assert_nothing_is_clipped_or_hidden, plt, texts_of

PAY, REPORT = "支払い", "报告"
ROWS = [(1, PAY), (2, f"{REPORT} 🚀"), (3, "🚀 Deploy"), (4, "Größe")]


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    yield
    plt.close("all")


@pytest.fixture
def no_other_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "FALLBACKS", ())


@pytest.fixture
def a_font_with_chinese_letters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A font of four letters, each a box, as if it were one of those that are looked for."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from matplotlib.font_manager import fontManager

    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    for point in ((50, 700), (850, 700), (850, 0)):
        pen.lineTo(point)
    pen.closePath()
    box = pen.glyph()
    names = [".notdef", *(f"letter{ord(char)}" for char in PAY + REPORT)]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(char): f"letter{ord(char)}" for char in PAY + REPORT})
    font.setupGlyf(dict.fromkeys(names, box))
    font.setupHorizontalMetrics(dict.fromkeys(names, (900, 50)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Four Letters", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(path := tmp_path / "letters.ttf")
    before = list(fontManager.ttflist)
    fontManager.addfont(str(path))
    monkeypatch.setattr(letters, "FALLBACKS", ("Not Installed", "Four Letters"))
    yield
    fontManager.ttflist[:] = before


def a_scheduler() -> HeapScheduler:
    scheduler = HeapScheduler(clock=VirtualClock())
    scheduler.add_tasks(ROWS)
    return scheduler


def a_timeline() -> Timeline:
    return simulate(a_scheduler(), workers=2)


def runs() -> list[Any]:
    return [(name, 0, 1, 2) for _, name in ROWS]


NAMED: dict[str, Any] = {
    "timeline": lambda: plots.timeline(a_timeline(), title=PAY),
    "heap": lambda: lab_plots.heap(a_scheduler()),
    "sides": lambda: lab_plots.sides(a_scheduler()),
    "waiting": lambda: lab_plots.waiting(runs(), title=PAY),
    "strip": lambda: lab_plots.steps(ROWS, take=1).strip(),
    "operation": lambda: lab_plots.steps(ROWS, SortedListScheduler, take=1).strip(1),
    "film": lambda: lab_plots.steps(ROWS, take=1).film().strip(),
}
TITLED: dict[str, Any] = {
    "depth": lambda: plots.depth(a_timeline(), title=PAY),
    "wait_by_priority": lambda: plots.wait_by_priority(a_timeline(), title=PAY),
    "load": lambda: plots.load({PAY: a_timeline(), "plain": a_timeline()}),
    "names in a list": lambda: lab_plots.heap([PAY, REPORT]),
}


def drawn(picture: Any) -> str:
    """All letters of a picture; a letter that no font has would raise its warning here."""
    figure = picture if hasattr(picture, "savefig") else picture.figure
    assert_nothing_is_clipped_or_hidden(figure)
    return "\n".join(text.get_text() for text in texts_of(figure))


@pytest.mark.usefixtures("no_other_font")
@pytest.mark.parametrize("name", NAMED)
def test_a_name_that_no_font_can_draw_is_the_tasks_id_in_the_picture(name: str) -> None:
    picture = NAMED[name]()
    words = drawn(picture)
    assert PAY not in words
    assert "task 1" in words
    assert "task 2" in words
    assert "Deploy" in words or name == "operation"
    assert "🚀" not in words
    assert PAY in plots.describe(picture) or name in ("operation", "film"), "in words it is whole"


@pytest.mark.usefixtures("no_other_font")
@pytest.mark.parametrize("name", TITLED)
def test_a_title_that_no_font_can_draw_is_an_ellipsis(name: str) -> None:
    picture = TITLED[name]()
    assert "…" in drawn(picture)
    assert PAY in plots.describe(picture)


@pytest.mark.usefixtures("a_font_with_chinese_letters")
@pytest.mark.parametrize("name", [*NAMED, *TITLED])
def test_a_name_is_drawn_where_a_font_for_it_is_installed(name: str) -> None:
    words = drawn({**NAMED, **TITLED}[name]())
    assert PAY in words or REPORT in words
    assert "task 1" not in words


@pytest.mark.usefixtures("no_other_font")
def test_axes_of_the_caller_raise_no_warning_either() -> None:
    axes = plt.subplots(figsize=(8.2, 3))[1]
    assert "task 1" in drawn(plots.timeline(a_timeline(), ax=axes, title=PAY))


@pytest.mark.usefixtures("a_font_with_chinese_letters")
def test_axes_of_the_caller_have_the_fonts_too() -> None:
    axes = plt.subplots(figsize=(8.2, 3))[1]
    words = drawn(plots.timeline(a_timeline(), ax=axes, title=PAY))
    assert words.count(PAY) == 2


@pytest.mark.usefixtures("no_other_font")
@pytest.mark.parametrize(
    ("text", "instead", "shown"),
    [
        ("Größe", "task 1", "Größe"),
        ("🚀 Deploy", "task 1", "Deploy"),
        (PAY, "task 1", "task 1"),
        (f"Bill {PAY} 12", "task 1", "task 1"),
        (f"Bill {PAY} 12", "", "Bill … 12"),
        ("🚀", "", "…"),
        ("🚀", "task 1", "task 1"),
    ],
)
def test_what_cannot_be_drawn_is_left_out_or_replaced(text: str, instead: str, shown: str) -> None:
    assert letters.drawable(text, instead) == shown


@pytest.mark.usefixtures("no_other_font")
def test_a_sentence_calls_a_task_as_its_card_does() -> None:
    trace = lab_plots.steps(ROWS, SortedListScheduler, take=1)
    words = drawn(trace.strip(1)).replace("\n", " ")
    assert "add task 2 (2)" in words
    assert "compare task 2 (2) with task 1 (1)" in words
    assert f"compare {REPORT} 🚀 (2) with {PAY} (1)" in trace.text(1)
    film = trace.film(1)
    assert "add task 2 (2)" in drawn(film.picture(len(film) - 1))
