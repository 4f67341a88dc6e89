"""The machine, the software and the moment of a measurement: what a number means nothing without.

Nothing here names the machine's owner: no host, no user, no folder.
"""

import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "matplotlib", "tqdm")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


def description() -> dict[str, Any]:
    """Machine, Python, libraries, time (UTC) and commit, as plain values for JSON."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
            "caches": caches(),
            "memory_bytes": memory(),
            "system": system(),
        },
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": {name: _version(name) for name in LIBRARIES},
        "commit": commit(),
    }


def cpu_model() -> str:
    """The processor as it calls itself, or its architecture where it says nothing."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
        if found:
            return found[1].strip()
    except OSError:
        pass
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    return platform.processor() or platform.machine()


def caches(folder: Path = CACHES) -> dict[str, int]:
    """Bytes of each cache that holds data, as the first core sees it: {"L1": 49152, ...}.

    Empty where the system does not tell.
    """
    found: dict[str, int] = {}
    for index in sorted(folder.glob("index*")):
        try:
            level, kind, size = (
                (index / name).read_text().strip() for name in ("level", "type", "size")
            )
        except OSError:
            continue
        match = re.fullmatch(r"(\d+)([KMG]?)", size)
        if match and kind != "Instruction":
            found[f"L{level}"] = (
                int(match[1]) * {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}[match[2]]
            )
    return found


def memory() -> int | None:
    """Bytes of memory, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def system() -> str:
    """The operating system and the number of its release."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    release = re.match(r"[\d.]+", platform.release())
    return f"{name}, {platform.system()} {release[0].rstrip('.')}" if release else name


def commit() -> str | None:
    """The commit that is measured, with "+" if files differ from it; None outside of git."""
    found = _output("git", "rev-parse", "HEAD")
    if not found:
        return None
    changed = _output("git", "status", "--porcelain", "--untracked-files=no", "--", "sched")
    return found + ("+" if changed else "")


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
