"""The package as somebody installs it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# What a caller's shell may hold must not decide which sched is found.
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("PYTHON") and name != "VIRTUAL_ENV"
}


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout, built into the folder."""
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    command = [sys.executable, "-c", build, str(folder)]
    subprocess.run(command, cwd=ROOT, env=CLEAN, check=True, capture_output=True)
    return next(folder.glob("*.whl"))
