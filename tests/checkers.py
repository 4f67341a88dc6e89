"""A program of a user's, checked as notebooks/guide/start.md says: ``make soak ARGS=checkers``.

Not a part of `make test`: mypy and pyright take their time.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants import ROOT

# The last line is a mistake: what is not seen is not checked.
PROGRAM = """
from typing import assert_type

from sched import HeapScheduler, RetryPolicy, Scheduler, Task, WorkerPool
from sched.durable import SQLiteScheduler, Transaction, action


@action("mail")
def mail(to: str) -> str:
    return to


def save(t: Transaction) -> int:
    return t.add_task(1, "mail", action=mail, args=("ada",))


def run(s: Scheduler) -> None:
    i = s.add_task(1, "mail", action=mail, args=("ada",), retry=RetryPolicy(3, base=0.1))
    assert_type(i, int)
    assert_type(s.get_next_task(), Task | None)
    with WorkerPool(s, workers=4) as pool:
        assert_type(pool.wait(i), Task)
    s.subscribe(lambda event: print(event.kind), "added")


run(HeapScheduler())
with SQLiteScheduler("tasks.db") as s:
    assert_type(s.transact(save), int)
HeapScheduler().add_task("high", 1)
"""


@pytest.mark.parametrize("checker", [("mypy", "--strict"), ("pyright",)], ids=lambda c: c[0])
def test_a_users_program_is_checked_as_the_guide_says(
    checker: tuple[str, ...], tmp_path: Path
) -> None:
    guide = (ROOT / "notebooks" / "guide" / "start.md").read_text(encoding="utf-8")
    [link] = re.findall(r"```\n(mkdir typings.*)\n```", guide)
    [settings] = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "user.py").write_text(PROGRAM)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    quiet = {**os.environ, "PATH": path, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    subprocess.run(link, shell=True, cwd=tmp_path, env=quiet, check=True)
    command = [sys.executable, "-m", *checker, "user.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env=quiet, capture_output=True, text=True, check=False
    )
    said = [line for line in done.stdout.splitlines() if "user.py:" in line]
    last = PROGRAM.count("\n")
    assert len(said) == 2, done.stdout + done.stderr
    assert all(f"user.py:{last}:" in line and "argument" in line.lower() for line in said)
