"""A browser is played: Python's name of the platform is that of one, no thread starts, no process
either, and the modules that are missing there are missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.test_notebook_rules import NOTEBOOKS, read, tags

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


def printed_in_a_browser(notebook: Path, progress: Path) -> str:
    """What the cells of a learner's copy print where there are neither threads nor processes."""
    cells = [cell.source for cell in read(notebook).code if "ci-only" not in tags(cell)]
    done = subprocess.run(
        [sys.executable, "-c", AS_IN_A_BROWSER],
        input=json.dumps(cells),
        env={**os.environ, "SCHED_PROGRESS": str(progress), "TMPDIR": str(progress)},
        cwd=NOTEBOOKS,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
