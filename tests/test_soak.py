"""The soak leaves no busy loop and no broken file behind, and is not taken in by a mutant."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import soak
from tests.mutants import MUTANTS, ROOT, Mutant

MUTANT = Mutant("m", "order", "sched/m.py", "a < b", "a > b", ("test_soaked",), "m.toml")
BUSY = """
import subprocess, time
from tests import soak
ends = []
start = subprocess.Popen
def remember(*arguments, **options):
    ends.append(start(*arguments, **options))
    return ends[-1]
soak.subprocess.Popen = remember
with soak.busy_cores(2):
    print(*[process.pid for process in ends], flush=True)
    time.sleep(600)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project of one module and one test."""
    for name, text in {
        "sched/m.py": "def less(a, b):\n    return a < b\n",
        "tests/conftest.py": (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"),
        "tests/test_m.py": "from m import less\n\ndef test_soaked():\n    assert less(1, 2)\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or ") Z " not in stat.read_text()


def test_an_interrupt_puts_the_broken_file_back(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def interrupted(folder: Path, tests: set[str], *_: str) -> None:
        seen.append((tests, (folder / MUTANT.file).read_text(encoding="utf-8")))
        raise KeyboardInterrupt

    monkeypatch.setattr(soak, "run_tests", interrupted)
    with pytest.raises(KeyboardInterrupt):
        soak.break_and_test(copy, MUTANT)
    assert seen == [({"test_soaked"}, "def less(a, b):\n    return a > b\n")]
    assert "a < b" in (copy / MUTANT.file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "found"), [("a <= b", 0), ("a < b and a < b", 2)], ids=["gone", "twice"]
)
def test_a_mutant_that_does_not_fit_is_said_so(source: str, found: int) -> None:
    with pytest.raises(ValueError, match=f"m: its old text is {found} times in sched/m.py"):
        MUTANT.breaks(source)


@pytest.mark.parametrize(
    ("code", "survivors"),
    [(0, 1), (1, 0), (2, 1), (4, 1), (5, 1)],
    ids=["passed", "failed", "interrupted", "usage", "nothing-ran"],
)
def test_a_mutant_is_caught_by_a_test_that_fails_alone(
    code: int, survivors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [0, code]  # unbroken, then broken

    def pytest_run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], answers.pop(0), "the last line", "")

    monkeypatch.setattr(soak, "pytest", pytest_run)
    mutant = next(m for m in MUTANTS if len(m.tests) == 1)
    assert len(soak.soak_mutants([mutant])) == survivors
    assert answers == []


def test_tests_that_fail_unbroken_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, "all red", "")
    monkeypatch.setattr(soak, "pytest", lambda *_, **__: failed)
    (said,) = soak.soak_mutants(MUTANTS[:1])
    assert "fail without them" in said


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_busy_loops_end_with_the_soak(number: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    pids = [int(word) for word in process.stdout.readline().split()]
    assert len(pids) == 2
    assert all(runs(pid) for pid in pids)
    process.send_signal(getattr(signal, number))
    process.communicate()
    while any(runs(pid) for pid in pids):  # soon, however busy the machine is
        time.sleep(0.05)


def test_the_busy_suite_is_the_whole_suite_whatever_make_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ARGS", "busy")
    monkeypatch.setenv("MAKEFLAGS", " -- ARGS=busy")
    calls: list[tuple[list[str], dict[str, str]]] = []

    def remember(
        command: list[str], folder: Path, environment: dict[str, str], shown: bool
    ) -> subprocess.CompletedProcess[str]:
        calls.append((command, environment))
        return subprocess.CompletedProcess(command, 2)

    monkeypatch.setattr(soak, "run", remember)
    monkeypatch.setattr(soak, "BUSY_LOOP", "")
    assert len(soak.soak_busy()) == 1
    ((command, environment),) = calls
    assert command == ["make", "test"]
    assert not {"ARGS", "MAKEFLAGS"} & environment.keys()
    assert "PATH" in environment
