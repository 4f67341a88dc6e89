"""An assignment for the grader that a teacher has: ``python -m lab.teacher nbgrader 01 FOLDER``.

Run in `notebooks/`; the grader is nbgrader or otter, and 01 the number of a notebook or the name of
its file ("01_inside_a_heap"). FOLDER gets the notebook as that grader wants it from a teacher: the
stub of each exercise, the solution in the place where the grader takes it out again, and after the
learner's own check a cell with a point, which asks the same check, and a hidden one, which asks it
with larger cases of another seed. No outputs, and the folded solutions are left out. For otter, it
also gets `lab` and the package, which go into the zip that marks.

Nothing is graded here. What the cells ask is `demand`, below.
"""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import requires
from pathlib import Path
from random import SystemRandom
from typing import Any

import _sched_first

import sched

from . import check
from .check.searching import other_cases
from .launch import fresh

LAB = Path(__file__).resolve().parent
NOTEBOOKS = LAB.parent
CHECK = re.compile(r"check\.(\w+)\((.*)\)", re.S)
SOLUTION = re.compile(
    r"<details><summary>Solution</summary>.*?```python\n(.*?)```.*?</details>", re.S
)

Cell = dict[str, Any]


def demand(name: str, answer: Any, seed: int | None = None) -> None:
    """Ask ``check.<name>``; nothing is printed and nothing kept.

    seed: of the larger cases; None: those of the check itself. Raises AssertionError, with what the
    check says, if the answer is not right.
    """
    (exercise,) = (each for each in check.exercises() if each.name == name)
    with other_cases(seed):
        verdict = exercise.examine(answer)
    if verdict.state != "right":
        raise AssertionError(str(verdict))


@dataclass
class Question:
    """An exercise as it stands in a notebook. asked: what the check is given, as it is written."""

    name: str
    asked: str
    stub: str
    solution: str

    def test(self, seed: int | None = None) -> str:
        more = "" if seed is None else f", seed={seed}"
        return f'from lab.teacher import demand\n\ndemand("{self.name}", {self.asked}{more})'


def questions(cells: list[Cell]) -> dict[str, Question]:
    """The exercises of a notebook that have a solution, by the id of the stub's cell."""
    found = {}
    for number, cell in enumerate(cells):
        for name in _tagged(cell, "exercise:"):
            after = cells[number + 1 :]
            asks = next(c for c in after if c["cell_type"] == "code")
            solves = next(c for c in after if name in _tagged(c, "solution:"))
            called, solved = CHECK.fullmatch(_source(asks)), SOLUTION.search(_source(solves))
            if called is None or solved is None:
                raise ValueError(f"the exercise {name} has no check or no solution")
            question = Question(name, called[2], _source(cell), solved[1].strip())
            found[cell["id"]] = question
    return found


def _tagged(cell: Cell, kind: str) -> list[str]:
    tags = cell["metadata"].get("tags", [])
    return [tag.removeprefix(kind) for tag in tags if tag.startswith(kind)]


def _source(cell: Cell) -> str:
    return "".join(cell["source"])


def _new(kind: str, name: str, source: str) -> Cell:
    made: Cell = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    return made | {"outputs": [], "execution_count": None} if kind == "code" else made


# --- the graders ----------------------------------------------------------------------------------


def nbgrader(question: Question, stub: Cell, seed: int) -> tuple[list[Cell], list[Cell]]:
    """What stands in the stub's place, and after the check: a cell of nbgrader's knows its part."""
    answer = f"{question.stub}\n\n### BEGIN SOLUTION\n{question.solution}\n### END SOLUTION"
    hidden = f"### BEGIN HIDDEN TESTS\n{question.test(seed)}\n### END HIDDEN TESTS"
    cells: list[Cell] = [stub | {"source": answer}]
    tests: list[Cell] = [
        _new("code", f"test-{question.name}", question.test()),
        _new("code", f"hidden-{question.name}", hidden),
    ]
    for cell, grade in ((cells[0], False), (tests[0], True), (tests[1], True)):
        part: dict[str, Any] = {
            "schema_version": 3,
            "grade": grade,
            "grade_id": cell["id"],
            "locked": grade,
            "solution": not grade,
            "task": False,
        }
        if grade:
            part["points"] = 1
        cell["metadata"] = {**cell["metadata"], "nbgrader": part}
    return cells, tests


def otter(question: Question, stub: Cell, seed: int) -> tuple[list[Cell], list[Cell]]:
    """The same for `otter assign`, which reads its instructions from raw cells."""
    begin, end = "# BEGIN SOLUTION NO PROMPT", "# END SOLUTION"
    answer = f"{question.stub}\n\n{begin}\n{question.solution}\n{end}"
    count = 0

    def raw(*lines: str) -> Cell:
        nonlocal count
        count += 1
        return _new("raw", f"otter-{question.name}-{count}", "\n".join(lines))

    cells = [
        raw("# BEGIN QUESTION", f"name: {question.name}", "points: 2"),
        raw("# BEGIN SOLUTION"),
        stub | {"source": answer},
        raw("# END SOLUTION"),
        raw("# BEGIN TESTS"),
        _new("code", f"test-{question.name}", question.test()),
        _new("code", f"hidden-{question.name}", f"# HIDDEN\n{question.test(seed)}"),
        raw("# END TESTS"),
        raw("# END QUESTION"),
    ]
    return cells, []


