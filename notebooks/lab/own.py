"""A scheduler of one's own: `my_scheduler.py`, put together of what the learner wrote.

    from lab.own import put_together
    own = put_together()             # writes the file, and imports it
    s = own.Scheduler()

The file is plain Python, for anybody to take away: the parts are theirs where they have them, ours
where not, and it says whose. What joins them is the shell of notebook 06 (shell.py) and joints.py.
A file that was changed by hand is never overwritten.
"""

import ast
import builtins
import dis
import hashlib
import inspect
import os
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from textwrap import indent
from types import ModuleType
from typing import Any

from . import check, joints, progress, shell, workshop
from .check.apart import apart
from .check.exercises import Exercise
from .workshop import NOTEBOOKS, mine

NAME = "my_scheduler"
# What a scheduler is made of; `Tracked` and `Keyed` are written in notebook 10 itself.
PARTS = (
    "heap_push",
    "heap_pop",
    "next_run_time",
    "run_all",
    "take",
    "work",
    "pauses",
    "levels",
    "waiting",
    "watch",
    "tracked",
    "keyed",
)
IMPORTS = """\
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from threading import Event, Lock, RLock, Thread
from typing import Any, NamedTuple
"""
HEAD = '''\
"""A scheduler of my own, put together of what I wrote in the notebooks.

    from my_scheduler import Scheduler

    scheduler = Scheduler()
    scheduler.add_task(2, "mail", action=lambda: print("mail is sent"))
    scheduler.add_task(1, "order", delay=0.5, action=lambda: print("order is paid"))
    scheduler.run()

Mine: {theirs}. The rest is by the authors of the notebooks.
"""
'''
TAIL = """\
if __name__ == "__main__":
    scheduler = Scheduler()
    scheduler.add_task(2, "mail", action=lambda: print("mail is sent"))
    scheduler.add_task(1, "order", delay=0.5, action=lambda: print("order is paid"))
    scheduler.run()
"""
JOINTS: tuple[Any, ...] = (
    *(shell.Parts, shell.ReadyHeap, shell.WaitingHeap, shell.Shell),
    *(joints.Clock, joints.nothing, joints.Task, joints.Change, joints.Scheduler),
)
ATTEMPTS = f"ATTEMPTS = {shell.ATTEMPTS}  # of one task"
MARK = re.compile(r"^# as it was put together: (\w+)\n\Z", re.M)


def put_together(again: bool = False) -> ModuleType:
    """Write my_scheduler.py, and import it; it says whose each part is.

    again: write a new one where the file was changed by hand, which gets another name.
    """
    text = whole()
    path = place()
    try:
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        if there and not is_as_written(there):
            if not again:
                print(f"{path.name} was changed by hand: it is yours, and stays as it is.")
                print("put_together(again=True) makes a new one, and keeps yours beside it.")
                return load(there, text)
            print(f"Yours is called {path.rename(_free_name(path)).name} now.")
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.unfinished")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
        print(f"{path.name} stands in your folder.")
    except (OSError, UnicodeDecodeError) as error:
        print(f"{path.name} cannot be kept in your folder: {type(error).__name__}.")
    return load(text, text)


def place() -> Path:
    """Where the file is: beside the notebooks, or where their progress is."""
    named = os.environ.get("SCHED_PROGRESS")
    folder = Path(named) if named else NOTEBOOKS
    if sys.platform == "emscripten":  # in a browser the notebooks are beside their progress
        folder = folder.parent
    return folder / f"{NAME}.py"


