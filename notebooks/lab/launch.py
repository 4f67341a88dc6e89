"""Opens JupyterLab on the learner's own copies of the notebooks: `make lab`.

A learner writes into notebooks, and must not break the checkout by it. So JupyterLab opens `work/`,
which git ignores. A copy starts afresh: without outputs, which would answer what it asks, and
without what only CI needs. Once its cells are changed it is the learner's, and never overwritten; a
newer original is put beside it. Until then it is replaced by a newer one. What supports the
notebooks (this folder, pictures) is no one's own work and is refreshed each time.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import sys
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import quote

NOTEBOOKS = Path(__file__).resolve().parents[1]
WORK = NOTEBOOKS.parent / "work"


# What no learner opens: the pages of the site (each index.md too), and what pytest reads.
NOT_FOR_LEARNERS = ("site", "guide", "conftest.py", "teachers.md")
WIDGET = "application/vnd.jupyter.widget-view+json"
RECORD = ".copied.json"  # in work/: what each copy was when it was made
PAGE = Path(__file__).resolve().with_name("page")  # with the custom.css of JupyterLab's page
FORM, KEY = 2, "sched_form"  # in a copy's metadata; one more where older copies no longer run


def fresh(original: bytes) -> bytes:
    """A notebook as a learner starts it: nothing run, and no cell that only CI needs."""
    try:
        notebook = json.loads(original)
        cells = [c for c in notebook["cells"] if "ci-only" not in c["metadata"].get("tags", [])]
    except (ValueError, KeyError, TypeError, AttributeError):
        return original  # no notebook that we know
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    notebook["cells"] = cells
    notebook.setdefault("metadata", {}).pop("widgets", None)
    notebook["metadata"][KEY] = FORM
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def mark(notebook: bytes) -> str:
    """What tells whether a notebook was changed: its cells' sources, and not what they showed."""
    try:
        cells = json.loads(notebook)["cells"]
        sources = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
    except (ValueError, KeyError, TypeError):
        return hashlib.sha256(notebook).hexdigest()
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


class Copies:
    """The learner's notebooks, and what is known about them."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.all: list[Path] = []
        self.newer: list[tuple[Path, Path]] = []  # a changed copy, and the newer one beside it
        self._changed: set[Path] = set()
        try:
            kept = json.loads((work / RECORD).read_bytes())
            self._marks = {str(k): str(v) for k, v in kept.items()}
        except (OSError, ValueError, AttributeError):
            self._marks = {}

    def bring(self, original: Path, copy: Path) -> None:
        """Make a copy, replace it by a newer original, or put the newer one beside it."""
        new = fresh(original.read_bytes())
        self.all.append(copy)
        if not copy.exists():
            self._write(copy, new)
            return
        there, made = mark(copy.read_bytes()), self._mark_of(copy)
        if there == mark(new):
            self._note(copy, there)  # nothing to do, however it came about
        elif there == made:
            self._write(copy, new)
        else:
            self._changed.add(copy)
            if mark(new) != made:
                self._put_beside(copy, new)

    def is_changed(self, copy: Path) -> bool:
        return copy in self._changed

    def _put_beside(self, copy: Path, new: bytes) -> None:
        number = 1
        while True:
            count = f" {number}" if number > 1 else ""
            beside = copy.with_name(f"{copy.stem} (new{count}).ipynb")
            if not beside.exists() or mark(beside.read_bytes()) in (
                mark(new),
                self._mark_of(beside),
            ):
                break
            number += 1  # this one was changed too
        if not beside.exists() or mark(beside.read_bytes()) != mark(new):
            self._write(beside, new)
        self.newer.append((copy, beside))

    def _write(self, copy: Path, content: bytes) -> None:
        copy.parent.mkdir(parents=True, exist_ok=True)
        # Under another name first: half a notebook, left by Ctrl-C, would never be replaced.
        unfinished = copy.with_name(f".{copy.name}.unfinished")
        unfinished.write_bytes(content)
        # The mark first, too: a copy without one would count as changed for ever.
        self._note(copy, mark(content))
        unfinished.replace(copy)

    def _mark_of(self, copy: Path) -> str | None:
        return self._marks.get(copy.relative_to(self.work).as_posix())

    def _note(self, copy: Path, value: str) -> None:
        place = copy.relative_to(self.work).as_posix()
        if self._marks.get(place) != value:
            self._marks[place] = value
            unfinished = self.work / f"{RECORD}.unfinished"
            unfinished.write_text(json.dumps(self._marks, indent=1) + "\n", encoding="utf-8")
            unfinished.replace(self.work / RECORD)


def copy_notebooks(source: Path, work: Path) -> Copies:
    """Bring `work` up to date with `source`; return the learner's notebooks, in order.

    Raises FileExistsError if `work` is not a folder.
    """
    work.mkdir(parents=True, exist_ok=True)
    copies = Copies(work)
    for path in sorted(source.rglob("*")):
        place = path.relative_to(source)
        made_by_a_run = any(part.startswith((".", "__pycache__")) for part in place.parts)
        made_by_a_run |= place.parts[0] == "progress"  # of whoever ran the originals
        not_for_them = place.parts[0] in NOT_FOR_LEARNERS or place.name == "index.md"
        if made_by_a_run or not_for_them or not path.is_file():
            continue
        copy = work / place
        if path.suffix == ".ipynb":
            copies.bring(path, copy)
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        unfinished = copy.with_name(f".{copy.name}.unfinished")
        shutil.copyfile(path, unfinished)
        unfinished.replace(copy)
    return copies


def set_aside(work: Path, number: str) -> list[Path]:
    """Rename the copies of a notebook ("01"), so that the next ones are fresh; the new names."""
    renamed = []
    for copy in sorted(work.rglob(f"{number}_*.ipynb")):
        if "(" in copy.stem or ".ipynb_checkpoints" in copy.parts:
            continue
        aside, count = copy.with_name(f"{copy.stem} (mine).ipynb"), 2
        while aside.exists():
            aside = copy.with_name(f"{copy.stem} (mine {count}).ipynb")
            count += 1
        renamed.append(copy.rename(aside))
    return renamed


def where_to_start(copies: Copies) -> Path | None:
    """The notebook that the learner saved last; the first one on the first evening."""
    begun = [copy for copy in copies.all if copies.is_changed(copy)]
    if begun:
        return max(begun, key=lambda copy: copy.stat().st_mtime)
    return copies.all[0] if copies.all else None


def has_browser() -> bool:
    """Whether a browser could open a window here; one in the terminal would hide the link."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def settings(work: Path, start: Path | None) -> list[str]:
    """JupyterLab's options: one folder, and a log of errors alone."""
    options = [
        f"--ServerApp.root_dir={work}",
        # A token that is given is not printed by Jupyter, which would print three links.
        f"--IdentityProvider.token={secrets.token_hex(16)}",
        f"--ServerApp.open_browser={has_browser()}",
        "--Application.log_level=ERROR",
        # Otherwise each kernel warns that it could be overheard.
        "--KernelManager.transport_encryption=auto",
        "--LabApp.custom_css=True",
    ]
    if start is not None:
        options.append(
            f"--LabApp.default_url=/lab/tree/{quote(start.relative_to(work).as_posix())}"
        )
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # in a container everyone is root
    return options


