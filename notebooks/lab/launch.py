"""Opens JupyterLab on the learner's own copies of the notebooks: `make lab`.

A learner writes into notebooks, and must not break the checkout by it. So JupyterLab opens `work/`,
which git ignores. A notebook is copied there once, and then it is the learner's: never overwritten.
What supports the notebooks (this folder, pictures) is no one's own work and is refreshed each time.
"""

import json
import os
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


def copy_notebooks(source: Path, work: Path) -> list[Path]:
    """Bring `work` up to date with `source`; return the learner's notebooks, in order.

    Notebooks that are there already stay as they are; everything else is replaced.
    Raises FileExistsError if `work` is not a folder.
    """
    work.mkdir(parents=True, exist_ok=True)
    copies = []
    for path in sorted(source.rglob("*")):
        place = path.relative_to(source)
        made_by_a_run = any(part.startswith((".", "__pycache__")) for part in place.parts)
        made_by_a_run |= place.parts[0] == "progress"  # of whoever ran the originals
        if made_by_a_run or not path.is_file():
            continue
        copy = work / place
        is_notebook = path.suffix == ".ipynb"
        if is_notebook:
            copies.append(copy)
            if copy.exists():
                continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        # Under another name first: half a notebook, left by Ctrl-C, would never be replaced.
        unfinished = copy.with_name(f".{copy.name}.unfinished")
        shutil.copyfile(path, unfinished)
        unfinished.replace(copy)
    return copies


def where_to_start(source: Path, work: Path, copies: list[Path]) -> Path | None:
    """The notebook that the learner saved last; the first one on the first evening."""
    begun = [c for c in copies if c.read_bytes() != (source / c.relative_to(work)).read_bytes()]
    if begun:
        return max(begun, key=lambda copy: copy.stat().st_mtime)
    return copies[0] if copies else None


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
    print(f"Your notebooks are in {work.name}/ and are never overwritten.")
    print("For a fresh copy of one, rename yours and come back.")
    print("Ctrl-C ends JupyterLab.", flush=True)


def main() -> int:
    """Copy, then serve; options of JupyterLab may follow on the command line."""
    try:
        copies = copy_notebooks(NOTEBOOKS, WORK)
    except OSError as error:
        print(f"make lab: cannot copy the notebooks: {error}", file=sys.stderr)
        return 1
    serve(WORK, where_to_start(NOTEBOOKS, WORK, copies), sys.argv[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
