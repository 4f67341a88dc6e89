"""What a learner has written and checked lives on: `mine.push(heap, item)`.

When a check passes, the whole cell is kept on the notebook's page, if it passes again where there
is nothing else. `mine` hands it out in any notebook, checked again once in each kernel; ours where
there is none, or where it fails. It says whose it is, once in each cell.
"""

import ast
import builtins
import dis
import json
import linecache
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import unwrap
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from . import check, progress
from .check.apart import AbandonedError, apart
from .check.exercises import Exercise
from .check.running import BrokenError, StubError, Trial
from .progress import Code

NOTEBOOKS = Path(__file__).resolve().parents[1]


# --- keeping --------------------------------------------------------------------------------------


def keep(exercise: Exercise, answer: Any) -> str:
    """Keep the cell in which a right answer was written; what to say if that cannot be."""
    name, source = getattr(answer, "__name__", ""), _cell_of(answer)
    if not source or not name:
        return ""  # a value, or not from a notebook
    if not name.isidentifier():  # a lambda's
        name = asked_name(exercise)
    try:
        compiled = compile(source, "<cell>", "exec")
    except (SyntaxError, ValueError):
        return f"{name} is not kept for later: its cell holds more than Python."
    imports, missing = [], []
    around = _globals_of(answer)
    for used in sorted(_names_from_outside(compiled)):
        line = _import_of(used, around.get(used))
        imports.append(line) if line else missing.append(used)
    if missing:
        return _not_kept(name, missing)
    alone = "\n".join([*imports, source])
    again = _make(alone, name)
    if again is None or exercise.examine(again).state != "right":
        return f"{name} is not kept for later: alone, its cell does not pass the check."
    page = progress.load(exercise.notebook)
    page.code[exercise.name] = Code(name, alone)
    progress.save(exercise.notebook, page)
    mine._forget(exercise.name)
    return ""


def _not_kept(name: str, missing: list[str]) -> str:
    listed = ", ".join(missing)
    others = "which another cell makes" if len(missing) == 1 else "which other cells make"
    return (
        f"{name} is not kept for later: it needs {listed}, {others}. "
        "Copy that into the cell above, and check again."
    )


def _cell_of(answer: Any) -> str:
    """The source of the notebook cell that made a function or a class."""
    for function in _functions_of(answer):
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType) and not Path(code.co_filename).exists():
            return "".join(linecache.getlines(code.co_filename))
    return ""


def _globals_of(answer: Any) -> dict[str, Any]:
    return next((f.__globals__ for f in _functions_of(answer) if hasattr(f, "__globals__")), {})


def _functions_of(answer: Any) -> list[Any]:
    """A function, or those of a class, as they were written: below what decorates them."""
    return [unwrap(f) for f in (vars(answer).values() if isinstance(answer, type) else [answer])]


def _names_from_outside(code: CodeType) -> set[str]:
    made = {i.argval for i in dis.get_instructions(code) if i.opname.startswith("STORE_")}
    used: set[str] = set()
    todo = [code]
    while todo:
        one = todo.pop()
        todo += [constant for constant in one.co_consts if isinstance(constant, CodeType)]
        inside = {i.argval for i in dis.get_instructions(one) if i.opname == "STORE_NAME"}
        made |= {i.argval for i in dis.get_instructions(one) if i.opname == "STORE_GLOBAL"}
        for step in dis.get_instructions(one):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval not in inside:
                used.add(step.argval)
    own = {name for name in used if name.startswith("__")}  # such as __annotations__: Python's
    return used - made - set(dir(builtins)) - own


def _import_of(name: str, value: Any) -> str:
    """The import that gives this value this name, if there is one."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {name}"
    module, own = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if module in (None, "__main__") or not isinstance(own, str):
        return ""
    if getattr(sys.modules.get(str(module)), own, None) is not value:
        return ""
    return f"from {module} import {own} as {name}"


def _make(source: str, name: str) -> Any:
    """What a cell makes under this name, where there is nothing else; None if it does not."""
    space: dict[str, Any] = {"__name__": "__main__"}
    code = compile(source, f"<yours: {name}>", "exec")
    # Tracebacks show the lines of code that is in no file only if they are left here.
    linecache.cache[code.co_filename] = (
        len(source),
        None,
        source.splitlines(keepends=True),
        code.co_filename,
    )
    try:
        _import_first(source)
        apart(lambda: Trial().call("the cell", name, exec, code, space))
    except (BrokenError, StubError, AbandonedError, ImportError):
        return None
    return space.get(name)


def _import_first(source: str) -> None:
    """Import what a cell imports: a library takes more steps than a cell may."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                import_module(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            import_module(node.module)


