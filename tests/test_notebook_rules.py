"""The rules of a notebook that a program can check.

How a notebook says what its cells are, so that tests find them:

exercise     a code cell tagged `exercise:<name>` holds the stub, and nothing else. The next code
             cell is the check, `check.<name>(...)`, alone. After it comes a markdown cell tagged
             `solution:<name>` with three collapsed parts, `<details><summary>Hint 1</summary>`,
             `Hint 2` and `Solution`, in this order. The solution holds one ```python block, which
             could stand in the stub's place: it defines the names that the check is given. Text
             may stand anywhere between. Wrong answers: tests/wrong_answers/.
open         a task without a solution: its text and its stub are tagged `open:<name>`; the next
             code cell is its check. A right answer is in tests/wrong_answers/, beside wrong ones.
diagnosis    the exercise is called `diagnose...`; the cells that list or run the scheduler that is
             broken on purpose are tagged `broken`, and `raises-exception` where they raise.
listing      a cell tagged `listing` may be longer than 15 lines.
measured     a cell that takes the time (perf_counter, timeit) is tagged `nbval-ignore-output`; the
             next code cell is compared, and states the conclusion.
time         no cell sleeps (`time.sleep`): a VirtualClock is moved, threads wait for an Event.
glossary     the first use of a word of glossary.md is a link to it there, outside headings, code,
             tables and folded parts: [worker](glossary.md#worker).
figure       a cell with a picture ends in `plt.show()`, or calls what does; the next cell describes
             it in words (text, or printed by `plots.describe`), and one of the next two prints what
             nbval compares.

Each rule is a function from a notebook to its faults, each of which names the cell. Below the
rules, each is shown a notebook that breaks it: a rule that finds no fault anywhere proves nothing.
"""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

import nbformat
import pytest
from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab import check  # noqa: E402
from tests.wrong_answers import RIGHT, WRONG  # noqa: E402

STORED = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
DEEPER = sorted(NOTEBOOKS.glob("deeper/[0-9][0-9]_*.ipynb"))  # what goes beyond, linked from these
LONGEST_CODE = 15  # lines that are not blank
LONGEST_TEXT = 120  # words
UNWANTED = ("simply", "just", "obviously")
STOPWATCHES = r"perf_counter(_ns)?\(|process_time(_ns)?\(|%%?timeit|timeit\("


@dataclass
class Notebook:
    """A stored notebook. number: such as "01". folder: where its links start."""

    number: str
    cells: list[NotebookNode]
    folder: Path
    deeper: set[str] = field(default_factory=set)  # exercises in notebooks of its number in deeper/

    @property
    def code(self) -> list[NotebookNode]:
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def text(self) -> list[NotebookNode]:
        return [cell for cell in self.cells if cell.cell_type == "markdown"]

    def at(self, cell: NotebookNode, fault: str) -> str:
        """A fault, with the place where a reader finds it."""
        number = next(n for n, c in enumerate(self.cells) if c is cell)
        first = str(cell.source).strip().partition("\n")[0][:60]
        return f"notebook {self.number}, cell {number} ({first}): {fault}"

    def after(self, cell: NotebookNode) -> list[NotebookNode]:
        place = next(n for n, c in enumerate(self.cells) if c is cell)
        return self.cells[place + 1 :]


Rule: TypeAlias = Callable[[Notebook], Iterator[str]]
RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    RULES.append(function)
    return function


def read(path: Path) -> Notebook:
    number = path.name[:2]
    beyond = [nbformat.read(p, as_version=4) for p in DEEPER if p.name[:2] == number and p != path]
    moved = {
        tag.partition(":")[2]
        for notebook in beyond
        for cell in notebook.cells
        for tag in tags(cell)
        if tag.startswith("exercise:")
    }
    return Notebook(number, nbformat.read(path, as_version=4).cells, path.parent, moved)


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


# --- what is in a cell ----------------------------------------------------------------------------


def prose(source: str, with_details: bool = False) -> str:
    """The text of a cell without code, tables, formulas, addresses and (mostly) folded parts."""
    source = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", source, flags=re.S | re.M)
    if not with_details:
        source = re.sub(r"<details>.*?</details>", "", source, flags=re.S)
    source = re.sub(r"^\s*\|.*$", "", source, flags=re.M)
    source = re.sub(r"`[^`]*`", "code", source)
    source = re.sub(r"\$\$?[^$]+\$\$?", "formula", source)
    source = re.sub(r"\]\([^)]*\)", "]", source)
    return re.sub(r"<[^>]+>", " ", source)


def words(source: str) -> list[str]:
    return re.findall(r"[^\W_][\w'’.,-]*", prose(source))


def shows_text(cell: NotebookNode) -> bool:
    """Whether nbval has something to compare here: text, of a cell whose output is not ignored."""
    return (
        cell.cell_type == "code"
        and "nbval-ignore-output" not in tags(cell)
        and any(
            o.output_type == "stream" or ("text/plain" in o.get("data", {}) and not has_picture(o))
            for o in cell.outputs
        )
    )


