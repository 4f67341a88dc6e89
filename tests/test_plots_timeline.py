"""The pictures of a simulation show what happened, and nothing of them is cut off."""

from random import Random
from typing import Any

import pytest

from sched import HeapScheduler, RetryPolicy, VirtualClock, plots
from sched.simulation import simulate
from sched.timeline import Timeline
from tests.pictures import assert_nothing_is_clipped_or_hidden, plt

PICTURES: list[Any] = [plots.timeline, plots.depth, plots.wait_by_priority, plots.load]


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    yield
    plt.close("all")


def small(until: float | None = 8.0) -> Timeline:
    """Each outcome once: Fix times out and runs again, Mail fails twice, Log fails for good."""
    retry = RetryPolicy(max_attempts=3, base=1, jitter="none")
    scheduler = HeapScheduler(clock=VirtualClock())
    scheduler.add_tasks(
        [
            {"priority": 1, "task_name": "Fix", "timeout": 2.0, "retry": retry},
            {"priority": 2, "task_name": "Mail", "retry": retry},
            {"priority": 3, "task_name": "Log"},
            {"priority": 3, "task_name": "Pay", "delay": 1.0},
        ]
    )

    def seconds(task: Any, _: Random) -> float:
        return 5.0 if task.name == "Fix" and task.attempts == 1 else 1.5

    def failure(task: Any, _: Random) -> bool:
        return task.name == "Log" or (task.name == "Mail" and task.attempts < 3)

    return simulate(scheduler, 2, seconds, failure, until=until)


def storm(jitter: Any) -> Timeline:
    scheduler = HeapScheduler(clock=VirtualClock())
    policy = RetryPolicy(max_attempts=9, base=2, jitter=jitter)
    scheduler.add_tasks(
        {"priority": 1, "task_name": f"Client {i}", "retry": policy} for i in range(60)
    )

    def down(task: Any, _: Random) -> bool:
        return task.started_at < 20

    return simulate(scheduler, 60, 0.2, down)


def traffic(n: int, seconds: float, aging: float | None = None) -> Timeline:
    random = Random(1)
    arrivals = [
        (random.uniform(0, seconds), 5 if i % 4 else 1, f"Process payment {i}") for i in range(n)
    ]
    scheduler = HeapScheduler(clock=VirtualClock(), aging=aging)
    return simulate(
        scheduler,
        3,
        lambda task, r: r.expovariate(n / 3.3 / seconds),
        0.1,
        until=seconds,
        arrivals=arrivals,
    )


def xs(line: Any) -> list[float]:
    return list(line.get_xdata())


def ys(line: Any) -> list[float]:
    return list(line.get_ydata())


# --- what is shown --------------------------------------------------------------------------------


def test_a_gantt_chart_has_a_bar_for_each_attempt_from_its_start_to_its_end():
    timeline = small()
    axes = plots.timeline(timeline)
    bars = set()
    from matplotlib.collections import PolyCollection

    for collection in axes.collections:
        assert isinstance(collection, PolyCollection)
        for path in collection.get_paths():
            box = path.get_extents()
            bars.add((box.x0, box.x1, round((box.y0 + box.y1) / 2)))
    expected = {(a.start, 8.0 if a.end is None else a.end, a.worker) for a in timeline.attempts}
    assert bars == expected
    assert len(bars) == len(timeline.attempts) == 7


def test_each_outcome_has_a_colour_and_a_hatch_or_dash_of_its_own():
    axes = plots.timeline(small(until=8.0))
    looks = {
        (tuple(c.get_facecolor()[0]), c.get_hatch(), str(c.get_linestyle()))
        for c in axes.collections
    }
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [
        "succeeded",
        "failed, runs again",
        "timed out, runs again",
        "failed for good",
        "still running",
    ]
    assert len({colour for colour, _, _ in looks}) == len(labels)
    assert len({(hatch, dash) for _, hatch, dash in looks}) == len(labels)


