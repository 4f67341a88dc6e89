"""A process that dies: killed at random moments, and at each step of each transition."""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from sched import TaskStatus, VirtualClock
from tests import dying
from tests.crashes import Oracle, kill_and_compare, open_file
from tests.dying import Rows
from tests.mutants import ROOT

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@needs_fork
@pytest.mark.parametrize(("durability", "share"), [("full", 1.0), ("normal", 0.25)])
def test_nothing_acknowledged_is_lost_or_runs_again_after_kill_9(
    durability: str, share: float, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")  # of what the processes do; not of when they are killed
    path = tmp_path / "tasks.db"
    kills = round(pytestconfig.getoption("--kills") * share)
    oracle = kill_and_compare(path, durability, kills, seed)
    assert oracle.acknowledged > 20 * kills / 2
    assert oracle.recovered > 0
    later = VirtualClock(time.time() + 10_000)
    with open_file(path, durability, clock=later) as s:
        order = []
        while (task := s.get_next_task()) is not None:
            oracle.take(task)
            s.complete(task, result="drained")
            oracle.known[task.id] = oracle.known[task.id].end(task.attempts, "complete", "drained")
            order.append((task.priority, task.run_at, task.id))
        assert order == sorted(order)
        assert not any(state.status is TaskStatus.PENDING for state in oracle.known.values())
        oracle.check(s)


def test_a_take_tells_of_a_priority_whose_change_was_not_yet_acknowledged(tmp_path: Path) -> None:
    """Two threads are answered in turn, and may say so in the other turn."""
    path = tmp_path / "tasks.db"
    with open_file(path, "full") as s:
        task_id = s.add_task(2.5, "t")
        assert s.reprioritize(task_id, 1)
        task = s.get_next_task()
    assert task is not None
    said: list[list[Any]] = [
        [0, "add", ["t", 2.5]],
        [0, "did", [task_id]],
        [0, "reprioritize", task_id, 1],
        [1, "take"],
        [1, "did", [task_id, task.attempts, task.name, task.priority]],
    ]
    others = [
        [line if line[1] != "reprioritize" else [0, "take"] for line in said],
        [line if line[1] != "reprioritize" else [*line[:3], 3] for line in said],
        [*said[:-1], [1, "did", [task_id, task.attempts, task.name, 2.5]]],
    ]
    for lines in (said, *others):
        oracle = Oracle()
        under_way = oracle.read(lines)
        with open_file(path, "full") as s:
            if lines is said:
                oracle.compare(s, under_way)
            else:
                with pytest.raises(AssertionError, match=f"task {task_id} is"):
                    oracle.compare(s, under_way)


def test_what_kill_9_leaves_at_async_is_a_moment_of_the_past(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from tests.crashes import open_file
        s = open_file(Path(sys.argv[1]), "async")
        while True:
            print(s.add_task(1, "t"), flush=True)
    """
    path = tmp_path / "tasks.db"
    command = [sys.executable, "-c", textwrap.dedent(code), str(path)]
    for lines in (1, 100, 200):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(lines)]
            process.kill()
            said += process.stdout.readlines()
        last = max(int(line) for line in said if line.endswith("\n"))
        with open_file(path, "async") as s:
            s.check()
            assert [task.id for task in s.pending_tasks()] == [*range(1, len(s) + 1)]
            assert len(s) <= last + 1, "one can be there whose call was under way"


# --- at each step of each transition --------------------------------------------------------------


@pytest.fixture(scope="module")
def deaths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Path, str, bool]]]:
    """The files of the dead by transition: where each died, and whether after a COMMIT."""
    folder = tmp_path_factory.mktemp("deaths")
    command = [sys.executable, "-m", "tests.dying", str(folder)]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, list[tuple[Path, str, bool]]] = {}
    for line in ran.stdout.splitlines():
        name, where, committed = json.loads(line)
        died = found.setdefault(name, [])
        died.append((folder / f"{name}-{len(died) + 1}.db", where, committed))
    return found


def reopened(path: Path) -> Rows:
    """What is in the file of a dead process once it has been opened, soundly, again."""
    with dying.open_file(path, VirtualClock(dying.START)) as s:
        s.check()
    return dying.rows(path)


@needs_fork
@pytest.mark.parametrize("name", dying.TRANSITIONS)
def test_a_death_at_any_step_of_a_transition_leaves_all_of_it_or_nothing(
    name: str, deaths: dict[str, list[tuple[Path, str, bool]]]
) -> None:
    transition = dying.TRANSITIONS[name]
    before, after = (
        {i: row for i, row in {**dying.PREPARED, **changes}.items() if row is not None}
        for changes in (transition.before, transition.after)
    )
    steps = [where.split()[1] for _, where, _ in deaths[name]]
    assert steps.count("COMMIT") == 1, "a transition is one transaction"
    assert {"BEGIN", "COMMIT", "what", "answered"} <= {*steps}
    for path, where, committed in deaths[name]:
        assert reopened(path) == (after if committed else before), where


@needs_fork
@pytest.mark.parametrize("name", dying.OPENINGS)
def test_a_death_at_any_step_of_opening_leaves_a_file_that_opens(
    name: str, deaths: dict[str, list[tuple[Path, str, bool]]]
) -> None:
    assert len(deaths[name]) > 10
    for path, where, _ in deaths[name]:
        assert reopened(path) == dying.OPENINGS[name], where