def has_picture(output: NotebookNode) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def shows_picture(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and any(has_picture(o) for o in cell.outputs)


# --- shape ----------------------------------------------------------------------------------------


@rule
def the_top_says_what_is_built_learned_needed_and_how_long(nb: Notebook) -> Iterator[str]:
    first_code = next((n for n, c in enumerate(nb.cells) if c.cell_type == "code"), len(nb.cells))
    top = "\n".join(c.source for c in nb.cells[:first_code])
    if not re.match(r"# \S", top):
        yield f"notebook {nb.number} begins with its title: a line '# ...'"
    plain = re.sub(r"[*_]", "", top).casefold()
    for phrase, pattern in {
        "what you will build": "you will build",
        "what you will learn": "you will learn",
        "what you need first": "you need",
        "about how long it takes (minutes)": r"\bminutes\b",
    }.items():
        if not re.search(pattern, plain):
            yield f"notebook {nb.number}, before the first code cell: say {phrase}"


@rule
def one_title_and_no_level_left_out(nb: Notebook) -> Iterator[str]:
    """Who uses a screen reader goes from heading to heading."""
    level = 0
    for cell in nb.text:
        fenceless = re.sub(r"^```.*?^```", "", cell.source, flags=re.S | re.M)
        for marks in re.findall(r"^(#+) ", fenceless, flags=re.M):
            if len(marks) == 1 and level:
                yield nb.at(cell, "a second title: use '##' for a section")
            if len(marks) > level + 1:
                yield nb.at(cell, f"a heading of level {len(marks)} under one of level {level}")
            level = len(marks)


@rule
def the_end_says_what_was_learned_the_score_what_next_and_what_to_read(
    nb: Notebook,
) -> Iterator[str]:
    places: list[tuple[str, int | None]] = []
    for what, kind, pattern in (
        ("what you learned", "markdown", r"^#+ .*what you learned"),
        ("score()", "code", r"^score\("),
        ("what comes next", "markdown", r"^#+ .*next"),
        ("further reading", "markdown", r"^#+ .*further reading"),
    ):
        found = [
            n
            for n, c in enumerate(nb.cells)
            if c.cell_type == kind and re.search(pattern, c.source, flags=re.I | re.M)
        ]
        places.append((what, found[-1] if found else None))
        if not found:
            yield f"notebook {nb.number} ends without '{what}'"
    there = [n for _, n in places if n is not None]
    if there != sorted(there):
        yield f"notebook {nb.number} ends in another order than: {', '.join(w for w, _ in places)}"


@rule
def what_to_read_has_its_year(nb: Notebook) -> Iterator[str]:
    for cell in nb.text:
        parts = re.split(r"^#+ .*further reading.*$", cell.source, flags=re.I | re.M)
        for item in re.findall(r"^[-*] .*(?:\n  .*)*", parts[1] if len(parts) > 1 else "", re.M):
            if not re.search(r"\b(1[89]|20)\d\d\b", item):
                yield nb.at(cell, f"give the year: {item[:60]}")


# --- cells ----------------------------------------------------------------------------------------


@rule
def a_code_cell_is_short(nb: Notebook) -> Iterator[str]:
    for cell in nb.code:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        if len(lines) > LONGEST_CODE and "listing" not in tags(cell):
            yield nb.at(
                cell, f"{len(lines)} lines; {LONGEST_CODE} are enough, unless tagged `listing`"
            )


@rule
def a_text_cell_is_short(nb: Notebook) -> Iterator[str]:
    for cell in nb.text:
        count = len(words(cell.source))
        if count > LONGEST_TEXT:
            yield nb.at(cell, f"{count} words; at most {LONGEST_TEXT}: split it, or say less")


@rule
def no_word_tells_the_reader_that_it_is_easy(nb: Notebook) -> Iterator[str]:
    for cell in nb.text:
        for word in UNWANTED:
            if re.search(rf"\b{word}\b", prose(cell.source, with_details=True), flags=re.I):
                yield nb.at(cell, f"leave out '{word}'")


def places(cells: list[NotebookNode]) -> set[str]:
    """What a link can lead to in these cells: their headings, and the ids given by hand."""
    return places_in("\n".join(cell.source for cell in cells))


def places_of(path: Path) -> set[str]:
    if path.suffix == ".ipynb":
        return places(read(path).text)
    return places_in(path.read_text(encoding="utf-8"))


def places_in(source: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", source, flags=re.M)
    ids = re.findall(r"""\bid=["']([^"']+)""", source)
    return {re.sub(r"\s+", "-", heading.strip()) for heading in headings} | set(ids)


@rule
def a_local_link_leads_somewhere(nb: Notebook) -> Iterator[str]:
    for cell in nb.text:
        targets = re.findall(r"\]\(\s*<?([^)\s>]+)", cell.source)
        targets += re.findall(r"""(?:src|href)=["']([^"']+)""", cell.source)
        for target in targets:
            path, _, anchor = unquote(target).partition("#")
            if re.match(r"[a-z]+:", path):
                continue  # the web, a mail address, an attachment
            there = nb.folder / path
            if path and not there.exists():
                yield nb.at(cell, f"the link leads nowhere: {target}")
            elif not path and anchor not in places(nb.text):
                yield nb.at(cell, f"no heading is called {target}")
            elif path and anchor and anchor not in places_of(there):
                yield nb.at(cell, f"there is nothing called {anchor} in {path}")


# --- the glossary ---------------------------------------------------------------------------------

GLOSSARY = "glossary.md"
EVERYDAY = {"ready", "waiting", "due", "clock", "n"}  # mostly used as in any other text


def glossary() -> dict[str, list[str]]:
    """The words of the glossary, by the name that a link to them ends in."""
    page = (NOTEBOOKS / GLOSSARY).read_text(encoding="utf-8")
    rows = re.findall(r'^\| <a id="([^"]+)"></a>([^|]+)\|', page, flags=re.M)
    return {name: meant.strip().split(", ") for name, meant in rows}


def running_text(source: str) -> str:
    """Only the running text of a cell, every character where it was.

    Blanked: headings, code, tables, folded parts, links to elsewhere, and what "you will learn to".
    """
    for other in (
        r"^(```|~~~).*?^\1[^\n]*$",
        r"<details>.*?</details>",
        r"^\s*\|[^\n]*$",
        r"^#+ [^\n]*$",
        r"^\*\*You will learn to\*\*.*?(\n\n|\Z)",
        r"`[^`]*`",
        rf"\[[^\]]*\]\((?!{re.escape(GLOSSARY)}#)[^)]*\)",
        r"\]\([^)]*\)",
    ):
        source = re.sub(other, lambda m: " " * len(m[0]), source, flags=re.S | re.M)
    return source


def first_use(term: str, nb: Notebook) -> tuple[NotebookNode, int, int] | None:
    """Where a notebook's running text first uses a term, in the singular or the plural."""
    stem = re.escape(term)
    forms = {"child": "child(ren)?"}.get(
        term, f"{stem[:-1]}(y|ies)" if term.endswith("y") else f"{stem}s?"
    )
    for cell in nb.text:
        found = re.search(rf"(?<![\w-]){forms}(?![\w-])", running_text(cell.source), flags=re.I)
        if found:
            return cell, found.start(), found.end()
    return None


@rule
def the_first_use_of_a_word_of_the_glossary_leads_there(nb: Notebook) -> Iterator[str]:
    for name, terms in glossary().items():
        link = f"]({GLOSSARY}#{name})"
        linked = sum(cell.source.count(link) for cell in nb.text)
        if linked > 1:
            yield f"notebook {nb.number}: {name} is linked to the glossary {linked} times, not once"
        uses = [found for term in terms if name not in EVERYDAY and (found := first_use(term, nb))]
        if uses and not any(cell.source[end:].startswith(link) for cell, _, end in uses):
            cell, start, end = uses[0]
            shown = cell.source[start:end]
            yield nb.at(cell, f"the first use of {shown!r}: write [{shown}]({GLOSSARY}#{name})")


# --- outputs --------------------------------------------------------------------------------------


@rule
def a_picture_is_described_and_something_beside_it_is_compared(nb: Notebook) -> Iterator[str]:
    source = "\n".join(cell.source for cell in nb.code)
    functions = {
        name
        for name, body in re.findall(r"^def (\w+)\((.*?)(?=^\S)", source + "\n.", re.S | re.M)
        if body.rstrip().endswith("plt.show()")
    }
    for cell in nb.code:
        if not shows_picture(cell):
            continue
        last = cell.source.strip().splitlines()[-1]
        called = re.match(r"(?:\w+ = )?(\w+)\(", last)
        shown = last.strip() == "plt.show()" or (called and called.group(1) in functions)
        if not shown and "nbval-ignore-output" not in tags(cell):
            yield nb.at(cell, "a cell that draws ends in plt.show()")
        following = nb.after(cell)[:2]
        described = following and (
            shows_text(following[0])
            if following[0].cell_type == "code"
            else len(words(following[0].source)) >= 5
        )
        if not described:
            yield nb.at(cell, "describe the picture in words in the very next cell")
        if not any(shows_text(c) and not shows_picture(c) for c in following):
            yield nb.at(cell, "nbval skips pictures: print its numbers or verdict right after it")


@rule
def outputs_are_of_kinds_that_can_be_compared_and_read(nb: Notebook) -> Iterator[str]:
    for cell in nb.code:
        for output in cell.outputs:
            kinds = output.get("data", {})
            html = str(kinds.get("text/html", ""))
            if output.get("name") == "stderr":
                yield nb.at(cell, "something was written to stderr")
            if "image/svg+xml" in kinds or "<svg" in html:
                yield nb.at(cell, "SVG is not stored the same twice: use PNG")
            if re.search(r"#T_[0-9a-f]|id=\"T_", html):
                yield nb.at(cell, "a styled frame has another id at each run: show it plain")
            if re.search(r"^(Name: .*, )?dtype: \w+$", str(kinds.get("text/plain", "")), re.M):
                yield nb.at(cell, "show a DataFrame, not a Series")


@rule
def what_is_measured_is_not_compared_and_its_conclusion_is(nb: Notebook) -> Iterator[str]:
    for cell in nb.code:
        if not re.search(STOPWATCHES, cell.source) or not cell.outputs:
            continue
        if "nbval-ignore-output" not in tags(cell):
            yield nb.at(cell, "it measures time: tag it `nbval-ignore-output`")
            continue
        following = [c for c in nb.after(cell) if c.cell_type == "code"][:1]
        if not any(shows_text(c) for c in following):
            yield nb.at(cell, "state the conclusion in the next code cell, which is compared")


@rule
def nobody_sleeps(nb: Notebook) -> Iterator[str]:
    """What passes is virtual time; real threads wait for each other, or for an Event."""
    for cell in nb.code:
        if re.search(r"\btime\.sleep\b|\bsleep\(", re.sub("#.*", "", cell.source)):
            yield nb.at(cell, "it sleeps: move a VirtualClock, or wait for an Event")


@rule
def a_cell_that_is_to_raise_does(nb: Notebook) -> Iterator[str]:
    for cell in nb.code:
        raised = any(o.output_type == "error" for o in cell.outputs)
        if "raises-exception" in tags(cell) and not raised:
            yield nb.at(cell, "tagged `raises-exception`, and raises nothing")
        if raised and "raises-exception" not in tags(cell):
            yield nb.at(cell, "it raises: tag it `raises-exception`")


# --- predictions ----------------------------------------------------------------------------------


@rule
def a_prediction_is_made_once_and_then_revealed(nb: Notebook) -> Iterator[str]:
    predicted: dict[str, NotebookNode] = {}
    revealed = set()
    for cell in nb.code:
        for verb, name in re.findall(r"^\s*(predict|reveal)\(\s*[\"']([^\"']+)", cell.source, re.M):
            if not re.fullmatch(rf"{nb.number}-[a-z0-9-]+", name):
                yield nb.at(cell, f'the id {name!r} should look like "{nb.number}-order"')
            if verb == "predict" and name in predicted:
                yield nb.at(cell, f"{name!r} is predicted twice")
            elif verb == "predict":
                predicted[name] = cell
            elif name not in predicted:
                yield nb.at(cell, f"{name!r} is revealed and was not predicted before")
            else:
                revealed.add(name)
    for name, cell in predicted.items():
        if name not in revealed:
            yield nb.at(cell, f"{name!r} is never revealed")


@rule
def the_line_that_is_seen_of_a_folded_cell_reveals_nothing(nb: Notebook) -> Iterator[str]:
    """Its first, which JupyterLab shows before anybody has answered."""
    for cell in nb.code:
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        if hidden and "reveal(" in cell.source.lstrip().partition("\n")[0]:
            yield nb.at(cell, "its first line is seen though it is folded: begin with a comment")


@rule
def there_is_something_to_predict(nb: Notebook) -> Iterator[str]:
    if not any(re.search(r"^predict\(", cell.source, re.M) for cell in nb.code):
        yield f"notebook {nb.number} asks for no prediction"


# --- exercises ------------------------------------------------------------------------------------


@dataclass
class Exercise:
    """What a notebook holds of an exercise, as source; None for what is not there."""

    name: str
    cell: NotebookNode
    stub: str
    call: str | None  # the check cell
    parts: list[str]  # the titles of the collapsed parts
    solution: str | None


def exercises(nb: Notebook) -> Iterator[Exercise]:
    for cell in nb.code:
        for name in (tag.partition(":")[2] for tag in tags(cell) if tag.startswith("exercise:")):
            after = nb.after(cell)
            call = next((c for c in after if c.cell_type == "code"), None)
            folded = next((c for c in nb.text if f"solution:{name}" in tags(c)), None)
            details = re.findall(
                r"<details>\s*<summary>(.*?)</summary>\n\n(.*?)\n\n</details>",
                folded.source if folded else "",
                flags=re.S,
            )
            last = dict(details).get("Solution", "")
            blocks = re.findall(r"^```python\n(.*?)^```", last, flags=re.S | re.M)
            yield Exercise(
                name,
                cell,
                cell.source,
                call.source if call and f"check.{name}(" in call.source else None,
                [title.strip() for title, _ in details],
                blocks[0] if len(blocks) == 1 else None,
            )


def open_tasks(nb: Notebook) -> Iterator[Exercise]:
    """The tasks that have a stub and a check, and no solution."""
    for cell in nb.code:
        for name in (tag.partition(":")[2] for tag in tags(cell) if tag.startswith("open:")):
            call = next((c for c in nb.after(cell) if c.cell_type == "code"), None)
            called = call.source if call and f"check.{name}(" in call.source else None
            yield Exercise(name, cell, cell.source, called, [], None)


@rule
def an_open_task_has_a_check_and_no_solution(nb: Notebook) -> Iterator[str]:
    for found in open_tasks(nb):
        if found.name not in {e.name for e in check.exercises(nb.number) if e.unsolved}:
            yield nb.at(found.cell, f"no check.{found.name} of notebook {nb.number} is unsolved")
        if found.call is None:
            yield nb.at(found.cell, f"the next code cell should be check.{found.name}(...)")
        if any(f"solution:{found.name}" in tags(cell) for cell in nb.cells):
            yield nb.at(found.cell, f"{found.name} is open, and has a solution")
        if len(WRONG.get(found.name, [])) < 3 or not RIGHT.get(found.name):
            yield nb.at(found.cell, f"tests/wrong_answers/ has too few for {found.name}")


@rule
def an_exercise_is_complete(nb: Notebook) -> Iterator[str]:
    for found in exercises(nb):
        name = found.name
        if name not in {e.name for e in check.exercises(nb.number)}:
            yield nb.at(found.cell, f"there is no check.{name} for notebook {nb.number}")
        if "check." in found.stub:
            yield nb.at(found.cell, "the check has a cell of its own")
        if found.call is None:
            yield nb.at(found.cell, f"the next code cell should be check.{name}(...)")
        if found.parts != ["Hint 1", "Hint 2", "Solution"]:
            yield nb.at(
                found.cell,
                f"a cell tagged `solution:{name}` should fold away Hint 1, Hint 2 and Solution, "
                f"with a blank line inside each; it has {found.parts}",
            )
        elif found.solution is None:
            yield nb.at(found.cell, "the solution should hold one ```python block")
        if len(WRONG.get(name, [])) < 3:
            yield nb.at(found.cell, f"tests/wrong_answers/ has fewer than three for {name}")


@rule
def every_check_has_its_exercise(nb: Notebook) -> Iterator[str]:
    there = {e.name for e in (*exercises(nb), *open_tasks(nb))}
    for entry in check.exercises(nb.number):
        if entry.name not in there | nb.deeper:
            yield f"notebook {nb.number} has no cell tagged `exercise:{entry.name}`"
    for cell in nb.code:
        for name in re.findall(r"\bcheck\.(\w+)\(", cell.source):
            if name not in there | {"my_scheduler"}:  # which has no cell: it is all of them
                yield nb.at(cell, f"check.{name} without a cell tagged `exercise:{name}`")


@rule
def there_are_enough_exercises_and_something_broken(nb: Notebook) -> Iterator[str]:
    names = [e.name for e in (*exercises(nb), *open_tasks(nb))]
    if len(names) + len(nb.deeper) < 4:
        yield f"notebook {nb.number} has {len(names)} exercises; with those in deeper/ it needs 4"
    if not any(name.startswith("diagnose") for name in names):
        yield f"notebook {nb.number} has no exercise called diagnose..."
    if not any("broken" in tags(cell) for cell in nb.code):
        yield f"notebook {nb.number} has no cell tagged `broken`"


@rule
def an_untouched_stub_is_told_so_gently(nb: Notebook) -> Iterator[str]:
    for found in (*exercises(nb), *open_tasks(nb)):
        for cell in nb.code:
            if cell.source == found.call:
                text = "".join(o.get("text", "") for o in cell.outputs)
                if not text.startswith("Not yet: "):
                    yield nb.at(cell, f"stored with {text[:40]!r}; on the stub it says 'Not yet'")


# --- the rules, over the notebooks there are ------------------------------------------------------


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
@pytest.mark.parametrize("check_rule", RULES, ids=lambda check_rule: check_rule.__name__)
def test_the_notebook_keeps_the_rule(path: Path, check_rule: Rule) -> None:
    faults = list(check_rule(read(path)))
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize("path", DEEPER, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "check_rule",
    [
        one_title_and_no_level_left_out,
        a_code_cell_is_short,
        a_text_cell_is_short,
        no_word_tells_the_reader_that_it_is_easy,
        a_local_link_leads_somewhere,
        outputs_are_of_kinds_that_can_be_compared_and_read,
        what_is_measured_is_not_compared_and_its_conclusion_is,
        nobody_sleeps,
        a_cell_that_is_to_raise_does,
        a_picture_is_described_and_something_beside_it_is_compared,
        a_prediction_is_made_once_and_then_revealed,
        the_line_that_is_seen_of_a_folded_cell_reveals_nothing,
        an_exercise_is_complete,
        an_untouched_stub_is_told_so_gently,
    ],
    ids=lambda check_rule: check_rule.__name__,
)
def test_a_notebook_that_goes_deeper_keeps_the_rule(path: Path, check_rule: Rule) -> None:
    faults = list(check_rule(read(path)))
    assert not faults, "\n" + "\n".join(faults)


# --- each rule can fail ---------------------------------------------------------------------------


def text(source: str, *tagged: str) -> NotebookNode:
    cell = nbformat.v4.new_markdown_cell(source)
    cell.metadata["tags"] = list(tagged)
    return cell


def code(source: str, *tagged: str, out: str = "", **data: str) -> NotebookNode:
    """A code cell; data: outputs by kind, such as png="..."."""
    kinds = {"png": "image/png", "svg": "image/svg+xml", "html": "text/html", "plain": "text/plain"}
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=out)] if out else []
    if data:
        bundle = {kinds[kind]: content for kind, content in data.items()}
        outputs.append(nbformat.v4.new_output("display_data", data=bundle))
    cell = nbformat.v4.new_code_cell(source, outputs=outputs)
    cell.metadata["tags"] = list(tagged)
    return cell


