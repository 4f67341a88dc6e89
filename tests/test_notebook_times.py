"""The minutes that a notebook states are those that its cells take, by one rule for all.

150 words a minute, folded parts left out and what is read after a prediction included; 10 lines
of code a minute, those of stubs, checks, questions and folded cells left out; a prediction 1
minute, a recall question 1, an explanation in one's own words 2, a pay-off 1, an exercise 10, a
diagnosis 8. What is tagged `open:` is for afterwards, and not counted.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from nbformat import NotebookNode

from lab import after
from tests.test_notebook_rules import DEEPER, NOTEBOOKS, STORED, code, read, tags, text, words

ASKS = ("check.", "predict(", "explain(", "score(", "explained(", "practice(")
NEAR = 3  # minutes; what is stated is rounded to five
LONGEST = 45  # minutes
MAIN_PATH = ["diagnosis", "exercise", "exercise", "own words", "own words"]


def minutes(cells: Sequence[NotebookNode], number: str) -> float:
    total = 0.0
    for cell in cells:
        if any(tag.startswith("open:") for tag in tags(cell)):  # for afterwards
            continue
        if cell.cell_type == "markdown":
            total += len(words(cell.source)) / 150
            continue
        if "ci-only" in tags(cell):  # absent from a learner's copy
            continue
        exercises = [tag for tag in tags(cell) if tag.startswith("exercise:")]
        total += sum(8 if "diagnose" in tag else 10 for tag in exercises)
        lines = [s for s in cell.source.splitlines() if s.strip() and "reveal(" not in s]
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        unread = exercises or hidden or cell.source.startswith(ASKS)
        total += 0 if unread else len(lines) / 10
        total += len(re.findall(r"^predict\(", cell.source, re.M))
        total += 2 * len(re.findall(r"^explain\(", cell.source, re.M))
        total += bool(re.search(r"\bmine\.", cell.source))
        for name in re.findall(rf'(?:reveal|explain)\(\s*"({number}-[a-z0-9-]+)', cell.source):
            total += len(words(after.text(name))) / 150
    return total


def faults(cells: Sequence[NotebookNode], number: str) -> list[str]:
    """What is wrong with the time that the top of a notebook states."""
    top = "\n".join(c.source for c in cells[:3] if c.cell_type == "markdown")
    stated = re.findall(r"\babout (\d+) minutes\b", re.sub("[*_]", "", top), re.I)
    computed = minutes(cells, number)
    if len(stated) != 1:
        return [f"say once, in the first three cells: 'about {computed:.0f} minutes'"]
    said, found = int(stated[0]), []
    if said % 5 or abs(said - computed) > NEAR:
        found.append(f"it says {said} minutes, and takes {computed:.1f}; round to five")
    if said > LONGEST or computed > LONGEST:
        found.append(f"{computed:.1f} minutes; {LONGEST} at most: split it or cut")
    return found


def to_do(cells: Sequence[NotebookNode]) -> list[str]:
    """What the learner has to write, by kind."""
    found = []
    for cell in cells:
        for tag in tags(cell):
            if tag.startswith("exercise:"):
                found.append("diagnosis" if "diagnose" in tag else "exercise")
        if cell.cell_type == "code":
            found += ["own words" for _ in re.findall(r"^explain\(", cell.source, re.M)]
    return sorted(found)


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


def test_an_open_task_is_for_afterwards() -> None:
    cells = [text("word " * 150, "open:fair"), code("x = 1\n" * 10, "open:fair")]
    assert minutes(cells, "10") == 0


def test_what_nobody_sees_takes_no_time() -> None:
    hidden = code("x = 1\n" * 10)
    hidden.metadata["jupyter"] = {"source_hidden": True}
    assert minutes([hidden, code("x = 1\n" * 10, "ci-only")], "01") == 0


def lasting(stated: str, computed: int) -> list[NotebookNode]:
    return [text("# 01"), text(stated), *(text("word " * 150) for _ in range(computed))]


@pytest.mark.parametrize(
    ("stated", "computed", "said"),
    [
        ("**Time**: about 20 minutes.", 20, ""),
        ("About 20 minutes, in one go.", 22, ""),
        ("About 20 minutes.", 24, "takes 24"),
        ("About 20 minutes.", 16, "takes 16"),
        ("About 23 minutes.", 23, "round to five"),
        ("Not long.", 20, "say once"),
        ("Part 1: about 20 minutes, part 2: about 10 minutes.", 20, "say once"),
        ("About 50 minutes.", 50, "45 at most"),
        ("About 45 minutes.", 44, ""),
        ("About 45 minutes.", 46, "45 at most"),
    ],
)
def test_a_wrong_time_is_found(stated: str, computed: int, said: str) -> None:
    found = " ".join(faults(lasting(stated, computed), "01"))
    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.parametrize("path", [*STORED, *DEEPER], ids=lambda path: path.stem)
def test_the_stated_minutes_are_the_computed_ones(path: Path) -> None:
    nb = read(path)
    assert faults(nb.cells, nb.number) == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_the_main_path_has_two_exercises_a_diagnosis_and_two_questions_to_explain(
    path: Path,
) -> None:
    assert to_do(read(path).cells) == MAIN_PATH


def test_the_teachers_are_told_the_same_minutes_and_predictions_that_are_asked() -> None:
    page = (NOTEBOOKS / "teachers.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| \[(\d\d)\]\(\S+\) \| (\d+) \| (\d+) \|", page, flags=re.M)
    taken = {path.stem[:2]: 0.0 for path in STORED}
    beyond = dict(taken)
    asked: set[str] = set()
    for path in (*STORED, *DEEPER):
        nb = read(path)
        (taken if path in STORED else beyond)[nb.number] += minutes(nb.cells, nb.number)
        source = "\n".join(cell.source for cell in nb.code)
        asked |= set(re.findall(r'(?:predict|explain)\(\s*"(\d\d-[a-z0-9-]+)', source))
    assert [number for number, _, _ in told] == list(taken)
    for number, main, deeper in told:
        assert abs(int(main) - taken[number]) <= NEAR, (number, taken[number])
        assert abs(int(deeper) - beyond[number]) <= NEAR, (number, beyond[number])
    named = re.findall(r"`(\d\d-[a-z-]+)`", page)
    assert len(named) > 10
    assert set(named) <= asked


def of_a_plan(cells: Sequence[NotebookNode], said: str) -> list[NotebookNode]:
    """The cells of "to exercise 2", from the top, or of "sections 1 and 2"."""
    if to := re.match(r" to exercise (\d)", said):
        written = [
            i for i, c in enumerate(cells) if re.search(r"exercise:(?!diagnose)", str(tags(c)))
        ]
        return [*cells[: written[int(to[1]) - 1] + 1]]
    sections = re.match(r", sections (\d) and (\d)", said)
    assert sections, said
    heads = [re.match(r"## (\d) ", c.source) for c in cells]
    number, found = "0", []
    for cell, head in zip(cells, heads, strict=True):
        number = head[1] if head and cell.cell_type == "markdown" else number
        found += [cell] if number in sections.groups() else []
    return found


def test_the_minutes_of_the_plan_for_a_day_are_those_of_its_parts() -> None:
    page = (NOTEBOOKS / "teachers.md").read_text(encoding="utf-8")
    plan = re.findall(r"^\| \d+:\d\d \| \[(\d\d)\]\((\S+)\)(.*?)\| (\d+) \|", page, flags=re.M)
    assert len(plan) >= 6
    for number, name, said, told in plan:
        taken = minutes(of_a_plan(read(NOTEBOOKS / name).cells, said), number)
        assert abs(int(told) - taken) <= 1, (number, taken)


def test_the_parts_of_a_plan_are_found() -> None:
    cells = [text("# 01"), text("## 1 · A"), code("x", "exercise:a"), text("## 2 · B")]
    cells += [code("fault", "exercise:diagnose_01"), code("y", "exercise:b"), text("## 3 · C")]
    assert of_a_plan(cells, " to exercise 1; more") == cells[:3]
    assert of_a_plan(cells, " to exercise 2, in pairs") == cells[:6]
    assert of_a_plan(cells, ", sections 2 and 3: the storm") == cells[3:]


def test_what_is_to_do_is_found_in_any_cell_and_nothing_else_is() -> None:
    cells = [
        text("explain(this), exercise:none"),
        code("def f():\n    ...", "exercise:f"),
        code("fault = ...", "exercise:diagnose_01"),
        code('explain("01-a", "Why?")\nexplain(\n    "01-b",\n    "How?",\n)'),
        code("explained()"),
    ]
    assert to_do(cells) == ["diagnosis", "exercise", "own words", "own words"]
    assert to_do(cells[:1]) == []
