"""The notebooks in the browser, with nothing installed: ``make lite`` puts them beside the site.

    python notebooks/site/lite.py FOLDER [--wheels FILE_OR_FOLDER | --core]

FOLDER becomes a JupyterLite, whose kernel is Python in WebAssembly (Pyodide). It holds

the notebooks  as a learner starts them (lab.launch.fresh); what is changed stays in the browser
Pyodide        as npm has it, checked by the hashes in pyodide/package-lock.json
ours           the package's own wheel, and `lab` in another, with what it reads
a lock file    the one of Pyodide, less what no notebook needs, more ours. Pyodide loads nothing
               else, and nothing whose sha256 is not the one that stands there

What Pyodide's makers have built (numpy, pandas, matplotlib) is loaded from their CDN, by the
addresses and hashes in the lock file: nothing of it is kept here. With --wheels it is copied from a
folder or a zip file that holds the same files, and the site loads nothing from elsewhere. With
--core there is none of it: what is pure Python comes from this environment, and plots do not work.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NOTEBOOKS = HERE.parent
ROOT = NOTEBOOKS.parent
KEPT = ROOT / "build" / "lite"  # what was fetched
sys.path[:0] = [str(HERE), str(NOTEBOOKS)]

from npm import MISSING, find_node, said  # noqa: E402
from running import BEYOND_A_BROWSER, on_binder  # noqa: E402

from lab.launch import PAGE, copy_notebooks, fresh  # noqa: E402

CDN = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"
CORE = ("pyodide.js", "pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
WIDGETS: dict[str, Any] = {
    "name": "jupyterlab-widgets",
    "version": "3.0.15",
    "file_name": "jupyterlab_widgets-3.0.15-py3-none-any.whl",
}
EXTENSIONS = Path(sys.prefix) / "share" / "jupyter" / "labextensions"
KERNEL = "@jupyterlite/pyodide-kernel-extension"

# What the kernel asks for by itself (it waits for ever for what the lock file does not name), and
# what the notebooks import: all of it is loaded at once, before the first cell.
OF_THE_KERNEL = ["ipykernel", "piplite", "pyodide_kernel", "widgetsnbextension"]
OF_PYODIDE = ["ipython", "jedi", "micropip", "sqlite3", "ssl"]
COMPILED = ["matplotlib", "numpy", "pandas"]
# For the core: the IPython of Pyodide does not start without sqlite3, which the core has not, and
# the newest no longer does what the kernel asks of it.
IPYTHON: dict[str, Any] = {
    "name": "ipython",
    "version": "9.9.0",
    "imports": ["IPython"],
    "file_name": "ipython-9.9.0-py3-none-any.whl",
}
OF_IPYTHON = ["ipython_pygments_lexers"]
PURE = ["comm", "cronsim", "ipywidgets", "jupyterlab_widgets", "tqdm", "tzdata"]

SITE_PACKAGES = "/lib/python3.12/site-packages"
COURSE = "sched_course"  # a folder in SITE_PACKAGES, laid out as the repository is
ENVIRONMENT = {
    "HOME": "/home/pyodide",
    # No start-up file is read here: ahead of the standard library, the package is found before
    # the module of the same name.
    "PYTHONPATH": f"{SITE_PACKAGES}:{SITE_PACKAGES}/{COURSE}:{SITE_PACKAGES}/{COURSE}/notebooks",
    # In what the browser keeps of this site, so that predictions are there the next day.
    "SCHED_PROGRESS": "/drive/progress",
}

SAID_AT_THE_TOP = (
    "**In a browser** Python has no {}: cells that need them fail, or say what they do instead. "
    "On your own machine, or {}, all of them run."
)
# In the first, where the reader begins to write, and in the last, which ends with a file.
KEPT_HERE = (
    "**In a browser** your files are kept by this browser alone. A click on the logo, at the top "
    "left, lists them. Choose one there to download it, or delete it: a notebook is then as it was."
)
WITH_FILES = ("00_start_here", "10_your_own")

Entry = dict[str, Any]


class NotFetchedError(LookupError):
    """npm or pip cannot be had, or cannot have what is needed."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--wheels", type=Path)
    source.add_argument("--core", action="store_true")
    given = parser.parse_args()
    try:
        build(given.folder, given.wheels, given.core)
    except (LookupError, OSError, ValueError) as error:
        print(f"make lite: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"make lite: {error}\n{error.stdout or ''}{error.stderr or ''}", file=sys.stderr)
        return 1
    return 0


def build(folder: Path, wheels: Path | None = None, core: bool = False) -> None:
    """Make `folder` anew.

    Raises NotFetchedError where npm or pip cannot have something, another LookupError where a wheel
    is missing, ValueError where a hash is wrong.
    """
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch)
        pyodide = source / "static" / "pyodide"
        pyodide.mkdir(parents=True)
        npm = pyodide_of_npm(KEPT / "npm")
        for name in CORE:
            shutil.copy(npm / name, pyodide)
        lock = json.loads((npm / "pyodide-lock.json").read_text(encoding="utf-8"))
        packages = own_packages(pyodide)
        if core:
            packages |= core_packages(lock, pyodide, KEPT / "pure")
        else:
            packages |= compiled_packages(lock, pyodide, wheels)
            packages["sched-fonts"] = fonts(pyodide)
        complete(packages)
        lock["packages"] = {key(name): each for name, each in packages.items()}
        (pyodide / "pyodide-lock.json").write_text(json.dumps(lock, indent=1), encoding="utf-8")
        settings = page_settings(sorted(packages))
        (source / "jupyter-lite.json").write_text(json.dumps(settings), encoding="utf-8")
        # Two settings that no option of the command line sets.
        how = {
            "ignore_sys_prefix": ["federated_extensions"],
            "federated_extensions": [str(path) for path in extensions(KEPT / "pure")],
        }
        (source / "jupyter_lite_config.json").write_text(json.dumps({"LiteBuildConfig": how}))
        learners_files(source / "files", os.environ.get("GITHUB_REPOSITORY", ""))
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "jupyter", "lite", "build"]
        command += ["--lite-dir", str(source), "--output-dir", str(folder.resolve())]
        command += ["--contents", str(source / "files"), "--apps", "notebooks", "--apps", "tree"]
        command += ["--apps", "lab", "--no-sourcemaps", "--no-unused-shared-packages"]
        # Its own settings, not those of whoever builds it.
        own = {"JUPYTER_CONFIG_DIR": str(source / "config"), "JUPYTER_NO_CONFIG": "1"}
        subprocess.run(
            command, cwd=source, env=os.environ | own, check=True, capture_output=True, text=True
        )
    use_our_page(folder)