def test_a_retry_is_numbered_and_joined_to_the_attempt_before():
    axes = plots.timeline(small())
    words = {text.get_text() for text in axes.texts}
    assert {"Fix", "Fix #2", "Mail", "Mail #2"} <= words
    joins = {(*xs(line), *ys(line)) for line in axes.lines}
    assert joins == {(2.0, 3.0, 1, 2), (1.5, 3.5, 2, 1), (5.0, 7.0, 1, 1)}


def test_short_attempts_that_touch_are_counted_and_their_edges_leave_them_visible():
    scheduler = HeapScheduler(clock=VirtualClock())
    scheduler.add_tasks([(1, "mail")] * 200)  # one after the other, a second each
    scheduler.add_tasks({"priority": 1, "task_name": "late", "delay": 600.0 + n} for n in (0, 60))
    axes = plots.timeline(simulate(scheduler, 1, 1.0, until=1200.0))
    assert [text.get_text() for text in axes.texts] == ["200 attempts"]
    bars: Any = axes.collections[0]
    axes.figure.draw_without_rendering()
    left, right = axes.transData.transform([(0, 1), (1, 1)])[:, 0]
    wide = (right - left) / axes.figure.dpi * 72 / 60  # a second, in points; the axis is in minutes
    crowd, alone = bars.get_linewidth()[:200], bars.get_linewidth()[200:]
    assert max(crowd) < wide / 2
    assert min(alone) > 0.5  # else nobody would see them


def test_a_timeline_is_described_worker_by_worker():
    assert plots.describe(plots.timeline(small())).splitlines() == [
        "7 attempts at 4 tasks: 2 workers, busy 66% of 8 s.",
        (
            "2 succeeded; 2 failed, runs again; 1 timed out, runs again; 1 failed for good; "
            "1 still running."
        ),
        (
            "Worker 1: Fix 0 to 2 s (timed out, runs again); Pay 2 to 3.5 s; "
            "Mail #2 3.5 to 5 s (failed, runs again); Mail #3 7 to 8 s (still running)."
        ),
        (
            "Worker 2: Mail 0 to 1.5 s (failed, runs again); Log 1.5 to 3 s (failed for good); "
            "Fix #2 3 to 4.5 s."
        ),
    ]


def test_many_attempts_are_counted_not_listed():
    text = plots.describe(plots.timeline(traffic(900, 7000.0)))
    assert "Worker 3: " in text
    assert len(text) < 500


def test_the_depth_drawn_is_that_of_the_timeline():
    timeline = small()
    axes = plots.depth(timeline)
    ready, waiting, running = axes.lines
    steps = timeline.depth()
    assert ys(ready) == [*(s.ready for s in steps), steps[-1].ready]
    assert ys(waiting) == [*(s.waiting for s in steps), steps[-1].waiting]
    assert ys(running) == [*(s.running for s in steps), steps[-1].running]
    assert xs(ready) == [*(s.time for s in steps), 8.0]
    assert len({line.get_linestyle() for line in axes.lines}) == 3
    assert axes.get_ylim()[0] < 0  # else the axis hides a line at 0
    assert plots.describe(axes).splitlines() == [
        "At most 2 ready tasks without a worker, after 1 s.",
        "Ready, no worker free: 1 at the start, at most 2, 0.4 on average, 0 at the end.",
        "Waiting for its time: 1 at the start, at most 2, 0.6 on average, 0 at the end.",
        "Running: 2 at the start, at most 2, 1.3 on average, 1 at the end.",
    ]


def test_those_who_still_wait_are_triangles_and_are_counted():
    timeline = traffic(300, 100.0)
    waits = timeline.waits_by_priority()[5]
    assert waits.unserved
    axes = plots.wait_by_priority(timeline)
    triangles = sum(len(xs(x)) for x in axes.lines if x.get_marker() == "^")
    dots = sum(len(xs(x)) for x in axes.lines if x.get_marker() == "o")
    assert triangles == sum(w.unserved for w in timeline.waits_by_priority().values())
    assert dots + triangles == sum(w.number for w in timeline.waits_by_priority().values())
    assert f"225 waits\n{waits.unserved} not over" in axes.get_xticklabels()[1].get_text()
    assert f"225 waits, {waits.unserved} of them not over at the end" in plots.describe(axes)


