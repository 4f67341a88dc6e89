"""score: the page at the end of a notebook, and in notebook 00 the page of all of them."""

import json
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path

from sched.table import counted, html_table, text_table

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
    recalled = {name: p for name, p in page.predictions.items() if is_recall(name)}
    made = {name: p for name, p in page.predictions.items() if not is_recall(name)}
    right = sum(p.right for p in made.values())
    passed = sum(e.name in page.passed for e in exercises)
    rows = [(_words(name), *_prediction_row(p)) for name, p in made.items()]
    again = [(_words(name), *_prediction_row(p)) for name, p in recalled.items()]
    drilled = [
        (kind, str(sum(one.endswith("right") for one in done)), str(len(done)))
        for kind, done in page.practice.items()
    ]
    beyond = _tags_in(f"deeper/{number}_*.ipynb")
    todo = [
        (
            f"{e.title} (deeper)" if f"exercise:{e.name}" in beyond else e.title,
            "passed" if e.name in page.passed else "not yet",
        )
        for e in exercises
    ]
    counts = [f"{right} of {counted(len(made), 'prediction')} right"] if made else []
    counts += [f"{passed} of {counted(len(exercises), 'exercise')} passed"] if exercises else []
    known = sum(p.right for p in recalled.values())
    counts += [f"{known} of {len(recalled)} recalled"] if recalled else []
    _display(
        f"Notebook {number}: {', '.join(counts) or 'nothing yet'}",
        [
            (("prediction", "yours", "what happened", ""), rows),
            (("from earlier notebooks", "yours", "the answer", ""), again),
            (("exercise", ""), todo),
            (("practice", "right", "asked"), drilled),
        ],
    )


def _score_of_all() -> None:
    numbers = sorted({*progress.notebooks_begun(), *check.notebooks(), *_titles()})
    rows = []
    for number in numbers:
        page = progress.load(number)
        exercises = check.exercises(number)
        made = [p for name, p in page.predictions.items() if not is_recall(name)]
        right = sum(p.right for p in made)
        passed = sum(e.name in page.passed for e in exercises)
        rows.append(
            (
                _titles().get(number, f"{number} · to come"),
                f"{right} of {len(made)}" if made else "-",
                f"{passed} of {len(exercises)}" if exercises else "-",
            )
        )
    _display("Your progress", [(("notebook", "predictions right", "exercises passed"), rows)])


def _prediction_row(prediction: Prediction) -> Row:
    if prediction.answer is None:
        return "", "", "not predicted"
    if not prediction.revealed:
        return show(prediction.answer), "", "not revealed yet"
    yours, verdict = show(prediction.answer), "right" if prediction.right else "not right"
    if prediction.second is not None:
        yours += f", then {show(prediction.second)}"
    return yours, show(prediction.happened), verdict


def is_recall(prediction_id: str) -> bool:
    """Whether it asks for something of an earlier notebook: "03-recall-2"."""
    return prediction_id[3:].startswith("recall-")


def _words(prediction_id: str) -> str:
    return prediction_id[3:].replace("-", " ")


def _as_in_the_notebook(number: str, exercises: list[check.Exercise]) -> list[check.Exercise]:
    """Exercises in the order of the cells tagged ``exercise:<name>``; others after them."""
    order = [*_tags_in(f"{number}_*.ipynb"), *_tags_in(f"deeper/{number}_*.ipynb")]
    tags = [f"exercise:{e.name}" for e in exercises]
    place = {tag: order.index(tag) if tag in order else len(order) for tag in tags}
    return sorted(exercises, key=lambda e: place[f"exercise:{e.name}"])


def _tags_in(pattern: str) -> list[str]:
    """The tags of all cells of the notebooks that are called like this."""
    found: list[str] = []
    for path in sorted(NOTEBOOKS.glob(pattern)):
        try:
            cells = json.loads(path.read_bytes())["cells"]
            found += [tag for cell in cells for tag in cell["metadata"].get("tags", [])]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


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
    text, html = [title], [f"<p><b>{escape(title)}</b></p>"]
    for head, rows in tables:
        if not rows:
            continue
        every = range(len(head))
        text.append(text_table([head, *rows], every, ruled=True))
        html.append(html_table([head, *rows], every))
    if "IPython" in sys.modules:
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is not None:
            bundle = {"text/plain": "\n\n".join(text), "text/html": "\n".join(html)}
            display(bundle, raw=True)  # type: ignore[no-untyped-call]
            return
    print("\n\n".join(text))
