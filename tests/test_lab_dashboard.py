"""The dashboard: it shows what is, ends with its pool, and leaves a plain picture behind."""

import sys
import threading
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import IPython.display
import pytest

from sched import HeapScheduler, WorkerPool
from sched.durable import SQLiteScheduler
from tests.test_lab_asking import WIDGET, Screen
from tests.test_threads import PATIENCE

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab import asking  # noqa: E402
from lab.dashboard import POINTS, History, dashboard, lines, png  # noqa: E402

PNG = b"\x89PNG"


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A notebook that shows what is displayed, with buttons where ipywidgets makes some."""
    shown = Screen()
    monkeypatch.setattr(asking, "in_a_notebook", lambda: True)
    monkeypatch.setattr(IPython.display, "display", shown.display)
    return shown


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name == "dashboard":
            thread.join(PATIENCE)
            assert not thread.is_alive()


def busy(tasks: int = 40) -> HeapScheduler:
    s = HeapScheduler()
    s.add_tasks([{"priority": 1, "task_name": "a", "action": int}] * tasks)
    return s


def test_it_shows_a_picture_at_once_and_a_plain_one_at_the_end(screen: Screen) -> None:
    s = busy()
    with WorkerPool(s, workers=2) as pool:
        with dashboard(s, pool) as board:
            (output,) = screen.outputs
            assert WIDGET in output
            assert bytes(board._image.value).startswith(PNG)
            widget = board.form.widget
            assert pool.drain(timeout=PATIENCE)
        (output,) = screen.outputs
        assert set(output) == {"text/plain", "image/png"}, "no widget is left"
        assert b64decode(output["image/png"]).startswith(PNG)
        assert "40 succeeded, 0 failed" in output["text/plain"]
        assert "0 running on 2 workers" in output["text/plain"]
        assert [w.comm for w in (widget.box, *widget.parts)] == [None] * 3


def test_it_ends_when_the_pool_has_ended(screen: Screen) -> None:
    s = busy()
    with WorkerPool(s, workers=2) as pool:
        board = dashboard(s, pool, refresh=0.001)
        assert pool.drain(timeout=PATIENCE)
        gate = threading.Event()
        s.add_task(1, "last", action=gate.wait)
        seen = len(board.history.rows)
        while len(board.history.rows) < seen + 3:  # it looks on while the pool is there
            gate.wait(0.01)
        gate.set()
    board._thread.join(PATIENCE)
    assert not board._thread.is_alive()
    assert "41 succeeded" in screen.last()
    assert not s._subscribers, "nobody watches any more"


def test_the_button_ends_it(screen: Screen) -> None:
    s = busy(1)
    with WorkerPool(s) as pool:
        board = dashboard(s, pool)
        _, button = board.form.widget.parts
        button.click()
        assert set(screen.outputs[0]) == {"text/plain", "image/png"}
        board.close()  # once more is nothing
        assert len(screen.outputs) == 1


def test_a_cell_that_is_run_again_ends_the_dashboard_before(screen: Screen) -> None:
    s = busy(1)
    with WorkerPool(s) as pool:
        first = dashboard(s, pool)
        second = dashboard(s, pool)
        first._thread.join(PATIENCE)
        assert [WIDGET in output for output in screen.outputs] == [False, True]
        second.close()


def test_an_error_in_the_block_ends_it_too(screen: Screen) -> None:
    s = busy(1)
    with WorkerPool(s) as pool, pytest.raises(ZeroDivisionError), dashboard(s, pool):
        raise ZeroDivisionError
    assert WIDGET not in screen.outputs[0]


def test_a_file_that_is_closed_meanwhile_leaves_what_was_seen_last(
    screen: Screen, tmp_path: Path
) -> None:
    with SQLiteScheduler(tmp_path / "tasks.db") as s:
        s.add_task(1, "a")
        board = dashboard(s, WorkerPool(s))
    board.close()
    assert "1 task ready" in screen.last()
    assert WIDGET not in screen.outputs[0]


def test_without_a_notebook_it_prints_and_draws_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    s = busy(1)
    with WorkerPool(s) as pool, dashboard(s, pool):
        assert pool.drain(timeout=PATIENCE)
    assert "what they are doing" in capsys.readouterr().out.lower()


def test_a_long_history_is_thinned_out_and_keeps_its_ends() -> None:
    s = busy(3)
    with WorkerPool(s) as pool, dashboard(s, pool) as board:
        snapshot: Any = board.monitor.snapshot()
    history = History(100.0)
    for second in range(10_000):
        history.add(100.0 + second, snapshot)
    times = [time for time, _, _ in history.rows]
    assert len(times) <= POINTS
    assert times == sorted(times)
    assert (times[0], times[-1]) == (0.0, 9_999.0)
    assert png(history, lines(snapshot)).startswith(PNG)