def test_waits_that_are_compared_have_one_scale():
    _, (left, right) = plt.subplots(1, 2, figsize=(8.2, 4), sharey=True)
    plots.wait_by_priority(traffic(300, 100.0), ax=left, title="No aging")
    top = left.get_ylim()[1]
    plots.wait_by_priority(small(), ax=right)
    assert left.get_ylim() == right.get_ylim()
    assert right.get_ylim()[1] == top
    assert left.get_title("left").startswith("No aging: priority 5 waits")


def test_a_storm_is_shown_per_second_and_the_verdict_is_about_what_follows_the_downtime():
    none, full = storm("none"), storm("full")
    axes = plots.load({"no jitter": none, "full jitter": full}, down=(0, 20))
    most = max(full.starts()[20:])
    assert axes.get_title("left").replace("\n", " ") == (
        f"Most attempts in a second once the service is back: 60 (no jitter), {most} (full jitter)"
    )
    assert most < 20
    drawn: list[Any] = [patch.get_data() for patch in axes.patches if hasattr(patch, "get_data")]
    assert [*drawn[0].values] == none.starts()
    assert [*drawn[2].values] == full.starts()
    told = "300 attempts, 240 of them retries; after that at most 60 in a second, from 30 s on."
    assert f"no jitter: {told}" in plots.describe(axes)


# --- nothing is cut off ---------------------------------------------------------------------------


@pytest.mark.parametrize("picture", PICTURES, ids=lambda p: p.__name__)
@pytest.mark.parametrize("seconds", [60.0, 2000.0, 86_400.0])
def test_nothing_of_a_simulation_is_cut_off_or_hidden(picture: Any, seconds: float):
    assert_nothing_is_clipped_or_hidden(picture(traffic(250, seconds)).figure)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda p: p.__name__)
def test_pictures_fit_side_by_side_and_take_long_titles(picture: Any):
    figure, both = plt.subplots(1, 2, figsize=(8.2, 4))
    for ax in both:
        timeline = small() if ax is both[0] else traffic(200, 60.0)
        assert picture(timeline, ax=ax, title="With an aging of ten seconds a level") is ax
    assert_nothing_is_clipped_or_hidden(figure)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda p: p.__name__)
def test_a_simulation_in_which_nothing_happened_is_a_picture_too(picture: Any):
    axes = picture(simulate(HeapScheduler(clock=VirtualClock())))
    assert plots.describe(axes)
    assert_nothing_is_clipped_or_hidden(axes.figure)


def test_two_hundred_workers_have_rows_and_some_of_them_numbers():
    axes = plots.timeline(storm("none"))
    assert axes.get_ylim() == (60.5, 0.5)
    assert len(axes.get_yticks()) == 20
    assert_nothing_is_clipped_or_hidden(axes.figure)


def test_a_picture_of_a_simulation_is_the_same_in_every_run():
    for picture in PICTURES:
        seen: set[bytes] = set()
        for _ in range(2):
            figure: Any = picture(small()).figure
            figure.canvas.draw()
            seen.add(bytes(figure.canvas.buffer_rgba()))
        assert len(seen) == 1


@pytest.mark.parametrize("picture", PICTURES, ids=lambda p: p.__name__)
def test_what_is_no_timeline_is_refused_by_value(picture: Any):
    with pytest.raises(TypeError, match="timelines? must be a Timeline from simulate.*got 3"):
        picture(3)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"timelines": {}}, ValueError, "timelines must be 1 to 4, got 0"),
        ({"per": 0}, ValueError, "per must be .* > 0, got 0"),
        ({"down": (3, 3)}, ValueError, "down must be .*from before until, got \\(3, 3\\)"),
        ({"down": 3}, TypeError, "down must be \\(from, until\\).* got 3"),
    ],
    ids=str,
)
def test_a_bad_argument_of_load_is_refused_by_name_and_value(
    bad: dict[str, Any], error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        plots.load(**{"timelines": small(), **bad})