def folded(**parts: str) -> str:
    return "\n".join(
        f"<details><summary>{title.replace('_', ' ')}</summary>\n\n{content}\n\n</details>"
        for title, content in parts.items()
    )


PARTS = {"Hint_1": "Look.", "Hint_2": "Look here.", "Solution": "```python\nx = 1\n```"}


def an_exercise(name: str) -> list[NotebookNode]:
    return [
        code("x = ...", f"exercise:{name}"),
        code(f"check.{name}(x)", out="Not yet: write your answer above.\n"),
        text(folded(**PARTS), f"solution:{name}"),
    ]


def a_good_notebook() -> list[NotebookNode]:
    """The smallest notebook of number 02 that keeps every rule."""
    return [
        text(
            "# 02 · Delays\n**You will build** a clock. **You will learn to** wait. "
            "See [below](#The-end)."
        ),
        text("**You need** nothing. **Time**: about 20 minutes."),
        code('predict("02-late", choices=[1, 2])', out="What do you expect? Choose 1 or 2.\n"),
        code('reveal("02-late", 2)', out="You predicted: 1\nWhat happened: 2\nNot what ...\n"),
        code("ax.plot(x)\nplt.show()", png="..."),
        code("print(plots.describe(fig))", out="A line that rises.\n"),
        code("t = time.perf_counter()  # no sleep()\nt", "nbval-ignore-output", plain="0.1"),
        code("print(fast < slow)", out="True\n"),
        code("f()", "raises-exception"),
        code("print(getsource(BrokenDelays))", "broken", "listing", out="class ...\n"),
        *(cell for entry in check.exercises("02") for cell in an_exercise(entry.name)),
        text("## The end\n### What you learned\nTo wait."),
        code("score()", plain="Notebook 02: ...", html="<table></table>"),
        text("### What comes next\nNotebook 03."),
        text("### Further reading\n- Somebody, *Something*, 1999.\n- Another,\n  2001."),
    ]


