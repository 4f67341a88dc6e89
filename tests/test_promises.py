"""What the project says of itself: promises name tests that exist, each is broken by a mutant that
fits the code, docstrings state their cost, and the arrows between modules point one way."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

import sched
from sched import plots
from tests.mutants import MUTANTS, ROOT, Mutant, existing_tests

PAGE = (ROOT / "notebooks" / "guide" / "promises.md").read_text(encoding="utf-8")
MODULES = sorted((ROOT / "sched").rglob("*.py"))

# What may be imported at the head of a module; further down, inside a function, is free.
LAYERS = [
    {"audience", "bell", "entry", "forks", "lock"},
    {"task"},
    {"arguments", "attempts", "metrics", "queue", "sorted_run", "table"},
    {"events", "histogram", "ledger", "retry", "room", "timeline", "waiting"},
    {"clock", "pending", "schedules"},
    {"task_table"},
    {"looks"},
    {"memory"},
    {"base"},
    {"heap", "multilevel", "naive_sort", "sorted_list"},
    {"execution", "monitor", "progress", "series", "signals", "simulation", "threads", "wakeups"},
    {"event_loop", "runner"},
    {"coroutines", "crew", "elsewhere"},
    {"outcomes", "processes"},
    {"prometheus", "recurring", "workers"},
    {"plots"},
    {"durable"},
    {"engines"},
    {"__main__"},
]


def table(text: str) -> list[list[str]]:
    """The rows of a Markdown table, without its head."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


# What is promised, and the tests of each promise.
GUARANTEES = [promise for promise, _ in table(PAGE)]
PROVED = dict(table((ROOT / "tests" / "PROMISES.md").read_text(encoding="utf-8")))


def test_each_guarantee_is_among_the_promises_and_no_other_is() -> None:
    assert len(GUARANTEES) >= 18
    assert list(PROVED) == GUARANTEES


@pytest.mark.parametrize("promise", PROVED)
def test_each_promise_names_tests_that_exist(promise: str) -> None:
    named = re.findall(r"`(test_\w+)`", PROVED[promise])
    assert PROVED[promise] == ", ".join(f"`{name}`" for name in named) != ""
    assert [name for name in named if name not in existing_tests()] == []


@pytest.mark.parametrize("promise", GUARANTEES)
def test_a_mutant_breaks_each_guarantee_and_a_test_of_it_must_notice(promise: str) -> None:
    noticed = [name for mutant in MUTANTS if mutant.row == promise for name in mutant.tests]
    assert [name for name in noticed if f"`{name}`" in PROVED[promise]]


def test_a_mutant_breaks_a_part_of_a_guarantee_only() -> None:
    assert {m.row for m in MUTANTS if m.row != m.promise} <= set(GUARANTEES)


def test_each_mutant_has_a_name_of_its_own() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(names) > 100
    assert len(names) == len(set(names))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_each_mutant_fits_the_code(mutant: Mutant) -> None:
    broken = mutant.breaks((ROOT / mutant.file).read_text(encoding="utf-8"))
    ast.parse(broken)
    assert [name for name in mutant.tests if name not in existing_tests()] == []


