"""Notebook 07 and its window where there are no threads and no processes; and what they leave."""

import re
from pathlib import Path

from tests.in_a_browser import printed_in_a_browser
from tests.test_notebook_rules import NOTEBOOKS


def test_it_runs_where_there_are_no_threads_and_no_processes(tmp_path: Path) -> None:
    printed = printed_in_a_browser(NOTEBOOKS / "07_memory.ipynb", tmp_path)
    assert "There are no processes here, so nothing can be killed." in printed
    assert "done before the kill: task 1, task 2, task 3, task 4, task 5, task 6" in printed
    assert re.search(r"^RUNNING in the file: +task 6$", printed, re.M)
    assert left_in(tmp_path) == [], "the temporary folder is still there"


def test_the_window_on_a_disk_runs_there_too(tmp_path: Path) -> None:
    printed = printed_in_a_browser(NOTEBOOKS / "deeper" / "07_window.ipynb", tmp_path)
    assert "SQLiteScheduler:  stays as it is" in printed
    assert "1,000 tasks came in the same order." in printed
    assert left_in(tmp_path) == []


def left_in(folder: Path) -> list[str]:
    """What is in it beside the progress."""
    return [path.name for path in folder.iterdir() if path.suffix != ".json"]
