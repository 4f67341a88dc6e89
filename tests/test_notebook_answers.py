"""No answer in sight: what a reader sees before a prediction can be made does not give it away.

A reader sees the text, the headings, the tables and the comments of all cells down to the one below
the reveal (copies have no outputs, and of what is folded nothing is seen but a first line, which a
rule of test_notebook_rules keeps empty of answers); and notebook 00. What the right answer is, the
stored run of the reveal tells. It is given away by

copied       a sentence of what is read afterwards (lab/after), in nearly the same words
claimed      a sentence that names the right choice and none of the others, and is no question;
             where the choice is a name in the code, one that says what comes of it (first, left)
counted      the number that is asked for, if it is 10 or more or no whole one (others are in every
             text), and not in the code that the reader is to reason about

Who words it otherwise altogether is not found out: read each notebook with this in mind.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from lab import after
from lab.predictions import show
from tests.test_notebook_rules import (
    DEEPER,
    NOTEBOOKS,
    STORED,
    Notebook,
    code,
    folded,
    read,
    tags,
    text,
)

SHARED, SHARE = 5, 0.6  # so many words in common, and so large a part, make a sentence a copy
OUTCOME = (
    r"\b(first|second(?! \d)|last|before|after|instead|never|still|wins?|won|comes?|came|ran|"
    r"leaves|left|gets|got|next|raises?|because|so)\b"
)
STOP = (
    "that this with have from they them then than when what which where there their will would "
    "could should into only each other every more most some same your does done"
)


@dataclass
class Asked:
    """A prediction: where it is asked and revealed, its choices (or None), and the answer."""

    name: str
    place: int
    choices: list[Any] | None
    revealed: int = -1
    answer: str = ""


def calls(cell: NotebookNode, function: str) -> list[ast.Call]:
    try:
        nodes = ast.walk(ast.parse(cell.source))
    except SyntaxError:  # IPython's own syntax
        return []
    found = [n for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "id", "") == function]
    return sorted(found, key=lambda node: node.lineno)


def predictions(cells: Sequence[NotebookNode]) -> list[Asked]:
    """Every prediction that is revealed, with the answer that the stored run found."""
    asked: dict[str, Asked] = {}
    for place, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        for call in calls(cell, "predict"):
            given = {k.arg: k.value for k in call.keywords}
            choices = ast.literal_eval(given["choices"]) if "choices" in given else None
            name = ast.literal_eval(call.args[0])
            asked.setdefault(name, Asked(name, place, choices))
        printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
        happened = re.findall(r"^What happened: (.*)$", printed, re.M)
        reveals = calls(cell, "reveal")
        # The same one twice is an `if` with its `else`.
        names = list(dict.fromkeys(ast.literal_eval(call.args[0]) for call in reveals))
        for name, answer in zip(names, happened, strict=True):
            asked[name].revealed, asked[name].answer = place, answer
    return [one for one in asked.values() if one.revealed >= 0]


# --- what is seen ---------------------------------------------------------------------------------


def sentences(cell: NotebookNode) -> list[str]:
    """What a reader reads in a cell: sentences, headings, rows of tables, comments."""
    if "ci-only" in tags(cell) or cell.metadata.get("jupyter", {}).get("source_hidden"):
        return []
    if cell.cell_type == "code":
        return re.findall(r"^[^'\"#]*#\s*(.*)$", cell.source, re.M)
    source = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.S)
    source = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", source, flags=re.S | re.M)
    source = re.sub(r"\]\([^)]*\)", "]", source)
    source = re.sub(r"[*_`\[\]]|<[^>]+>", "", source)
    return _split(source)


def _split(source: str) -> list[str]:
    blocks = re.split(r"\n\s*\n|\n(?=\s*[-|#]|\d+\.)|(?<=\|)\n", source)
    parts = [part for block in blocks for part in re.split(r"(?<=[.!?:;])\s+", block.strip())]
    return [" ".join(part.split()) for part in parts if part.strip()]


def is_question(sentence: str) -> bool:
    return sentence.rstrip("\"'”)").endswith("?")


def content(sentence: str) -> set[str]:
    """The words that carry the meaning, without their endings."""
    words = [word.casefold() for word in re.findall(r"[A-Za-z]{4,}", sentence)]
    return {re.sub(r"(ing|ed|es|s|ly)$", "", word) for word in words if word not in STOP.split()}


def named(thing: Any) -> str:
    """A pattern that finds a choice in a sentence; "a" is a word, and a choice in quotes alone."""
    words = re.escape(" ".join(show(thing).casefold().split()))
    return rf"(?<!\w){words}(?!\w)" if len(show(thing)) > 1 else rf"['\"]{words}['\"]"


# --- what gives an answer away --------------------------------------------------------------------


def given_away(nb: Notebook, first: Notebook | None = None) -> Iterator[str]:
    """Each sentence of a notebook that gives an answer away; first: notebook 00."""
    for asked in predictions(nb.cells):
        seen = nb.cells[: asked.revealed + 2]
        headings = [n for n, c in enumerate(seen[: asked.place]) if c.source.startswith("## ")]
        start = headings[-1] if headings else 0
        program = "\n".join(
            c.source
            for c in seen[start : asked.revealed + 1]
            if c.cell_type == "code" and not calls(c, "predict")
        )
        for cell in seen:
            for sentence in sentences(cell):
                if copied(sentence, asked):
                    yield nb.at(cell, f"{asked.name} is answered: {sentence}")
        for cell in seen[start:]:
            for sentence in sentences(cell):
                if claimed(sentence, asked, program) or counted(sentence, asked, program):
                    yield nb.at(cell, f"{asked.name} is told, {asked.answer!r}: {sentence}")
        for cell in first.cells if first else ():
            for sentence in sentences(cell):
                if copied(sentence, asked):
                    yield f"notebook 00 answers {asked.name}: {sentence}"


def copied(sentence: str, asked: Asked) -> bool:
    here = content(sentence)
    if is_question(sentence):
        return False
    for told in _split(after.text(asked.name)):
        there = content(told)
        both = len(here & there)
        if both >= SHARED and both >= SHARE * min(len(here), len(there)):
            return True
    return False


def claimed(sentence: str, asked: Asked, program: str) -> bool:
    if asked.choices is None or all(isinstance(c, int | float) for c in asked.choices):
        return False
    said = sentence.casefold()
    if is_question(sentence) or not re.search(named(asked.answer), said):
        return False
    if asked.answer in program:
        return re.search(OUTCOME, said) is not None
    others = [choice for choice in asked.choices if show(choice) != asked.answer]
    return not any(re.search(named(other), said) for other in others)


def counted(sentence: str, asked: Asked, program: str) -> bool:
    digits = asked.answer.replace(",", "")
    if asked.choices is not None or not re.fullmatch(r"-?\d+(\.\d+)?", digits):
        return False
    if float(digits).is_integer() and abs(float(digits)) < 10:
        return False
    number = rf"(?<![\w.,]){re.escape(digits)}(?!\w|[.,]\d)"
    return bool(
        re.search(number, re.sub(r"(?<=\d)[,_](?=\d\d\d)", "", sentence))
        and not re.search(number, program.replace("_", ""))
    )


@pytest.mark.parametrize("path", [*STORED, *DEEPER], ids=lambda path: path.stem)
def test_no_answer_is_in_sight(path: Path) -> None:
    faults = list(given_away(read(path), None if path == STORED[0] else read(STORED[0])))
    assert not faults, "\n" + "\n".join(faults)


# -- the test above can fail


TEXT = """## order
Nobody compared the priorities, so the task that was added earlier always leaves the queue ahead.