def test_no_test_has_a_deadline() -> None:
    assert settings.default is not None
    assert settings.default.deadline is None
    for path in sorted((ROOT / "tests").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "deadline":
                none = isinstance(node.value, ast.Constant) and node.value.value is None
                assert none, f"{path.name}, line {node.value.lineno}: a busy machine breaks this"


def public_callables() -> list[tuple[str, object]]:
    found: dict[str, object] = {}
    for name in sched.__all__:
        thing = getattr(sched, name)
        if not getattr(thing, "__module__", "").startswith("sched.") or not inspect.isclass(thing):
            continue
        for attribute, member in vars(thing).items():
            if attribute.startswith("_") and attribute not in ("__len__", "__iter__"):
                continue
            function = member.fget if isinstance(member, property) else member
            if inspect.isfunction(function):
                found[f"{name}.{attribute}"] = function
    for name in plots.__all__:
        thing = getattr(plots, name)
        if inspect.isfunction(thing):
            found[f"plots.{name}"] = thing
    return sorted(found.items())


@pytest.mark.parametrize(
    ("name", "function"), public_callables(), ids=[name for name, _ in public_callables()]
)
def test_each_public_method_states_its_complexity(name: str, function: object) -> None:
    doc = inspect.getdoc(function) or ""
    assert "O(" in doc, f"the docstring of {name} does not say what it costs"


def test_the_methods_of_the_interface_are_among_those_checked() -> None:
    names = {name for name, _ in public_callables()}
    assert {"Scheduler.add_task", "Scheduler.check", "VirtualClock.advance"} <= names


def imported(path: Path) -> set[str]:
    """The modules imported at the head of a module, outside functions and TYPE_CHECKING."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


OWN_NAMES = {path.relative_to(ROOT / "sched").with_suffix("").parts[0] for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_arrows_between_modules_point_one_way(path: Path) -> None:
    parts = path.relative_to(ROOT / "sched").with_suffix("").parts
    own = parts[0]
    if own in ("__init__", "_startup"):
        return
    level = next((n for n, layer in enumerate(LAYERS) if own in layer), None)
    assert level is not None, f"add {own} to LAYERS"
    for name in imported(path):
        package, _, rest = name.partition(".")
        other = rest.split(".")[0]
        if package != "sched" or not other or other not in OWN_NAMES:
            continue
        below = set().union(*LAYERS[:level])
        assert other == own or other in below, f"{path.name} must not import {name}"


ENGINES = {
    "celery": {"celery", "kombu", "redis"},
    "dask": {"cloudpickle", "dask", "distributed"},
}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_the_core_imports_the_standard_library_only(path: Path) -> None:
    own = ENGINES.get(path.stem.split("_")[0], set()) if path.parent.name == "engines" else set()
    for name in imported(path):
        top = name.split(".")[0]
        if top in own:
            continue
        assert top in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_importing_sched_is_light() -> None:
    heavy = ["numpy", "pandas", "matplotlib", "ipywidgets", "IPython", "tqdm", "asyncio"]
    heavy += ["sqlite3", "sched.durable", "sched.engines", "celery", "redis", "distributed"]
    code = f"import sched, sys; print([m for m in {heavy!r} if m in sys.modules])"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_no_module_is_called_scheduler() -> None:
    assert "scheduler" not in {path.stem for path in MODULES}


NAMED_TUPLES = {"_replace", "_fields", "_asdict", "_make"}  # public, for all their underscores
OWN_MODULES = [
    path
    for folder in ("sched", "benchmarks", "notebooks/lab")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


@pytest.mark.parametrize("path", OWN_MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_module_reaches_into_the_underscore_names_of_another(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    own = {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    own |= {n.id for n in nodes if isinstance(n, ast.Name)}
    attributes = [n for n in nodes if isinstance(n, ast.Attribute)]
    reached = []
    for node in attributes:
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            own.add(node.attr)
        elif node.attr.startswith("_") and not node.attr.startswith("__"):
            reached.append(node)
    wrong = [ast.unparse(n) for n in reached if n.attr not in own | NAMED_TUPLES]
    assert wrong == []


SIZES = {  # lines: of what is read in one sitting, and of what is compared on one screen
    **dict.fromkeys(["base.py", "ledger.py", "memory.py"], 330),
    **dict.fromkeys(["heap.py", "sorted_list.py", "naive_sort.py"], 75),
}


@pytest.mark.parametrize("name", SIZES)
def test_a_module_that_readers_are_sent_to_stays_short(name: str) -> None:
    lines = (ROOT / "sched" / name).read_text(encoding="utf-8").count("\n")
    assert lines <= SIZES[name]


LOOPS = (ast.While, ast.For)


def loops_under_a_lock(source: str) -> list[str]:
    """The loops that stand in a ``with`` of a lock itself, not in a function that it calls.

    At the end of such a loop Python 3.13 can deliver a Ctrl-C past the end of the ``with``, and
    the lock stays taken."""
    return [
        ast.unparse(loop).splitlines()[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.With)
        and any(ast.unparse(item.context_expr).endswith("lock") for item in node.items)
        for loop in ast.walk(node)
        if isinstance(loop, LOOPS)
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_loop_stands_in_a_with_of_a_lock(path: Path) -> None:
    assert loops_under_a_lock(path.read_text(encoding="utf-8")) == []


def test_a_loop_in_a_with_of_a_lock_is_found() -> None:
    source = "with self.lock:\n    while True:\n        pass\n"
    assert loops_under_a_lock(source) == ["while True:"]
    assert loops_under_a_lock(source.replace("while True", "if f")) == []
