"""The comparison of what is left after kill -9: how it is judged, run and shown."""

import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__, crashes
from tests.mutants import ROOT

ALL = ["added", "finished", "running", "ran_again", "stuck", "lost", "repeated"]


def said(*lines: str) -> list[Any]:
    """ "put a", "done a", "take", "done" (nothing was there), ..."""
    return [[line.split()[0], ([*line.split(), None])[1]] for line in lines]


PUT = said("put a", "done a", "put b", "done b")
TAKEN = [*PUT, *said("take", "done a")]


@pytest.mark.parametrize(
    ("lines", "left", "stuck", "verdict"),
    [
        pytest.param(PUT, ["a", "b"], [], {"added": 2}, id="all-there"),
        pytest.param(PUT, ["b"], [], {"added": 2, "lost": 1}, id="one-lost"),
        pytest.param(
            PUT, ["a", "b", "b"], [], {"added": 2, "repeated": 1}, id="one-is-there-twice"
        ),
        pytest.param(
            TAKEN, ["b", "a"], [], {"added": 2, "running": 1, "ran_again": 1}, id="runs-again"
        ),
        pytest.param(TAKEN, ["b"], [], {"added": 2, "running": 1, "lost": 1}, id="lost-when-taken"),
        pytest.param(
            TAKEN, ["b"], ["a"], {"added": 2, "running": 1, "stuck": 1}, id="taken-and-stuck"
        ),
        pytest.param(
            [*TAKEN, *said("finish a")], ["b"], [], {"added": 2}, id="may-have-been-finished"
        ),
        pytest.param(
            [*TAKEN, *said("finish a", "done a")],
            ["a", "b"],
            [],
            {"added": 2, "finished": 1, "repeated": 1},
            id="finished-and-runs-again",
        ),
        pytest.param(said("take", "done", "put a"), ["a"], [], {}, id="adding-was-under-way"),
        pytest.param([*PUT, *said("take")], ["b"], [], {"added": 2, "lost": 1}, id="being-taken"),
    ],
)
def test_what_became_of_tasks_is_judged_by_what_was_acknowledged(
    lines: list[Any], left: list[str], stuck: list[str], verdict: dict[str, int]
) -> None:
    assert crashes.judge(lines, left, stuck) == {**dict.fromkeys(ALL, 0), **verdict}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("name", crashes.QUEUES)
def test_each_queue_is_killed_and_what_it_has_left_is_counted(name: str) -> None:
    pytest.importorskip(crashes.QUEUES[name].module)
    [found] = crashes.kill_often(name, 2)
    assert found.kills == 2
    assert found.added > 20
    assert found.finished > 0
    assert found.running >= found.ran_again
    if name == "SQLiteScheduler":
        assert (found.lost, found.stuck, found.repeated) == (0, 0, 0)
        assert found.ran_again == found.running > 0


def test_the_page_shows_what_is_stored() -> None:
    rows = crashes.read(ROOT / "benchmarks" / "results")
    assert [row.queue for row in rows] == [*crashes.QUEUES]
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert crashes.table(rows) in page
    assert f"{rows[0].kills} times" in page


def test_the_command_prints_the_table_of_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = crashes.Survival("q", "1.0", 5, 1000, 9, 8, 7, 6, 5, 4)
    monkeypatch.setattr(crashes, "QUEUES", {"q": None})
    monkeypatch.setattr(crashes, "kill_often", lambda name, kills: [row])
    assert __main__.main(["crashes", "--quick", "--out", str(tmp_path)]) == 0
    assert crashes.read(tmp_path) == [row]
    assert "| q 1.0 | 1,000 | 9 | 8 | 7 | 6 | 5 | 4 |" in capsys.readouterr().out
