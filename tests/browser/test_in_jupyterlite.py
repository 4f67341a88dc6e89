"""The core of ``make lite``, with nothing from elsewhere: Python in a page of Chromium.

Pyodide as npm has it, without numpy, pandas and Matplotlib. Everything else of what is published is
there, and jupyterlite.py runs all of it in `make soak`.
"""

import base64
import io
import json
import sys
import zipfile
from collections.abc import Iterator

import pytest

from tests.test_pyodide import copy_packages

from . import chromium
from .jupyterlite import SHEET, Sheet, faults, served
from .laboratory import ROOT

sys.path.insert(0, str(ROOT / "notebooks" / "site"))

import lite


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sheet]:
    """Notebook 00 in a JupyterLite. Its kernel takes long to start: there is one for all tests."""
    if chromium.executable() is None:
        pytest.skip(chromium.MISSING)
    folder = tmp_path_factory.mktemp("core") / "lite"
    try:
        lite.build(folder, core=True)
    except lite.NotFetchedError as error:
        pytest.skip(f"the core of JupyterLite cannot be had: {error}")
    with served(folder) as address, chromium.browser() as browser:
        sheet = Sheet(browser, address, "00_start_here.ipynb")
        sheet.open()
        yield sheet


def run(sheet: Sheet, code: str) -> list[str]:
    """The lines that code prints in the kernel of a notebook, and its error if it ends in one."""
    said: str = sheet.page.evaluate(
        f"""async code => {{
            let said = "";
            const future = {SHEET}.sessionContext.session.kernel.requestExecute({{ code }});
            future.onIOPub = message => {{
                if (message.header.msg_type === "stream") said += message.content.text;
            }};
            const {{ content }} = await future.done;
            return said + (content.status === "error" ? content.traceback.join("\\n") : "");
        }}""",
        code,
    )
    return said.splitlines()


def test_in_a_browser_00_runs_but_for_its_plot(sheet: Sheet) -> None:
    found = faults(sheet.run_all())
    # The plot, and what uses our solution: its notebook imports Matplotlib.
    assert set(found) == {"payoff-work", "draw-sides", "describe-sides"}, found
    assert not sheet.outside
    # As in `make lab`, printed lines break between words.
    pre = "document.querySelector('.jp-OutputArea-output pre')"
    assert sheet.page.evaluate(f"getComputedStyle({pre}).wordBreak") == "normal"


def test_in_a_browser_the_conformance_suite_passes(
    sheet: Sheet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Beside the notebook: where its kernel looks for files is too slow for pytest."""
    packages = tmp_path_factory.mktemp("packages")
    copy_packages(packages)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as suite:
        for path in packages.rglob("*.py"):
            suite.write(path, f"packages/{path.relative_to(packages)}")
        for path in (ROOT / "tests").glob("*.py"):
            suite.write(path, f"suite/tests/{path.name}")
    page = sheet.page.context.new_page()
    page.goto(
        f"{sheet.address}jupyter-lite.json"
    )  # a page of the same host that does nothing itself
    said = page.evaluate(
        """async ([pyodideAt, suite, code]) => {
            const { loadPyodide } = await import(pyodideAt);
            const said = [];
            const pyodide = await loadPyodide({
                packages: ["priority-sched"], stdout: line => said.push(line)});
            const bytes = Uint8Array.from(atob(suite), c => c.charCodeAt(0));
            pyodide.unpackArchive(bytes, "zip", { extractDir: "/" });
            pyodide.runPython(code);
            return said;
        }""",
        [
            f"{sheet.address}static/pyodide/pyodide.mjs",
            base64.b64encode(archive.getvalue()).decode(),
            (ROOT / "tests" / "pyodide" / "conformance.py").read_text(encoding="utf-8"),
        ],
    )
    page.close()
    ends = json.loads(said[-1])
    assert ends.get("failed", 0) == 0, "\n".join(said)
    # What needs numpy, pandas or threads is little; most of the suite must have run.
    assert ends.get("passed", 0) > 10 * ends.get("skipped", 0), said


def test_in_a_browser_what_needs_threads_says_so_in_one_sentence(sheet: Sheet) -> None:
    started = "from lab.threads import run_threads\nrun_threads(print, 2)\nwere = 2"
    said = " ".join(run(sheet, started))
    assert said.startswith("This cell needs threads, and Python in a browser has none. Nothing is")
    said = " ".join(run(sheet, "were + 1"))
    assert said.startswith("This cell needs were, of a cell above that needs threads. Nothing is")
    assert "Traceback" in run(sheet, "anything_else")[1]
    for process in ("import os; os.fork()", "import subprocess; subprocess.run('ls')"):
        said = " ".join(run(sheet, process))
        assert said.startswith("This cell needs processes, and Python in a browser has none. Noth")
    assert run(sheet, "were = 3; print(were)") == ["3"]


def test_in_a_browser_a_notebook_that_is_deleted_is_as_it_was(sheet: Sheet) -> None:
    cells = sheet.page.evaluate(
        """async path => {
            const files = window.jupyterapp.serviceManager.contents;
            const cells = async () =>
                (await files.get(path, {content: true, type: "notebook"})).content.cells.length;
            const said = [await cells()];
            const sheet = await files.get(path, {content: true, type: "notebook"});
            sheet.content.cells = [];
            await files.save(path, sheet);
            said.push(await cells());
            await files.delete(path);
            return [...said, await cells()];
        }""",
        "02_delayed_tasks.ipynb",
    )
    assert cells[0] > 30
    assert cells[1:] == [0, cells[0]]
