"""The mutants: ways to break the code, each of which its tests must notice.

Each is a table of a TOML file beside this one, called after what then goes wrong:

    [a-cancelled-task-runs]
    promise = "cancel"  # a row of the table of promises, or something else that is promised
    file = "sched/base.py"
    old = 'entry = self._ready.pop(task_id, None)'  # what occurs exactly once in the file,
    new = 'entry = self._ready.get(task_id)'  # and what it is replaced with
    tests = ["test_a_cancelled_task_never_runs"]  # each of them must fail

After a promise and a colon may stand which part of it is broken. Lines are quoted in whole between
three apostrophes, part of one line between single ones, where nothing needs an escape.
"""

import ast
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent


@dataclass(frozen=True)
class Mutant:
    name: str
    promise: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    listed_in: str  # the TOML file

    @property
    def row(self) -> str:
        """The promise without the part of it that is broken."""
        return self.promise.split(": ", 1)[0]

    def breaks(self, source: str) -> str:
        """The source of the file, broken; ValueError if the mutant does not fit it any more."""
        found = source.count(self.old)
        if found != 1:
            raise ValueError(f"{self.name}: its old text is {found} times in {self.file}, not once")
        return source.replace(self.old, self.new)


def load(folder: Path = FOLDER) -> list[Mutant]:
    mutants = []
    for path in sorted(folder.glob("*.toml")):
        for name, told in tomllib.loads(path.read_text(encoding="utf-8")).items():
            tests = tuple(told.pop("tests"))
            mutants.append(Mutant(name=name, listed_in=path.name, tests=tests, **told))
    return mutants


@cache
def existing_tests() -> dict[str, list[str]]:
    """What pytest calls the tests of each name: ``tests/test_clock.py::test_...``."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.setdefault(node.name, []).append(f"tests/{path.name}::{node.name}")
    return found


MUTANTS = load()
