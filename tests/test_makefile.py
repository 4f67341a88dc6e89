"""What `make` promises of ARGS, of Ctrl-C and of PYTHON."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wheel import CLEAN

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 600  # seconds; a machine may be busy with other things

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

TEST = """\
import os, pathlib
def test_{name}():
    pathlib.Path("progress").write_text(os.environ["SCHED_PROGRESS"])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with our Makefile and two tests, whose environment is that of these tests."""
    folder = tmp_path / "project"
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "tests/nbval_sanitize.cfg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in ("one", "two"):
        (folder / f"tests/test_{name}.py").write_text(TEST.format(name=name))
    (folder / "notebooks").mkdir()
    script(folder / ".venv/bin/python", f'exec "{sys.executable}" "$@"')
    (folder / ".venv/.folder").write_text(f"{folder.resolve()}\n")
    for name in (".made", ".lab", ".dev"):
        (folder / ".venv" / name).touch()
    return folder


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def environment() -> dict[str, str]:
    """No make and no pytest outside speaks to the ones inside."""
    return {k: v for k, v in CLEAN.items() if not k.startswith(("MAKE", "MFLAGS", "PYTEST"))}


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=project,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


# -- make test


@pytest.mark.parametrize(
    ("arguments", "ran"),
    [
        pytest.param("", {"one", "two"}, id="all"),
        pytest.param("tests/test_one.py", {"one"}, id="one file"),
    ],
)
def test_make_test_runs_what_it_is_asked_for(project: Path, arguments: str, ran: set[str]) -> None:
    done = make(project, "test", f"ARGS=-v {arguments}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name for name in ("one", "two") if f"test_{name} " in done.stdout} == ran
    assert not Path((project / "progress").read_text()).exists()


@pytest.fixture(params=["sh", "dash", "bash"])
def shell(request: pytest.FixtureRequest) -> str:
    found = shutil.which(request.param)
    if found is None:
        pytest.skip(f"{request.param} is not installed")
    return found


@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM"])
def test_make_test_leaves_no_folder_behind_when_it_is_interrupted(
    project: Path, shell: str, sent: str
) -> None:
    script(project / ".venv/bin/python", 'echo "$SCHED_PROGRESS" >progress; exec sleep 600')
    running = subprocess.Popen(
        ["make", "test", f"SHELL={shell}"],
        cwd=project,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        progress = project / "progress"
        while not (progress.exists() and progress.read_text().endswith("\n")):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        folder = Path(progress.read_text().strip())
        assert folder.is_dir()
        os.killpg(running.pid, getattr(signal, sent))  # as a terminal does, and a machine's end
        running.communicate(timeout=PATIENCE)
    finally:
        running.kill()
        running.wait()
    assert running.returncode != 0
    assert not folder.exists()


# -- make PYTHON=...

# What make asks of a Python: which it is, whether it is new enough, and to make an environment.
PYTHON = """\
case "$*" in
*print*) echo "{name}" ;;
*version_info*) exit {too_old} ;;
*venv*) rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*--version) echo "Python {name}" ;;
esac"""


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return script(tmp_path / "other", PYTHON.format(name="3.99 (other)", too_old=0))


def test_the_python_that_is_named_replaces_the_one_in_use(project: Path, other: Path) -> None:
    done = make(project, f"PYTHON={other}", ".venv/.made")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Making .venv anew")
    assert (project / ".venv/bin/python").read_text() == other.read_text()


@pytest.fixture
def replaced(project: Path, other: Path) -> Iterator[Path]:
    make(project, f"PYTHON={other}", ".venv/.made")
    (project / ".venv/untouched").touch()
    yield project
    assert (project / ".venv/untouched").exists()


def test_jupyter_finds_our_settings_in_the_environment_that_is_made(replaced: Path) -> None:
    settings = "jupyter_server_config.py"
    link = replaced / ".venv/etc/jupyter" / settings
    assert link.resolve() == replaced.resolve() / "notebooks/lab" / settings
    assert (ROOT / "notebooks/lab" / settings).is_file()


def test_the_same_python_named_again_changes_nothing(replaced: Path, other: Path) -> None:
    assert make(replaced, f"PYTHON={other}", ".venv/.made").stdout.startswith("make: ")


def test_where_no_python_is_named_the_one_in_use_stays(replaced: Path) -> None:
    assert make(replaced, ".venv/.made").stdout.startswith("make: ")


def test_a_python_that_is_named_and_too_old_is_refused(replaced: Path, tmp_path: Path) -> None:
    old = script(tmp_path / "old", PYTHON.format(name="3.9 (old)", too_old=1))
    done = make(replaced, f"PYTHON={old}", ".venv/.made")
    assert done.returncode != 0
    assert f"needs Python 3.11 or later, and {old} is Python 3.9" in done.stderr


def test_a_python_that_is_named_and_not_there_is_refused(replaced: Path, tmp_path: Path) -> None:
    done = make(replaced, f"PYTHON={tmp_path / 'nowhere'}", ".venv/.made")
    assert done.returncode != 0
    assert "needs Python 3.11 or later" in done.stderr
