"""Notebook 07 where there are neither threads nor processes, as in a browser; and what it leaves.

The browser is played: Python's name of the platform is that of one, no thread starts, no process
either, and the modules that are missing there are missing.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.test_notebook_rules import NOTEBOOKS, read, tags

PATH = NOTEBOOKS / "07_memory.ipynb"

AS_IN_A_BROWSER = """
import json, subprocess, sys, _thread, threading
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot, pandas  # they look for more of the platform than its name
sys.platform = "emscripten"
sys.modules["fcntl"] = None

def refuse(*args, **kwargs):
    raise RuntimeError("can't start new thread")

_thread.start_new_thread = threading._start_new_thread = refuse
threading._start_joinable_thread = refuse

def no_process(*args, **kwargs):
    raise OSError("emscripten does not support processes.")

subprocess.Popen.__init__ = no_process
names = {"__name__": "__main__"}
for source in json.load(sys.stdin):
    exec(compile(source, "<cell>", "exec"), names)
"""


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
    assert "There are no processes here, so nothing can be killed." in done.stdout
    assert "done before the kill: task 1, task 2, task 3, task 4, task 5, task 6" in done.stdout
    assert re.search(r"^RUNNING in the file: +task 6$", done.stdout, re.M)
    left = [path.name for path in tmp_path.iterdir() if path.suffix != ".json"]
    assert left == [], "the temporary folder is still there"
