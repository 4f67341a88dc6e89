"""The series as somebody runs it who solves every exercise: in order, with one progress folder.

Each solution stands in its stub and passes its check there; it is kept, and it is what the pay-offs
use; and whatever they show and say is the same as with ours. With --every-answer (`make soak`) each
other right answer does so too, and 07 and later and all deeper notebooks are run as well.
"""

import ast
import inspect
import json
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from lab import check
from lab.workshop import asked_name
from sched import Scheduler
from tests.kernels import Shown, copies, difference, errors, is_compared, kernel, shown, where
from tests.test_notebook_rules import (
    DEEPER,
    NOTEBOOKS,
    STORED,
    Exercise,
    Notebook,
    an_exercise,
    code,
    exercises,
    open_tasks,
)
from tests.wrong_answers import RIGHT

WHOSE = r"^(\w+): (ours|yours)( in the file)?\b.*\n"
USED_LATER = "01_inside_a_heap"  # what is solved in it is used by notebooks of the main series
PAY_OFF = r"\bmine\.|\bmy_scheduler\(|\bown\.|\bput_together\("


# --- an answer in its stub ------------------------------------------------------------------------


def answers(found: Exercise) -> list[str]:
    """What may stand in the stub's cell: the solution, if there is one, and other right answers."""
    own = [found.solution] if found.solution is not None else []
    assert found.call is not None
    (name,) = re.findall(r"check\.\w+\((.*)\)", found.call)  # "push", or "(fault, priorities)"
    return [*own, *(as_a_cell(thing, name) for thing in RIGHT[found.name])]


def as_a_cell(thing: Any, name: str) -> str:
    """The source of an answer, with all that it uses, under the name that the check is given."""
    if isinstance(thing, Scheduler):
        tasks = sorted(thing.pending_tasks(), key=lambda task: task.id)
        adds = [f"{name}.add_task({task.priority!r}, {task.name!r})" for task in tasks]
        return "\n".join([as_a_cell(type(thing), "Kind"), f"{name} = Kind()", *adds])
    own = getattr(thing, "__name__", "")
    if not own:
        value = repr(thing)
        needed = "from fractions import Fraction\n" if "Fraction(" in value else ""
        return f"{needed}{name} = {value}"
    module = sys.modules[thing.__module__]
    if not thing.__module__.startswith("tests."):
        return f"from {thing.__module__} import {own} as {name}"
    body = ast.parse(inspect.getsource(module)).body
    imported = {name: line for node in body for name, line in _imports(node)}
    made = {other: node for node in body for other in _makes(node)}
    parts: dict[str, ast.stmt] = {}
    used, todo = set[str](), [own]
    while todo:
        one = todo.pop()
        used.add(one)
        if one in made and one not in parts:
            parts[one] = made[one]
            todo += [n.id for n in ast.walk(_bare(made[one])) if isinstance(n, ast.Name)]
    in_order = [node for node in body if node in parts.values()]
    needed = [line for name, line in imported.items() if name in used]
    lines = [*needed, *(ast.unparse(_bare(node)) for node in in_order)]
    return "\n".join([*lines, f"{name} = {own}" if own != name else ""]).rstrip()


