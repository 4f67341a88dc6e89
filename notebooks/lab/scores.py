"""score: the page at the end of a notebook, and in notebook 00 the page of all of them."""

import json
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path

from . import check, progress, session
from .predictions import show
from .progress import Prediction

Row = Sequence[str]
NOTEBOOKS = Path(__file__).resolve().parents[1]


def score(notebook: str | None = None, *, all: bool = False) -> None:  # noqa: A002
    """Show what you predicted and which exercises you passed, in this notebook.

    notebook: its number, such as "01"; found from what this kernel has run, if not given.
    all: one line for each notebook instead.
    """
    if all:
        _score_of_all()
        return
    number = notebook or session.notebook()
    if number is None:
        print("Nothing predicted or checked yet: run the cells above first.")
        return
    page = progress.load(number)
    exercises = _as_in_the_notebook(number, check.exercises(number))
    made = page.predictions
    right = sum(p.right for p in made.values())
    passed = sum(e.name in page.passed for e in exercises)
    rows = [(_words(name), *_prediction_row(p)) for name, p in made.items()]
    todo = [(e.title, "passed" if e.name in page.passed else "not yet") for e in exercises]
    counts = [f"{right} of {_count(len(made), 'prediction')} right"] if made else []
    counts += [f"{passed} of {_count(len(exercises), 'exercise')} passed"] if exercises else []
    _display(
        f"Notebook {number}: {', '.join(counts) or 'nothing yet'}",
        [
            (("prediction", "yours", "what happened", ""), rows),
            (("exercise", ""), todo),
        ],
    )


def _score_of_all() -> None:
    numbers = sorted({*progress.notebooks_begun(), *check.notebooks(), *_titles()})
    rows = []
    for number in numbers:
        page = progress.load(number)
        exercises = check.exercises(number)
        right = sum(p.right for p in page.predictions.values())
        passed = sum(e.name in page.passed for e in exercises)
        rows.append(
            (
                _titles().get(number, f"{number} · to come"),
                f"{right} of {len(page.predictions)}" if page.predictions else "-",
                f"{passed} of {len(exercises)}" if exercises else "-",
            )
        )
    _display("Your progress", [(("notebook", "predictions right", "exercises passed"), rows)])


def _prediction_row(prediction: Prediction) -> Row:
    if not prediction.revealed:
        return show(prediction.answer), "", "not revealed yet"
    yours, verdict = show(prediction.answer), "right" if prediction.right else "not right"
    if prediction.answer is None:
        verdict = "not predicted"
    if prediction.second is not None:
        yours += f", then {show(prediction.second)}"
    return yours, show(prediction.happened), verdict


def _words(prediction_id: str) -> str:
    return prediction_id[3:].replace("-", " ")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _as_in_the_notebook(number: str, exercises: list[check.Exercise]) -> list[check.Exercise]:
    """Exercises in the order of the cells tagged ``exercise:<name>``; others after them."""
    order: list[str] = []
    for path in sorted(NOTEBOOKS.glob(f"{number}_*.ipynb")):
        try:
            cells = json.loads(path.read_bytes())["cells"]
            order += [tag for cell in cells for tag in cell["metadata"].get("tags", [])]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    tags = [f"exercise:{e.name}" for e in exercises]
    place = {tag: order.index(tag) if tag in order else len(order) for tag in tags}
    return sorted(exercises, key=lambda e: place[f"exercise:{e.name}"])


def _titles() -> dict[str, str]:
    """The titles of the notebooks that are here, by number, from their first heading."""
    titles = {}
    for path in NOTEBOOKS.glob("[0-9][0-9]*.ipynb"):
        try:
            first = json.loads(path.read_bytes())["cells"][0]["source"]
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            continue
        line = "".join(first).strip().partition("\n")[0]
        titles[path.name[:2]] = line.lstrip("# ").strip() or path.stem
    return titles


# --- showing --------------------------------------------------------------------------------------


def _display(title: str, tables: Sequence[tuple[Row, Sequence[Row]]]) -> None:
    """Show tables as text and as HTML at once, in a notebook; as text elsewhere."""
    tables = [(head, rows) for head, rows in tables if rows]
    text = "\n\n".join([title, *(_as_text(head, rows) for head, rows in tables)])
    html = "\n".join([f"<p><b>{escape(title)}</b></p>", *(_as_html(h, r) for h, r in tables)])
    if "IPython" in sys.modules:
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is not None:
            display({"text/plain": text, "text/html": html}, raw=True)  # type: ignore[no-untyped-call]
            return
    print(text)


def _as_text(head: Row, rows: Sequence[Row]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, ["-" * width for width in widths], *rows)
    ]
    return "\n".join(lines)


def _as_html(head: Row, rows: Sequence[Row]) -> str:
    # The scope tells a screen reader which cells are headings. JupyterLab would align to the right.
    left = 'style="text-align: left"'
    top = "".join(f'<th scope="col" {left}>{escape(cell)}</th>' for cell in head)
    lines = ["".join(f"<td {left}>{escape(cell)}</td>" for cell in row) for row in rows]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