def made(cells: list[NotebookNode], number: str = "02") -> Notebook:
    for cell in cells:
        if "raises-exception" in tags(cell) and not cell.outputs:
            cell.outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]
    return Notebook(number, cells, NOTEBOOKS)


@pytest.mark.parametrize("good_rule", RULES, ids=lambda good_rule: good_rule.__name__)
def test_a_good_notebook_keeps_the_rule(good_rule: Rule) -> None:
    assert list(good_rule(made(a_good_notebook()))) == []


def without(pattern: str) -> list[NotebookNode]:
    kept = [c for c in a_good_notebook() if not re.search(pattern, c.source)]
    assert len(kept) < len(a_good_notebook())
    return kept


def instead(pattern: str, new: str) -> list[NotebookNode]:
    cells = a_good_notebook()
    changed = [cell for cell in cells if re.search(pattern, cell.source)]
    assert changed
    for cell in changed:
        cell.source = re.sub(pattern, new, cell.source)
    return cells


def untagged(tag: str) -> list[NotebookNode]:
    cells = a_good_notebook()
    for cell in cells:
        cell.metadata["tags"] = [t for t in tags(cell) if t != tag]
    return cells


def with_three_exercises() -> list[NotebookNode]:
    cells = a_good_notebook()
    asked = [cell for cell in cells if any(tag.startswith("exercise:") for tag in tags(cell))]
    for cell in asked[3:]:
        cell.metadata["tags"] = []
    return cells