def use_our_page(folder: Path) -> None:
    """Have each page look as it does in `make lab`."""
    shutil.copy(PAGE / "custom.css", folder)
    for page in folder.glob("*/index.html"):
        whole = page.read_text(encoding="utf-8")
        ours = '<link rel="stylesheet" href="../custom.css"></head>'
        page.write_text(whole.replace("</head>", ours, 1), encoding="utf-8")


def extensions(kept: Path) -> list[Path]:
    """What is added to JupyterLab's own pages: the kernel, and the buttons of ipywidgets.

    Those of this environment need a newer JupyterLab than JupyterLite has.
    """
    fetch([WIDGETS], kept)
    return [EXTENSIONS / KERNEL, kept / WIDGETS["file_name"]]


def page_settings(packages: list[str]) -> dict[str, Any]:
    """What JupyterLite reads as it starts; packages: what the kernel loads before all else.

    They have the names that the kernel has for them: what it finds here it looks for nowhere else.
    """
    kernel = {
        "loadPyodideOptions": {"packages": packages, "env": ENVIRONMENT},
        "disablePyPIFallback": True,
    }
    page = {
        "appName": "sched",
        "exposeAppInBrowser": True,  # a test can ask what has run
        "litePluginSettings": {f"{KERNEL}:kernel": kernel},
    }
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": page}