def silence_pop_ups(work: Path) -> None:
    """Keep JupyterLab from asking about news and updates: no option does it, only a setting.

    What the learner chooses in JupyterLab's own settings still counts more.
    """
    config = work / ".jupyter"
    overrides = config / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True, exist_ok=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    overrides.write_text(json.dumps({"@jupyterlab/apputils-extension:notification": quiet}))
    more = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join([str(config), *([more] if more else [])])


def keep_no_dead_widgets(model: dict[str, Any], **_: Any) -> None:
    """Save the plain form of a question, not its buttons: reopened, they would do nothing."""
    if model.get("type") != "notebook":
        return
    for cell in model["content"]["cells"]:
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            if WIDGET not in shown or "text/plain" not in shown:
                continue
            del shown[WIDGET]
            if re.match(r"\w+\(children=", "".join(shown["text/plain"])):  # as ipywidgets has it
                shown["text/plain"] = "A slider: run this cell to move it."


def serve(work: Path, start: Path | None, more: list[str]) -> None:
    """Serve `work` until Ctrl-C. Jupyter takes the next free port where 8888 is in use."""
    # JupyterLab takes a second to import: not before the copies are made.
    from jupyterlab.labapp import LabApp

    # `!pip` in a notebook and the terminals should use this environment, activated or not.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    silence_pop_ups(work)
    # Jupyter's libraries warn about each other; a learner can do nothing about it. Here alone:
    # the kernels, which are other processes, go on warning about the learner's own code.
    warnings.simplefilter("ignore")
    server: Any = LabApp.initialize_server(argv=[*settings(work, start), *more])
    server.contents_manager.register_pre_save_hook(keep_no_dead_widgets)
    # Where the page's custom.css is looked for; no option says it.
    server.web_app.settings["static_custom_path"].insert(0, str(PAGE))

    def stop(*_: object) -> None:
        server.stop(from_signal=True)

    # Jupyter's own handler asks "are you sure?" and waits: Ctrl-C is the answer.
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    # Jupyter binds its port in the first turn of the loop: the link must not come before.
    server.io_loop.add_callback(print_link, server, work)
    server.start()


def print_link(server: Any, work: Path) -> None:
    """The one thing that a learner needs to see."""
    # Jupyter hides a token that it did not make up itself, so the link is put together here.
    token = server.identity_provider.token
    link = server.local_url.partition("?")[0] + (f"?token={token}" if token else "")
    print("\nJupyterLab is ready. If it has not opened in a browser, open this link:\n")
    print(f"    {link}\n")
    print(f"Your notebooks are in {work.name}/. What you have changed is never overwritten.")
    print('For a fresh copy of one, such as 01: make lab ARGS="--fresh 01" (yours is renamed).')
    print("Ctrl-C ends JupyterLab.", flush=True)


def main() -> int:
    """Copy, then serve; options of JupyterLab may follow on the command line.

    `--fresh 01` renames the learner's copy of a notebook first, so that a fresh one is made.
    """
    more = sys.argv[1:]
    try:
        while "--fresh" in more:
            place = more.index("--fresh")
            number = more[place + 1] if place + 1 < len(more) else ""
            renamed = set_aside(WORK, number) if number.isdigit() else []
            for path in renamed:
                print(f"Your copy is now called {path.name}.")
            if not renamed:
                print(f"make lab: there is no copy of a notebook {number or '(which?)'}.")
            del more[place : place + 2]
        copies = copy_notebooks(NOTEBOOKS, WORK)
    except OSError as error:
        print(f"make lab: cannot copy the notebooks: {error}", file=sys.stderr)
        return 1
    for copy, beside in copies.newer:
        print(f"{copy.name} is yours and stays; there is a newer one beside it: {beside.name}")
    sys.stdout.flush()
    serve(WORK, where_to_start(copies), more)
    return 0


if __name__ == "__main__":
    sys.exit(main())