def more(*cells: NotebookNode) -> list[NotebookNode]:
    good = a_good_notebook()
    return [*good[:-4], *cells, *good[-4:]]


FAULTY: list[tuple[Rule, list[NotebookNode], str]] = [
    (the_top_says_what_is_built_learned_needed_and_how_long, cells, said)
    for cells, said in (
        (instead("# 02", "02"), "title"),
        (instead("You will build", "There is"), "build"),
        (instead("You will learn to", "To"), "learn"),
        (instead(r"\*\*You need\*\* nothing", "Nothing"), "need"),
        (instead("about 20 minutes", "not long"), "minutes"),
    )
]
FAULTY += [
    (one_title_and_no_level_left_out, more(text("# Another")), "second title"),
    (one_title_and_no_level_left_out, instead("^## The end", "#### The end"), "level 4"),
]
FAULTY += [
    (the_end_says_what_was_learned_the_score_what_next_and_what_to_read, cells, said)
    for cells, said in (
        (instead("### What you learned", "### So"), "what you learned"),
        (without(r"^score\("), "score()"),
        (without("What comes next"), "what comes next"),
        (without("Further reading"), "further reading"),
        ([*without(r"^score\("), code("score()", out="...")], "another order"),
    )
]
LONG_CODE = "\n".join(f"x = {n}  # a line" for n in range(16))
LONG_TEXT = "word " * 121
FAULTY += [
    (what_to_read_has_its_year, instead("1999", "long ago"), "Somebody"),
    (what_to_read_has_its_year, instead("2001", "lately"), "Another"),
    (a_code_cell_is_short, more(code(LONG_CODE)), "16 lines"),
    (a_text_cell_is_short, more(text(LONG_TEXT)), "121 words"),
    (a_text_cell_is_short, more(text(f"| a |\n|---|\n\n{LONG_TEXT}")), "121 words"),
    (no_word_tells_the_reader_that_it_is_easy, more(text("It is Obviously so.")), "obviously"),
    (no_word_tells_the_reader_that_it_is_easy, more(text("You just\nrun it.")), "just"),
    (
        no_word_tells_the_reader_that_it_is_easy,
        more(text(folded(Hint_1="Simply push."))),
        "simply",
    ),
    (a_local_link_leads_somewhere, more(text("[next](77_nothing.ipynb)")), "77_nothing"),
    (a_local_link_leads_somewhere, more(text('<img src="none.png">')), "none.png"),
    (a_local_link_leads_somewhere, more(text("[up](#Nowhere)")), "#Nowhere"),
    (a_local_link_leads_somewhere, more(text(f"[a]({GLOSSARY}#no-word)")), "no-word"),
    (a_local_link_leads_somewhere, more(text("[a](00_start_here.ipynb#No)")), "called No"),
]
FAULTY += [
    (the_first_use_of_a_word_of_the_glossary_leads_there, more(*cells), said)
    for cells, said in (
        ([text("Two **workers** meet.")], "[workers](glossary.md#worker)"),
        ([text("It retries."), text(f"A [retry]({GLOSSARY}#retry).")], "'retries'"),
        ([text(f"A [lock]({GLOSSARY}#lock), a [lock]({GLOSSARY}#lock).")], "2 times"),
        ([text("## Heaps\n| heap |\n|---|\n\nA `heap` is a heap.")], "first use of 'heap'"),
    )
]


