"""A learner's folder and JupyterLab on it, started as `make lab` starts it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180  # seconds until it has started, on a machine that may be busy with other things
NOT_COPIED = shutil.ignore_patterns("progress", "__pycache__", ".*")
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


class Laboratory:
    """A checkout of its own, in which nothing was done yet, and its server."""

    def __init__(self, folder: Path) -> None:
        self.work = folder / "checkout" / "work"
        self._settings = folder / "settings"
        self.log = folder / "server.log"
        self.base, self._token = "", ""
        shutil.copytree(ROOT / "notebooks", folder / "checkout" / "notebooks", ignore=NOT_COPIED)
        (folder / "checkout" / "benchmarks").symlink_to(ROOT / "benchmarks")

    def start(self, folder: Path) -> subprocess.Popen[bytes]:
        """Start the server, and return when its link has been printed and it answers."""
        own = {f"JUPYTER_{name}_DIR": name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
        own |= {"JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython"}
        # No window is opened; progress is kept in work/, as a learner's.
        left_out = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SCHED_PROGRESS")
        environment = {name: value for name, value in os.environ.items() if name not in left_out}
        environment |= {name: str(folder / place) for name, place in own.items()}
        environment["JUPYTERLAB_SETTINGS_DIR"] = str(self._settings)
        launcher = self.work.parent / "notebooks" / "lab" / "launch.py"
        # How JupyterLab lets the page be asked which cell has run; all is done by keys and mouse.
        options = ["--LabApp.expose_app_in_browser=True"]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(launcher), *options],
                cwd=self.work.parent,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"JupyterLab has not started:\n{said[-2000:]}")
            time.sleep(0.1)
        return process

    def _answers(self) -> bool:
        said = self.log.read_text(encoding="utf-8", errors="replace")
        link = re.search(r"(http://[^/\s]+)/\S*\?token=(\w+)", said)
        if link is None:
            return False
        self.base, self._token = link[1], link[2]
        with suppress(OSError):
            self.ask("/api/status")
            return True
        return False

    def ask(self, path: str, method: str = "GET") -> Any:
        """What the server's own interface says."""
        request = urllib.request.Request(
            self.base + path, headers={"Authorization": f"token {self._token}"}, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def link(self, notebook: str) -> str:
        """The address of a notebook, such as "deeper/02_clocks.ipynb", in an empty workspace."""
        return f"{self.base}/lab/tree/{notebook}?token={self._token}&reset"

    def kernels(self, notebook: str) -> list[str]:
        """The states of the kernels of a notebook: none is there before one has started."""
        sessions = self.ask("/api/sessions")
        return [s["kernel"]["execution_state"] for s in sessions if s["path"] == notebook]

    def stop_kernels(self) -> None:
        for session in self.ask("/api/sessions"):
            self.ask(f"/api/sessions/{session['id']}", "DELETE")

    def saved(self, notebook: str) -> list[dict[str, Any]]:
        """The cells of a notebook as they are in its file."""
        cells: list[dict[str, Any]] = json.loads((self.work / notebook).read_bytes())["cells"]
        return cells

    def progress(self, number: str) -> dict[str, Any]:
        """What is kept of a learner of notebook "01"."""
        page: dict[str, Any] = json.loads((self.work / "progress" / f"{number}.json").read_bytes())
        return page

    def use_theme(self, name: str) -> None:
        """ "light" or "dark", for every page that is opened from now on."""
        path = self._settings / "@jupyterlab/apputils-extension/themes.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"theme": THEMES[name]}), encoding="utf-8")


@contextmanager
def laboratory(folder: Path) -> Iterator[Laboratory]:
    """A fresh one; its server and its kernels end with the block."""
    lab = Laboratory(folder)
    process = lab.start(folder)
    try:
        yield lab
    finally:
        with suppress(OSError):
            lab.stop_kernels()
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()
