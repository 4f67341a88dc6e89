"""Every notebook is stored as one complete run, outputs included.

nbval compares a cell with its stored outputs, and compares nothing where a cell was never run. A
notebook that was saved half run would pass without being tested. Readers on the web see the stored
outputs too, and nothing else.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
STORED = sorted(p for p in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)

each_notebook = pytest.mark.parametrize("path", STORED, ids=[path.stem for path in STORED])


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def first_line(cell: NotebookNode) -> str:
    return str(cell.source.strip().splitlines()[0])


def out_of_order(notebook: NotebookNode) -> list[str]:
    """The cells whose number is not their place: never run, run twice, or run out of order."""
    return [
        f"In [{cell.execution_count}] should be In [{place}]: {first_line(cell)}"
        for place, cell in enumerate(code_cells(notebook), start=1)
        if cell.execution_count != place
    ]


def shows_something(source: str) -> bool:
    """Whether a run of this cell is sure to show something, as far as its text can tell."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # IPython's own syntax: %magic, !command
        return False
    if not body:
        return False
    if any(calls_at_once(statement, {"print", "display"}) for statement in body):
        return True
    last = body[-1]
    if not isinstance(last, ast.Expr) or source.rstrip().endswith(";"):
        return False
    # A call may return None; a name, a comparison or a container on the last line is shown.
    shown = (ast.Name, ast.Attribute, ast.Subscript, ast.Compare, ast.BinOp, ast.List, ast.Tuple)
    return isinstance(last.value, shown) or calls_at_once(last, {"show"})


def calls_at_once(statement: ast.stmt, names: set[str]) -> bool:
    """Whether the statement is itself a call of one of these names: not in a loop or a function."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    called = statement.value.func
    name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
    return name in names


def without_outputs(notebook: NotebookNode) -> list[str]:
    return [
        first_line(cell)
        for cell in code_cells(notebook)
        if shows_something(cell.source) and not cell.outputs
    ]


def unwanted_outputs(notebook: NotebookNode) -> Iterator[str]:
    """Errors that no tag announces, and whatever went to stderr."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error" and "raises-exception" not in tags(cell):
                yield f"{output.ename}: {first_line(cell)}"
            if output.output_type == "stream" and output.name == "stderr":
                yield f"stderr {output.text[:60]!r}: {first_line(cell)}"


@each_notebook
def test_every_code_cell_has_run_once_and_in_order(path: Path) -> None:
    assert out_of_order(nbformat.read(path, as_version=4)) == []


@each_notebook
def test_every_cell_that_shows_something_is_stored_with_it(path: Path) -> None:
    assert without_outputs(nbformat.read(path, as_version=4)) == []


@each_notebook
def test_no_error_is_stored_by_accident_and_nothing_on_stderr(path: Path) -> None:
    assert list(unwanted_outputs(nbformat.read(path, as_version=4))) == []


@each_notebook
def test_the_notebook_is_valid_and_opens_with_the_kernel_that_everyone_has(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"


# -- the tests above can fail, also while there are few notebooks


def stored(*cells: tuple[str, int | None, bool]) -> NotebookNode:
    """A notebook of code cells, each given as source, number and whether it has an output."""
    output = nbformat.v4.new_output("stream", name="stdout", text="1\n")
    return nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                source, execution_count=number, outputs=[output] if has_output else []
            )
            for source, number, has_output in cells
        ]
    )


def test_a_complete_run_is_accepted() -> None:
    complete = stored(("x = 1", 1, False), ("", None, False), ("print(x)", 2, True))
    assert out_of_order(complete) == []
    assert without_outputs(complete) == []
    assert list(unwanted_outputs(complete)) == []


@pytest.mark.parametrize(
    "numbers", [(None, None), (1, None), (2, 1), (1, 1), (2, 3)], ids=lambda numbers: str(numbers)
)
def test_an_incomplete_or_disordered_run_is_refused(numbers: tuple[int | None, int | None]) -> None:
    assert out_of_order(stored(*((f"x = {n}", n, False) for n in numbers)))


@pytest.mark.parametrize(
    "source", ["print(1)", "x = 1\nx", "display(x)", "plt.show()", "x == 1", "[1, 2]", "x.y"]
)
def test_a_missing_output_is_noticed(source: str) -> None:
    assert without_outputs(stored((source, 1, False)))


@pytest.mark.parametrize(
    "source", ["x = 1", "def f():\n    print(1)", "x;", "for x in []:\n    print(x)", "%pwd", "f()"]
)
def test_a_cell_that_may_show_nothing_needs_no_output(source: str) -> None:
    assert without_outputs(stored((source, 1, False))) == []


def test_an_error_needs_its_tag_and_stderr_is_refused() -> None:
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="", traceback=[])
    warning = nbformat.v4.new_output("stream", name="stderr", text="careful")
    cell = nbformat.v4.new_code_cell("f()", execution_count=1, outputs=[error, warning])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    assert len(list(unwanted_outputs(notebook))) == 2
    cell.metadata["tags"] = ["raises-exception"]
    assert len(list(unwanted_outputs(notebook))) == 1
