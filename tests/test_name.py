"""The name: `import sched` gives this package, wherever it is installed and however Python starts.

The standard library has a module `sched` too. Each test installs the package into an environment of
its own, as pip would, and asks a new process which `sched` it gets.
"""

import os
import pkgutil
import subprocess
import sys
import sysconfig
import tarfile
import textwrap
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from tests.transport import transport
from tests.wheel import CLEAN, build_wheel

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 600  # seconds; a machine may be busy with other things
STARTUP = {"_sched_first.py", "sched-first.pth", "sched-first.start"}

# Only packages have a __path__: the standard library's sched is one file.
WHICH = "import sched; print('ours' if hasattr(sched, '__path__') else 'standard')"


class Environment(NamedTuple):
    """A fresh virtual environment, without pip: the one that runs the tests serves them all."""

    root: Path

    @property
    def python(self) -> str:
        windows = os.name == "nt"
        return str(self.root / ("Scripts/python.exe" if windows else "bin/python"))

    @property
    def site_packages(self) -> Path:
        scheme = {"base": str(self.root), "platbase": str(self.root)}
        return Path(sysconfig.get_path("purelib", "venv", scheme))

    def run(self, *arguments: str, cwd: Path) -> str:
        """What this environment's Python prints; AssertionError with its stderr if it fails."""
        done = subprocess.run(
            [self.python, *arguments],
            cwd=cwd,
            env=CLEAN,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr, done.stderr  # a start-up file that fails says so here
        return done.stdout.strip()

    def pip(self, *arguments: str, **environ: str) -> None:
        """Run the pip of the tests on this environment, with nothing from an index."""
        command = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"]
        done = subprocess.run(
            [*command, "--python", self.python, *arguments],
            cwd=ROOT,
            env=CLEAN | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def files(self) -> set[str]:
        """All that is installed, but for what Python compiles as it runs."""
        found = (path.relative_to(self.site_packages) for path in self.site_packages.rglob("*"))
        return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def new_environment(folder: Path) -> Environment:
    venv.create(folder, symlinks=os.name != "nt")
    return Environment(folder)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def install(environment: Environment, how: str, wheel: Path) -> None:
    if how == "plain":
        environment.pip("install", "--no-index", "--no-deps", str(wheel))
    else:
        # pip runs the build backend in the environment itself: it borrows ours from the tests'.
        tests_own = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
        options = ("--no-index", "--no-deps", "--no-build-isolation")
        environment.pip("install", *options, "-e", str(ROOT), PYTHONPATH=tests_own)


@pytest.fixture(scope="module", params=["plain", "editable"])
def installed(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """An environment with this package in it: both tests and users have either kind."""
    environment = new_environment(tmp_path_factory.mktemp(request.param) / "environment")
    install(environment, request.param, wheel)
    return environment


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds nothing, so that no `sched` is found because it lies there."""
    return tmp_path_factory.mktemp("elsewhere")


# -- which sched


def test_the_package_is_found_from_another_folder(installed: Environment, elsewhere: Path) -> None:
    assert installed.run("-c", WHICH, cwd=elsewhere) == "ours"


def test_the_package_is_found_by_an_isolated_python(
    installed: Environment, elsewhere: Path
) -> None:
    assert installed.run("-I", "-c", WHICH, cwd=elsewhere) == "ours"


def test_the_package_is_found_by_a_script(installed: Environment, elsewhere: Path) -> None:
    script = elsewhere / "script.py"
    script.write_text(WHICH)
    assert installed.run(str(script), cwd=elsewhere) == "ours"


def test_the_package_is_found_by_a_spawned_process_and_its_classes_pickle(
    installed: Environment, elsewhere: Path
) -> None:
    script = elsewhere / "spawn.py"
    script.write_text(
        "import multiprocessing, sched, sys\n"
        "def look(scheduler_class, event_class):\n"
        "    import sched\n"
        "    return [hasattr(sched, '__path__'),\n"
        "            scheduler_class is sched.scheduler, event_class is sched.Event]\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.apply(look, (sched.scheduler, sched.Event)))\n"
    )
    assert installed.run(str(script), cwd=elsewhere) == "[True, True, True]"


def test_the_package_is_found_by_a_kernel_started_in_the_notebooks(
    installed: Environment,
) -> None:
    # The environment has no Jupyter of its own: the tests' is put at the end of its path. A .pth
    # file there is not read, so the tests' own start-up file does not help.
    borrowed = installed.site_packages / "borrowed.pth"
    borrowed.write_text("\n".join(p for p in sys.path if p.endswith("site-packages")) + "\n")
    try:
        assert ask_a_kernel(installed, cwd=ROOT / "notebooks") == "ours"
    finally:
        borrowed.unlink()


def ask_a_kernel(environment: Environment, cwd: Path) -> str:
    """What WHICH prints in a Jupyter kernel of the environment, started in `cwd`."""
    manager = KernelManager(kernel_name="python3", **transport())
    launch = [environment.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=launch, language="python", display_name="asked")
    manager.start_kernel(cwd=str(cwd), env=CLEAN)
    client = manager.blocking_client()
    said: list[str] = []

    def listen(message: dict[str, dict[str, str]]) -> None:
        content = message["content"]
        said.append(content.get("text") or content.get("evalue") or "")

    try:
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        client.execute_interactive(WHICH, timeout=PATIENCE, output_hook=listen)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(said).strip()


def test_without_the_start_up_file_the_standard_module_is_found(
    wheel: Path, elsewhere: Path, tmp_path: Path
) -> None:
    """The tests above can fail: the start-up file is what makes them pass."""
    environment = new_environment(tmp_path / "environment")
    install(environment, "plain", wheel)
    for name in STARTUP:
        (environment.site_packages / name).unlink()
    assert environment.run("-c", WHICH, cwd=elsewhere) == "standard"


def test_python_m_sched_says_what_this_is_and_where_to_start(
    installed: Environment, elsewhere: Path
) -> None:
    """The standard library's module says nothing and ends well: scripts may rely on the latter."""
    said = installed.run("-m", "sched", cwd=elsewhere)
    assert said.startswith("sched 0.1.0: ")
    example = "\n".join(line for line in said.splitlines() if line.startswith("    "))
    assert installed.run("-c", textwrap.dedent(example), cwd=elsewhere) == ""
    assert "make lab" in said


# -- what is installed, and what is left


def test_the_wheel_holds_the_package_and_the_start_up_files_beside_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= STARTUP | {"sched/__init__.py", "sched/heap.py"}
    assert not [name for name in names if "_startup" in name]
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == STARTUP | {"sched"}


@pytest.mark.parametrize("how", ["plain", "editable"])
def test_uninstalling_brings_the_standard_module_back_and_leaves_no_file(
    how: str, wheel: Path, elsewhere: Path, tmp_path: Path
) -> None:
    environment = new_environment(tmp_path / "environment")
    before = environment.files()
    install(environment, how, wheel)
    assert environment.files() > before
    assert environment.run("-c", WHICH, cwd=elsewhere) == "ours"
    environment.pip("uninstall", "--yes", "priority-sched")
    assert environment.files() == before
    assert environment.run("-c", WHICH, cwd=elsewhere) == "standard"


def test_the_package_can_be_built_from_its_source_distribution(tmp_path: Path) -> None:
    build = "import sys; from hatchling.build import build_sdist; build_sdist(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)],
        cwd=ROOT,
        env=CLEAN,
        check=True,
        capture_output=True,
    )
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        inside = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert inside >= {f"sched/_startup/{name}" for name in STARTUP} | {"sched/__init__.py"}


# -- the standard library's own names


def test_cpythons_own_tests_of_sched_pass_with_this_package_in_front(
    installed: Environment, elsewhere: Path
) -> None:
    has_tests = "import importlib.util as u; print(bool(u.find_spec('test.test_sched')))"
    try:
        found = installed.run("-c", has_tests, cwd=elsewhere)
    except AssertionError:  # no package `test` at all: find_spec raises
        found = "False"
    if found != "True":
        pytest.skip("this Python came without CPython's own tests (test.test_sched)")
    run = (
        "import io, sys, unittest, sched, test.test_sched as tests\n"
        "assert hasattr(tests.sched, '__path__'), 'the tests took the standard module'\n"
        "suite = unittest.defaultTestLoader.loadTestsFromModule(tests)\n"
        "result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)\n"
        "print(result.testsRun, [text for _, text in result.failures + result.errors])\n"
    )
    count, problems = installed.run("-c", run, cwd=elsewhere).split(" ", 1)
    assert problems == "[]"
    assert int(count) >= 8


@pytest.mark.parametrize("name", ["scheduler", "Event"])
def test_a_standard_class_pickles_by_its_standard_name(
    installed: Environment, elsewhere: Path, name: str
) -> None:
    round_trip = (
        f"import pickle, sched; it = sched.{name}\n"
        "print(it.__module__, pickle.loads(pickle.dumps(it)) is it)\n"
    )
    assert installed.run("-c", round_trip, cwd=elsewhere) == "sched True"


# -- the finder, in detail


@pytest.fixture(scope="module")
def with_finder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that holds the start-up files and no package."""
    environment = new_environment(tmp_path_factory.mktemp("finder") / "environment")
    with zipfile.ZipFile(wheel) as archive:
        for name in STARTUP:
            archive.extract(name, environment.site_packages)
    return environment


# Written into a folder as `sched`, each says what it is.
PACKAGE = {"sched/__init__.py": "kind = 'package'"}
MODULE = {"sched.py": "kind = 'module'"}
FOLDER = {"sched/notes.txt": "a folder without __init__.py"}
SAY = "import sched; print(getattr(sched, 'kind', 'standard'))"


def lay(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return str(folder)


def after_the_standard_library(*entries: str) -> str:
    return f"import sys; sys.path += {list(entries)!r}\n{SAY}"


def before_the_standard_library(*entries: str) -> str:
    return f"import sys; sys.path[:0] = {list(entries)!r}\n{SAY}"


def test_the_finder_says_nothing_where_there_is_no_package(
    with_finder: Environment, elsewhere: Path
) -> None:
    assert with_finder.run("-c", SAY, cwd=elsewhere) == "standard"


def test_the_first_package_on_the_path_wins(with_finder: Environment, tmp_path: Path) -> None:
    first = lay(tmp_path / "1", {"sched/__init__.py": "kind = 'first'"})
    second = lay(tmp_path / "2", {"sched/__init__.py": "kind = 'second'"})
    code = after_the_standard_library(first, second)
    assert with_finder.run("-c", code, cwd=tmp_path) == "first"


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        pytest.param([FOLDER], "standard", id="a folder without __init__.py is no package"),
        pytest.param([FOLDER, PACKAGE], "package", id="and hides none"),
        pytest.param([MODULE], "standard", id="a file after the library's is not found, as ever"),
        pytest.param([MODULE, PACKAGE], "package", id="and hides no package"),
    ],
)
def test_what_lies_after_the_standard_library(
    with_finder: Environment, tmp_path: Path, entries: list[dict[str, str]], found: str
) -> None:
    laid = [lay(tmp_path / str(i), files) for i, files in enumerate(entries)]
    assert with_finder.run("-c", after_the_standard_library(*laid), cwd=tmp_path) == found


def test_a_file_of_ones_own_ahead_of_the_standard_library_stays_first(
    with_finder: Environment, tmp_path: Path
) -> None:
    mine = lay(tmp_path / "mine", MODULE)
    package = lay(tmp_path / "package", PACKAGE)
    code = before_the_standard_library(mine, package)
    assert with_finder.run("-c", code, cwd=tmp_path) == "module"


@pytest.mark.parametrize("entry", ["''", "'here'", "'../with spaces/here'"])
def test_relative_entries_count_from_the_current_folder(
    with_finder: Environment, tmp_path: Path, entry: str
) -> None:
    folder = tmp_path / "with spaces"
    lay(folder / entry.strip("'").removeprefix("../with spaces/"), PACKAGE)
    code = f"import sys; sys.path.append({entry})\n{SAY}"
    # -P keeps Python from adding the current folder itself.
    assert with_finder.run("-P", "-c", code, cwd=folder) == "package"


def test_a_package_in_a_zip_file_is_found(with_finder: Environment, tmp_path: Path) -> None:
    archive = tmp_path / "packages.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("sched/__init__.py", PACKAGE["sched/__init__.py"])
    code = after_the_standard_library(str(archive))
    assert with_finder.run("-c", code, cwd=tmp_path) == "package"


def test_entries_that_python_ignores_are_ignored(with_finder: Environment, tmp_path: Path) -> None:
    package = lay(tmp_path / "package", PACKAGE)
    code = (
        "import pathlib, sys\n"
        f"sys.path += [pathlib.Path({package!r}), None, b'bytes', '/no/such/folder']\n{SAY}"
    )
    assert with_finder.run("-c", code, cwd=tmp_path) == "standard"


def test_a_standard_module_that_is_already_imported_stays_and_reloads_as_itself(
    with_finder: Environment, tmp_path: Path
) -> None:
    package = lay(tmp_path / "package", PACKAGE)
    code = (
        "import importlib, sys, sched\n"
        "before = sched\n"
        f"sys.path.append({package!r})\n"
        "import sched\n"
        "importlib.reload(sched)\n"
        "print(sched is before, hasattr(sched, 'kind'))\n"
    )
    assert with_finder.run("-c", code, cwd=tmp_path) == "True False"


# A start-up file of somebody else's, read before ours: "a" comes before "s". The first reading
# counts: Python reads those of a virtual environment twice.
EARLIER = (
    "import sched, earlier; earlier.__dict__.setdefault('sched', sched); "
    "earlier.__dict__.setdefault('event', sched.Event(1, 2, 3, print, (), {}))\n"
)


@pytest.fixture
def imported_before(installed: Environment) -> Iterator[Environment]:
    """An environment where the standard module is imported before our start-up file is read."""
    files = {"a.pth": EARLIER, "earlier.py": ""}
    lay(installed.site_packages, files)
    yield installed
    for name in files:
        (installed.site_packages / name).unlink()


def test_the_package_is_found_although_a_start_up_file_imported_the_standard_module(
    imported_before: Environment, elsewhere: Path
) -> None:
    code = (
        "import earlier\n"
        "from sched import HeapScheduler, Event, scheduler\n"
        "print(hasattr(earlier.sched, '__path__'), HeapScheduler.__module__)\n"
        "print(earlier.sched.scheduler is scheduler, type(earlier.event) is Event)\n"
    )
    said = imported_before.run("-c", code, cwd=elsewhere)
    assert said.splitlines() == ["False sched.heap", "True True"]


def test_what_the_standard_module_made_before_still_pickles(
    imported_before: Environment, elsewhere: Path
) -> None:
    code = "import earlier, pickle; print(pickle.loads(pickle.dumps(earlier.event)).time)"
    assert imported_before.run("-c", code, cwd=elsewhere) == "1"


def test_where_no_start_up_file_is_read_the_package_can_be_asked_for(
    installed: Environment, elsewhere: Path
) -> None:
    paths = [str(installed.site_packages), str(ROOT)]
    code = (
        f"import sys; sys.path += {paths!r}\n"
        "try:\n"
        "    from sched import HeapScheduler\n"
        "except ImportError:\n"
        "    import sched as before, _sched_first\n"
        "    _sched_first.install()\n"
        "    from sched import HeapScheduler, scheduler\n"
        "    print(scheduler is before.scheduler)\n"
    )
    assert installed.run("-S", "-c", code, cwd=elsewhere) == "True"


@pytest.mark.parametrize(
    "imported",
    [
        pytest.param(MODULE, id="someone's own module"),
        pytest.param(PACKAGE, id="another package"),
    ],
)
def test_only_the_standard_module_is_replaced(
    with_finder: Environment, tmp_path: Path, imported: dict[str, str]
) -> None:
    own = lay(tmp_path / "own", imported)
    package = lay(tmp_path / "package", {"sched/__init__.py": "kind = 'replaced'"})
    code = (
        f"import sys; sys.path.insert(0, {own!r})\n"
        "import sched, _sched_first\n"
        f"sys.path[0] = {package!r}\n"
        "_sched_first.install()\n" + SAY
    )
    kind = "module" if imported is MODULE else "package"
    assert with_finder.run("-c", code, cwd=tmp_path) == kind


def test_without_a_package_the_standard_module_is_not_imported_twice(
    with_finder: Environment, elsewhere: Path
) -> None:
    code = (
        "import sched as before, _sched_first; _sched_first.install()\n"
        "import sched; print(sched is before)\n"
    )
    assert with_finder.run("-c", code, cwd=elsewhere) == "True"


@pytest.mark.parametrize("where", ["folder", "zip"])
def test_the_standard_classes_are_found_where_the_library_is(
    installed: Environment, tmp_path: Path, where: str
) -> None:
    """In a zip file on the path (bundled programs, Pyodide), and not in anybody else's."""
    library = Path(sysconfig.get_path("stdlib"))
    others = tmp_path / "others"
    lay(others, {"sched.py": "scheduler = Event = 'of others'"})
    place = tmp_path / where
    if where == "folder":
        place.mkdir()
        for name in ("os.py", "sched.py"):
            (place / name).write_bytes((library / name).read_bytes())
    else:
        with zipfile.ZipFile(place, "w") as archive:
            for name in ("os.py", "sched.py"):
                archive.write(library / name, name)
    code = (
        "import sys, sysconfig\n"
        "import sched.heap\n"  # all that it needs: from here on the library lies elsewhere
        "for name in [name for name in sys.modules if name.partition('.')[0] == 'sched']:\n"
        "    del sys.modules[name]\n"
        f"sysconfig.get_path = lambda name: {str(tmp_path / 'nothing')!r}\n"
        f"sys.path[:] = [p for p in sys.path if 'site-packages' in p or p == {str(ROOT)!r}]\n"
        f"sys.path += [{str(others)!r}, {str(place)!r}]\n"
        "import sched; print(sched.scheduler.__module__, sched._standard.__spec__.origin)\n"
    )
    said = installed.run("-c", code, cwd=tmp_path)
    assert said == f"sched {place / 'sched.py'}"


def test_the_package_reloads_as_itself(installed: Environment, elsewhere: Path) -> None:
    code = "import importlib, sched; print(hasattr(importlib.reload(sched), '__path__'))"
    assert installed.run("-c", code, cwd=elsewhere) == "True"


def test_installing_the_finder_again_changes_nothing(
    with_finder: Environment, elsewhere: Path
) -> None:
    code = (
        "import sys, _sched_first\n"
        "before = list(sys.meta_path)\n"
        "_sched_first.install()\n"
        "print(sys.meta_path == before, type(before[0]).__name__)\n"
    )
    assert with_finder.run("-c", code, cwd=elsewhere) == "True SchedFirst"


def test_starting_python_imports_nothing_for_the_finder_but_its_own_file(
    with_finder: Environment, elsewhere: Path
) -> None:
    """The cost of each start of Python is one small file: counted, so that no clock decides."""
    loaded = "import sys; print(*sorted(sys.modules))"
    bare = new_environment(elsewhere / "bare")
    for folder in (bare.root / "lib").glob("python*/site-packages"):
        (folder / "other.pth").write_text("# nothing\n")  # reading one may load a codec
    more = set(with_finder.run("-c", loaded, cwd=elsewhere).split())
    assert more - set(bare.run("-c", loaded, cwd=elsewhere).split()) == {"_sched_first"}


def test_both_start_up_files_call_the_same_function() -> None:
    """Python 3.15 reads the .start file (PEP 829) instead of the .pth of the same name."""
    folder = ROOT / "sched" / "_startup"
    entry_point = (folder / "sched-first.start").read_text().strip()
    module, function = entry_point.split(":")
    assert (folder / "sched-first.pth").read_text() == f"import {module}; {module}.{function}()\n"
    sys.path.insert(0, str(folder))
    try:
        assert callable(pkgutil.resolve_name(entry_point))
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(module, None)


def test_the_tools_are_told_that_sched_is_ours() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert "sched" in tool["ruff"]["lint"]["isort"]["known-first-party"]
    assert tool["mypy"]["mypy_path"] == "$MYPY_CONFIG_FILE_DIR"
    assert tool["pyright"]["stubPath"] == "."
