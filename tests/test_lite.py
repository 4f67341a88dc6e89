"""What `make lite` puts together, without building it; tests/browser/jupyterlite.py runs it."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from lab import in_browser
from lab.launch import PAGE
from tests.browser import jupyterlite
from tests.wheel import ROOT

NOTEBOOKS = ROOT / "notebooks"
sys.path.insert(0, str(NOTEBOOKS / "site"))

import lite  # noqa: E402
import running  # noqa: E402


def package(content: bytes, name: str, *depends: str) -> lite.Entry:
    sha256 = hashlib.sha256(content).hexdigest()
    return {"file_name": f"{name}-1-any.whl", "sha256": sha256, "depends": list(depends)}


def lock_file() -> lite.Entry:
    names = [*lite.OF_PYODIDE, *lite.COMPILED]
    packages = {name: package(name.encode(), name) for name in names}
    packages["numpy"] = package(b"numpy", "numpy", "open_blas")
    packages["open-blas"] = package(b"open_blas", "open_blas")
    packages["scipy"] = package(b"scipy", "scipy", "numpy")
    return {"info": {"version": "1.2.3"}, "packages": packages}


def test_what_is_compiled_comes_from_one_place_with_the_hash_of_the_lock_file(
    tmp_path: Path,
) -> None:
    lock = lock_file()
    packages = lite.compiled_packages(lock, tmp_path, None)
    assert set(packages) == set(lock["packages"]) - {"scipy"}
    for name, each in packages.items():
        known = lock["packages"][name]
        assert each["file_name"] == f"{lite.CDN.format(version='1.2.3')}{known['file_name']}"
        assert each["sha256"] == known["sha256"]
    assert not list(tmp_path.iterdir())


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path) -> None:
    lock = lock_file()
    carrier = tmp_path / "carrier.zip"
    with zipfile.ZipFile(carrier, "w") as archive:
        for name, each in lock["packages"].items():
            archive.writestr(f"inside/{each['file_name']}", name.replace("-", "_"))
    packages = lite.compiled_packages(lock, tmp_path, carrier)
    assert (tmp_path / packages["numpy"]["file_name"]).read_bytes() == b"numpy"
    lock["packages"]["open-blas"]["sha256"] = "0" * 64
    with pytest.raises(ValueError, match="open_blas-1-any.whl in .* is not the open-blas of"):
        lite.compiled_packages(lock, tmp_path, carrier)
    lock["packages"]["open-blas"]["file_name"] = "elsewhere.whl"
    with pytest.raises(LookupError, match="there is no elsewhere.whl in"):
        lite.compiled_packages(lock, tmp_path, carrier)


def test_a_name_that_is_missing_is_found_before_a_kernel_waits_for_it() -> None:
    packages = {"numpy": package(b"", "numpy", "open_blas")}
    with pytest.raises(LookupError, match="numpy needs open_blas, which is not in the lock file"):
        lite.complete(packages)
    lite.complete(packages | {"open-blas": package(b"", "open_blas")})


def test_the_kernel_asks_for_nothing_but_what_the_lock_file_names() -> None:
    names = [*lite.OF_PYODIDE, *lite.OF_THE_KERNEL, *lite.PURE]
    # What jupyterlite-pyodide-kernel installs by itself, unless it was loaded before.
    asked = {"ssl", "sqlite3", "ipykernel", "comm", "pyodide_kernel", "jedi", "ipython"}
    assert asked | {"micropip", "piplite"} <= set(names)
    page = lite.page_settings(names)["jupyter-config-data"]
    kernel = page["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    assert kernel["disablePyPIFallback"] is True
    assert kernel["loadPyodideOptions"]["packages"] == names
    # Predictions are where the browser keeps what was changed.
    assert kernel["loadPyodideOptions"]["env"]["SCHED_PROGRESS"].startswith("/drive/")


def test_the_notebooks_there_are_those_that_a_learner_starts_with(tmp_path: Path) -> None:
    lite.learners_files(tmp_path, "o/n")
    there = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.ipynb"))
    ours = [*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("deeper/*.ipynb")]
    assert there == sorted(path.relative_to(NOTEBOOKS).as_posix() for path in ours)
    assert (tmp_path / "glossary.md").exists()
    assert not (tmp_path / "lab").exists()
    for name in there:
        notebook = json.loads((tmp_path / name).read_bytes())
        assert notebook["metadata"]["kernelspec"]["name"] == "python"
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert not any(cell["outputs"] for cell in code)
        assert not any("%pip" in "".join(cell["source"]) for cell in code)
        tags = [tag for cell in code for tag in cell["metadata"].get("tags", [])]
        assert "ci-only" not in tags
        missing = running.BEYOND_A_BROWSER.get(name.removesuffix(".ipynb"))
        top = "".join(notebook["cells"][1]["source"])
        assert (f"Python has no {missing}" in top) == bool(missing)
        binder = f"[on Binder](https://mybinder.org/v2/gh/o/n/HEAD?labpath=notebooks/{name})"
        assert (binder in top) == bool(missing)
        assert ("kept by this browser alone" in top) == (name[:2] in ("00", "10"))


def test_lab_finds_there_what_it_reads(tmp_path: Path) -> None:
    with zipfile.ZipFile(lite.course_wheel(tmp_path)) as wheel:
        names = set(wheel.namelist())
    for place in (
        "notebooks/lab/__init__.py",
        "notebooks/lab/after/01.md",
        "notebooks/01_core_scheduler.ipynb",
        "notebooks/deeper/01_inside_a_heap.ipynb",
        "benchmarks/results/peers.csv",
        "benchmarks/engines.py",
    ):
        assert f"{lite.COURSE}/{place}" in names
    assert not any("__pycache__" in name for name in names)


def test_the_list_of_fonts_takes_the_place_of_that_of_matplotlib(tmp_path: Path) -> None:
    made = lite.fonts(tmp_path)
    assert made["depends"] == ["matplotlib"]  # unpacked after it
    with zipfile.ZipFile(tmp_path / made["file_name"]) as wheel:
        listed = json.loads(wheel.read("matplotlib/fontlist.json"))
    assert listed["_version"] == 330  # what Matplotlib 3.8 looks for
    assert "DejaVu Sans" in {font["name"] for font in listed["ttflist"]}


def test_each_page_looks_as_in_jupyterlab(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    page = tmp_path / "lab" / "index.html"
    page.write_text("<head><title>a</title></head><body></body>")
    lite.use_our_page(tmp_path)
    assert '<link rel="stylesheet" href="../custom.css"></head>' in page.read_text()
    assert (tmp_path / "custom.css").read_bytes() == (PAGE / "custom.css").read_bytes()


def test_in_a_browser_a_loop_that_waits_for_the_time_of_the_process_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stands_still = lambda: 0.0  # noqa: E731
    monkeypatch.setattr(time, "process_time", stands_still)
    monkeypatch.setattr(threading.Thread, "start", threading.Thread.start)  # put back, and so is
    monkeypatch.setattr(os, "fork", os.fork)
    monkeypatch.setattr(subprocess.Popen, "__init__", subprocess.Popen.__init__)
    in_browser.settle("linux")
    assert time.process_time is stands_still
    in_browser.settle("emscripten")
    stop = time.process_time() + 0.001
    while time.process_time() < stop:
        pass
    for start, kind in (
        (lambda: subprocess.run("ls"), OSError),
        (os.fork, OSError),
        (threading.Thread().start, RuntimeError),
    ):
        with pytest.raises(kind, match="Python in a browser has none. Nothing is wrong with it"):
            start()


# -- what the site says


def pathto(page: str, resource: int = 0) -> str:
    return f"../{page}" if resource else f"../{page}.html"


def test_a_notebook_is_linked_to_where_it_runs() -> None:
    plain = running.links("01_a", pathto, in_browser=False, repository="")
    assert plain == (
        "Nothing runs on this page. To answer, and to write your own: "
        '<a href="../guide/start.html">open it on your machine</a>.'
    )
    said = running.links("01_a", pathto, in_browser=True, repository="o/n")
    link = '<a href="../lite/notebooks/index.html?path=01_a.ipynb">'
    assert f"{link}Run it in your browser</a>: nothing" in said
    assert "binder" not in said
    here = '<a href="../guide/start.html">on your machine</a>'
    assert running.where("01_a", pathto, in_browser=False) == here
    both = running.where("01_a", pathto, in_browser=True)
    assert both == f"{link}in your browser</a> or {here}"


def test_the_first_page_leads_to_the_first_notebook() -> None:
    assert 'href="../lite/notebooks/index.html?path=00_start_here.ipynb"' in running.front(pathto)
    assert (NOTEBOOKS / "00_start_here.ipynb").exists()


def test_what_does_not_run_in_a_browser_is_what_the_site_says() -> None:
    found = {name.removesuffix(".ipynb") for name in jupyterlite.OTHERWISE}
    assert found == set(running.BEYOND_A_BROWSER)


def test_what_a_browser_cannot_do_is_said_and_linked_to_where_it_can_be_done() -> None:
    for page, missing in running.BEYOND_A_BROWSER.items():
        assert (NOTEBOOKS / f"{page}.ipynb").exists()
        said = running.links(page, pathto, in_browser=True, repository="o/n")
        assert f"Run it in your browser</a>, but for its {missing}." in said
        assert f"https://mybinder.org/v2/gh/o/n/HEAD?labpath=notebooks/{page}.ipynb" in said