def test_a_word_is_looked_for_where_it_is_read() -> None:
    cell = text(
        "# A heap\n| lock |\n\n**You will learn to**\n- find a race\n\n"
        "A `retry`, interlocked.\n\n"
        f"[One]({GLOSSARY}#broker) of the worker-bees, [a shard](05.ipynb).\n\n"
        + folded(Hint_1="A cache.")
    )
    nb = made([cell])
    terms = ["heap", "lock", "race", "retry", "broker", "worker", "shard", "cache"]
    assert [first_use(term, nb) for term in terms] == [None] * 8
    assert first_use("one", nb) == (cell, cell.source.index("One"), cell.source.index("One") + 3)
    assert len(running_text(cell.source)) == len(cell.source)


def test_each_word_of_the_glossary_is_linked_from_a_notebook() -> None:
    notebooks = "\n".join(path.read_text(encoding="utf-8") for path in (*STORED, *DEEPER))
    assert [name for name in glossary() if f"{GLOSSARY}#{name})" not in notebooks] == []


FAULTY += [
    (a_picture_is_described_and_something_beside_it_is_compared, cells, said)
    for cells, said in (
        (instead(r"\nplt.show\(\)", ""), "plt.show()"),
        (without("plots.describe"), "in words"),
        (instead("^ax.plot", "ax.plot")[:5], "describe"),
        (more(code("plt.show()", png="..."), text("A."), code("print(1)", out="1")), "describe"),
        (
            more(
                code("plt.show()", png="..."),
                code("1", "nbval-ignore-output", out="1"),
                text("Some words about it, that are no output."),
            ),
            "describe",
        ),
        (
            more(code("plt.show()", png="..."), text("A line that rises to the right.")),
            "print its numbers",
        ),
    )
    if not said.startswith("print") or True
]
OPEN_AT_ONCE = code('reveal("02-late", 1)', out="1")
OPEN_AT_ONCE.metadata["jupyter"] = {"source_hidden": True}
FAULTY.append(
    (
        the_line_that_is_seen_of_a_folded_cell_reveals_nothing,
        more(OPEN_AT_ONCE),
        "begin with a comment",
    )
)
FAULTY += [
    (nobody_sleeps, more(code("time.sleep(0.1)")), "it sleeps"),
    (nobody_sleeps, more(code("from time import sleep\nsleep(1)")), "it sleeps"),
    (nobody_sleeps, more(code("s.add_task(1, 'nap', action=time.sleep)")), "it sleeps"),
]
STDERR = code("f()")
STDERR.outputs = [nbformat.v4.new_output("stream", name="stderr", text="careful")]
LOUD = code("f()")
LOUD.outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]
QUIET = code("f()", "raises-exception", out="1")
FAULTY += [
    (outputs_are_of_kinds_that_can_be_compared_and_read, more(cell), said)
    for cell, said in (
        (STDERR, "stderr"),
        (code("x", svg="<svg/>"), "SVG"),
        (code("x", html="<svg></svg>"), "SVG"),
        (code("x", html='<style type="text/css">#T_1a2b3_row0 {}</style>'), "styled"),
        (code("x", plain="0    1\nName: n, dtype: int64"), "Series"),
        (code("x", plain="a    int64\ndtype: object"), "Series"),
    )
]
FAULTY += [
    (
        what_is_measured_is_not_compared_and_its_conclusion_is,
        untagged("nbval-ignore-output"),
        "tag it",
    ),
    (
        what_is_measured_is_not_compared_and_its_conclusion_is,
        without("fast < slow"),
        "state the conclusion",
    ),
    (a_cell_that_is_to_raise_does, more(LOUD), "tag it"),
    (a_cell_that_is_to_raise_does, more(QUIET), "raises nothing"),
]
FAULTY += [
    (a_prediction_is_made_once_and_then_revealed, cells, said)
    for cells, said in (
        (without(r"^reveal"), "never revealed"),
        (without(r"^predict"), "was not predicted"),
        (instead("02-late", "03-late"), "should look like"),
        (more(code('predict("02-late", 3)')), "predicted twice"),
    )
]
FAULTY += [
    (an_open_task_has_a_check_and_no_solution, more(*cells), said)
    for cells, said in (
        ([code("x = ...", "open:run_all"), code("check.run_all(x)")], "is unsolved"),
        ([code("x = ...", "open:fair")], "the next code cell"),
        ([code("x = ...", "open:run_all")], "has a solution"),
        ([code("x = ...", "open:unheard_of"), code("check.unheard_of(x)")], "too few"),
    )
]
FAULTY += [
    (there_is_something_to_predict, without(r"^predict"), "no prediction"),
    (an_exercise_is_complete, more(*an_exercise("unheard_of")), "no check.unheard_of"),
    (an_exercise_is_complete, more(*an_exercise("unheard_of")), "fewer than three"),
    (an_exercise_is_complete, instead(r"x = \.\.\.", "x = ...; check.run_all(x)"), "of its own"),
    (an_exercise_is_complete, without(r"^check.run_all"), "the next code cell"),
    (an_exercise_is_complete, instead("Hint 2", "Hint"), "Hint 2"),
    (an_exercise_is_complete, untagged("solution:run_all"), "solution:run_all"),
    (an_exercise_is_complete, instead("</summary>\n\n", "</summary>\n"), "blank line"),
    (an_exercise_is_complete, instead("```python", "```"), "one ```python block"),
    (every_check_has_its_exercise, untagged("exercise:run_all"), "has no cell"),
    (every_check_has_its_exercise, untagged("exercise:run_all"), "without a cell tagged"),
    (
        there_are_enough_exercises_and_something_broken,
        with_three_exercises(),
        "3 exercises",
    ),
    (
        there_are_enough_exercises_and_something_broken,
        untagged("exercise:diagnose_02"),
        "called diagnose",
    ),
    (there_are_enough_exercises_and_something_broken, untagged("broken"), "tagged `broken`"),
    (
        an_untouched_stub_is_told_so_gently,
        [
            code(c.source, *tags(c), out="Right: ...\n") if c.source.startswith("check.") else c
            for c in a_good_notebook()
        ],
        "on the stub",
    ),
]