def is_as_written(text: str) -> bool:
    """Whether nobody has changed it since it was put together."""
    found = MARK.search(text)
    return bool(found and found[1] == _digest(text[: found.start()]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _free_name(path: Path) -> Path:
    number = 1
    while (beside := path.with_name(f"{path.stem}_{number}.py")).exists():
        number += 1
    return beside


def load(text: str, instead: str) -> ModuleType:
    """Import the text of the file; another one in its place, if it does not run."""
    try:
        return _load(text)
    except (Exception, SystemExit) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        print(f"{NAME}.py does not run: {type(error).__name__}: {error}{where}.")
        print("What follows uses the one that was put together.")
        return _load(instead)


def _load(text: str) -> ModuleType:
    module = ModuleType(NAME)
    module.__file__ = str(place())
    code = compile(text, module.__file__, "exec")
    before = sys.modules.get(NAME)
    sys.modules[NAME] = module  # where dataclasses look
    try:
        apart(lambda: exec(code, vars(module)))
    except BaseException:
        sys.modules.pop(NAME)
        if before is not None:
            sys.modules[NAME] = before
        raise
    return module


# --- the text of the file -------------------------------------------------------------------------


def whole(without: Collection[str] = ()) -> str:
    """The text of my_scheduler.py.

    without: exercises of which ours is taken, whatever they have written.
    """
    named = {e.name: e for e in check.exercises()}
    parts = {workshop.asked_name(named[name]): named[name] for name in PARTS}
    file = _File({*parts, *(part.__name__ for part in JOINTS)})
    written, theirs = [], []
    for name, exercise in parts.items():
        text, is_theirs = _part(file, name, exercise, exercise.name in without)
        who = f"mine, notebook {exercise.notebook}" if is_theirs else "by the authors"
        written.append(f"{_ruler(f'{name}: {who}')}\n\n{text}")
        theirs += [name] if is_theirs else []
    for exercise, kept in _more(named.values()):
        name = workshop.asked_name(exercise)
        name = f"{name}_{exercise.notebook}" if name in file.bound else name
        if text := file.fit(kept.source, kept.name, name, exercise):
            written.append(f"{_ruler(f'{name}: mine too, notebook {exercise.notebook}')}\n\n{text}")
    joined = "\n\n\n".join(inspect.getsource(part).rstrip() for part in JOINTS)
    pieces = [
        HEAD.format(theirs=", ".join(theirs) or "none yet") + IMPORTS,
        *written,
        f"{_ruler('what joins them: by the authors')}\n\n{ATTEMPTS}\n\n{joined}\n",
        TAIL,
    ]
    text = "\n\n".join(pieces) + "\n"
    return f"{text}# as it was put together: {_digest(text)}\n"


def _ruler(title: str) -> str:
    return f"# --- {title} ".ljust(100, "-")


def _part(file: "_File", name: str, exercise: Exercise, ours: bool) -> tuple[str, bool]:
    """A part's text, and whether it is theirs."""
    if not ours:
        source, its_name, theirs = mine.source(exercise)
        if theirs:
            if text := file.fit(source, its_name, name, exercise):
                return text, True
            print(f"{name}: ours in the file, where yours does not run.")
    source, its_name = next(workshop.our_sources(exercise))
    return file.fit(_with_its_imports_only(source), its_name, name), False


def _more(exercises: Iterable[Exercise]) -> list[tuple[Exercise, progress.Code]]:
    """Whatever else they have written and checked."""
    others = sorted((e for e in exercises if e.name not in PARTS), key=lambda e: e.notebook)
    pages = {number: progress.load(number).code for number in {e.notebook for e in others}}
    kept = [(e, pages[e.notebook].get(e.name)) for e in others]
    return [(exercise, code) for exercise, code in kept if code is not None]


class _File:
    """The names that a file has, so that no two cells in it use one for two things.

    bound: each name, with the import that gives it; "" where it is something else.
    """

    def __init__(self, reserved: Collection[str]) -> None:
        self.bound = dict.fromkeys([*dir(builtins), *reserved, "ATTEMPTS"], "")
        self.bound |= _imported(IMPORTS)

    def fit(self, source: str, made: str, name: str, exercise: Exercise | None = None) -> str:
        """A cell as it can stand in the file; "" if it cannot.

        made: what it makes, which is to have this name. A cell that uses a name otherwise than the
        file does stands in a function of its own. What it shows, it does not show in the file.
        exercise: whose check decides where the cell was changed; None for one of ours.
        """
        text = _without_what_it_shows(source)
        binds = _bound_by(text)
        if any(
            what.split()[1].partition(".")[0] in ("lab", "sched") for what in binds.values() if what
        ):
            return ""
        others = {other: what for other, what in binds.items() if other != name}
        if any(
            self.bound.get(other, what) != what or (not what and other in self.bound)
            for other, what in others.items()
        ):
            inside = indent(text.strip(), "    ")
            text = f"def _{name}():\n{inside}\n    return {made}\n\n\n{name} = _{name}()\n"
            others = {f"_{name}": ""}
        elif made != name:
            text = f"{text.rstrip()}\n\n\n{name} = {made}\n"
        if exercise is not None and text != source:
            try:
                thing = workshop._make(text, name)
            except SyntaxError:
                return ""
            if thing is None or exercise.examine(thing).state != "right":
                return ""
        self.bound |= {name: "", **others}
        return text.strip() + "\n"


def _imported(source: str) -> dict[str, str]:
    """What the imports of a cell bind, each with the import of that name alone."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            start = f"from {node.module} " if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                renamed = f" as {alias.asname}" if alias.asname not in (None, alias.name) else ""
                found[name] = f"{start}import {alias.name}{renamed}"
    return found


def _bound_by(source: str) -> dict[str, str]:
    """What a cell binds, each with its import; "" where it is something else."""
    code = compile(source, "<cell>", "exec")
    stored = [i.argval for i in dis.get_instructions(code) if i.opname == "STORE_NAME"]
    return dict.fromkeys(stored, "") | _imported(source)


def _without_what_it_shows(source: str) -> str:
    """A cell without its expressions: print(...), a check, a value to look at."""
    lines, body = source.splitlines(), ast.parse(source).body
    shared = Counter(n for node in body for n in range(node.lineno, (node.end_lineno or 0) + 1))
    for node in body:
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            for n in range(node.lineno, (node.end_lineno or 0) + 1):
                lines[n - 1] = "" if shared[n] == 1 else lines[n - 1]
    return source if lines == source.splitlines() else "\n".join(lines).strip() + "\n"


def _with_its_imports_only(source: str) -> str:
    """One of our solutions with those of the notebook's imports that it needs."""
    body = ast.parse(source).body
    used = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    lines = source.splitlines()
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for n in range(node.lineno, (node.end_lineno or 0) + 1):
                lines[n - 1] = ""
    needed = [what for name, what in _imported(source).items() if name in used]
    return "\n".join([*needed, "", "", "\n".join(lines).strip(), ""]).lstrip("\n")
