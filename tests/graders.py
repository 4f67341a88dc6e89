"""Assignments for nbgrader and Otter, from the notebook to the points: ``make soak ARGS=grader``.

Not a part of `make test`: neither grader is in an extra of ours. Each is installed, with the
package, into an environment of its own in build/graders, the first time. What is typed here is what
teachers.md says.
"""

import csv
import io
import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.wheel import ROOT

NOTEBOOKS = ROOT / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))

from lab import teacher  # noqa: E402

NEEDED = {"nbgrader": ["nbgrader>=0.9,<1"], "otter": ["otter-grader[grading]>=6,<8"]}
ASKED = ("00_start_here", "01_core_scheduler")


def run(environment: Path, folder: Path, *command: str, **more: str) -> str:
    """What a command of an environment prints, run in a folder."""
    variables = os.environ | {"PATH": f"{environment / 'bin'}:{os.environ['PATH']}"} | more
    done = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module", params=sorted(NEEDED))
def grader(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def environment(grader: str) -> Path:
    """Where a grader is installed, and the package as a learner's machine has it."""
    folder = ROOT / "build" / "graders" / grader
    made = folder / "made.txt"
    wanted = " ".join(NEEDED[grader])
    if not made.exists() or made.read_text(encoding="utf-8") != wanted:
        venv.create(folder, with_pip=True, clear=True)
        install = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet")
        run(folder, ROOT, *install, f"{ROOT}[lab]", *NEEDED[grader])
        made.write_text(wanted, encoding="utf-8")
    return folder


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def exercises(name: str) -> list[teacher.Question]:
    return list(teacher.questions(read(NOTEBOOKS / f"{name}.ipynb")["cells"]).values())


def solved(handed_out: Path, name: str) -> str:
    """A learner's notebook with our solution in each stub's place."""
    notebook = read(handed_out)
    for question in exercises(name):
        (stub,) = (c for c in notebook["cells"] if text(c).strip() == question.stub.strip())
        stub["source"] = question.solution
    return json.dumps(notebook)


def answers(handed_out: Path, name: str) -> dict[str, str]:
    """What is handed in, by who does so."""
    untouched = handed_out.read_text(encoding="utf-8")
    return {"untouched": untouched, "solved": solved(handed_out, name)}


def nothing_is_given_away(handed_out: Path, name: str) -> None:
    notebook = read(handed_out)
    everything = "\n".join(map(text, notebook["cells"]))
    for question in exercises(name):
        assert question.stub in everything
        assert question.solution not in everything
    for word in ("SOLUTION", "HIDDEN", "<summary>Solution"):
        assert word not in everything
    assert not re.search(r"demand\(.*seed=", everything)
    assert "<summary>Hint 2</summary>" in everything
    assert not any(cell.get("outputs") for cell in notebook["cells"])


def nbgraded(environment: Path, course: Path, name: str) -> dict[str, tuple[float, float]]:
    """The points of each learner, and those that there are."""
    run(environment, course, "nbgrader", "generate_assignment", name)
    handed_out = course / "release" / name / f"{name}.ipynb"
    nothing_is_given_away(handed_out, name)
    for who, answer in answers(handed_out, name).items():
        place = course / "submitted" / who / name
        place.mkdir(parents=True)
        (place / handed_out.name).write_text(answer, encoding="utf-8")
    run(environment, course, "nbgrader", "autograde", name)
    run(environment, course, "nbgrader", "export")
    rows = csv.DictReader(io.StringIO((course / "grades.csv").read_text(encoding="utf-8")))
    return {
        row["student_id"]: (float(row["score"]), float(row["max_score"]))
        for row in rows
        if row["assignment"] == name
    }


def ottered(environment: Path, course: Path, name: str) -> dict[str, tuple[float, float]]:
    own = {"PYTHONPATH": str(NOTEBOOKS), "SCHED_PROGRESS": str(course / "progress")}
    run(environment, course, "otter", "assign", f"{name}.ipynb", "dist", **own)
    (tests,) = (course / "dist" / "autograder").glob("*.zip")
    handed_out = course / "dist" / "student" / f"{name}.ipynb"
    nothing_is_given_away(handed_out, name)
    points = {}
    for who, answer in answers(handed_out, name).items():
        place = course / who
        place.mkdir()
        (place / handed_out.name).write_text(answer, encoding="utf-8")
        own["SCHED_PROGRESS"] = str(place / "progress")
        command = ("otter", "run", "-a", str(tests), "-o", str(place), handed_out.name)
        run(environment, place, *command, **own)
        results = json.loads((place / "results.json").read_text(encoding="utf-8"))["tests"]
        points[who] = (
            sum(float(test.get("score", 0)) for test in results),
            sum(float(test.get("max_score", 0)) for test in results),
        )
    with zipfile.ZipFile(tests) as archive:
        asked = [place for place in archive.namelist() if place.startswith("tests/")]
    assert len(asked) == len(exercises(name))
    return points


@pytest.mark.parametrize("name", ASKED)
def test_an_untouched_assignment_gets_no_point_and_a_solved_one_gets_all(
    grader: str, environment: Path, name: str, tmp_path: Path
) -> None:
    export = (str(environment / "bin" / "python"), "-m", "lab.teacher", grader, name[:2])
    run(environment, NOTEBOOKS, *export, str(tmp_path))
    graded = {"nbgrader": nbgraded, "otter": ottered}[grader]
    points = graded(environment, tmp_path, name)
    all_points = 2.0 * len(exercises(name))
    assert points == {"untouched": (0, all_points), "solved": (all_points, all_points)}
