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
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from traitlets.config.loader import PyFileConfigLoader

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


def a_notebook(*sources: str, outputs: bool = True) -> str:
    """A notebook of code cells, stored with what they showed; one more is for CI alone."""
    shown = {"output_type": "stream", "name": "stdout", "text": "the answer"}
    cells = [
        {
            "cell_type": "code",
            "execution_count": number if outputs else None,
            "metadata": {"tags": ["ci-only"]} if source.startswith("assert") else {},
            "outputs": [shown] if outputs else [],
            "source": source,
        }
        for number, source in enumerate(sources, start=1)
    ]
    widgets: dict[str, object] = {"application/vnd.jupyter.widget-state+json": {}}
    document = {"cells": cells, "metadata": {"widgets": widgets}, "nbformat": 4}
    return json.dumps(document | {"nbformat_minor": 5})


def sources(path: Path) -> list[str]:
    return [cell["source"] for cell in json.loads(path.read_bytes())["cells"]]


def change(path: Path, *new: str) -> bytes:
    """What a learner does: write into a copy, run it, save it."""
    path.write_text(a_notebook(*new), encoding="utf-8")
    return path.read_bytes()


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """A folder like notebooks/, with a space in its path as on many a learner's machine."""
    folder = tmp_path / "my course" / "notebooks"
    for name, text in {
        "01_first.ipynb": a_notebook("first", "assert check"),
        "02_second.ipynb": a_notebook("second"),
        "lab/__init__.py": "version = 1",
        "lab/launch.py": SOURCE.read_text(encoding="utf-8"),
        "lab/page/custom.css": (SOURCE.parent / "page/custom.css").read_text(encoding="utf-8"),
        "pictures/heap.png": "a picture",
        ".ipynb_checkpoints/01_first-checkpoint.ipynb": "made by a run",
        "lab/__pycache__/x.pyc": "made by a run",
        "progress/01.json": "the score of whoever ran the originals",
        "conftest.py": "for pytest",
        "teachers.md": "for teachers",
        "guide/files.md": "of the site",
        "index.md": "of the site",
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
    assert copies.all == [work / "01_first.ipynb", work / "02_second.ipynb"]
    copied = {path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file()}
    page = "lab/page/custom.css"
    support = {"lab/__init__.py", "lab/launch.py", page, "pictures/heap.png"}
    assert copied == {"01_first.ipynb", "02_second.ipynb", ".copied.json"} | support


def test_a_copy_starts_afresh(launch: ModuleType, notebooks: Path, work: Path) -> None:
    launch.copy_notebooks(notebooks, work)
    copied = json.loads((work / "01_first.ipynb").read_bytes())
    assert [cell["source"] for cell in copied["cells"]] == ["first"]  # not what CI needs
    assert copied["cells"][0]["outputs"] == []
    assert copied["cells"][0]["execution_count"] is None
    assert copied["metadata"] == {launch.KEY: launch.FORM}
    assert "the answer" in (notebooks / "01_first.ipynb").read_text()


def test_a_copy_that_was_only_run_is_replaced_by_a_newer_original(
    launch: ModuleType, notebooks: Path, work: Path
) -> None:
    launch.copy_notebooks(notebooks, work)
    run = change(work / "01_first.ipynb", "first")
    launch.copy_notebooks(notebooks, work)
    assert (work / "01_first.ipynb").read_bytes() == run  # there is nothing newer
    change(notebooks / "01_first.ipynb", "a new version")
    copies = launch.copy_notebooks(notebooks, work)
    assert sources(work / "01_first.ipynb") == ["a new version"]
    assert copies.newer == []
    change(notebooks / "01_first.ipynb", "the newest")
    launch.copy_notebooks(notebooks, work)
    assert sources(work / "01_first.ipynb") == ["the newest"]


def test_a_changed_copy_is_never_overwritten_and_the_newer_one_stands_beside_it(
    launch: ModuleType, notebooks: Path, work: Path
) -> None:
    launch.copy_notebooks(notebooks, work)
    mine = change(work / "01_first.ipynb", "an evening's work")
    copies = launch.copy_notebooks(notebooks, work)
    assert copies.newer == []  # the original is the one that it was made from
    for new in ("a new version", "a newer one", "a newer one"):
        change(notebooks / "01_first.ipynb", new)
        copies = launch.copy_notebooks(notebooks, work)
        beside = work / "01_first (new).ipynb"
        assert copies.newer == [(work / "01_first.ipynb", beside)]
        assert (work / "01_first.ipynb").read_bytes() == mine
        assert sources(beside) == [new]
    begun = change(beside, "begun here as well")
    change(notebooks / "01_first.ipynb", "the newest")
    copies = launch.copy_notebooks(notebooks, work)
    assert (work / "01_first.ipynb").read_bytes() == mine
    assert beside.read_bytes() == begun
    assert sources(work / "01_first (new 2).ipynb") == ["the newest"]
    assert sorted(p.name for p in work.glob("*.ipynb")) == [
        "01_first (new 2).ipynb",
        "01_first (new).ipynb",
        "01_first.ipynb",
        "02_second.ipynb",
    ]


@pytest.mark.parametrize("damage", [None, "", "[]", '{"01_first.ipynb": 3}'])
def test_a_copy_without_a_record_counts_as_changed(
    launch: ModuleType, notebooks: Path, work: Path, damage: str | None
) -> None:
    launch.copy_notebooks(notebooks, work)
    record = work / ".copied.json"
    record.unlink() if damage is None else record.write_text(damage)
    there = (work / "01_first.ipynb").read_bytes()
    change(notebooks / "01_first.ipynb", "a new version")
    copies = launch.copy_notebooks(notebooks, work)
    assert (work / "01_first.ipynb").read_bytes() == there
    assert [beside.name for _, beside in copies.newer] == ["01_first (new).ipynb"]
    assert "02_second (new).ipynb" not in os.listdir(work)  # the same as the original


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"cells": [1]}', b'"a"'])
def test_what_is_no_notebook_is_kept_as_well(
    launch: ModuleType, notebooks: Path, work: Path, content: bytes
) -> None:
    launch.copy_notebooks(notebooks, work)
    (work / "01_first.ipynb").write_bytes(content)
    (notebooks / "02_second.ipynb").write_bytes(content)
    for _ in range(2):
        launch.copy_notebooks(notebooks, work)
    assert (work / "01_first.ipynb").read_bytes() == content
    assert (work / "02_second.ipynb").read_bytes() == content