Ask = Callable[[Question, Cell, int], tuple[list[Cell], list[Cell]]]
GRADERS: dict[str, Ask] = {"nbgrader": nbgrader, "otter": otter}

# nbgrader reads it where it is started. What runs an answer finds `lab` here, and keeps nothing of
# one learner for the next; where a solution was, the stub above it is enough.
SETTINGS = """import os
import tempfile

os.environ["PYTHONPATH"] = {notebooks!r}
os.environ["SCHED_PROGRESS"] = tempfile.mkdtemp()
c = get_config()  # noqa: F821
c.ClearSolutions.code_stub = {{"python": ""}}
"""

# Where otter marks there is nothing but what its zip holds, and what pip finds by these names.
# The package is not installed there, so the standard library's module of its name comes first.
CARRIED = (LAB, Path(sched.__file__).parent, Path(_sched_first.__file__))
# It has no time limit, and nbclient, which runs the cells, may wait for ever where a widget catches
# what is shown, as that of `interact` does. So it leaves out such a cell when it marks.
SKIPPED = "otter_ignore"
FIRST = "import _sched_first\n\n_sched_first.install()  # for the grader"


def otter_requirements() -> list[str]:
    """What pip has to install where otter marks, besides otter: what our notebooks import."""
    wanted = re.compile(r"""(?!jupyterlab)([^;]+);.*\bextra == ["']lab["']""")
    found = [wanted.match(line) for line in requires("priority-sched") or ()]
    return [each[1].strip() for each in found if each]


def otter_config() -> str:
    """What a notebook for otter begins with."""
    settings = {
        "init_cell": True,
        "export_cell": False,
        "check_all_cell": False,
        "autograder_files": [path.name for path in CARRIED],
        "requirements": otter_requirements(),
    }
    lines = (f"{name}: {json.dumps(value)}" for name, value in settings.items())
    return "\n".join(["# ASSIGNMENT CONFIG", *lines])


def assignment(grader: str, notebook: bytes, seeds: Callable[[], int]) -> bytes:
    """A stored notebook as a teacher's copy for a grader ("nbgrader" or "otter")."""
    made = json.loads(fresh(notebook))
    found = questions(made["cells"])
    cells: list[Cell] = []
    if grader == "otter":
        cells.append(_new("raw", "otter-config", otter_config()))
        cells.append(_new("code", "otter-first", FIRST))
        cells[-1]["metadata"] = {"jupyter": {"source_hidden": True}}
    waiting: list[Cell] = []
    for cell in made["cells"]:
        if cell["id"] in found:
            here, waiting = GRADERS[grader](found[cell["id"]], cell, seeds())
            cells += here
            continue
        if any(_tagged(cell, "solution:")):
            cell["source"] = SOLUTION.sub("", _source(cell)).strip()
        if grader == "otter" and "interact(" in _source(cell) and cell["cell_type"] == "code":
            cell["metadata"].setdefault("tags", []).append(SKIPPED)
        cells.append(cell)
        if waiting and cell["cell_type"] == "code":  # the learner's own check
            cells += waiting
            waiting = []
    made["cells"] = cells
    return (json.dumps(made, indent=1, ensure_ascii=False) + "\n").encode()


def export(grader: str, name: str, folder: Path, seeds: Callable[[], int]) -> Path:
    """Write the assignment; where it is.

    Raises LookupError if there is no such notebook, ValueError if the folder is one of ours.
    """
    if folder.resolve() in (NOTEBOOKS.parent, NOTEBOOKS, NOTEBOOKS / "deeper"):
        raise ValueError(f"folder must not be where the notebooks themselves are, got {folder}")
    every = [*NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"), *NOTEBOOKS.glob("deeper/*.ipynb")]
    fit = [path for path in every if name == path.stem]
    fit = fit or [path for path in every if name == path.name[:2] and path.parent == NOTEBOOKS]
    if not fit:
        raise LookupError(f"no notebook is called {name!r}: give a number such as 01, or a name")
    content = assignment(grader, fit[0].read_bytes(), seeds)
    if grader == "nbgrader":
        place = folder / "source" / fit[0].stem
        place.mkdir(parents=True, exist_ok=True)
        settings = folder / "nbgrader_config.py"
        if not settings.exists():
            settings.write_text(SETTINGS.format(notebooks=str(NOTEBOOKS)), encoding="utf-8")
    else:
        place = folder
        place.mkdir(parents=True, exist_ok=True)
        for carried in CARRIED:
            _copy(carried, place / carried.name)
    (place / fit[0].name).write_bytes(content)
    return place / fit[0].name


def _copy(path: Path, there: Path) -> None:
    if path.is_dir():
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(path, there, ignore=without, dirs_exist_ok=True)
    else:
        shutil.copy(path, there)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.teacher")
    parser.add_argument("grader", choices=sorted(GRADERS))
    parser.add_argument("notebook", help="a number such as 01, or the name of a notebook")
    parser.add_argument("folder", type=Path, help="where your course is, or shall be")
    given = parser.parse_args()
    draw = SystemRandom()
    try:
        made = export(given.grader, given.notebook, given.folder, lambda: draw.randrange(10**6))
    except (LookupError, OSError, ValueError) as error:
        print(f"lab.teacher: {error}", file=sys.stderr)
        return 1
    print(f"The assignment is in {made}. What comes next: teachers.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
