"""`make lab`: the learner's notebooks are safe, and one link leads to them."""

import importlib.util
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ORIGINALS = Path(__file__).resolve().parents[1] / "notebooks"
SOURCE = ORIGINALS / "lab" / "launch.py"
PATIENCE = 600  # seconds; a machine may be busy with other things


@pytest.fixture(scope="module")
def launch() -> ModuleType:
    """The launcher; loaded from its file, as notebooks/ is no package."""
    spec = importlib.util.spec_from_file_location("launch", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """A folder like notebooks/, with a space in its path as on many a learner's machine."""
    folder = tmp_path / "my course" / "notebooks"
    for name, text in {
        "01-first.ipynb": "first",
        "02-second.ipynb": "second",
        "lab/__init__.py": "version = 1",
        "lab/launch.py": SOURCE.read_text(encoding="utf-8"),
        "pictures/heap.png": "a picture",
        ".ipynb_checkpoints/01-first-checkpoint.ipynb": "made by a run",
        "lab/__pycache__/x.pyc": "made by a run",
        "progress/01.json": "the score of whoever ran the originals",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def work(notebooks: Path) -> Path:
    return notebooks.parent / "work"


def test_the_first_time_everything_is_copied(
    launch: ModuleType, notebooks: Path, work: Path
) -> None:
    copies = launch.copy_notebooks(notebooks, work)
    assert copies == [work / "01-first.ipynb", work / "02-second.ipynb"]
    copied = {path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file()}
    support = {"lab/__init__.py", "lab/launch.py", "pictures/heap.png"}
    assert copied == {"01-first.ipynb", "02-second.ipynb"} | support


def test_a_learners_notebook_is_never_overwritten(
    launch: ModuleType, notebooks: Path, work: Path
) -> None:
    launch.copy_notebooks(notebooks, work)
    (work / "01-first.ipynb").write_text("an evening's work")
    (notebooks / "01-first.ipynb").write_text("a new version")
    launch.copy_notebooks(notebooks, work)
    assert (work / "01-first.ipynb").read_text() == "an evening's work"
    assert (work / "02-second.ipynb").read_text() == "second"


def test_what_supports_the_notebooks_is_refreshed_every_time(
    launch: ModuleType, notebooks: Path, work: Path
) -> None:
    launch.copy_notebooks(notebooks, work)
    (work / "lab" / "__init__.py").write_text("broken")
    (notebooks / "pictures" / "heap.png").write_text("a better picture")
    launch.copy_notebooks(notebooks, work)
    assert (work / "lab" / "__init__.py").read_text() == "version = 1"
    assert (work / "pictures" / "heap.png").read_text() == "a better picture"


def test_a_learners_own_files_stay(launch: ModuleType, notebooks: Path, work: Path) -> None:
    launch.copy_notebooks(notebooks, work)
    (work / "mine.ipynb").write_text("mine")
    launch.copy_notebooks(notebooks, work)
    assert (work / "mine.ipynb").read_text() == "mine"


def test_a_copy_that_was_interrupted_is_made_again(
    launch: ModuleType, notebooks: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Path, target: Path) -> None:
        Path(target).write_text("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(launch.shutil, "copyfile", interrupted)
        with pytest.raises(KeyboardInterrupt):
            launch.copy_notebooks(notebooks, work)
    launch.copy_notebooks(notebooks, work)
    assert (work / "01-first.ipynb").read_text() == "first"


def test_the_learner_starts_at_the_first_notebook_and_goes_on_where_they_left_off(
    launch: ModuleType, notebooks: Path, work: Path
) -> None:
    copies = launch.copy_notebooks(notebooks, work)
    assert launch.where_to_start(notebooks, work, copies) == work / "01-first.ipynb"
    (work / "02-second.ipynb").write_text("begun")
    assert launch.where_to_start(notebooks, work, copies) == work / "02-second.ipynb"
    assert launch.where_to_start(notebooks, work, []) is None


def test_a_notebook_that_is_opened_elsewhere_says_how_to_start() -> None:
    """There, its first line fails before any of our code runs; an error shows the line as it is."""
    for path in sorted(ORIGINALS.glob("[0-9][0-9]_*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        first = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        (line,) = re.findall(r"^from lab import .*", first, flags=re.M)
        assert line.endswith("  # not found? Start with: make lab"), path.name


def test_a_file_in_the_place_of_work_is_reported_in_one_line(notebooks: Path, work: Path) -> None:
    work.write_text("a file")
    command = [sys.executable, str(notebooks / "lab" / "launch.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("make lab: cannot copy the notebooks: ")
    assert done.stderr.count("\n") == 1


# -- the server itself


@pytest.fixture
def server(notebooks: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """JupyterLab as `make lab` starts it, on a machine where the usual port is in use."""
    home = tmp_path / "home"
    home.mkdir()
    hidden = ("JUPYTER", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "IPYTHON")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    environment |= {"HOME": str(home), "USERPROFILE": str(home)}
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        command = [sys.executable, str(notebooks / "lab" / "launch.py")]
        process = subprocess.Popen(
            [*command, f"--ServerApp.port={taken.getsockname()[1]}"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def read_until(process: subprocess.Popen[bytes], word: str, seconds: float) -> str:
    """What the process prints, until it has printed `word`."""
    assert process.stdout is not None
    said = ""
    deadline = time.monotonic() + seconds
    while word not in said:
        left = deadline - time.monotonic()
        assert select.select([process.stdout], [], [], max(left, 0))[0], f"still waiting: {said}"
        chunk = os.read(process.stdout.fileno(), 4096)
        assert chunk, f"it ended early: {said}"
        said += chunk.decode()
    return said


def only_match(pattern: str, text: str) -> str:
    (found,) = re.findall(pattern, text)
    return str(found)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that stands for Ctrl-C")
def test_one_link_is_printed_it_serves_the_copies_and_ctrl_c_ends_it(
    server: subprocess.Popen[bytes], work: Path
) -> None:
    said = read_until(server, "Ctrl-C ends JupyterLab.\n", seconds=PATIENCE)
    link = only_match(r"\S+://\S+", said)
    base, token = link.split("lab/tree/01-first.ipynb?token=")

    with urllib.request.urlopen(link, timeout=PATIENCE) as page:
        assert "JupyterLab" in page.read().decode()
    # Jupyter's question about news would be the first thing that a learner sees.
    notification = f"{base}lab/api/settings/@jupyterlab/apputils-extension:notification"
    with urllib.request.urlopen(f"{notification}?token={token}", timeout=PATIENCE) as answer:
        properties = json.load(answer)["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"
    assert properties["checkForUpdates"]["default"] is False

    with urllib.request.urlopen(f"{base}api/contents?token={token}", timeout=PATIENCE) as answer:
        listing = json.load(answer)
    names = {entry["name"] for entry in listing["content"]}
    assert names == {"01-first.ipynb", "02-second.ipynb", "lab", "pictures"}
    assert (work / "01-first.ipynb").read_text() == "first"

    server.send_signal(signal.SIGINT)
    rest, _ = server.communicate(timeout=PATIENCE)
    assert rest == b""
    assert server.returncode == 0
