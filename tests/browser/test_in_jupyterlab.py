"""Each notebook in a real JupyterLab, from a learner's fresh copy (see the package).

`make test` runs three of them where there is a Chromium; `make browser` and `make soak` run all.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser

from tests.test_notebook_rules import DEEPER, NOTEBOOKS, STORED, code, text

from . import chromium
from .laboratory import ROOT, Laboratory, laboratory
from .learner import Learner
from .marking import saved_faults, tags_by_id
from .sheet import Sheet

# Those that are soonest done.
FEW = ("deeper/04_twice",)
FEW_AT_ONCE = ("deeper/00_night_watch", "deeper/07_checksums")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, few in (("by_hand", FEW), ("at_once", FEW_AT_ONCE)):
        if name in metafunc.fixturenames:
            every = [path.relative_to(NOTEBOOKS) for path in (*STORED, *DEEPER)]
            if not metafunc.config.getoption("--every-notebook"):
                every = [path for path in every if path.with_suffix("").as_posix() in few]
            ids = [path.with_suffix("").as_posix() for path in every]
            metafunc.parametrize(name, every, ids=ids)


@pytest.fixture(scope="module")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    if chromium.executable() is None:
        if pytestconfig.getoption("--every-notebook"):
            pytest.fail(chromium.MISSING)
        pytest.skip(chromium.MISSING)
    with chromium.browser() as running:
        yield running


@pytest.fixture
def shots(pytestconfig: pytest.Config) -> Path | None:
    """Where pictures are put: nowhere, if nobody asks for them."""
    folder = pytestconfig.getoption("--shots")
    if not folder:
        return None
    where = Path(folder).resolve()
    where.mkdir(parents=True, exist_ok=True)
    return where


def by_keys_and_mouse(
    lab: Laboratory, browser: Browser, place: Path, shots: Path | None = None, soon: float = 60
) -> list[str]:
    """What goes wrong in the light theme, and opened again in the dark one, without its kernel."""
    notebook = place.as_posix()
    lab.use_theme("light")
    sheet = Sheet(lab, browser, notebook)
    sheet.soon_is = soon
    learner = Learner(sheet, lab.work / place, shots)
    sheet.open()
    learner.works_through()
    sheet.save()
    faults = [*learner.faults, *saved_faults(lab.saved(notebook), tags_by_id(learner.cells))]
    faults += sheet.look_through(shots, f"{place.stem}-light")
    sheet.close()
    lab.stop_kernels()
    lab.use_theme("dark")
    again = Sheet(lab, browser, notebook)
    again.open()
    faults += again.look_through(shots, f"{place.stem}-dark")
    again.close()
    return [*faults, *sheet.faults, *again.faults]


def test_a_notebook_is_worked_through_with_keys_and_mouse(
    by_hand: Path, browser: Browser, shots: Path | None, tmp_path: Path
) -> None:
    with laboratory(tmp_path) as lab:
        faults = by_keys_and_mouse(lab, browser, by_hand, shots)
    assert not faults, "\n" + "\n".join(faults)


def test_a_notebook_is_run_at_once_and_then_answered(
    at_once: Path, browser: Browser, shots: Path | None, tmp_path: Path
) -> None:
    """Run All first, in the dark theme; the answers given afterwards count."""
    notebook = at_once.as_posix()
    with laboratory(tmp_path) as lab:
        lab.use_theme("dark")
        sheet = Sheet(lab, browser, notebook)
        learner = Learner(sheet, lab.work / at_once)
        sheet.open()
        learner.runs_all(shots)
        sheet.save()
        faults = [*learner.faults, *saved_faults(lab.saved(notebook), tags_by_id(learner.cells))]
        faults += sheet.faults
        sheet.close()
    assert not faults, "\n" + "\n".join(faults)


# -- the tests above can fail

WITHOUT_BUTTONS = "import lab.asking\nlab.asking.widgets = lambda: None"
FAINT = (
    "from IPython.display import HTML\nHTML('<p style=\"color: gray; background: gray\">dim</p>')"
)
ORPHAN = """\
view = {"version_major": 2, "version_minor": 0, "model_id": "nobody"}
display({"application/vnd.jupyter.widget-view+json": view}, raw=True)
"""
WRONG = [
    (text("# Wrong"), ""),
    (code("from lab import explain, predict, reveal"), ""),
    (code("1 / 0", "raises-exception"), ""),
    (code("2 / 0"), "cell '2 / 0' raises ZeroDivisionError"),
    (code("import sys\nprint('careful', file=sys.stderr)"), "writes to stderr: careful"),
    (code("from ipywidgets import IntSlider\nIntSlider()"), "its slider was moved, and shows the"),
    (code(ORPHAN), "holds a widget, which is dead when it is opened again"),
    (code(FAINT), "wrong-light: can hardly be read (1.0 to 1): dim"),
    (code(WITHOUT_BUTTONS), ""),
    (code('predict("01-a", choices=[1, 2])'), "01-a has no buttons"),
    (code('reveal("01-a", 1)'), "says 'Not predicted'"),
]


def test_what_goes_wrong_in_jupyterlab_is_found(browser: Browser, tmp_path: Path) -> None:
    place = Path("01_wrong.ipynb")
    with laboratory(tmp_path) as lab:
        cells = [cell for cell, _ in WRONG]
        python = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=python), lab.work / place)
        faults = by_keys_and_mouse(lab, browser, place, soon=1)
    for _, said in WRONG:
        assert any(said in fault for fault in faults), (said, faults)
    assert any("a dead widget: Error displaying widget" in fault for fault in faults), faults
    assert not any("1 / 0" in fault for fault in faults)


def test_one_line_says_that_there_is_no_browser() -> None:
    command = [sys.executable, "-m", "tests.browser"]
    done = subprocess.run(
        command, cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, f"make browser: {chromium.MISSING}\n")
