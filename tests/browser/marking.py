"""What a learner's work is compared with: what a check must say, and what may be saved."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from tests.test_notebook_rules import Exercise, tags
from tests.test_notebooks_solved import as_a_cell
from tests.wrong_answers import WRONG


@dataclass
class Wrong:
    """A wrong answer as it stands in its cell, and what its check says to it."""

    source: str
    says: str


def a_wrong_answer(found: Exercise) -> Wrong:
    """The first wrong answer that can stand in a cell, and the words that its check must say."""
    assert found.call is not None
    (name,) = re.findall(r"check\.\w+\((.*)\)", found.call)
    for one in WRONG[found.name]:
        try:
            source = as_a_cell(one.thing, name)
            compile(source, "<wrong>", "exec")
        except (KeyError, OSError, SyntaxError, TypeError):
            continue  # made by a function, or without a source
        return Wrong(source, one.says)
    raise LookupError(f"no wrong answer of {found.name} can stand in a cell")


def saved_faults(cells: Sequence[dict], tagged: Callable[[str], list[str]]) -> Iterator[str]:
    """What is wrong with a notebook as it was saved after all of it has run."""
    for cell in cells:
        if cell["cell_type"] != "code" or not "".join(cell["source"]).strip():
            continue
        first = "".join(cell["source"]).partition("\n")[0]
        if cell["execution_count"] is None:
            yield f"saved: {first!r} has not run"
        for output in cell["outputs"]:
            if output["output_type"] == "error" and "raises-exception" not in tagged(cell["id"]):
                yield f"saved: {first!r} holds {output['ename']}"
            if any("widget" in kind for kind in output.get("data", {})):
                yield f"saved: {first!r} holds a widget, which is dead when it is opened again"


def tags_by_id(cells: Sequence[NotebookNode]) -> Callable[[str], list[str]]:
    """The tags of a cell, by its id."""
    found = {cell.id: tags(cell) for cell in cells}
    return lambda id_: found.get(id_, [])
