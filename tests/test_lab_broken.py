"""What the notebooks try a broken scheduler with shows its fault, and none in one that is right."""

import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab import broken  # noqa: E402
from tests.wrong_answers.nb01 import TwoSides  # noqa: E402

each_second: Any = broken.each_second
at_second_10: Any = broken.at_second_10
BLOCKED = [(1, 3), (5, 0)]


def seconds(told: str) -> list[str]:
    assert [line.split(":")[0] for line in told.splitlines()] == [f"second {n}" for n in range(6)]
    return [line.rpartition(" ")[2] for line in told.splitlines()]


def test_a_task_that_waits_holds_up_one_queue(capsys: pytest.CaptureFixture[str]) -> None:
    each_second(BLOCKED)
    assert seconds(capsys.readouterr().out) == ["None", "None", "None", "1", "5", "None"]


def test_a_task_that_waits_holds_up_nobody_on_two_sides(capsys: pytest.CaptureFixture[str]) -> None:
    each_second(BLOCKED, TwoSides)
    assert seconds(capsys.readouterr().out) == ["5", "None", "None", "1", "None", "None"]


def test_one_task_is_moved_at_a_time_by_the_broken_one_alone() -> None:
    tasks = [(2, 1), (1, 2)]
    assert at_second_10(tasks) == [2, 1]
    assert at_second_10(tasks, TwoSides) == [1, 2]
    assert at_second_10([(1, 1), (2, 2)]) == [1, 2]
    assert at_second_10([(1, 11)]) == [None]