def pyodide_of_npm(folder: Path) -> Path:
    """Pyodide as npm has it: fetched the first time, and after each change of its lock file."""
    wanted = [HERE / "pyodide" / name for name in ("package.json", "package-lock.json")]
    installed = folder / "installed"
    state = "".join(path.read_text(encoding="utf-8") for path in wanted)
    if not installed.exists() or installed.read_text(encoding="utf-8") != state:
        node = find_node()
        if node is None:
            raise NotFetchedError(MISSING)
        folder.mkdir(parents=True, exist_ok=True)
        for path in wanted:
            shutil.copy(path, folder)
        # ci: exactly what the lock file names, and only if its hash is the one that stands there.
        have(*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
        installed.write_text(state, encoding="utf-8")
    return folder / "node_modules" / "pyodide"


def learners_files(folder: Path, repository: str = "") -> None:
    """The notebooks as a learner starts them, and the pages that they link to.

    repository: "owner/name" on GitHub, from which Binder makes an environment; "" if there is none.
    """
    copy_notebooks(NOTEBOOKS, folder)
    for path in list(folder.iterdir()):
        if path.name.startswith("."):
            path.unlink()
        elif path.is_dir() and path.name not in ("deeper",):
            shutil.rmtree(path)
    for path in folder.rglob("*.ipynb"):
        notebook = json.loads(path.read_bytes())
        notebook["metadata"]["kernelspec"] = {
            "display_name": "Python (Pyodide)",
            "language": "python",
            "name": "python",
        }
        page = path.relative_to(folder).with_suffix("").as_posix()
        said = KEPT_HERE if page in WITH_FILES else ""
        if page in BEYOND_A_BROWSER:
            binder = f"[on Binder]({on_binder(page, repository)})" if repository else "on Binder"
            said = SAID_AT_THE_TOP.format(BEYOND_A_BROWSER[page], binder)
        if said:
            note = {"cell_type": "markdown", "id": "in-a-browser", "metadata": {}, "source": said}
            notebook["cells"].insert(1, note)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")


# --- packages -------------------------------------------------------------------------------------


def own_packages(folder: Path) -> dict[str, Entry]:
    """Ours, the kernel's own, and what is pure Python in this environment and not in Pyodide."""
    packages = {}
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    (sched,) = folder.glob("priority_sched-*.whl")
    packages["priority-sched"] = entry(sched, "priority-sched", ["sched", "_sched_first"])
    packages["sched-course"] = entry(course_wheel(folder), "sched-course", ["lab"])
    for name in OF_THE_KERNEL:
        wheel = sorted((EXTENSIONS / KERNEL / "static/pypi").glob(f"{name}-*.whl"))[-1]
        packages[name] = entry(Path(shutil.copy(wheel, folder)), name, [name])
    for name in PURE:
        packages[name] = pure_package(name, folder)
    return packages


def course_wheel(folder: Path) -> Path:
    """`lab`, and what it reads, laid out as in the repository, where it looks for it."""
    wheel = folder / "sched_course-0-py3-none-any.whl"
    files = {
        path.relative_to(ROOT): path.read_bytes()
        for path in sorted((NOTEBOOKS / "lab").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    for part in ("*.py", "results/*"):
        for path in sorted((ROOT / "benchmarks").glob(part)):
            if not path.name.endswith("_narrow.png"):  # only the site shows these
                files[path.relative_to(ROOT)] = path.read_bytes()
    for path in sorted(NOTEBOOKS.rglob("[0-9][0-9]_*.ipynb")):
        if path.parent in (NOTEBOOKS, NOTEBOOKS / "deeper"):
            files[path.relative_to(ROOT)] = fresh(path.read_bytes())
    # concurrent.futures imports it, of which a notebook names an error.
    files[Path("_multiprocessing.py")] = b'"""Empty: there are no processes in a browser."""\n'
    return pack(wheel, {f"{COURSE}/{place.as_posix()}": files[place] for place in files})


def fonts(folder: Path) -> Entry:
    """The list of Matplotlib's fonts, as Matplotlib makes it in a browser.

    The one that comes with it is of another version there: it would be made anew, and the first
    picture of each notebook would begin with a line that says so. It is unpacked after the other.
    """
    wheel = folder / "sched_fonts-0-py3-none-any.whl"
    pack(wheel, {"matplotlib/fontlist.json": (HERE / "pyodide" / "fontlist.json").read_bytes()})
    return entry(wheel, "sched-fonts", []) | {"depends": ["matplotlib"]}


def pack(wheel: Path, files: dict[str, bytes]) -> Path:
    """Make a wheel of files, with the names that they have in it."""
    name, version, *_ = wheel.name.split("-")
    about = f"{name}-{version}.dist-info"
    project = name.replace("_", "-")
    told = {
        "METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, content in files.items():
            archive.writestr(place, content)
        for place, text in told.items():
            archive.writestr(f"{about}/{place}", text)
    return wheel


def compiled_packages(lock: Entry, folder: Path, wheels: Path | None) -> dict[str, Entry]:
    """What Pyodide's makers built: each with its address on their CDN, or copied from `wheels`."""
    official: dict[str, Entry] = lock["packages"]
    packages = {name: dict(official[name]) for name in closure([*OF_PYODIDE, *COMPILED], official)}
    if wheels is None:
        for each in packages.values():
            each["file_name"] = CDN.format(version=lock["info"]["version"]) + each["file_name"]
        return packages
    files = Files(wheels)
    for name, each in packages.items():
        content = files.read(each["file_name"])
        if hashlib.sha256(content).hexdigest() != each["sha256"]:
            raise ValueError(
                f"{each['file_name']} in {wheels} is not the {name} of Pyodide's lock file"
            )
        (folder / each["file_name"]).write_bytes(content)
    return packages


class Files:
    """The files of a folder or of a zip file, by their names alone."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self._zip = zipfile.ZipFile(where) if where.is_file() else None
        names = self._zip.namelist() if self._zip else [str(p) for p in where.rglob("*")]
        self._places = {name.rpartition("/")[2]: name for name in names}

    def read(self, name: str) -> bytes:
        """Raises LookupError if it is not there."""
        if name not in self._places:
            raise LookupError(f"there is no {name} in {self.where}")
        place = self._places[name]
        return self._zip.read(place) if self._zip else Path(place).read_bytes()


def core_packages(lock: Entry, folder: Path, kept: Path) -> dict[str, Entry]:
    """What the kernel needs that is pure Python: of this environment, as far as it is here."""
    official: dict[str, Entry] = lock["packages"]
    packages: dict[str, Entry] = {}
    elsewhere: dict[str, Entry] = {}
    for name in [*closure({*OF_PYODIDE} - {"jedi"}, official), *OF_IPYTHON, "jedi"]:
        known = official.get(name)
        if name == "ipython":
            elsewhere[name] = IPYTHON
        elif name != "jedi" and (known is None or known["file_name"].endswith("-none-any.whl")):
            try:
                packages[name] = pure_package(name, folder)
            except (PackageNotFoundError, ValueError):  # not here, or compiled
                elsewhere[name] = official[name]
        elif name in OF_PYODIDE:
            # The kernel asks for it by name. It is not in the core, or (jedi, which completes what
            # is typed) takes seconds to import: an import of it fails.
            empty = pack(folder / f"{name}-0-py3-none-any.whl", {})
            packages[name] = entry(empty, name, [])
    fetch([*elsewhere.values(), WIDGETS], kept)  # pip takes a second each time
    for name, known in elsewhere.items():
        wheel = Path(shutil.copy(kept / known["file_name"], folder))
        packages[name] = entry(wheel, known["name"], known["imports"])
    return packages


def fetch(wanted: list[Entry], kept: Path) -> None:
    """Have pip put into a folder what is not there yet, as it is for Pyodide's Python."""
    missing = [known for known in wanted if not (kept / known["file_name"]).exists()]
    if missing:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--python-version=3.12", "--dest", str(kept)]
        have(*command, *(f"{known['name']}=={known['version']}" for known in missing))


def have(*command: str, cwd: Path | None = None) -> None:
    """Run what fetches something. Raises NotFetchedError."""
    try:
        said(*command, cwd=cwd)
    except subprocess.CalledProcessError as error:
        told = " ".join(error.stderr.split())[-300:]
        raise NotFetchedError(f"{' '.join(command)}: {told}") from error


def pure_package(name: str, folder: Path) -> Entry:
    """A wheel of what is installed here. Raises ValueError if it is not pure Python."""
    found = distribution(name)
    if "Root-Is-Purelib: true" not in (found.read_text("WHEEL") or ""):
        raise ValueError(f"{name} is not pure Python")
    wheel = folder / f"{name.replace('-', '_')}-{found.version}-py3-none-any.whl"
    imports = set()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in found.files or []:
            if ".." in file.parts or "__pycache__" in file.parts:
                continue
            archive.write(str(file.locate()), file.as_posix())
            if file.suffix == ".py":
                imports.add(file.parts[0].removesuffix(".py"))
    return entry(wheel, name, sorted(imports), found.version)


def entry(wheel: Path, name: str, imports: list[str], version: str = "") -> Entry:
    """What a lock file says of a wheel."""
    return {
        "depends": [],  # all of these are loaded at once
        "file_name": wheel.name,
        "imports": imports,
        "install_dir": "site",
        "name": name,
        "package_type": "package",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "unvendored_tests": False,
        "version": version or wheel.name.split("-")[1],
    }


def key(name: str) -> str:
    """How a lock file calls a package."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(wanted: Iterable[str], packages: dict[str, Entry]) -> list[str]:
    """These packages and all that they depend on."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = key(waiting.pop())
        if name not in found:
            found.add(name)
            waiting += packages[name]["depends"]
    return sorted(found)


def complete(packages: dict[str, Entry]) -> None:
    """Raises LookupError if one depends on another that is not there: the kernel would hang."""
    for name, each in packages.items():
        for needed in each["depends"]:
            if key(needed) not in {key(n) for n in packages}:
                raise LookupError(f"{name} needs {needed}, which is not in the lock file")


if __name__ == "__main__":
    sys.exit(main())
