"""What a learner does in each cell of a notebook, and what must be seen then.

Everything is done with keys and the mouse: predictions are clicked or typed, each exercise is done
wrong and then right, sliders are moved, threads stepped and undone. What goes wrong is collected.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lab.workshop import asked_name, by_name
from tests.kernels import errors, shown, where
from tests.test_notebook_answers import calls
from tests.test_notebook_rules import Exercise, Notebook, exercises, open_tasks
from tests.test_notebooks_solved import WHOSE, answers

from .marking import a_wrong_answer
from .sheet import Sheet

WIDGET = ".jp-OutputArea-output .jupyter-widgets"
ASKED = ".jp-OutputArea-child:has(.jupyter-widgets)"
RIGHT_ARROW = "ArrowRight"
WORDS = "Because one comes before the other."


class Learner:
    """Somebody who works through one notebook, and notes what goes wrong."""

    def __init__(self, sheet: Sheet, copy: Path, shots: Path | None = None) -> None:
        self.sheet, self.shots = sheet, shots
        self.name = copy.stem
        self.cells: list[NotebookNode] = nbformat.read(copy, as_version=4).cells
        notebook = Notebook(copy.name[:2], self.cells, copy.parent)
        own = (*exercises(notebook), *open_tasks(notebook))
        self.exercises: dict[str, Exercise] = {e.cell.id: e for e in own}
        self.faults: list[str] = []

    @property
    def code(self) -> list[int]:
        return [n for n, c in enumerate(self.cells) if c.cell_type == "code" and c.source.strip()]

    def fault(self, n: int, what: str) -> None:
        self.faults.append(f"{where(self.cells[n])} {what}")

    # --- from the first cell to the last ----------------------------------------------------------

    def works_through(self) -> None:
        """Shift+Enter from the top, doing in each cell what it asks for."""
        self.sheet.select(0)
        while (n := self.sheet.active) <= self.code[-1]:
            self.sheet.run()
            if n not in self.code:
                continue
            self.reads(n)
            next_one = self.does(n) + 1
            if self.sheet.active != next_one or not self.sheet.has_keys():
                if calls(self.cells[n], "predict"):
                    self.fault(n, f"answered: the next key reaches cell {self.sheet.active}")
                self.sheet.select(next_one)
        for n in self.code:
            if calls(self.cells[n], "explain"):
                self.has_said(n)

    def runs_all(self, shots: Path | None = None) -> None:
        """Run All first; then the predictions; then all again, which now compares.

        shots: where pictures are put of what is to be answered, all of it at once.
        """
        self.sheet.run_all(self.code)
        self.faults += self.sheet.look_through(shots, f"{self.name}-at-once")
        for n in self.code:
            self.reads(n)
        for n in self.code:
            self.predicts(n)
        self.sheet.run_all(self.code)
        for n in self.code:
            self.reads(n)
            if "Not predicted" in self.sheet.text(n):
                self.fault(n, "was answered, and says 'Not predicted'")

    def reads(self, n: int) -> None:
        """What a cell shows must be neither an error nor a warning, nor a dialog."""
        outputs = [nbformat.from_dict(output) for output in self.sheet.outputs(n)]
        self.faults += errors(self.cells[n], outputs)
        if said := self.sheet.dialog():
            self.fault(n, f"opens a dialog: {said}")

    def does(self, n: int) -> int:
        """What the cell that has run asks for; the number of the cell that was run last."""
        cell = self.cells[n]
        if cell.id in self.exercises:
            return self.solves(n, self.exercises[cell.id])
        self.predicts(n)
        for function, act in (
            ("explain", self.explains),
            ("practice", self.practises),
            ("turns", self.takes_turns),
        ):
            if calls(cell, function):
                act(n)
        if self.sheet.parts(n, ".widget-slider"):
            self.moves(n, ".noUi-handle", "slider")
        if self.sheet.parts(n, "figure[id^=film-]"):
            self.moves(n, "figure[id^=film-] input", "film")
        if calls(cell, "reveal") and "Not predicted" in self.sheet.text(n):
            self.fault(n, "says 'Not predicted'")
        self.pays_off(n)
        return n

    # --- what a cell asks for ---------------------------------------------------------------------

    def predicts(self, n: int) -> None:
        """Answer each prediction of a cell."""
        asked = [ast.literal_eval(call.args[0]) for call in calls(self.cells[n], "predict")]
        for id_ in asked:
            self.answers(n, id_)
        if asked:
            self.sheet.soon(self.sheet.has_keys)

    def answers(self, n: int, id_: str) -> None:
        """Answer the first prediction that is open: by the mouse, or a number by keys."""
        if not self.sheet.soon(lambda: self.sheet.parts(n, WIDGET)):
            self.fault(n, f"{id_} has no buttons")
            return
        left = len(self.sheet.parts(n, ASKED)) - 1
        self.sheet.picture(n, self.shots, f"{self.name}-{id_}-asked")
        labels = self.sheet.part(n, ASKED).query_selector_all(".widget-radio-box label")
        if labels:
            label = labels[len(id_) % len(labels)]
            said = label.inner_text()
            label.click()
        else:
            said = "50"
            self.sheet.part(n, f"{ASKED} input").click()
            self.sheet.page.keyboard.type(said)
            self.sheet.page.keyboard.press("Enter")
        if not self.sheet.sees(n, f"Predicted: {said}"):
            self.fault(n, f"{id_} was answered by {said!r}, and shows {self.sheet.text(n)!r}")
        if not self.sheet.soon(lambda: len(self.sheet.parts(n, ASKED)) == left):
            self.fault(n, f"{id_} was answered, and its buttons are still there")

    def explains(self, n: int) -> None:
        (id_,) = (ast.literal_eval(call.args[0]) for call in calls(self.cells[n], "explain"))
        self.sheet.part(n, f"{WIDGET} textarea").click()
        self.sheet.picture(n, self.shots, f"{self.name}-{id_}-asked")
        self.sheet.page.keyboard.type(WORDS)
        if not self.sheet.sees(n, "Kept."):
            self.fault(n, "does not say that the words are kept")
        if not self.sheet.soon(lambda: self.kept("words").get(id_) == WORDS):
            self.fault(n, f"keeps {self.kept('words')}")

    def has_said(self, n: int) -> None:
        """Once other cells have run, the words are in what is saved, and still in the text area."""
        if self.sheet.part(n, f"{WIDGET} textarea").input_value() != WORDS:
            self.fault(n, "has lost the words from its text area")
        if WORDS not in str(self.sheet.outputs(n)):
            self.fault(n, "would be saved without the words")

    def kept(self, what: str) -> dict[str, str]:
        found: dict[str, str] = self.sheet.lab.progress(self.name[:2])[what]
        return found

    def practises(self, n: int) -> None:
        """Answer one question; ask for another one, which is not judged yet; and a harder one."""
        sheet = self.sheet
        sheet.part(n, ".widget-radio-box label").click()
        if not sheet.soon(lambda: self.says(n, r"^(Right\.|No: )")):
            self.fault(n, "does not say whether the answer is right")
        sheet.picture(n, self.shots, f"{self.name}-practice-answered")
        for button, says in (("Another one", "Question "), ("hard", "level 3")):
            self.presses(n, button)
            if not sheet.sees(n, says):
                self.fault(n, f"{button!r} asks nothing new")

    def presses(self, n: int, name: str) -> None:
        """Press the button of this name."""
        place = [b.inner_text().strip() for b in self.sheet.parts(n, f"{WIDGET} button")]
        self.sheet.part(n, f"{WIDGET} button", place.index(name)).click()

    def takes_turns(self, n: int) -> None:
        """Step the threads in turn until nothing is left; undo a step; try all orders."""
        taken = 0
        while not self.says(n, r"^(Broken: |Done, )"):
            enabled = self.sheet.parts(n, f"{WIDGET} button:not([disabled])")
            names = [button.inner_text().strip() for button in enabled]
            able = [name for name in names if name.startswith("Thread")]
            wanted = f"Thread {taken % 2 + 1}"
            taken += 1
            if not able or not self.steps(n, wanted if wanted in able else able[0], 1):
                self.fault(n, f"turn {taken} shows no step: {self.sheet.text(n)!r}")
                return
        self.sheet.picture(n, self.shots, f"{self.name}-{self.cells[n].id}-over")
        if not self.steps(n, "Undo", -1):
            self.fault(n, "a step cannot be undone")
        self.presses(n, "Try all orders")
        if not self.sheet.soon(lambda: self.says(n, r"orders(, this one)? breaks? it")):
            self.fault(n, "does not try all orders")

    def says(self, n: int, pattern: str) -> bool:
        return re.search(pattern, self.sheet.text(n), re.M) is not None

    def steps(self, n: int, button: str, more: int) -> bool:
        """Press a button; whether there are so many more steps now, or soon."""

        def shown() -> int:
            return len(re.findall(r"^thread \d+: ", self.sheet.text(n), re.M))

        wanted = shown() + more
        self.presses(n, button)
        return self.sheet.soon(lambda: shown() == wanted)

    def moves(self, n: int, handle: str, what: str) -> None:
        """Move a slider by a key: another picture, and what is said with it."""
        before = self.seen(n)
        self.sheet.picture(n, self.shots, f"{self.name}-{self.cells[n].id}-{what}")
        self.sheet.part(n, handle).focus()
        self.sheet.page.keyboard.press(RIGHT_ARROW)
        if not self.sheet.soon(lambda: self.seen(n) != before):
            self.fault(n, f"its {what} was moved, and shows the same")

    def seen(self, n: int) -> str:
        images = self.sheet.parts(n, ".jp-OutputArea-output img")
        return "".join(str(image.get_attribute("src")) for image in images)

    def pays_off(self, n: int) -> None:
        """What is solved in this notebook is used by its pay-offs."""
        own = {asked_name(by_name()[e.name]) for e in self.solved()}
        outputs = [nbformat.from_dict(output) for output in self.sheet.outputs(n)]
        said = "".join(text for _, text in shown(outputs))
        for name, whose, _ in re.findall(WHOSE, said, re.M):
            if name in own and whose != "yours":
                self.fault(n, f"uses ours for {name}, although it is solved")

    def solved(self) -> Iterator[Exercise]:
        return (e for e in self.exercises.values() if e.name in by_name())

    # --- exercises --------------------------------------------------------------------------------

    def solves(self, n: int, found: Exercise) -> int:
        """Check the stub; do it wrong, and see what the check says; do it right."""
        check = next(m for m in self.code if m > n)
        self.checks(n, check, None, "Not yet: ")
        wrong = a_wrong_answer(found)
        self.checks(n, check, wrong.source, wrong.says)
        self.sheet.picture(check, self.shots, f"{self.name}-{found.name}-wrong")
        self.checks(n, check, answers(found)[0], "Right: ")
        return check

    def checks(self, n: int, check: int, source: str | None, says: str) -> None:
        """Run the cell n with this source, and its check."""
        if source is not None:
            self.sheet.write(n, source)
            self.sheet.run()
            self.reads(n)
        while self.sheet.active < check:
            self.sheet.run()
        self.sheet.run()
        self.reads(check)
        if not self.sheet.sees(check, says):
            self.fault(check, f"should say {says!r}, and says {self.sheet.text(check)!r}")
