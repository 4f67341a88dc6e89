"""What is missing on this machine, and the one command that mends it: `make doctor`.

It runs on any Python from 3.6 on, as it has to say of a Python that it is too old.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPACE = 3  # GB: what an environment with everything takes, and room to work in
PORT = 8888  # JupyterLab's first choice
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

NEW_ENOUGH = "import sys; sys.exit(sys.version_info < (3, 11))"
ENSUREPIP = "import venv, ensurepip"
NEW_PIP = "import sys, pip; sys.exit([int(n) for n in pip.__version__.split('.')[:2]] < [22, 3])"


def succeeds(python: str, code: str) -> bool:
    """Whether a Python, which may not exist, runs this code without an error."""
    try:
        ended = subprocess.run(
            [python, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return False
    return ended.returncode == 0


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of this machine."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def main(pythons: "list[str]", port: int = PORT) -> int:
    """Print what is there and what is not. 1 if anything is missing that all the rest needs."""
    missing = []

    def look(fine: bool, what: str, cure: str, only_for: str = "") -> None:
        if fine:
            print(f"ok       {what}")
        elif only_for:
            print(f"note     no {what} ({only_for}): {cure}")
        else:
            missing.append(what)
            print(f"MISSING  {what}: {cure}")

    new = [python for python in pythons if succeeds(python, NEW_ENOUGH)]
    look(bool(new), "Python 3.11 or later", "install it, then make PYTHON=/path/to/python3.11 lab")
    if new:
        can = succeeds(new[0], ENSUREPIP) or succeeds(new[0], NEW_PIP)
        look(can, f"venv and pip of {new[0]}", "apt install python3-venv")
    look(
        os.access(str(ROOT), os.W_OK), "a folder that can be written", f'chown -R "$USER" "{ROOT}"'
    )
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    needed = 0.2 if (ROOT / ".venv/.lab").exists() else SPACE
    look(free > needed, f"{needed:g} GB of disk ({free:.0f} free)", "rm what you can spare")
    look(shutil.which("git") is not None, "git", "apt install git", "for newer notebooks")
    look(
        is_free(port),
        f"free port {port}",
        "make lab ARGS=--port=9999",
        "make lab takes another",
    )
    chromium = any(map(shutil.which, BROWSERS))
    look(chromium, "Chromium", "apt install chromium", "for make browser alone")
    print("Mend this first." if missing else "All that make lab needs is there.")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [sys.executable]))
