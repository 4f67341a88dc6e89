"""Notebook 08 where there are neither threads nor processes, as in a browser."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.test_notebook_memory import AS_IN_A_BROWSER
from tests.test_notebook_rules import NOTEBOOKS, read, tags

PATH = NOTEBOOKS / "08_engineering.ipynb"


def test_it_runs_where_there_are_no_threads_and_no_processes(tmp_path: Path) -> None:
    cells = [cell.source for cell in read(PATH).code if "ci-only" not in tags(cell)]
    done = subprocess.run(
        [sys.executable, "-c", AS_IN_A_BROWSER],
        input=json.dumps(cells),
        env={**os.environ, "SCHED_PROGRESS": str(tmp_path), "TMPDIR": str(tmp_path)},
        cwd=NOTEBOOKS,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("There are no threads here") >= 3
    assert "What happened: 0" in done.stdout
    assert "What happened: 5" in done.stdout
    assert "cancelled: 2 of 5 files, undone: True, CANCELLED" in done.stdout
