"""A Dask cluster as others run one: a scheduler and workers, each a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.mutants import ROOT

ALLOWED = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}


class DaskCluster:
    """On this machine alone; its parts can be killed with -9, and started again."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start_scheduler()
        for _ in range(workers):
            self.start_worker()

    def start_scheduler(self) -> None:
        self.scheduler = self._start("scheduler", "--port", str(self.port))

    def start_worker(self) -> None:
        self.workers.append(
            self._start(
                *("worker", self.address, "--nthreads", "1"),
                *("--no-nanny", "--local-directory", str(self.folder)),
            )
        )

    def _start(self, what: str, *options: str) -> "subprocess.Popen[bytes]":
        options = (*options, "--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
        with (self.folder / f"{what}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", what, *options],
                cwd=ROOT,
                env={**os.environ, **ALLOWED},
                stdout=log,
                stderr=log,
            )

    def kill_scheduler(self) -> None:
        self.scheduler.send_signal(signal.SIGKILL)
        self.scheduler.wait()

    def close(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()
