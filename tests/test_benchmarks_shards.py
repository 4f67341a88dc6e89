"""The benchmark of shards: what it counts as done has been done, and the ratio is of pairs."""

import sys
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "emscripten":  # Pyodide's core has no SQLite
    pytest.skip("needs SQLite", allow_module_level=True)

from benchmarks import shards


@pytest.mark.parametrize("make", [shards.one_file, shards.two_files])
def test_tasks_are_added_taken_and_completed(make: Any) -> None:
    assert shards.per_second(make, tasks=64, threads=4) > 0


def test_tasks_that_are_not_done_are_not_reported_as_fast() -> None:
    def lazy(folder: Path) -> Any:
        class Lazy:
            def get_next_task(self) -> None:
                return None

        return shards.one_file(folder)[0], lambda number: Lazy()

    with pytest.raises(RuntimeError, match="0 of 64 tasks were done"):
        shards.per_second(lazy, tasks=64, threads=4)


def test_the_ratio_is_the_median_of_the_ratios_of_the_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speeds = iter([10.0, 20.0, 80.0, 80.0, 40.0, 60.0])
    monkeypatch.setattr(shards, "per_second", lambda make, tasks: next(speeds))
    assert shards.main() == "one file 40 tasks a second, two files 60: 1.50 times"
