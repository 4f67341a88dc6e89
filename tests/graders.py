"""Assignments for nbgrader and Otter, from the notebook to the points: ``make soak ARGS=grader``.

Not a part of `make test`: neither grader is in an extra of ours. Each is installed into an
environment of its own in build/graders, the first time: nbgrader with the package; otter without,
since the zip that it makes is all that a machine has that marks. What is typed here is what
teachers.md says. Of each notebook three learners' answers are marked: an untouched one, a solved
one, and one with wrong answers; by otter, which marks the solved one as it makes an assignment, and
fails if it does not get all, the last alone.
"""

import csv
import html
import io
import json
import re
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from lab import teacher
from tests.test_lab_teacher import EVERY, asked
from tests.test_notebook_rules import NOTEBOOKS
from tests.test_notebooks_solved import as_a_cell
from tests.wheel import CLEAN, ROOT
from tests.wrong_answers import WRONG

PATIENCE = 900  # seconds; what hangs is to end some day
NEEDED = {
    "nbgrader": ["-e", f"{ROOT}[lab]", "nbgrader>=0.9,<1"],
    "otter": ["otter-grader[grading]>=6,<8", *teacher.otter_requirements()],
}


def run(environment: Path, folder: Path, *command: str) -> None:
    """Run a command of an environment in a folder."""
    variables = CLEAN | {"PATH": f"{environment / 'bin'}:{CLEAN['PATH']}"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"


@pytest.fixture(scope="module")
def environments() -> dict[str, Path]:
    """Where each grader is installed."""
    return {grader: environment(grader) for grader in NEEDED}


def environment(grader: str) -> Path:
    folder = ROOT / "build" / "graders" / grader
    made = folder / "made.txt"
    wanted = " ".join(NEEDED[grader])
    if not made.exists() or made.read_text(encoding="utf-8") != wanted:
        venv.create(folder, with_pip=True, clear=True)
        install = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet")
        run(folder, ROOT, *install, *NEEDED[grader])
        made.write_text(wanted, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def courses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One course for each grader, with all the assignments."""
    return {grader: tmp_path_factory.mktemp(grader) for grader in NEEDED}


def text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


# --- what is handed out, and handed in ------------------------------------------------------------


def nothing_is_given_away(handed_out: Path, questions: list[teacher.Question]) -> None:
    whole = handed_out.read_text(encoding="utf-8")
    cells = json.loads(whole)["cells"]
    everything = "\n".join(map(text, cells))
    for question in questions:
        assert question.stub in everything
        assert question.solution not in everything
    for word in ("SOLUTION", "HIDDEN", "<summary>Solution"):
        assert word not in everything
    assert not re.search(r"demand\([^\n]*seed", whole)
    assert not re.search(r"\bpredict\([^\n]*answer=", everything)
    assert "<summary>Hint" in everything
    assert not any(cell.get("outputs") for cell in cells)


@dataclass
class Learner:
    """notebook: what they hand in. told: what is said of each exercise that they did not solve."""

    notebook: str
    told: dict[str, str]


def learners(handed_out: Path, questions: list[teacher.Question]) -> dict[str, Learner]:
    """Who solves nothing; who solves all; who solves the first of several, and errs in others."""
    names = [question.name for question in questions]
    erring = questions[1:] or questions
    mistakes = {question.name: WRONG[question.name][0] for question in erring}
    wrong = {q.name: as_a_cell(mistakes[q.name].thing, q.asked) for q in erring}
    solved = {question.name: question.solution for question in questions}
    told = {name: mistake.says for name, mistake in mistakes.items()}
    return {
        "untouched": Learner(written(handed_out, questions, {}), dict.fromkeys(names, "Not yet: ")),
        "solved": Learner(written(handed_out, questions, solved), {}),
        "erring": Learner(written(handed_out, questions, solved | wrong), told),
    }


def written(handed_out: Path, questions: list[teacher.Question], answers: dict[str, str]) -> str:
    """A notebook with each answer in the place of its stub."""
    notebook = json.loads(handed_out.read_text(encoding="utf-8"))
    for question in questions:
        (stub,) = (c for c in notebook["cells"] if text(c).strip() == question.stub.strip())
        stub["source"] = answers.get(question.name, stub["source"])
    return json.dumps(notebook)


# --- the points -----------------------------------------------------------------------------------


@dataclass
class Marked:
    """An exercise: its points, those that there are, and what the learner reads about it."""

    points: float
    most: float
    feedback: str


Marks = dict[str, dict[str, Marked]]  # by learner, and by exercise


def nbgraded(environment: Path, course: Path, path: Path) -> tuple[dict[str, Learner], Marks]:
    """Mark what three learners hand in."""
    name, questions = path.stem, asked(path)
    run(environment, course, "nbgrader", "generate_assignment", name)
    handed_out = course / "release" / name / path.name
    nothing_is_given_away(handed_out, questions)
    everybody = learners(handed_out, questions)
    for who, learner in everybody.items():
        place = course / "submitted" / who / name
        place.mkdir(parents=True)
        (place / path.name).write_text(learner.notebook, encoding="utf-8")
    for command in ("autograde", "generate_feedback"):
        run(environment, course, "nbgrader", command, name)
    marks: Marks = {}
    for who in everybody:
        page = (course / "feedback" / who / name / f"{name}.html").read_text(encoding="utf-8")
        scores = re.findall(r'#(?:test|hidden)-(\w+)">.*?\(Score: ([\d.]+) / ([\d.]+)\)', page)
        said = html.unescape(re.sub(r"<[^>]*>", "", page))
        marks[who] = {
            question.name: Marked(
                sum(float(points) for asks, points, _ in scores if asks == question.name),
                sum(float(most) for asks, _, most in scores if asks == question.name),
                said,
            )
            for question in questions
        }
    return everybody, marks


def ottered(environment: Path, course: Path, path: Path) -> tuple[dict[str, Learner], Marks]:
    """Mark what one learner hands in, where there is nothing but the zip; the solution as well."""
    name, questions = path.stem, asked(path)
    run(environment, course, "otter", "assign", path.name, name)
    (tests,) = (course / name / "autograder").glob("*.zip")
    handed_out = course / name / "student" / path.name
    nothing_is_given_away(handed_out, questions)
    everybody = {"erring": learners(handed_out, questions)["erring"]}
    marks: Marks = {}
    for who, learner in everybody.items():
        place = course / name / who
        place.mkdir()
        (place / path.name).write_text(learner.notebook, encoding="utf-8")
        run(environment, place, "otter", "run", "-a", str(tests), path.name)
        results = json.loads((place / "results.json").read_text(encoding="utf-8"))["tests"]
        marks[who] = {
            test["name"]: Marked(test["score"], test["max_score"], test["output"])
            for test in results
            if "score" in test
        }
    return everybody, marks


GRADED = {"nbgrader": nbgraded, "otter": ottered}


def faults(grader: str, environment: Path, course: Path, path: Path) -> list[str]:
    """What is wrong with the points of an assignment, from its export to its feedback."""
    export = (sys.executable, "-m", "lab.teacher", grader, path.stem, str(course))
    run(environment, NOTEBOOKS, *export)
    everybody, marks = GRADED[grader](environment, course, path)
    found = []
    for who, learner in everybody.items():
        assert marks[who].keys() == {question.name for question in asked(path)}
        for name, marked in marks[who].items():
            told = learner.told.get(name)
            if (marked.points, marked.most) != (0 if told else 2, 2):
                found.append(f"{grader}, {who}: {name} gets {marked.points} of {marked.most}")
            if told and told not in re.sub(r"\s+", " ", marked.feedback):
                found.append(f"{grader}, {who}: {name} is not told {told!r}")
    return found


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_points_are_for_what_is_solved_and_the_feedback_says_what_is_not(
    environments: dict[str, Path], courses: dict[str, Path], path: Path
) -> None:
    with ThreadPoolExecutor(2) as threads:
        found = threads.map(lambda g: faults(g, environments[g], courses[g], path), NEEDED)
    assert [*chain(*found)] == []


def test_what_is_exported_are_the_points_of_the_feedback(
    environments: dict[str, Path], courses: dict[str, Path]
) -> None:
    course = courses["nbgrader"]
    run(environments["nbgrader"], course, "nbgrader", "export")
    rows = csv.DictReader(io.StringIO((course / "grades.csv").read_text(encoding="utf-8")))
    exported = {(r["student_id"], r["assignment"]): float(r["score"]) for r in rows}
    pages = [*course.glob("feedback/*/*/*.html")]
    assert pages
    for page in pages:
        told = re.search(r"\(Score: ([\d.]+) / ", page.read_text(encoding="utf-8"))
        assert told
        assert exported[page.parts[-3], page.stem] == float(told[1]), page