def _imports(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Each name that an import statement gives, with a statement that gives it alone."""
    if isinstance(node, ast.Import):
        yield from ((a.asname or a.name, ast.unparse(ast.Import([a]))) for a in node.names)
    elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("tests"):
        for a in node.names:
            yield a.asname or a.name, ast.unparse(ast.ImportFrom(node.module, [a], node.level))


def _makes(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    if isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _bare(node: ast.stmt) -> ast.stmt:
    """Without what enters an answer into the tables of right and wrong ones."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        entered = [d for d in node.decorator_list if re.match("wrong|also_right", ast.unparse(d))]
        for decorator in entered:
            node.decorator_list.remove(decorator)
    return node


# --- a run with answers ---------------------------------------------------------------------------


def solved(
    copy: Path, stored: Sequence[NotebookNode], progress: Path, choice: int
) -> Iterator[str]:
    """What goes wrong in a notebook in which each stub is replaced by an answer to it."""
    cells = nbformat.read(copy, as_version=4).cells
    before = {cell.id: shown(cell.outputs) for cell in stored if cell.cell_type == "code"}
    notebook = Notebook(copy.name[:2], cells, copy.parent)
    found = {e.cell.id: e for e in (*exercises(notebook), *open_tasks(notebook))}
    checks: dict[str, str] = {e.call: e.name for e in found.values() if e.call}
    with kernel(copy.parent, progress) as running:
        for cell in cells:
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            one = cell.copy()
            if cell.id in found:
                offered = answers(found[cell.id])
                one.source = offered[min(choice, len(offered) - 1)]
            outputs = running.run(one)
            yield from errors(cell, outputs)
            if cell.source in checks:
                yield from judged(checks[cell.source], shown(outputs))
            elif re.search(PAY_OFF, cell.source):
                now = shown(outputs)
                yield from whose(cell, now, need_the_package(progress))
                parted = difference(without_whose(before[cell.id]), without_whose(now))
                if is_compared(cell) and parted:
                    yield f"{where(cell)} shows {parted}"


def judged(name: str, said: Shown) -> Iterator[str]:
    """A right answer is told so, and is kept."""
    text = "".join(part for _, part in said)
    if not text.startswith("Right: "):
        yield f"check.{name} says {text[:300]!r}"
    elif "is not kept" in text:
        yield f"check.{name} does not keep it: {text[:300]!r}"


def whose(cell: NotebookNode, said: Shown, apart: Collection[str] = ()) -> Iterator[str]:
    """A pay-off uses theirs, of every exercise that stands above it or in an earlier notebook.

    apart: what cannot stand in a file that runs without the package, which is said.
    """
    for name, who, more in re.findall(WHOSE, "".join(part for _, part in said), re.M):
        if who != "yours" and not (more == " in the file" and name in apart):
            yield f"{where(cell)} uses ours for {name}, although it is solved"


def need_the_package(progress: Path) -> set[str]:
    """The names of what is kept and imports the package."""
    pages = [json.loads(page.read_bytes()) for page in progress.glob("[0-9][0-9].json")]
    kept = [(name, code["source"]) for page in pages for name, code in page["code"].items()]
    return {
        asked_name(getattr(check, name))
        for name, source in kept
        if re.search(r"^(from|import) (sched|lab)\b", source, re.M)
    }


def without_whose(said: Shown) -> Shown:
    """What is shown by whoever's code; 24.0 is 24."""
    texts = [(kind, re.sub(WHOSE, "", whole, flags=re.M)) for kind, whole in said]
    return [(kind, re.sub(r"\b(\d+)\.0\b", r"\1", text)) for kind, text in texts if text]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "choice" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-answer")
        most = max(len(right) for right in RIGHT.values())
        metafunc.parametrize("choice", range(most + 1 if every else 1))


def test_the_series_is_run_with_every_exercise_solved(
    tmp_path: Path, choice: int, pytestconfig: pytest.Config
) -> None:
    faults, asked = [], set[str]()
    every = pytestconfig.getoption("--every-answer")
    deeper = [path for path in DEEPER if every or path.stem == USED_LATER]
    paths = [*(STORED if every else STORED[:7]), *deeper]
    (tmp_path / "checkout").mkdir()
    work = copies(tmp_path / "checkout")
    for path in sorted(paths, key=lambda path: path.name[:2]):
        stored = nbformat.read(path, as_version=4).cells
        notebook = Notebook(path.name[:2], stored, path.parent)
        asked |= {e.name for e in (*exercises(notebook), *open_tasks(notebook))}
        copy = work / path.relative_to(NOTEBOOKS)
        faults += [f"{path.stem}: {f}" for f in solved(copy, stored, tmp_path, choice)]
    passed = {
        name
        for page in tmp_path.glob("[0-9][0-9].json")
        for name in json.loads(page.read_bytes())["passed"]
    }
    faults += [f"{name} is not passed" for name in sorted(asked - passed)]
    assert not faults, "\n" + "\n".join(faults)


# -- the test above can fail


def test_each_right_answer_becomes_a_cell_that_passes() -> None:
    for exercise in check.exercises():
        for thing in RIGHT[exercise.name]:
            names: dict[str, Any] = {"__name__": "__main__"}
            exec(as_a_cell(thing, "answer"), names)
            assert exercise.examine(names["answer"]).state == "right"


BODY = """(heap, item):
    heap.append(item)
    i = len(heap) - 1
    while i > 0 and heap[i] < heap[(i - 1) // 2]:
        heap[i], heap[(i - 1) // 2] = heap[(i - 1) // 2], heap[i]
        i = (i - 1) // 2
"""
PUSH, ANOTHER = f"def push{BODY}", f"def another{BODY}"
BY_ANOTHER_CELL = "def push(heap, item):\n    another(heap, item)"
BEFORE = "import sys; sys.path.insert(0, {!r}); from lab import check, mine"
USES = code("print(mine.push.__name__)", out="push: ours, until yours passes.\npush\n")
ALSO = code("print(mine.push.__name__)", out="push: ours, until yours passes.\nput\n")


@pytest.mark.parametrize(
    ("answer", "below", "said"),
    [
        (PUSH, USES, ""),
        (PUSH, ALSO, "shows 'put', and then 'push'"),
        (PUSH, code("1 / 0"), "raises ZeroDivisionError"),
        (PUSH, code("mine.pop", "nbval-ignore-output"), "uses ours for pop, although"),
        (
            "def push(heap, item):\n    heap.insert(0, item)",
            USES,
            "check.heap_push says 'Not right",
        ),
        (BY_ANOTHER_CELL, USES, "check.heap_push does not keep it"),
    ],
)
def test_what_goes_wrong_in_a_solved_notebook_is_found(
    answer: str, below: NotebookNode, said: str, tmp_path: Path
) -> None:
    stub, called, hints = an_exercise("heap_push")
    called.source = "check.heap_push(push)"
    hints.source = hints.source.replace("x = 1", answer)
    cells = [code(BEFORE.format(str(NOTEBOOKS))), code(ANOTHER), stub, called, hints, below]
    copy = tmp_path / "01_a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), copy)
    faults = list(solved(copy, cells, tmp_path, choice=0))
    assert any(said in fault for fault in faults) if said else not faults, faults


def test_only_what_needs_the_package_may_be_missing_in_the_file(tmp_path: Path) -> None:
    page = {"code": {"watch": {"name": "Watch", "source": "from sched import TaskStatus\n"}}}
    (tmp_path / "08.json").write_text(json.dumps(page), encoding="utf-8")
    apart = need_the_package(tmp_path)
    said = "{0}: yours, of notebook 08.\n{0}: ours in the file, where yours does not run.\n"
    cell = code("own = put_together()")
    assert list(whose(cell, [("stdout", said.format("Watch"))], apart)) == []
    assert len(list(whose(cell, [("stdout", said.format("Tracked"))], apart))) == 1
    assert len(list(whose(cell, [("stdout", "Watch: ours, until ...\n")], apart))) == 1
