"""A Redis for the benchmarks: the user's own, at REDIS_URL, or one that is started here."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOT_INSTALLED = (
    "Celery needs Redis: set REDIS_URL, or install it "
    "(Debian, Ubuntu: apt-get install redis-server)"
)


def available() -> bool:
    return bool(os.environ.get("REDIS_URL") or shutil.which("redis-server"))


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The URL of one. Raises RuntimeError if there is none and none can be started."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    program = shutil.which("redis-server")
    if program is None:
        raise RuntimeError(NOT_INSTALLED)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()
