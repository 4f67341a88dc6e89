"""In a browser: Pyodide's core, run by node, with nothing fetched while it runs.

Its standard library is a zip file, it reads no start-up files and it starts no threads. Pyodide
itself comes from npm, once, in the version that pyodide/package.json names.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.wheel import ROOT, build_wheel

sys.path.insert(0, str(ROOT / "notebooks" / "site"))

from npm import MISSING, Node, find_node, said

HERE = Path(__file__).parent / "pyodide"
WANTED = HERE / "package.json"

# All that pytest is made of: pure Python, so this Python's own copies serve another one too.
PYTEST = ("_pytest", "iniconfig", "packaging", "pluggy", "py", "pygments", "pytest")


@pytest.fixture(scope="module")
def node() -> Node:
    found = find_node()
    if found is None:
        pytest.skip(MISSING)
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
    copy_packages(folder)
    return folder


def copy_packages(folder: Path) -> None:
    for name in PYTEST:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        if spec.submodule_search_locations is None:
            shutil.copy(spec.origin, folder)
        else:
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(Path(spec.origin).parent, folder / name, ignore=unwanted)


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
