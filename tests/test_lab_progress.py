"""What a learner predicted and passed is kept, counted honestly, and never breaks a lesson."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab import check, predict, predictions, progress, reveal, score, scores, session  # noqa: E402
from lab.launch import fresh  # noqa: E402


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A progress folder that is not made yet, and a kernel that has just started."""
    where = tmp_path / "progress"
    monkeypatch.setenv("SCHED_PROGRESS", str(where))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    restart_the_kernel()
    return where


def restart_the_kernel() -> None:
    session._used.clear()
    progress._unkept.clear()
    progress._unreadable.clear()
    progress._said.clear()
    predictions.questions.clear()


def said(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert err == ""
    return out


def kept(folder: Path, notebook: str = "01") -> Any:
    return json.loads((folder / f"{notebook}.json").read_text(encoding="utf-8"))


# --- predicting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("Medium", "Medium"),
        ("  Medium ", "Medium"),
        (12, "12"),
        (1_000_000, "1,000,000"),
        (0.25, "0.25"),
        (True, "True"),
        (["Low", 3, None], "[Low, 3, nothing]"),
        ((1, 2), "[1, 2]"),
        (np.int64(7), "7"),
        (np.float64(0.5), "0.5"),
        (np.bool_(True), "True"),
    ],
)
def test_an_answer_is_shown_in_one_line(
    answer: Any, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("01-order", answer)
    assert said(capsys) == f"Predicted: {shown}\n"


@pytest.mark.parametrize("answer", [None, ..., "", "   "])
def test_no_answer_is_not_yet(
    answer: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("01-order", answer)
    assert said(capsys).startswith("Not yet: give your prediction")
    assert not folder.exists()


@pytest.mark.parametrize("answer", [{}, print, object(), "x" * 500, list(range(100)), [[1]], {1}])
def test_what_is_no_answer_is_refused_kindly(
    answer: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("01-order", answer)
    assert said(capsys).startswith("This is not an answer yet: ")
    assert not folder.exists()


class Odd:
    """It answers no question that it is asked."""

    def __getattribute__(self, name: str) -> Any:
        raise ZeroDivisionError(name)

    def __repr__(self) -> str:
        raise ZeroDivisionError

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    __hash__ = None  # type: ignore[assignment]


class OddWord(str):
    def strip(self, chars: str | None = None) -> str:
        raise ZeroDivisionError

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    __hash__ = str.__hash__


class OddList(list[Any]):
    def __len__(self) -> int:
        raise ZeroDivisionError


HOLDS_ITSELF: list[Any] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)
ANYTHING = [
    *(sign * 10**n for n in (30, 308, 309, 602, 999, 1000, 4299, 4300, 5000) for sign in (1, -1)),
    *(float(word) for word in ("inf", "-inf", "nan", "5e-324", "1.7e308")),
    *("\ud83d", "a\udfffb", "\x00", "\u2028", "1e999999999", "9" * 200, "inf", "nan", "1/0", "½"),
    *(Odd(), OddWord("word"), OddList([1]), HOLDS_ITSELF, [Odd()], (float("nan"), 10**400)),
    *(b"bytes", 1j, np.float64("nan"), np.array([1, 2]), np.int64(3), lambda: 1, Odd, type),
]


@pytest.mark.parametrize(
    "happened", [17, 10**400, 0.0, "a word", True, float("inf"), [1, 2]], ids=lambda x: str(x)[:9]
)
def test_whatever_is_predicted_no_traceback_is_shown(
    happened: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, answer in enumerate(ANYTHING):
        for within in (None, 2):
            id_ = f"01-n{number}-{within or 0}"
            predict(id_, answer)
            reveal(id_, happened, within=within)
            reveal(id_, answer)
            out = said(capsys)
            assert out.startswith(("Predicted: ", "Not yet: ", "This is not an answer yet: "))
            assert "cannot be kept" not in out
    score("01")
    capsys.readouterr()
    restart_the_kernel()
    score("01")  # what was kept can be read
    assert "damaged" not in said(capsys)


def test_a_choice_is_asked_of_anything(capsys: pytest.CaptureFixture[str]) -> None:
    for answer in ANYTHING:
        predict("01-x", answer, choices=["Low", 3, [1, 2]])
    assert said(capsys).count("Predicted: ") == 1  # it is 3


def test_large_numbers_are_compared_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    predict("01-x", 2**2000)
    reveal("01-x", 2**2000)
    reveal("01-x", 2**2000 * 3, within=4)
    reveal("01-x", 2**2000 * 5, within=4)
    assert [line[:3] for line in said(capsys).splitlines()[3::3]] == ["Rig", "Rig", "Off"]


def test_an_answer_is_one_of_the_choices_whatever_its_case(
    capsys: pytest.CaptureFixture[str],
) -> None:
    predict("01-order", "Medum", choices=["Low", "Medium", "High"])
    assert said(capsys) == (
        "Medum is not among the answers here. Choose 'Low', 'Medium' or 'High'.\n"
    )
    predict("01-order", "medium", choices=["Low", "Medium"])
    assert said(capsys) == "Predicted: Medium\n"
    predict("01-list", [1, 3], choices=[[3, 1], [1, 3]])
    assert said(capsys) == "Predicted: [1, 3]\n"


@pytest.mark.parametrize("bad", ["order", "1-order", "01", "01-Order", "01_order", None])
def test_an_id_that_is_none_is_the_authors_error(bad: Any) -> None:
    with pytest.raises(ValueError, match="id must look like"):
        predict(bad, 1)
    with pytest.raises(ValueError, match="id must look like"):
        reveal(bad, 1)


# --- revealing ------------------------------------------------------------------------------------


def test_the_reveal_tells_both_and_whether_they_agree(capsys: pytest.CaptureFixture[str]) -> None:
    predict("01-none", "Medium")
    reveal("01-none", "Low")
    predict("01-top", 3)
    reveal("01-top", 3)
    assert said(capsys).splitlines() == [
        "Predicted: Medium",
        "You predicted: Medium",
        "What happened: Low",
        "Off, and for a reason. Can you find it before you read on?",
        "Predicted: 3",
        "You predicted: 3",
        "What happened: 3",
        "Right.",
    ]


@pytest.mark.parametrize(
    ("answer", "happened", "within", "right"),
    [
        ("low", "Low", None, True),
        ("Low  first", "low first", None, True),
        ("Low", "High", None, False),
        (3, 3.0, None, True),
        ("3", 3, None, True),
        ("three", 3, None, False),
        (0.1 + 0.2, 0.3, None, True),
        (10, 20, 2, True),
        (40, 20, 2, True),
        (41, 20, 2, False),
        (9.9, 20, 2, False),
        (0, 20, 2, False),
        (0, 0, 2, True),
        (-5, 20, 2, False),
        (1, True, None, False),
        (True, True, None, True),
        (True, False, None, False),
        ([1, "a"], [1, "A"], None, True),
        ([1, 2], [2, 1], None, False),
        ([1], [1, 2], None, False),
        ([1], 1, None, False),
        ([10], [20], 2, True),
        (7, np.int64(7), None, True),
        (float("inf"), 5, 2, False),
        (float("nan"), float("nan"), None, False),
    ],
)
def test_answers_are_compared_as_a_person_would(
    answer: Any,
    happened: Any,
    within: float | None,
    right: bool,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    predict("01-x", answer)
    reveal("01-x", happened, within=within)
    assert ("\nRight" in said(capsys)) is right
    assert kept(folder)["predictions"]["01-x"]["right"] is right


def test_the_factor_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    predict("01-n", 1000)
    reveal("01-n", 20, within=2)
    assert "Off by more than a factor of 2. " in said(capsys)
    reveal("01-n", 600, within=2)
    assert "Right: within a factor of 2.\n" in said(capsys)
    with pytest.raises(ValueError, match="within"):
        reveal("01-n", 600, within=0.5)


def test_a_reveal_without_a_prediction_is_kind(capsys: pytest.CaptureFixture[str]) -> None:
    reveal("01-none", "Low")
    assert said(capsys).splitlines() == [
        "What happened: Low",
        "Not predicted. You still can, above: it counts.",
    ]


# --- honest counting ------------------------------------------------------------------------------


def test_an_answer_may_change_until_it_is_revealed(folder: Path) -> None:
    predict("01-order", "Medium")
    predict("01-order", "Low")
    reveal("01-order", "Low")
    assert kept(folder)["predictions"]["01-order"]["right"] is True


def test_an_answer_changed_after_the_reveal_is_a_second_thought(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("01-order", "Medium")
    reveal("01-order", "Low")
    said(capsys)
    predict("01-order", "Low")
    assert said(capsys) == (
        "Predicted: Low (a second thought: your first answer, Medium, counts)\n"
    )
    reveal("01-order", "Low")
    assert "You predicted: Low (a second thought)\nWhat happened: Low\nRight.\n" in said(capsys)
    assert kept(folder)["predictions"]["01-order"]["right"] is False
    score()
    out = said(capsys)
    assert "Medium, then Low" in out
    assert "0 of 1 prediction right" in out


def test_a_reveal_without_a_prediction_closes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reveal("01-order", "Low")
    score()
    assert re.search(r"^order +not predicted$", said(capsys), re.M)
    predict("01-order", "Low")
    reveal("01-order", "Low")
    assert "Right." in said(capsys)
    assert kept(folder)["predictions"]["01-order"]["right"] is True
    score()
    assert "1 of 1 prediction right" in said(capsys)


def run_the_notebook(answer: str = "Medium") -> None:
    predict("01-order", answer)
    reveal("01-order", "Low")
    predict("01-n", 3)
    reveal("01-n", 3)
    check.heap_push(None)
    check.diagnose_01(("B", [1, 3, 2, 4]))
    score()


def test_a_second_run_over_the_same_folder_shows_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_the_notebook()
    first = said(capsys)
    restart_the_kernel()
    run_the_notebook()
    assert said(capsys) == first


def test_returning_to_the_first_answer_takes_the_second_thought_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_the_notebook()
    first = said(capsys)
    run_the_notebook("Low")
    assert said(capsys) != first
    run_the_notebook()
    assert said(capsys) == first


# --- the page -------------------------------------------------------------------------------------


def test_the_page_shows_each_prediction_and_each_exercise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_the_notebook()
    predict("01-later", 5)
    said(capsys)
    score()
    page = said(capsys)
    count = len(check.exercises("01"))
    first = f"Notebook 01: 1 of 3 predictions right, 1 of {count} exercises passed"
    assert page.splitlines()[0] == first
    lines = [line.split("  ") for line in page.splitlines()]
    rows = {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in lines}
    assert rows["order"] == ["Medium", "Low", "not right"]
    assert rows["n"] == ["3", "3", "right"]
    assert rows["later"] == ["5", "not revealed yet"]
    for exercise in check.exercises("01"):
        state = "passed" if exercise.name == "diagnose_01" else "not yet"
        here = exercise.name in ("heap_push", "two_sides", "diagnose_one_queue")
        assert rows[exercise.title if here else f"{exercise.title} (deeper)"] == [state]


def test_the_page_is_that_of_the_notebook_that_runs(capsys: pytest.CaptureFixture[str]) -> None:
    score()
    assert said(capsys).startswith("Nothing predicted or checked yet")
    check.heap_push(None)
    predict("02-late", 1)
    predict("02-jump", 1)
    said(capsys)
    score()
    assert said(capsys).startswith("Notebook 02: ")
    score("01")
    assert said(capsys).startswith("Notebook 01: ")


def test_right_after_a_restart_the_session_tells_the_notebook(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/somewhere/work/05_performance.ipynb")
    score()
    assert said(capsys).startswith("Notebook 05: ")
    monkeypatch.setenv("JPY_SESSION_NAME", "/somewhere/2024 notes.ipynb")
    score()
    assert said(capsys).startswith("Nothing predicted")


def test_a_score_of_a_notebook_without_anything_is_no_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    score("77")
    assert said(capsys) == "Notebook 77: nothing yet\n"


def test_the_page_of_all_has_a_line_for_each_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    run_the_notebook()
    predict("02-late", 1)
    said(capsys)
    score(all=True)
    lines = said(capsys).splitlines()
    assert [line[:2] for line in lines[4:]][:3] == ["00", "01", "02"]
    one = next(line for line in lines if line.startswith("01"))
    assert one.rstrip().endswith(f"1 of {len(check.exercises('01'))}")
    assert "1 of 2" in one
    assert "The core scheduler" in one


def test_a_notebook_that_cannot_be_read_has_no_title(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "01_broken.ipynb").write_text("{", encoding="utf-8")
    (tmp_path / "02_empty.ipynb").write_text('{"cells": []}', encoding="utf-8")
    monkeypatch.setattr(scores, "NOTEBOOKS", tmp_path)
    score(all=True)
    assert said(capsys).count("to come") >= 2


def exercises_on_the_page(number: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    score(number)
    return re.findall(r"^(.*?)  +not yet$", said(capsys), flags=re.M)


def test_the_page_has_the_exercises_in_the_order_of_the_notebook(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ["heap_push", "diagnose_one_queue", "two_sides"]
    deeper = ["heap_pop", "diagnose_01", "tie_break"]
    titles = [getattr(check, name).title for name in names]
    titles += [f"{getattr(check, name).title} (deeper)" for name in deeper]
    assert exercises_on_the_page("01", capsys) == titles


@pytest.mark.parametrize("source", ["{", "[]", '{"cells": [1]}', '{"cells": [{"metadata": 1}]}'])
def test_without_the_notebook_the_page_has_them_all_the_same(
    source: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "01_broken.ipynb").write_text(source, encoding="utf-8")
    monkeypatch.setattr(scores, "NOTEBOOKS", tmp_path)
    assert exercises_on_the_page("01", capsys) == [e.title for e in check.exercises("01")]


def test_in_a_notebook_the_page_is_one_bundle_of_text_and_html(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[dict[str, str]] = []
    display = SimpleNamespace(display=lambda bundle, raw: shown.append(bundle))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: 1))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    predict("01-order", "<b>&")
    score()
    said(capsys)
    (bundle,) = shown
    assert set(bundle) == {"text/plain", "text/html"}
    assert ">&lt;b&gt;&amp;</td>" in bundle["text/html"]
    assert bundle["text/html"].count("<table>") == 2


# --- files ----------------------------------------------------------------------------------------


def test_the_folder_is_beside_the_notebooks_wherever_the_kernel_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SCHED_PROGRESS")
    monkeypatch.chdir(tmp_path)
    assert progress.folder() == NOTEBOOKS / "progress"


def test_git_does_not_see_the_folder(folder: Path) -> None:
    predict("01-order", "Low")
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_nothing_unfinished_is_left(folder: Path) -> None:
    for answer in ("Low", "Medium", "Größe 大"):
        predict("01-order", answer)
    assert sorted(p.name for p in folder.iterdir()) == [".gitignore", "01.json"]
    assert kept(folder)["predictions"]["01-order"]["answer"] == "Größe 大"


def test_a_file_is_replaced_in_one_step(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predict("01-order", "Low")
    before = (folder / "01.json").read_bytes()

    def full(self: Path, *_args: Any, **_kwargs: Any) -> int:
        self.touch()
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    predict("01-order", "Medium")
    assert (folder / "01.json").read_bytes() == before


GOOD = {"format": progress.FORMAT, "notebook": "01", "predictions": {}, "passed": []}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "null",
        "[]",
        '"a"',
        "[" * 100_000,
        json.dumps({**GOOD, "format": "another program"}),
        json.dumps({**GOOD, "notebook": "02"}),
        json.dumps({**GOOD, "passed": [1]}),
        json.dumps({**GOOD, "passed": None}),
        json.dumps({**GOOD, "predictions": []}),
        json.dumps({**GOOD, "predictions": {"01-x": {"answer": {}}}}),
        json.dumps({**GOOD, "predictions": {"01-x": {"answer": [[1]]}}}),
        json.dumps({**GOOD, "predictions": {"01-x": {"colour": 1}}}),
        json.dumps({**GOOD, "predictions": {"01-x": {"right": "yes"}}}),
        json.dumps({**GOOD, "predictions": {"01-x": 3}}),
        b"\xff\xfe\x00",
    ],
)
def test_a_damaged_or_foreign_file_is_set_aside_and_said_once(
    content: str | bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / "01.json").write_bytes(raw)
    predict("01-order", "Low")
    assert said(capsys) == (
        "The progress file 01.json is damaged: it is now called 01-damaged.json, "
        "and the score starts empty.\n"
        "Predicted: Low\n"
    )
    assert (folder / "01-damaged.json").read_bytes() == raw
    reveal("01-order", "Low")
    assert "damaged" not in said(capsys)


def test_an_earlier_damaged_file_is_not_overwritten(folder: Path) -> None:
    folder.mkdir()
    for number in range(3):
        (folder / "01.json").write_text(f"damage {number}", encoding="utf-8")
        predict("01-order", "Low")
    aside = sorted(p.read_text(encoding="utf-8") for p in folder.glob("*damaged*"))
    assert aside == ["damage 0", "damage 1", "damage 2"]


def test_where_nothing_can_be_written_it_is_said_once_and_the_lesson_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("SCHED_PROGRESS", str(blocked / "progress"))
    predict("01-order", "Medium")
    reveal("01-order", "Low")
    score()
    out = said(capsys)
    assert out.count("cannot be kept") == 1
    assert "0 of 1 prediction right" in out


def test_a_folder_where_a_file_should_be_is_no_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "01.json").mkdir(parents=True)
    predict("01-order", "Medium")
    reveal("01-order", "Low")
    out = said(capsys)
    assert out.count("cannot be kept") == 1
    assert "You predicted: Medium" in out


def test_a_file_that_cannot_be_read_is_not_overwritten(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("01-order", "Low")
    before = (folder / "01.json").read_bytes()
    restart_the_kernel()

    def denied(self: Path) -> bytes:
        raise PermissionError(self)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", denied)
        predict("01-order", "Medium")
        reveal("01-order", "Low")
    assert "You predicted: Medium" in said(capsys)
    assert (folder / "01.json").read_bytes() == before


def test_two_kernels_do_not_undo_each_other(folder: Path) -> None:
    predict("01-order", "Medium")
    script = "from lab import predict; predict('01-other', 3)"
    environment = {**os.environ, "PYTHONPATH": str(NOTEBOOKS)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    reveal("01-order", "Low")
    assert list(kept(folder)["predictions"]) == ["01-order", "01-other"]


def test_importing_lab_needs_nothing_but_the_standard_library() -> None:
    script = (
        "import sys; from lab import predict, reveal, score, check; predict('01-a', 1); score();"
        "bad = {'hypothesis', 'IPython', 'numpy', 'matplotlib'} & set(sys.modules); assert not bad"
    )
    environment = {**os.environ, "PYTHONPATH": str(NOTEBOOKS)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


def test_no_file_of_lab_is_collected_as_a_test() -> None:
    assert not [p for p in (NOTEBOOKS / "lab").rglob("*.py") if p.name.startswith("test_")]


# --- copies of before -----------------------------------------------------------------------------


@pytest.mark.parametrize("metadata", [{}, {"sched_form": 1}])
def test_an_old_copy_is_told_the_command_that_gives_a_fresh_one(
    metadata: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "deeper" / "04_pauses (mine).ipynb"
    copy.parent.mkdir()
    copy.write_text(json.dumps({"cells": [], "metadata": metadata}))
    monkeypatch.setenv("JPY_SESSION_NAME", str(copy))
    assert session.too_old() == ""  # no folder of copies: the original, opened as it is
    (tmp_path / ".copied.json").write_text("{}")
    assert 'make lab ARGS="--fresh 04"' in session.too_old()
    copy.write_bytes(fresh(copy.read_bytes()))
    assert session.too_old() == ""


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"metadata": 3}'])
def test_what_cannot_be_read_is_told_nothing(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "04_retries.ipynb"
    (tmp_path / ".copied.json").write_text("{}")
    if content is not None:
        copy.write_text(content)
    monkeypatch.setenv("JPY_SESSION_NAME", str(copy))
    assert session.too_old() == ""