# --- handing out ----------------------------------------------------------------------------------


class Mine:
    """What you have written and checked: ``mine.push(heap, item)``."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Any, str]] = {}
        self._said: set[tuple[str, Any]] = set()

    def __getattr__(self, name: str) -> Any:
        exercise = by_name().get(name)
        if exercise is None:
            raise AttributeError(f"there is no exercise for {name}: {', '.join(sorted(by_name()))}")
        if exercise.name not in self._found:
            self._found[exercise.name] = self._look(exercise)
        thing, whose = self._found[exercise.name]
        cell = _cell_number()
        if (exercise.name, cell) not in self._said:
            self._said.add((exercise.name, cell))
            print(whose)
        return thing

    def __dir__(self) -> list[str]:
        return sorted(by_name())

    def _look(self, exercise: Exercise) -> tuple[Any, str]:
        kept = progress.load(exercise.notebook).code.get(exercise.name)
        called = asked_name(exercise)
        check_it = f"check.{exercise.name} of notebook {exercise.notebook}"
        if kept is None:
            return ours(exercise), f"{called}: ours, until yours passes {check_it}."
        thing = None
        try:
            thing = _make(kept.source, kept.name)
        except (SyntaxError, ValueError):
            pass
        if thing is None or exercise.examine(thing).state != "right":
            return ours(exercise), f"{called}: ours. Yours does not pass {check_it} any more."
        return thing, f"{called}: yours, of notebook {exercise.notebook}."

    def source(self, exercise: Exercise) -> tuple[str, str, bool]:
        """What it hands out, as source; the name that it has there; and whether it is theirs."""
        getattr(self, exercise.name)
        kept = progress.load(exercise.notebook).code.get(exercise.name)
        if kept is not None and ": yours, " in self._found[exercise.name][1]:
            return kept.source, kept.name, True
        return *next(our_sources(exercise)), False

    def _forget(self, name: str) -> None:
        self._found.pop(name, None)
        self._said = {said for said in self._said if said[0] != name}


mine = Mine()


def by_name() -> dict[str, Exercise]:
    """Exercises by what the learner writes in them ("push"), and by their own names."""
    wanted = ("your function", "your class")  # a value has no code that could live on
    with_ours = [e for e in check.exercises() if not e.unsolved]
    named = {e.name: e for e in with_ours if e.asks_for.startswith(wanted)}
    return named | {asked_name(e): e for e in named.values()}


def asked_name(exercise: Exercise) -> str:
    """What the learner writes: the function `push` for check.heap_push(push)."""
    found = re.search(r"\((\w+)\)", exercise.asks_for)
    return found[1] if found else exercise.name


def ours(exercise: Exercise) -> Any:
    """The notebook's own solution."""
    for source, name in our_sources(exercise):
        thing = _make(source, name)
        if thing is not None:
            return thing
    raise LookupError(f"no notebook here holds a solution of check.{exercise.name}")


def our_sources(exercise: Exercise) -> Iterator[tuple[str, str]]:
    """Each solution that the notebooks hold, with their imports, and the name of what it makes."""
    first = sorted(NOTEBOOKS.rglob(f"{exercise.notebook}_*.ipynb"))
    for path in dict.fromkeys([*first, *sorted(NOTEBOOKS.rglob("*.ipynb"))]):
        for source in _solutions_in(path, exercise.name):
            made = [getattr(node, "name", "") for node in ast.parse(source).body]
            name = asked_name(exercise)
            yield source, name if name in made else made[-1]


def _solutions_in(path: Path, name: str) -> Iterator[str]:
    try:
        cells = json.loads(path.read_bytes())["cells"]
        sources = [("".join(c["source"]), c) for c in cells]
        solved = [s for s, c in sources if f"solution:{name}" in c["metadata"].get("tags", [])]
        code = [s for s, c in sources if c["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    if not solved:
        return
    imports = re.findall(
        r"^(?:import|from) [^(\n]*$|^from [^(\n]*\([^)]*\)$", "\n".join(code), re.M
    )
    blocks = re.findall(r"^```python\n(.*?)^```", solved[-1], flags=re.S | re.M)
    if blocks:
        yield "\n".join([*imports, blocks[-1]])


def _cell_number() -> Any:
    """What tells one run of a cell from the next; None outside a notebook.

    Not the number in its brackets: whoever runs a notebook for a test may not count.
    """
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    parent: dict[str, Any] = getattr(kernel, "get_parent", dict)()
    return (parent.get("header") or {}).get("msg_id") or getattr(shell, "execution_count", None)