def test_a_fresh_copy_can_be_asked_for_and_the_old_one_is_kept(
    launch: ModuleType, notebooks: Path, work: Path
) -> None:
    for number in (1, 2, 3):
        launch.copy_notebooks(notebooks, work)
        change(work / "01_first.ipynb", f"evening {number}")
        launch.set_aside(work, "01")
    launch.copy_notebooks(notebooks, work)
    assert sources(work / "01_first.ipynb") == ["first"]
    assert sources(work / "01_first (mine).ipynb") == ["evening 1"]
    assert sources(work / "01_first (mine 3).ipynb") == ["evening 3"]


def test_what_goes_deeper_is_copied_replaced_and_kept_alike(
    launch: ModuleType, notebooks: Path, work: Path
) -> None:
    for name in ("01_more", "01_other"):
        (notebooks / "deeper").mkdir(exist_ok=True)
        change(notebooks / "deeper" / f"{name}.ipynb", "first", "assert check")
    launch.copy_notebooks(notebooks, work)
    assert sources(work / "deeper" / "01_more.ipynb") == ["first"]
    mine = change(work / "deeper" / "01_more.ipynb", "an evening's work")
    for name in ("01_more", "01_other"):
        change(notebooks / "deeper" / f"{name}.ipynb", "a new version")
    copies = launch.copy_notebooks(notebooks, work)
    beside = work / "deeper" / "01_more (new).ipynb"
    assert copies.newer == [(work / "deeper" / "01_more.ipynb", beside)]
    assert (work / "deeper" / "01_more.ipynb").read_bytes() == mine
    assert sources(beside) == sources(work / "deeper" / "01_other.ipynb") == ["a new version"]


