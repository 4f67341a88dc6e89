"""Workers of Celery, as processes of a test's own, and what they have noted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.celery_actions import FOLDER, NAME, VISIBLE
from tests.mutants import ROOT

PATIENCE = 60  # seconds for what takes one


def wait_until(happened: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, f"in {PATIENCE} s: not {what}"
        time.sleep(0.02)


class CeleryWorker:
    """One worker with one process for tasks."""

    def __init__(
        self, folder: Path, url: str, name: str, visible: float = 3600, pool: str = "prefork"
    ) -> None:
        self.folder = folder
        self.log_path = folder / f"{name}-{time.monotonic_ns()}.log"
        command = [sys.executable, "-m", "celery", "-A", "tests.celery_jobs", "worker"]
        command += ["-c", "1", "-l", "INFO", "--without-gossip", "--without-mingle"]
        environment = {"REDIS_URL": url, FOLDER: str(folder), NAME: name, VISIBLE: str(visible)}
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--pool", pool],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8")

    def wait_until_ready(self) -> "CeleryWorker":
        def ready() -> bool:
            assert self.process.poll() is None, self.log
            return " ready." in self.log

        wait_until(ready, f"ready: {self.log}")
        return self

    def kill(self) -> None:
        """With -9, it and its processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.kill()


class Book:
    """What the actions of one test have noted, line by line; and its gate."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name

    @property
    def lines(self) -> list[str]:
        path = self.folder / self.name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def wait_for(self, *lines: str) -> list[str]:
        wait_until(lambda: set(lines) <= set(self.lines), f"{lines} in {self.lines}")
        return self.lines

    def open(self) -> None:
        (self.folder / f"{self.name}.open").touch()
