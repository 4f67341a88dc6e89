"""Notebook 07 where there are no threads and no processes, as in a browser; and what it leaves."""

import re
from pathlib import Path

from tests.in_a_browser import printed_in_a_browser
from tests.test_notebook_rules import NOTEBOOKS

PATH = NOTEBOOKS / "07_memory.ipynb"


def test_it_runs_where_there_are_no_threads_and_no_processes(tmp_path: Path) -> None:
    printed = printed_in_a_browser(PATH, tmp_path)
    assert "There are no processes here, so nothing can be killed." in printed
    assert "done before the kill: task 1, task 2, task 3, task 4, task 5, task 6" in printed
    assert re.search(r"^RUNNING in the file: +task 6$", printed, re.M)
    left = [path.name for path in tmp_path.iterdir() if path.suffix != ".json"]
    assert left == [], "the temporary folder is still there"
