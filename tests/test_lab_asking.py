"""A prediction is made by a click or in the call, kept, and never asked for by a dead button."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import IPython.display
import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab import (  # noqa: E402
    after,
    asking,
    explain,
    predict,
    predictions,
    progress,
    reveal,
    score,
    session,
    words,
)

WIDGET = asking.WIDGET
STORED = sorted(p for p in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


class Screen:
    """What a notebook shows: one bundle for each output, replaced where it is."""

    def __init__(self) -> None:
        self.outputs: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []

    def display(self, bundle: dict[str, Any], raw: bool, display_id: bool = False) -> Any:
        assert raw
        place = len(self.outputs)
        self.outputs.append(bundle)
        outputs, updates = self.outputs, self.updates

        class Handle:
            def update(self, bundle: dict[str, Any], raw: bool) -> None:
                outputs[place] = bundle
                updates.append(bundle)

        return Handle()

    def last(self) -> str:
        return str(self.outputs[-1]["text/plain"])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    where = tmp_path / "progress"
    monkeypatch.setenv("SCHED_PROGRESS", str(where))
    restart_the_kernel()
    return where


def restart_the_kernel() -> None:
    session._used.clear()
    progress._unkept.clear()
    predictions.questions.clear()
    words.forms.clear()
    words._told.clear()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A notebook in which buttons work."""
    screen = Screen()
    monkeypatch.setattr(asking, "in_a_notebook", lambda: True)
    monkeypatch.setattr(after, "in_a_notebook", lambda: True)
    monkeypatch.setattr(IPython.display, "display", screen.display)
    return screen


def click(id_: str, place: int) -> None:
    """What a learner does, by the way of the click itself."""
    predictions.questions[id_].form.widget.input.value = place


def write(id_: str, text: str) -> None:
    predictions.questions[id_].form.widget.input.value = text


def kept(id_: str) -> Any:
    return progress.load(id_[:2]).predictions[id_].answer


ORDER = {"choices": ["Low", "Medium", "High"]}


def test_one_output_has_buttons_and_a_plain_form(screen: Screen) -> None:
    predict("01-order", **ORDER)
    (bundle,) = screen.outputs
    assert set(bundle) == {"text/plain", WIDGET}
    assert bundle["text/plain"] == (
        "What do you expect? Choose 'Low', 'Medium' or 'High'.\n"
        'Without buttons, answer with predict("01-order", answer=...)'
    )
    assert predictions.questions["01-order"].form.widget.input.value is None


