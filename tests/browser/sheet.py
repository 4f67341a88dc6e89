"""One notebook on the screen: keys and the mouse, and what is to be seen."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ElementHandle, Page

from .laboratory import Laboratory

PATIENCE = 180  # seconds for one cell, on a machine that may be busy with other things
SIZE = {"width": 1280, "height": 1500}
# Panels are made as they are looked at: a cell far from the view has no element on the page. What
# it holds is asked of JupyterLab itself.
NOTEBOOK = "window.jupyterapp.shell.currentWidget.content"
STATE = f"""n => {{
    const notebook = {NOTEBOOK}, model = notebook.widgets[n].model;
    return {{count: model.executionCount ?? null, state: model.executionState ?? "idle"}};
}}"""
OUTPUTS = f"""n => {{
    const outputs = {NOTEBOOK}.widgets[n].model.outputs;
    return outputs ? outputs.toJSON() : [];
}}"""
VIEW = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer"
# Text whose colour is hardly another one than what is behind it (WCAG's ratio, under 3 to 1).
# (A traceback is coloured by JupyterLab itself; which line matters is told beside it.)
FAINT = """() => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = element => {
        for (let e = element; e; e = e.parentElement) {
            const colour = numbers(getComputedStyle(e).backgroundColor);
            if (colour.length < 4 || colour[3] > 0.5) return colour;
        }
        return [255, 255, 255];
    };
    const parts = ".jp-Notebook .jp-RenderedMarkdown *, .jp-Notebook .jp-OutputArea-output *";
    const faint = [];
    for (const element of document.querySelectorAll(parts)) {
        const said = [...element.childNodes].filter(node => node.nodeType === 3)
            .map(node => node.textContent.trim()).join(" ").trim();
        const traceback = element.closest("[data-mime-type='application/vnd.jupyter.stderr']");
        if (!said || traceback || !element.checkVisibility()) continue;
        const [a, b] = [numbers(getComputedStyle(element).color), behind(element)].map(light);
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 3) faint.push(`can hardly be read (${ratio.toFixed(1)} to 1): ` + said);
    }
    return faint;
}"""
DEAD = ("Error displaying widget", "Loading widget", "VBox(children", "interactive(children")


class Sheet:
    """A notebook that is open in a browser."""

    def __init__(self, lab: Laboratory, browser: Browser, notebook: str) -> None:
        self.lab, self.notebook = lab, notebook
        self.faults: list[str] = []
        self.soon_is = 60.0  # seconds for what a click or a key must show
        self.page: Page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
        self.page.set_default_timeout(PATIENCE * 1000)
        self.page.on("pageerror", lambda error: self.faults.append(f"the page says {error}"))

    def open(self) -> None:
        """Open it, and wait until it can be used: the page says so before its kernel is there."""
        self.page.goto(self.lab.link(self.notebook), wait_until="domcontentloaded")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")
        self.page.wait_for_function(f"{NOTEBOOK}?.model?.cells?.length > 0")
        self._wait(lambda: self.lab.kernels(self.notebook) == ["idle"], "no kernel")
        self._wait(lambda: self._ready(), "the page has no kernel")

    def _ready(self) -> bool:
        status = "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"
        return bool(self.page.evaluate(status) == "idle")

    def close(self) -> None:
        self.page.close()

    def _wait(self, done: Callable[[], object], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            said = self.dialog()
            if said or time.monotonic() > deadline:
                raise TimeoutError(f"{self.notebook}: {otherwise}; {said or 'no dialog'}")
            self.page.wait_for_timeout(50)

    # --- keys and mouse ---------------------------------------------------------------------------

    @property
    def active(self) -> int:
        """The number of the cell that a key would act on."""
        return int(self.page.evaluate(f"{NOTEBOOK}.activeCellIndex"))

    def count(self, n: int) -> int | None:
        """The number in the brackets of a code cell."""
        number: int | None = self.page.evaluate(STATE, n)["count"]
        return number

    def run(self, keys: str = "Shift+Enter") -> int:
        """Run the active cell as a learner does, and wait until it is done; which one it was."""
        n = self.active
        before = self.count(n)
        is_code = self.page.evaluate(f"n => {NOTEBOOK}.widgets[n].model.type === 'code'", n)
        self.page.keyboard.press(keys)
        if is_code:
            self._wait(lambda: self._are_done([n], [before]), f"cell {n} does not end")
        return n

    def _are_done(self, cells: list[int], before: list[int | None]) -> bool:
        """Whether these cells have run, each of which had a number or none."""
        for n, number in zip(cells, before, strict=True):
            now = self.page.evaluate(STATE, n)
            if now["count"] in (None, number) or now["state"] != "idle":
                return False
        return self.lab.kernels(self.notebook) == ["idle"]

    def run_all(self, code: list[int]) -> None:
        """Run > Run All Cells, in the menu. code: the numbers of the code cells."""
        before = [self.count(n) for n in code]
        self.page.click("#jp-MainMenu li:has(div.lm-MenuBar-itemLabel:text-is('Run'))")
        self.page.click("li.lm-Menu-item[data-command='runmenu:run-all']")
        self._wait(lambda: self._are_done(code, before), "Run All does not end")

    def cell(self, n: int) -> ElementHandle:
        """A cell on the page, scrolled to."""
        self.page.evaluate(f"n => {NOTEBOOK}.scrollToItem(n)", n)
        self._wait(
            lambda: self.page.evaluate(f"n => {NOTEBOOK}.widgets[n].node.isConnected", n),
            f"cell {n} is not on the page",
        )
        found = self.page.evaluate_handle(f"n => {NOTEBOOK}.widgets[n].node", n).as_element()
        assert found is not None
        return found

    def part(self, n: int, selector: str, place: int = 0) -> ElementHandle:
        """A part of a cell; waits until it is there."""

        def found() -> ElementHandle | None:
            parts = self.cell(n).query_selector_all(selector)
            return parts[place] if len(parts) > place else None

        self._wait(lambda: found() is not None, f"cell {n} has no {selector} ({place})")
        part = found()
        assert part is not None
        return part

    def parts(self, n: int, selector: str) -> list[ElementHandle]:
        return self.cell(n).query_selector_all(selector)

    def select(self, n: int) -> None:
        """Click beside a cell, so that keys act on it."""
        self.cell(n).click(position={"x": 15, "y": 8})
        self.page.keyboard.press("Escape")

    def write(self, n: int, source: str) -> None:
        """Write into a code cell, in place of what is there."""
        self.part(n, ".jp-InputArea-editor .cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def save(self) -> None:
        self.select(0)
        self.page.keyboard.press("Control+s")
        dirty = "window.jupyterapp.shell.currentWidget.context.model.dirty"
        self._wait(lambda: not self.page.evaluate(dirty), "it is not saved")

    # --- what is to be seen -----------------------------------------------------------------------

    def outputs(self, n: int) -> list[dict[str, Any]]:
        """The outputs of a cell, as they would be saved."""
        outputs: list[dict[str, Any]] = self.page.evaluate(OUTPUTS, n)
        return outputs

    def text(self, n: int) -> str:
        """What the outputs of a cell say to the eye."""
        return "\n".join(part.inner_text() for part in self.parts(n, ".jp-OutputArea-output"))

    def soon(self, done: Callable[[], object]) -> bool:
        """Whether something comes true, now or soon."""
        deadline = time.monotonic() + self.soon_is
        while not done():
            if time.monotonic() > deadline:
                return False
            self.page.wait_for_timeout(50)
        return True

    def sees(self, n: int, words: str) -> bool:
        """Whether these words can be read in the outputs of a cell, now or soon."""
        return self.soon(lambda: words in " ".join(self.text(n).split()))

    def dialog(self) -> str:
        """What a dialog says that stands before the notebook; "" if there is none."""
        said = self.page.evaluate("document.querySelector('.jp-Dialog')?.innerText ?? ''")
        return str(said)

    def has_keys(self) -> bool:
        """Whether what is typed reaches the notebook: whether something in it has the focus."""
        inside = f"{NOTEBOOK}.node.contains(document.activeElement)"
        return bool(self.page.evaluate(inside))

    def look_through(self, shots: Path | None, name: str) -> list[str]:
        """Read the whole notebook, a screenful at a time: dead widgets, and text that is too faint.

        shots: where a picture of each screenful is put.
        """
        wrong: set[str] = set()
        for k in range(100):
            more = self.page.evaluate(
                f"""k => {{
                    const view = document.querySelector("{VIEW}");
                    view.scrollTop = k * (view.clientHeight - 60);
                    return view.scrollTop + view.clientHeight < view.scrollHeight - 4;
                }}""",
                k,
            )
            self.page.wait_for_timeout(600 if shots else 300)
            for part in self.page.query_selector_all(".jp-Notebook .jp-OutputArea-output"):
                said = part.inner_text()
                wrong |= {f"a dead widget: {said[:80]}" for sign in DEAD if sign in said}
            wrong |= {f"{name}: {said[:120]}" for said in self.page.evaluate(FAINT)}
            if shots:
                self.page.screenshot(path=shots / f"{name}-{k:02d}.png")
            if not more:
                break
        return sorted(wrong)

    def picture(self, n: int, shots: Path | None, name: str) -> None:
        """A picture of one cell, if pictures are taken."""
        if shots:
            self.page.wait_for_timeout(300)
            self.cell(n).screenshot(path=shots / f"{name}.png")
