"""Delays on a line of time, and the waiting and the ready side, as they are."""

from typing import Any

import pytest

from lab import plots
from sched import HeapScheduler, VirtualClock
from tests.pictures import assert_nothing_is_clipped_or_hidden, plt, texts_of
from tests.schedulers import SCHEDULERS


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    yield
    plt.close("all")


# --- waiting --------------------------------------------------------------------------------------

RUNS = [("Mail", 0, 1.3, 2.0), ("Report", 0, 2, 2), ("Backup database", 0.4, 2.9, None)]


def test_a_line_of_time_says_who_was_how_late():
    axes = plots.waiting(RUNS, looks=[0, 1, 2, 3], title="look every second")
    assert plots.describe(axes) == (
        "look every second: 0.35 s late on average, 0.7 s at most, 4 looks.\n"
        "Mail: added at 0 s, due at 1.3 s, run at 2 s, 0.7 s late\n"
        "Report: added at 0 s, due at 2 s, run at 2 s, on time\n"
        "Backup database: added at 0.4 s, due at 2.9 s, never run"
    )
    assert axes.get_xlabel() == "time, seconds"
    assert_nothing_is_clipped_or_hidden(axes.figure)


def test_lateness_is_hatched_and_as_long_as_the_task_was_late():
    axes: Any = plots.waiting(RUNS[:2])
    hatched = [(p.get_x(), p.get_width()) for p in axes.patches if p.get_hatch()]
    assert hatched == [(1.3, pytest.approx(0.7))]


@pytest.mark.parametrize(
    ("started", "verdict"),
    [(2, "Nobody late."), (1.5, "Too early by 0.5 s."), (None, "Nothing ran."), (3, "1 s late on")],
)
def test_the_verdict_on_a_way_of_waiting(started: float | None, verdict: str):
    axes = plots.waiting([("Mail", 0, 2, started)])
    assert plots.describe(axes).startswith(verdict)


def test_ways_of_waiting_are_compared_on_one_line_of_time():
    figure: Any = plots.compare_waiting(
        {"look every second": RUNS[:2], "sleep until the next is due": [("Mail", 0, 1.3, 1.3)]},
        looks={"look every second": [0, 1, 2, 7]},
    )
    one, other = figure.axes
    assert one.get_xlim() == other.get_xlim()
    assert plots.describe(figure) == plots.describe(one) + "\n" + plots.describe(other)
    assert "sleep until the next is due: nobody late." in plots.describe(figure)
    assert_nothing_is_clipped_or_hidden(figure)


LONG = "The loop from the web, which looks once a second and naps"


@pytest.mark.parametrize("size", [None, (8.2, 4), (4.5, 3.6)])
def test_no_word_of_the_title_and_the_verdict_is_left_out(size: tuple[float, float] | None):
    with plt.style.context(plots.STYLE):
        axes_given = plt.subplots(figsize=size, layout="constrained")[1] if size else None
        axes: Any = plots.waiting(RUNS, looks=range(10), title=LONG, ax=axes_given)
    assert axes.get_title("left").split() == plots.describe(axes).splitlines()[0][:-1].split()
    assert_nothing_is_clipped_or_hidden(axes.figure)


def test_no_word_of_titles_that_are_compared_is_left_out():
    figure: Any = plots.compare_waiting({LONG: RUNS, "sleep until the next is due": RUNS})
    assert figure.axes[0].get_title("left").startswith(LONG + ":\n")
    assert_nothing_is_clipped_or_hidden(figure)


def test_epoch_seconds_are_shown_from_the_first_one_on():
    axes = plots.waiting([("Mail", 1.7e9, 1.7e9 + 2, 1.7e9 + 3)])
    assert axes.get_xlabel() == "time, seconds after the first"
    assert axes.get_xlim()[1] < 4


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.waiting([]), ValueError, "runs must hold at least one task"),
        (lambda: plots.waiting([("Mail", 0, 1)]), TypeError, r"row 0 is \('Mail', 0, 1\)"),
        (lambda: plots.waiting([("Mail", 0, "1", 1)]), ValueError, "run_at, row 0, .* got '1'"),
        (lambda: plots.waiting(RUNS, [float("nan")]), ValueError, "looks must be .* got nan"),
        (lambda: plots.compare_waiting({}), TypeError, "ways must be a non-empty dict .* got {}"),
        (lambda: plots.compare_waiting({"a": RUNS}, {"b": []}), ValueError, "looks .* got 'b'"),
        (lambda: plots.sides([1]), TypeError, r"scheduler must be a Scheduler, got \[1\]"),
        (lambda: plots.becoming_ready([]), ValueError, "tasks must be from 1 to 8, got 0"),
        (lambda: plots.becoming_ready([(1, "a")], int), TypeError, "scheduler_class must be"),
        (lambda: plots.becoming_ready([(1, "a", -1)]), ValueError, "delay must be .* got -1"),
    ],
)
def test_bad_times_are_refused_by_name_and_value(call: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        call()


# --- two sides ------------------------------------------------------------------------------------

DELAYED = [(3, "Mail", 0), (1, "Fix", 4), (2, "Report", 1.5)]


@pytest.mark.parametrize("structure", SCHEDULERS)
def test_both_sides_are_shown_each_in_its_order(structure: Any):
    clock = VirtualClock()
    scheduler = structure(clock=clock)
    scheduler.add_tasks(DELAYED)
    clock.advance(1)
    axes = plots.sides(scheduler)
    assert plots.describe(axes) == (
        "At 1 s: 2 waiting, 1 ready.\n"
        "waiting, by run_at: Report (2) due in 0.5 s, Fix (1) due in 3 s\n"
        "ready, by priority: Mail (3)"
    )
    assert_nothing_is_clipped_or_hidden(axes.figure)
    assert len(scheduler) == 3  # looking takes nothing


def test_sides_with_too_many_tasks_count_the_rest():
    scheduler = HeapScheduler(clock=VirtualClock())
    scheduler.add_tasks([(1, f"Process payment {i}") for i in range(11)])
    words = [t.get_text() for t in plots.sides(scheduler).texts]
    assert any("… and 3 more" in word for word in words)
    assert any("nobody" in word for word in words)


def test_a_film_of_tasks_becoming_ready_stops_at_each_moment_one_is_due():
    film = plots.becoming_ready(DELAYED)
    assert film.describe() == (
        "At 0 s: 2 waiting, 1 ready.\n"
        "waiting, by run_at: Report (2) due in 1.5 s, Fix (1) due in 4 s\n"
        "ready, by priority: Mail (3)\n"
        "At 1.5 s: 1 waiting, 2 ready.\n"
        "waiting, by run_at: Fix (1) due in 2.5 s\n"
        "ready, by priority: Report (2), Mail (3)\n"
        "At 4 s: 0 waiting, 3 ready.\n"
        "waiting, by run_at: nobody\n"
        "ready, by priority: Fix (1), Report (2), Mail (3)"
    )
    strip = film.strip()
    assert plots.describe(strip) == plots.describe(film) == film.describe()
    assert_nothing_is_clipped_or_hidden(strip)


def test_on_its_way_a_card_is_between_the_two_places():
    film = plots.becoming_ready([(1, "Fix", 2)])
    heights = []
    for i in range(len(film)):
        (key,) = [t for t in texts_of(film.picture(i)) if t.get_text() == "Fix"]
        heights.append(key.get_position()[1])
    assert heights == sorted(heights)
    assert len(set(heights)) == len(film) == 7
