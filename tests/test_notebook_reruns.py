"""Any cell may be run again: nothing hangs, nothing raises, and what is compared repeats.

Each cell of a learner's copy is run twice in a row: of 00 to 05, and with --every-heading (`make
soak`) of all, and everything is run once more from each heading. What the second run of a cell
rightly continues, such as taking the next task, is tagged `moves-on`. The copies hold no `ci-only`
cell, so that these runs show as well that no other cell needs one.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from lab.launch import fresh
from tests.kernels import Kernel, copies, difference, errors, is_compared, kernel, shown, where
from tests.test_notebook_rules import DEEPER, NOTEBOOKS, STORED, code, tags, text


def code_cells(cells: Sequence[NotebookNode]) -> list[NotebookNode]:
    return [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]


def repeats(cell: NotebookNode) -> bool:
    return is_compared(cell) and "moves-on" not in tags(cell)


def twice_each(running: Kernel, cells: Sequence[NotebookNode]) -> Iterator[str]:
    """What goes wrong when every cell is run twice in a row."""
    for cell in code_cells(cells):
        first, second = running.run(cell), running.run(cell)
        yield from errors(cell, first)
        yield from (f"the second time, {error}" for error in errors(cell, second))
        parted = difference(shown(first), shown(second))
        if repeats(cell) and parted:
            yield f"{where(cell)} shows {parted}"


def again_from_headings(
    running: Kernel, cells: Sequence[NotebookNode], stored: dict[str, NotebookNode]
) -> Iterator[str]:
    """What goes wrong when the cells below a heading are run again, to the end."""
    headings = [
        number
        for number, cell in enumerate(cells)
        if cell.cell_type == "markdown" and cell.source.startswith("## ")
    ]
    for number in headings:
        heading = cells[number].source.partition("\n")[0]
        for cell in code_cells(cells[number:]):
            outputs = running.run(cell)
            yield from (f"again from {heading!r}, {error}" for error in errors(cell, outputs))
            parted = difference(shown(stored[cell.id].outputs), shown(outputs))
            if repeats(cell) and parted:
                yield f"again from {heading!r}, {where(cell)} shows {parted}"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copies(tmp_path_factory.mktemp("checkout"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "path" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-heading")
        paths = [*STORED, *DEEPER] if every else STORED[:6]
        metafunc.parametrize("path", paths, ids=lambda path: path.stem)


def test_every_cell_can_be_run_again(
    path: Path, work: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    copy = work / path.relative_to(NOTEBOOKS)
    cells = nbformat.read(copy, as_version=4).cells
    stored = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
    with kernel(copy.parent, tmp_path / "progress") as running:
        faults = list(twice_each(running, cells))
        if pytestconfig.getoption("--every-heading"):
            faults += again_from_headings(running, cells, stored)
    assert not faults, "\n" + "\n".join(faults)


# -- the test above can fail


AGAIN: list[tuple[list[NotebookNode], str]] = [
    ([code("heap = []"), code("heap.append(1)\nprint(heap)")], "shows '[1]', and then '[1, 1]'"),
    ([code("names = {'a'}"), code("names.remove('a')")], "the second time, cell"),
    ([code("for n in range(2):\n    raise ValueError(n)")], "raises ValueError: 0"),
    ([code("import sys\nprint('careful', file=sys.stderr)")], "writes to stderr"),
    ([code("import threading"), code("threading.Event().wait()")], "hangs"),
    (
        [text("## 1"), code("calls = 0"), code("print(calls + 1)"), code("calls = []")],
        "",
    ),
    (
        [code("calls = 0"), text("## 1"), code("print(calls + 1)"), code("calls = []")],
        "again from '## 1', cell 'print(calls + 1)' raises TypeError",
    ),
    ([code("n = 0"), text("## 1"), code("print(n)"), code("n = 1")], "shows '0', and then '1'"),
    ([code("heap = []"), code("heap.append(1)\nprint(heap)", "moves-on")], ""),
    ([code("import time\nprint(time.time_ns())", "nbval-ignore-output")], ""),
    ([code("1 / 0", "raises-exception")], ""),
    ([code("print(object())"), text("## 1"), code("print(1)"), text("## 2"), code("2")], ""),
]


@pytest.mark.parametrize(("cells", "said"), AGAIN)
def test_a_cell_that_cannot_be_run_again_is_found(
    cells: list[NotebookNode], said: str, tmp_path: Path
) -> None:
    with kernel(tmp_path, tmp_path) as running:  # as it is stored: each cell once
        for cell in code_cells(cells):
            cell.outputs = [] if said == "hangs" else running.run(cell)
    stored = {cell.id: cell for cell in cells}
    with kernel(tmp_path, tmp_path, patience=3 if said == "hangs" else 300) as running:
        try:
            faults = [
                *twice_each(running, cells),
                *again_from_headings(running, cells, stored),
            ]
        except TimeoutError as error:
            faults = [str(error)]
    assert any(said in fault for fault in faults) if said else not faults, faults


def test_a_cell_that_needs_what_only_ci_runs_is_found(tmp_path: Path) -> None:
    whole = nbformat.v4.new_notebook(cells=[code("x = 1", "ci-only"), code("print(x)")])
    copied = nbformat.reads(fresh(nbformat.writes(whole).encode()).decode(), as_version=4)
    with kernel(tmp_path, tmp_path) as running:
        first, second = twice_each(running, copied.cells)
    assert "raises NameError: name 'x' is not defined" in first
    assert second.startswith("the second time")