## looks
The loop never rests.
"""


def a_notebook(*more: NotebookNode, below: Sequence[NotebookNode] = ()) -> Notebook:
    """Two predictions with nothing in sight; `more` stands above them, `below` under them."""
    cells = [
        text("# 01\nA task of 55 seconds, and 'Low' came first elsewhere."),
        text("## 1\nThree tasks are added: Low, High and Medium. Low has priority 5."),
        code('add(5, "Low")\nadd(1, "High")\nadd(2, "Medium")\nfor n in range(40): look()'),
        text("Which one comes out first? Is it Low? How many looks are it in 40 seconds?"),
        *more,
        code('predict("01-order", choices=["Low", "High", "Medium"])'),
        code('predict("01-end", choices=["an error", "nothing"])'),
        code('predict("01-looks", number="looks")'),
        code(
            'reveal("01-order", order[0])\nreveal("01-end", end)\n'
            'if looks > 9: reveal("01-looks", looks)\nelse: reveal("01-looks", 9)',
            out="What happened: Low\n1\nWhat happened: an error\nWhat happened: 1,234\n",
        ),
        *below,
        text("An error, Low is first, 1234."),
    ]
    return Notebook("01", cells, NOTEBOOKS)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(after, "FOLDER", tmp_path)
    (tmp_path / "01.md").write_text(TEXT)


UNSEEN = text("What comes next is for another day.")


@pytest.mark.parametrize(
    "cell",
    [
        text(folded(Hint="Low comes first: an error, after 1,234 looks.")),
        text("| task | urgency |\n|---|---|\n| Low | 5 |"),
        text("It ends with an error or with nothing."),
        text("Is it an error?"),
        code("low = 1234  # at most"),
        code('print("Low comes first")  # shown later'),
        code("# Low comes first", "ci-only"),
    ],
)
def test_what_tells_nothing_is_accepted(told: None, cell: NotebookNode) -> None:
    assert list(given_away(a_notebook(cell, below=[UNSEEN]))) == []


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (text("### Low comes out first"), "01-order is told, 'Low'"),
        (text("| what | comes |\n|---|---|\n| first | Low |"), "01-order is told, 'Low'"),
        (code("# Low is taken before all others\nx = 1"), "01-order is told, 'Low'"),
        (text("Priorities are not compared, and a task added earlier leaves the queue ahead."), ""),
        (text("It stops with an error."), "01-end is told, 'an error'"),
        (text("More than 1,234 looks!"), "01-looks is told, '1,234'"),
        (text("As many as 1234."), "01-looks is told, '1,234'"),
    ],
)
def test_an_answer_in_sight_is_found(told: None, cell: NotebookNode, said: str) -> None:
    for above, below in (([cell], [UNSEEN]), ([], [cell])):
        (fault,) = given_away(a_notebook(*above, below=below))
        assert (said or "01-order is answered") in fault


def test_what_notebook_00_says_is_in_sight_too(told: None) -> None:
    map_of_all = text(
        "| 01 | priorities are not compared: an earlier task leaves the queue ahead |"
    )
    first = Notebook("00", [map_of_all], NOTEBOOKS)
    (fault,) = given_away(a_notebook(below=[UNSEEN]), first)
    assert fault.startswith("notebook 00 answers 01-order")


def test_a_reveal_whose_answer_was_not_stored_is_refused() -> None:
    nb = a_notebook(below=[UNSEEN])
    nb.cells[7].outputs = []
    with pytest.raises(ValueError, match="zip"):
        list(given_away(nb))
