"""Notebook 08 where there are neither threads nor processes, as in a browser."""

from pathlib import Path

from tests.in_a_browser import printed_in_a_browser
from tests.test_notebook_rules import NOTEBOOKS

PATH = NOTEBOOKS / "08_engineering.ipynb"


def test_it_runs_where_there_are_no_threads_and_no_processes(tmp_path: Path) -> None:
    printed = printed_in_a_browser(PATH, tmp_path)
    assert printed.count("There are no threads here") >= 3
    assert "What happened: 0" in printed
    assert "What happened: 5" in printed
    assert "cancelled: 2 of 5 files, undone: True, CANCELLED" in printed