@pytest.mark.parametrize(
    ("broken_rule", "cells", "said"),
    FAULTY,
    ids=[f"{r.__name__}-{said}" for r, _, said in FAULTY],
)
def test_a_notebook_that_breaks_the_rule_is_found(
    broken_rule: Rule, cells: list[NotebookNode], said: str
) -> None:
    faults = list(broken_rule(made(cells)))
    assert any(said in fault for fault in faults), faults
    assert all("02" in fault for fault in faults)


def test_every_rule_is_seen_to_fail() -> None:
    assert {broken_rule for broken_rule, _, _ in FAULTY} == set(RULES)


def test_a_function_may_show_the_picture() -> None:
    draw = "def draw(x):\n    plt.plot(x)\n    plt.show()\n\n\ndraw(1)"
    described = code("print(1)", out="1")
    judge = a_picture_is_described_and_something_beside_it_is_compared
    cells = [code(draw, png="..."), described, code("draw(2)", png="..."), described]
    assert list(judge(made(cells))) == []
    cells[0] = code(draw.replace("plt.show()", "pass"), png="...")
    assert len(list(judge(made(cells)))) == 2


def test_only_prose_is_counted_and_searched() -> None:
    source = (
        "Two words.\n\n```python\njust code\n```\n\n| a | table |\n|---|---|\n\n"
        "`just` [a](http://x.org/just)\n\n" + folded(Hint_1="three more words")
    )
    assert words(source) == ["Two", "words.", "code", "a"]
    assert "just" not in prose(source, with_details=True)