def test_what_is_saved_has_no_buttons_that_would_be_dead(launch: ModuleType) -> None:
    widget = "application/vnd.jupyter.widget-view+json"
    both = {"data": {"text/plain": "Which?", widget: {"model_id": "1"}}}
    alone = {"data": {widget: {"model_id": "2"}}}
    slider = {"data": {"text/plain": ["VBox(children=(HBox(", ")))"], widget: {"model_id": "3"}}}
    cells = [{"outputs": [both, alone, slider, {"text": "out"}]}, {"source": "# A"}]
    model = {"type": "notebook", "content": {"cells": cells}}
    launch.keep_no_dead_widgets(model, path="a.ipynb", contents_manager=None)
    assert both["data"] == {"text/plain": "Which?"}
    assert list(alone["data"]) == [widget]
    assert slider["data"] == {"text/plain": "A slider: run this cell to move it."}
    launch.keep_no_dead_widgets({"type": "file", "content": "x"})


def test_jupyter_without_the_launcher_saves_no_dead_buttons_either(
    launch: ModuleType, tmp_path: Path
) -> None:
    settings = "jupyter_server_config.py"
    (tmp_path / settings).symlink_to(SOURCE.with_name(settings))  # as `make` does
    config = PyFileConfigLoader(settings, path=str(tmp_path)).load_config()
    manager = LargeFileManager(root_dir=str(tmp_path), config=config)
    notebook = json.loads(a_notebook("predict"))
    shown = {"text/plain": "Which?", launch.WIDGET: {"model_id": "1"}}
    output = {"output_type": "display_data", "data": shown, "metadata": {}}
    notebook["cells"][0] |= {"id": "a", "outputs": [output]}
    manager.save({"type": "notebook", "format": "json", "content": notebook}, "a.ipynb")
    (saved,) = json.loads((tmp_path / "a.ipynb").read_bytes())["cells"][0]["outputs"]
    assert saved["data"] == {"text/plain": ["Which?"]}


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


@pytest.mark.parametrize("step", ["write_bytes", "write_text", "replace"])
def test_a_copy_that_was_interrupted_is_made_again(
    launch: ModuleType, notebooks: Path, work: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def interrupted(self: Path, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            launch.copy_notebooks(notebooks, work)
    change(notebooks / "01_first.ipynb", "a new version")
    copies = launch.copy_notebooks(notebooks, work)
    assert sources(work / "01_first.ipynb") == ["a new version"]
    assert copies.newer == []


def test_the_learner_starts_at_the_first_notebook_and_goes_on_where_they_left_off(
    launch: ModuleType, notebooks: Path, work: Path
) -> None:
    copies = launch.copy_notebooks(notebooks, work)
    assert launch.where_to_start(copies) == work / "01_first.ipynb"
    change(work / "02_second.ipynb", "begun")
    copies = launch.copy_notebooks(notebooks, work)
    assert launch.where_to_start(copies) == work / "02_second.ipynb"
    assert launch.where_to_start(launch.Copies(work)) is None


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
    base, token = link.split("lab/tree/01_first.ipynb?token=")

    with urllib.request.urlopen(link, timeout=PATIENCE) as page:
        assert "custom/custom.css" in page.read().decode()
    style = f"{base}custom/custom.css?token={token}"
    with urllib.request.urlopen(style, timeout=PATIENCE) as answer:
        assert "overflow-wrap: anywhere" in answer.read().decode()
    # Jupyter's question about news would be the first thing that a learner sees.
    notification = f"{base}lab/api/settings/@jupyterlab/apputils-extension:notification"
    with urllib.request.urlopen(f"{notification}?token={token}", timeout=PATIENCE) as answer:
        properties = json.load(answer)["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"
    assert properties["checkForUpdates"]["default"] is False

    with urllib.request.urlopen(f"{base}api/contents?token={token}", timeout=PATIENCE) as answer:
        listing = json.load(answer)
    names = {entry["name"] for entry in listing["content"]}
    assert names == {"01_first.ipynb", "02_second.ipynb", "lab", "pictures"}
    assert sources(work / "01_first.ipynb") == ["first"]

    server.send_signal(signal.SIGINT)
    rest, _ = server.communicate(timeout=PATIENCE)
    assert rest == b""
    assert server.returncode == 0
