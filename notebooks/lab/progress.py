"""What a learner has predicted and passed: one small JSON file per notebook.

The files live in `progress/` beside the notebooks, or in the folder that SCHED_PROGRESS names.
A file is read again before each change, so that two kernels do not undo each other's work, and
replaced in one step, so that it is never half written. Whatever is wrong with a file or with the
folder, the lesson goes on: it is said in one line, and the page is kept in memory.
"""

import json
import os
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Answer: TypeAlias = Scalar | list[Scalar]

FORMAT = "sched progress 1"


@dataclass
class Prediction:
    """One prediction. `answer` is the one that stood at the first reveal: it alone counts."""

    answer: Answer = None
    second: Answer = None  # an answer given after the first reveal, if it differs
    revealed: bool = False
    happened: Answer = None
    right: bool = False


@dataclass
class Code:
    """What a learner wrote and checked: the name that it has, and its whole cell."""

    name: str
    source: str


@dataclass
class Page:
    """What is known about one notebook, in the order in which it was first done."""

    predictions: dict[str, Prediction] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)
    code: dict[str, Code] = field(default_factory=dict)  # by exercise
    words: dict[str, str] = field(default_factory=dict)  # by the id of what was to be explained
    practice: dict[str, list[str]] = field(default_factory=dict)  # by kind: see practice.py


NOT_KEPT = (
    "Your progress cannot be kept: its folder cannot be used. "
    "You can go on; the score forgets when the kernel stops."
)

_unkept: dict[str, Page] = {}  # pages that could not be written
_unreadable: set[str] = set()  # notebooks whose file is there and cannot be read
_said: set[str] = set()  # what is said once is not said again


def folder() -> Path:
    """Where the progress is kept. Found from this file: a kernel's folder can be changed."""
    named = os.environ.get("SCHED_PROGRESS")
    return Path(named) if named else Path(__file__).resolve().parents[1] / "progress"


def load(notebook: str) -> Page:
    """The page of a notebook ("01"); an empty one if there is none that can be read."""
    if notebook in _unkept:
        return _unkept[notebook]
    path = folder() / f"{notebook}.json"
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Page()
    except OSError:
        _say_once(NOT_KEPT)
        _unreadable.add(notebook)
        return _unkept.setdefault(notebook, Page())
    try:
        return _from_json(json.loads(text), notebook)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        _set_aside(path)
        return Page()


def save(notebook: str, page: Page) -> None:
    """Replace the notebook's file in one step; keep the page in memory where that fails."""
    if notebook in _unreadable:  # what cannot be read is not overwritten either
        _unkept[notebook] = page
        return
    where = folder()
    path = where / f"{notebook}.json"
    unfinished = where / f".{notebook}.{os.getpid()}.unfinished"
    try:
        if not where.exists():
            where.mkdir(parents=True)
            # Beside the notebooks of a checkout, the folder should not show up as a change.
            (where / ".gitignore").write_text("*\n", encoding="utf-8")
        unfinished.write_text(_to_json(notebook, page), encoding="utf-8")
        unfinished.replace(path)
    except (OSError, ValueError):  # ValueError: what no text of JSON can hold
        _unkept[notebook] = page
        _say_once(NOT_KEPT)
    else:
        _unkept.pop(notebook, None)


def notebooks_begun() -> list[str]:
    """The numbers of the notebooks that have a page, in order."""
    try:
        kept = {p.stem for p in folder().glob("[0-9][0-9].json")}
    except OSError:
        kept = set()
    return sorted(kept | _unkept.keys())


def _to_json(notebook: str, page: Page) -> str:
    content = {
        "format": FORMAT,
        "notebook": notebook,
        "predictions": {name: vars(p) for name, p in page.predictions.items()},
        "passed": page.passed,
        "code": {name: vars(code) for name, code in page.code.items()},
        "words": page.words,
        "practice": page.practice,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _from_json(content: Any, notebook: str) -> Page:
    """Build a page from what was in a file; raises one of five errors if it is not ours."""
    if content["format"] != FORMAT or content["notebook"] != notebook:
        raise ValueError("not a page of this notebook")
    page = Page()
    for name, kept in content["predictions"].items():
        prediction = Prediction(**kept)
        answers = (prediction.answer, prediction.second, prediction.happened)
        if not all(_is_answer(a) for a in answers):
            raise TypeError(f"not an answer: {answers}")
        if not isinstance(prediction.revealed, bool) or not isinstance(prediction.right, bool):
            raise TypeError("revealed and right are True or False")
        page.predictions[name] = prediction
    if not all(isinstance(name, str) for name in content["passed"]):
        raise TypeError("an exercise is named by a text")
    page.passed = list(content["passed"])
    page.code = {name: Code(**kept) for name, kept in content.get("code", {}).items()}
    page.words = dict(content.get("words", {}))
    page.practice = {kind: list(done) for kind, done in content.get("practice", {}).items()}
    texts = [*page.words.values(), *chain.from_iterable(page.practice.values())]
    texts += [text for code in page.code.values() for text in (code.name, code.source)]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("code, words and practice are texts")
    return page


def _is_answer(value: object) -> bool:
    if isinstance(value, list):
        return all(item is None or isinstance(item, str | int | float) for item in value)
    return value is None or isinstance(value, str | int | float)


def _set_aside(path: Path) -> None:
    """Move a file that is not ours out of the way; never delete what a learner may want."""
    aside = path.with_name(f"{path.stem}-damaged.json")
    number = 2
    while aside.exists():
        aside = path.with_name(f"{path.stem}-damaged-{number}.json")
        number += 1
    try:
        path.replace(aside)
    except OSError:
        _say_once(f"The progress file {path.name} is damaged; the score starts empty.")
    else:
        print(
            f"The progress file {path.name} is damaged: it is now called {aside.name}, "
            "and the score starts empty."
        )


def _say_once(line: str) -> None:
    if line not in _said:
        _said.add(line)
        print(line)