def test_a_click_takes_the_place_of_the_question_and_running_again_keeps_it(
    screen: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("01-order", **ORDER)
    click("01-order", 1)
    assert screen.outputs == [{"text/plain": "Predicted: Medium"}]
    assert kept("01-order") == "Medium"
    for _ in range(2):
        predict("01-order", **ORDER)
        restart_the_kernel()
    assert screen.outputs == [{"text/plain": "Predicted: Medium"}] * 3
    reveal("01-order", "Medium")
    assert capsys.readouterr().out.endswith("Right.\n")


def test_the_keys_are_given_back_to_the_notebook_by_what_is_not_kept(screen: Screen) -> None:
    predict("01-order", **ORDER)
    click("01-order", 1)
    gives, kept_one = screen.updates
    assert gives.pop("application/javascript") == asking.KEYS_TO_THE_NEXT_CELL
    assert gives == kept_one == {"text/plain": "Predicted: Medium"}


class Events:
    """What IPython calls before it runs a cell."""

    def __init__(self) -> None:
        self.events = self
        self.called: list[Callable[[], None]] = []

    def register(self, _when: str, call: Callable[[], None]) -> None:
        self.called.append(call)

    def unregister(self, _when: str, call: Callable[[], None]) -> None:
        self.called.remove(call)

    def run_a_cell(self) -> None:
        for call in self.called:
            call()


def test_ones_own_words_are_in_what_is_saved_once_another_cell_runs(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Events()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setattr(words, "in_a_notebook", lambda: True)
    for _ in range(2):  # the cell is run twice
        explain("01-why", "Why?")
    asked = screen.last()
    shell.run_a_cell()
    assert (screen.last(), screen.updates) == (asked, [])  # nothing is written yet
    area = words.forms["01-why"].widget
    area.input.value = "Because."
    assert screen.updates == []  # not while it is being written
    shell.run_a_cell()
    shell.run_a_cell()
    assert screen.last() == f"{asked}\nYours: Because."
    assert screen.outputs[-1][WIDGET]["model_id"] == area.model_id
    assert len(screen.updates) == 1


def test_where_nothing_can_be_clicked_the_call_answers(capsys: pytest.CaptureFixture[str]) -> None:
    predict("01-order", **ORDER)
    predict("01-order", answer="Lowest")
    predict("01-order", answer="low")
    predict("01-order", **ORDER)
    assert capsys.readouterr().out.splitlines()[1:] == [
        'Without buttons, answer with predict("01-order", answer=...)',
        "Lowest is not among the answers here. Choose 'Low', 'Medium' or 'High'.",
        "Predicted: Low",
        "Predicted: Low",
    ]


def test_a_reveal_before_the_click_closes_nothing(
    screen: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("01-order", **ORDER)
    reveal("01-order", "Low")
    assert capsys.readouterr().out == (
        "What happened: Low\nNot predicted. You still can, above: it counts.\n"
    )
    click("01-order", 0)
    reveal("01-order", "Low")
    score("01")
    assert "1 of 1 prediction right" in capsys.readouterr().out


def test_a_number_is_written_as_people_write_it(screen: Screen) -> None:
    for number, (text, value) in enumerate(
        {
            "3600": 3600,
            "3,600": 3600,
            " 3_600 seconds": 3600,
            "3 600": 3600,
            "1e6": 1e6,
            "0.25": 0.25,
            "-2": -2,
            "1,000,000 SECONDS": 1_000_000,
        }.items()
    ):
        predict(f"02-n{number}", number="seconds", within=2)
        write(f"02-n{number}", text)
        assert kept(f"02-n{number}") == value
        assert screen.last() == f"Predicted: {predictions.show(value)}"


def test_which_one_may_be_asked_for_as_well(screen: Screen) -> None:
    for number, text in enumerate(["3", "second 3", "3 seconds", "3.0 second"]):
        predict(f"03-w{number}", number="which second")
        assert "What do you expect: which second?" in screen.last()
        write(f"03-w{number}", "the third")
        problem = predictions.questions[f"03-w{number}"].form.widget.parts[-1].value
        assert problem.startswith("This is not an answer yet: which second? ")
        write(f"03-w{number}", text)
        assert kept(f"03-w{number}") == 3


@pytest.mark.parametrize("text", ["many", "", "  ", "nan", "inf", "1,2", "\ud83d", "9" * 5000])
def test_what_is_no_number_is_said_below_the_field(screen: Screen, text: str) -> None:
    predict("02-n", number="seconds", within=2)
    write("02-n", text)
    assert WIDGET in screen.outputs[-1]
    assert "02-n" not in progress.load("02").predictions
    problem = predictions.questions["02-n"].form.widget.parts[-1].value
    assert problem.startswith("This is not an answer yet: ") or not text.strip()
    write("02-n", "7")
    assert kept("02-n") == 7


def test_the_tolerance_is_stated_and_holds(
    screen: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("02-n", number="seconds", within=2)
    assert "how many seconds? (Right if off by a factor of 2 at most.)" in screen.last()
    write("02-n", "1999")
    reveal("02-n", 1000)
    assert "Right: within a factor of 2." in capsys.readouterr().out
    reveal("02-n", 999)
    assert "Off by more than a factor of 2. " in capsys.readouterr().out


def test_wrong_answers_are_met_with_sentences_that_vary(
    capsys: pytest.CaptureFixture[str],
) -> None:
    met = []
    for number in range(20):
        id_ = f"01-{'abcdefghijklmnopqrstu'[number]}"
        predict(id_, **ORDER)
        predict(id_, answer="Low")
        capsys.readouterr()
        for _ in range(2):
            reveal(id_, "High")
            met.append(capsys.readouterr().out.splitlines()[2])
    assert met[::2] == met[1::2]  # the same one at each run
    assert len(set(met)) == len(predictions.SURPRISES)


def test_recall_is_scored_apart(screen: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    predict("03-recall-1", **ORDER)
    click("03-recall-1", 0)
    reveal("03-recall-1", "Low")
    predict("03-order", **ORDER)
    click("03-order", 0)
    reveal("03-order", "High")
    capsys.readouterr()
    score("03")
    first = capsys.readouterr().out.partition("\n")[0]
    assert first.startswith("Notebook 03: 0 of 1 prediction right, ")
    assert first.endswith("1 of 1 recalled")


def test_a_question_of_recall_has_its_number_whatever_is_asked_for(screen: Screen) -> None:
    predict("03-recall-1", **ORDER)
    predict("03-recall-2", number="seconds", within=2)
    predict("03-order", number="seconds")
    asked = ["03-recall-1", "03-recall-2", "03-order"]
    assert [predictions.questions[id_].form.widget.parts[0].value for id_ in asked] == [
        "Question 1: what do you expect?",
        "Question 2: how many seconds? (Right if off by a factor of 2 at most.)",
        "What do you expect: how many seconds?",
    ]


def test_what_is_read_afterwards_comes_from_its_own_file(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(after, "FOLDER", tmp_path)
    (tmp_path / "01.md").write_text("# 01\n\n## order\nTime *first*.\n\n## other\nNo.\n")
    reveal("01-order", "Low")
    assert screen.outputs == [{"text/plain": "Time *first*.", "text/markdown": "Time *first*."}]
    reveal("01-none", "Low")
    reveal("02-order", "Low")
    assert len(screen.outputs) == 1


def test_a_question_without_choices_or_a_number_is_the_authors_error() -> None:
    with pytest.raises(ValueError, match="give choices"):
        predict("01-order")


def test_nobody_is_asked_on_the_keyboard() -> None:
    for path in (NOTEBOOKS / "lab").rglob("*.py"):
        assert "input(" not in path.read_text(encoding="utf-8").replace(".input", "")


# --- the notebooks --------------------------------------------------------------------------------


def asked(source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The predictions of a cell that ask for a click."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "predict":
            names = [k.arg for k in node.keywords]
            if len(node.args) == 1 and "answer" not in names:
                given = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords}
                yield ast.literal_eval(node.args[0]), given


def answer_in_every_way(id_: str, given: dict[str, Any], where: Path) -> None:
    for place, choice in enumerate(given.get("choices", [1000])):
        (where / f"{id_[:2]}.json").unlink(missing_ok=True)
        restart_the_kernel()
        predict(id_, **given)
        click(id_, place) if "choices" in given else write(id_, "1000")
        assert predictions.agree(kept(id_), predictions._as_answer(choice))
        reveal(id_, choice)
        assert progress.load(id_[:2]).predictions[id_].right


@pytest.mark.parametrize("path", STORED, ids=[path.stem for path in STORED])
def test_every_prediction_can_be_answered_with_every_choice(
    path: Path, screen: Screen, folder: Path
) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        for id_, given in asked(cell.source) if cell.cell_type == "code" else ():
            answer_in_every_way(id_, given, folder)


def test_two_choices_that_are_the_same_answer_are_found(screen: Screen, folder: Path) -> None:
    source = 'predict("01-a", choices=["x", "y"])\npredict("01-b", 3)\npredict("01-c", answer=1)'
    assert list(asked(source)) == [("01-a", {"choices": ["x", "y"]})]
    answer_in_every_way("01-a", {"choices": ["x", "y"]}, folder)
    answer_in_every_way("01-n", {"number": "looks"}, folder)
    with pytest.raises(KeyError):
        answer_in_every_way("01-d", {"choices": ["x", None]}, folder)


@pytest.mark.parametrize("path", STORED, ids=[path.stem for path in STORED])
def test_no_notebook_is_stored_with_buttons(path: Path) -> None:
    for cell in json.loads(path.read_bytes())["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert WIDGET not in data or "predict" not in "".join(cell["source"])
            assert "(children=" not in "".join(data.get("text/plain", ""))


def test_a_notebook_is_stored_with_nothing_answered_and_no_buttons(tmp_path: Path) -> None:
    sources = [
        f"import sys; sys.path.insert(0, {str(NOTEBOOKS)!r})\nfrom lab import predict, reveal",
        'predict("01-order", choices=["Low", "High"])',
        'reveal("01-order", "Low")',
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = tmp_path / "01_a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    script = NOTEBOOKS / "lab" / "store.py"
    for _ in range(2):  # the second time as well
        subprocess.run([sys.executable, str(script), str(path)], check=True, capture_output=True)
        _, asked_for, revealed = json.loads(path.read_bytes())["cells"]
        (output,) = asked_for["outputs"]
        assert list(output["data"]) == ["text/plain"]
        assert "".join(output["data"]["text/plain"]).startswith("What do you expect?")
        assert "Not predicted" in "".join(revealed["outputs"][0]["text"])
        assert asked_for["metadata"] == {}


def test_in_a_terminal_the_plain_form_is_printed(tmp_path: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(NOTEBOOKS)!r}); from lab import *;"
        'predict("01-order", choices=["Low", "High"]); turns("count"); practice("heap")'
    )
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", script]
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "What do you expect? Choose 'Low' or 'High'." in done.stdout
    assert done.stdout.count("Without buttons") == 3
