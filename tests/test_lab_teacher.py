"""What a teacher exports for a grader; that the graders take it is in tests/graders.py."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from lab import check, progress, teacher
from tests.test_notebook_rules import DEEPER, NOTEBOOKS, STORED
from tests.wheel import ROOT

EVERY = [path for path in (*STORED, *DEEPER) if "exercise:" in path.read_text(encoding="utf-8")]
notebook = pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)


def seeds() -> Callable[[], int]:
    numbers = count(700)
    return lambda: next(numbers)


def exported(grader: str, path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(
        teacher.assignment(grader, path.read_bytes(), seeds())
    )["cells"]
    return cells


def texts(cells: list[dict[str, Any]]) -> str:
    return "\n".join("".join(cell["source"]) for cell in cells)


def asked(path: Path) -> list[teacher.Question]:
    return list(teacher.questions(json.loads(path.read_bytes())["cells"]).values())


@notebook
def test_each_exercise_is_asked_twice_once_with_cases_of_another_seed(path: Path) -> None:
    for grader in teacher.GRADERS:
        whole = texts(exported(grader, path))
        for number, question in enumerate(asked(path), 700):
            asks = f'demand("{question.name}", {question.asked}'
            assert whole.count(f"{asks})") == 1
            assert whole.count(f"{asks}, seed={number})") == 1


@notebook
def test_for_nbgrader_all_that_gives_an_answer_away_is_where_it_is_taken_out(path: Path) -> None:
    cells = exported("nbgrader", path)
    region = r"### BEGIN (SOLUTION|HIDDEN TESTS)\n.*?\n### END \1"
    handed_out = re.sub(region, "", texts(cells), flags=re.S)
    for question in asked(path):
        assert question.stub in handed_out
        assert question.solution not in handed_out
    assert "Solution</summary>" not in handed_out
    assert not re.search(r"demand\(.*seed=", handed_out)
    assert not any(cell.get("outputs") for cell in cells)
    marked = [cell["metadata"]["nbgrader"] for cell in cells if "nbgrader" in cell["metadata"]]
    assert len({each["grade_id"] for each in marked}) == len(marked)
    assert sum(each.get("points", 0) for each in marked) == 2 * len(asked(path))


@notebook
def test_for_otter_each_question_holds_its_parts_in_order(path: Path) -> None:
    cells = exported("otter", path)
    said = [
        line
        for cell in cells
        if cell["cell_type"] == "raw"
        for line in "".join(cell["source"]).splitlines()
        if line.startswith("# ")
    ]
    parts = ["BEGIN SOLUTION", "END SOLUTION", "BEGIN TESTS", "END TESTS"]
    one = ["BEGIN QUESTION", *parts, "END QUESTION"]
    assert said == ["# ASSIGNMENT CONFIG", *(f"# {line}" for line in one * len(asked(path)))]
    region = r"# BEGIN SOLUTION NO PROMPT\n.*?\n# END SOLUTION"  # taken out, as hidden tests are
    handed_out = re.sub(region, "", texts(cells), flags=re.S)
    for question in asked(path):
        assert question.stub in handed_out
        assert question.solution not in handed_out
        assert handed_out.count(f"# HIDDEN\n{question.test()[:-1]}, seed=") == 1
    ids = [cell["id"] for cell in cells]
    assert len(set(ids)) == len(ids)
    assert not any(cell.get("outputs") for cell in cells)


def test_for_otter_all_that_marking_needs_goes_along(tmp_path: Path) -> None:
    made = teacher.export("otter", "03", tmp_path, seeds())
    config, first, *_ = json.loads(made.read_bytes())["cells"]
    settings = dict(line.split(": ", 1) for line in config["source"].splitlines()[1:])
    carried = json.loads(settings["autograder_files"])
    assert {path.name for path in tmp_path.iterdir()} == {made.name, *carried}
    assert not [*tmp_path.rglob("__pycache__")]
    required = {re.split("[<>=]", each)[0] for each in json.loads(settings["requirements"])}
    assert required >= {"ipywidgets", "matplotlib", "numpy", "pandas"}
    # Where it marks, something may have imported the standard library's module before.
    there = ["import sched as before, sys", "".join(first["source"])]
    there += ["import lab.teacher, sched", "print(sched.__file__, lab.__file__, sep='\\n')"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(there)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = done.stdout.split("\n")[:2]
    assert found == [str(tmp_path / name / "__init__.py") for name in ("sched", "lab")], done.stderr


def push(heap: list[Any], item: Any) -> None:
    heap.append(item)
    i = len(heap) - 1
    while i > 0 and heap[i] < heap[(i - 1) // 2]:
        heap[i], heap[(i - 1) // 2] = heap[(i - 1) // 2], heap[i]
        i = (i - 1) // 2


def test_a_right_answer_passes_and_nothing_is_kept_or_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCHED_PROGRESS", str(tmp_path / "progress"))
    teacher.demand("heap_push", push)
    teacher.demand("heap_push", push, seed=5)
    assert progress.load("01").passed == []
    assert capsys.readouterr().out == ""


def test_a_wrong_answer_is_told_what_the_check_says() -> None:
    with pytest.raises(AssertionError, match="Not right yet: push") as told:
        teacher.demand("heap_push", lambda heap, item: heap.insert(0, item))
    assert "The smallest case that shows it:" in str(told.value)
    with pytest.raises(AssertionError, match="Not yet: "):
        teacher.demand("heap_push", ...)


def test_an_answer_that_knows_the_cases_of_the_check_fails_those_of_another_seed() -> None:
    seen: set[str] = set()

    def learn(heap: list[Any], item: Any) -> None:
        seen.add(repr((heap, item)))
        push(heap, item)

    def crammed(heap: list[Any], item: Any) -> None:
        known = repr((heap, item)) in seen
        (push if known else list.append)(heap, item)

    teacher.demand("heap_push", learn)
    teacher.demand("heap_push", crammed)
    with pytest.raises(AssertionError, match="Not right yet: push"):
        teacher.demand("heap_push", crammed, seed=5)
    assert check.heap_push.examine(crammed).state == "right"  # the check's own are as before


def test_the_command_writes_what_each_grader_begins_with(tmp_path: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        run = [sys.executable, "-m", "lab.teacher", *arguments, str(tmp_path)]
        return subprocess.run(run, cwd=NOTEBOOKS, capture_output=True, text=True, check=False)

    done = command("nbgrader", "01")
    made = tmp_path / "source" / "01_core_scheduler" / "01_core_scheduler.ipynb"
    assert done.stdout.startswith(f"The assignment is in {made}."), done.stderr
    assert str(ROOT / "notebooks") in (tmp_path / "nbgrader_config.py").read_text()
    first = made.read_bytes()
    assert command("nbgrader", "01_core_scheduler").returncode == 0
    assert made.read_bytes() != first  # other seeds
    wrong = command("otter", "77")
    assert wrong.returncode == 1
    assert "no notebook is called '77'" in wrong.stderr


def test_otter_leaves_out_a_cell_whose_widget_could_hang() -> None:
    left_out = [
        "".join(cell["source"])
        for path in EVERY
        for cell in exported("otter", path)
        if teacher.SKIPPED in cell["metadata"].get("tags", [])
    ]
    assert left_out
    assert all("interact(" in source for source in left_out)
    assert sum(texts(exported("otter", path)).count("interact(") for path in EVERY) == len(left_out)


def test_no_assignment_is_written_over_what_it_is_made_of() -> None:
    for folder in (ROOT, NOTEBOOKS, NOTEBOOKS / "deeper", NOTEBOOKS / "lab" / ".."):
        with pytest.raises(ValueError, match=r"^folder must not be .*, got /"):
            teacher.export("otter", "01", folder, seeds())
