"""The minutes that a notebook states are those that its cells take, by one rule for all.

150 words a minute, folded parts left out and what is read after a prediction included; 10 lines
of code a minute, those of stubs, checks and questions left out; a prediction 1 minute, a recall
question 1, an explanation in one's own words 2, a pay-off 1, an exercise 10, a diagnosis 8.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from nbformat import NotebookNode

from lab import after
from tests.test_notebook_rules import STORED, code, read, tags, text, words

ASKS = ("check.", "predict(", "explain(", "score(", "explained(", "practice(")
NEAR = 3  # minutes; what is stated is rounded to five


def minutes(cells: Sequence[NotebookNode], number: str) -> float:
    total = 0.0
    for cell in cells:
        if cell.cell_type == "markdown":
            total += len(words(cell.source)) / 150
            continue
        exercises = [tag for tag in tags(cell) if tag.startswith("exercise:")]
        total += sum(8 if "diagnose" in tag else 10 for tag in exercises)
        lines = [s for s in cell.source.splitlines() if s.strip() and "reveal(" not in s]
        total += 0 if exercises or cell.source.startswith(ASKS) else len(lines) / 10
        total += len(re.findall(r"^predict\(", cell.source, re.M))
        total += 2 * len(re.findall(r"^explain\(", cell.source, re.M))
        total += bool(re.search(r"\bmine\.", cell.source))
        for name in re.findall(rf'(?:reveal|explain)\(\s*"({number}-[a-z0-9-]+)', cell.source):
            total += len(words(after.text(name))) / 150
    return total


def sittings(cells: Sequence[NotebookNode]) -> dict[str, list[NotebookNode]]:
    """The cells by the number of their part; "0" before the first, "end" after the last."""
    found: dict[str, list[NotebookNode]] = {}
    part = "0"
    for cell in cells:
        heading = re.match(r"## (?:(\d+) )?", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            part = heading[1] or ("0" if part == "0" else "end")
        found.setdefault(part, []).append(cell)
    return found


def test_each_kind_of_cell_has_its_minutes() -> None:
    cells = [
        text("word " * 150),
        code("x = 1\n\n" * 10),
        code('predict("01-none", choices=[1, 2])'),
        code('explain("01-none", "Why?")'),
        code("f = mine.push"),
        code("def f():\n    ...", "exercise:f"),
        code("check.f(f)"),
        code("fault = ...", "exercise:diagnose_01"),
    ]
    each = [1, 1, 1, 2, 1.1, 10, 0, 8]
    assert [minutes([cell], "01") for cell in cells] == pytest.approx(each)
    assert minutes(cells, "01") == pytest.approx(sum(each))


@pytest.mark.parametrize("path", [p for p in STORED if p.name[:2] == "01"], ids=lambda p: p.stem)
def test_the_stated_minutes_are_the_computed_ones(path: Path) -> None:
    nb = read(path)
    top = "\n".join(c.source for c in nb.cells[:3])
    parts = sittings(nb.cells)
    stated = re.search(
        r"Parts 1 and 2 take about (\d+) minutes, parts 3 and 4 about (\d+)\. "
        r"Part 5.*?about (\d+) more",
        top,
        re.S,
    )
    assert stated
    for said, names in zip(
        stated.groups(), (("0", "1", "2"), ("3", "4", "end"), ("5",)), strict=True
    ):
        computed = minutes([c for name in names for c in parts[name]], nb.number)
        assert abs(int(said) - computed) <= NEAR, (names, computed)
        assert int(said) <= 45
