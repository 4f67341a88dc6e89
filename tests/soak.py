"""What takes longer than a test run should: ``make soak``, or ``python -m tests.soak [part ...]``.

mutants   each patch in tests/mutants breaks one promise; the tests that it names must notice
machine   the state machine, 40 times as long, on new random choices
threads   the thread tests, 20 times
workers   200,000 tasks that fail at random, on 8 threads
memory    a million tasks added and cancelled, on each scheduler, ready and far in the future
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTANTS = sorted((ROOT / "tests" / "mutants").glob("*.patch"))
TOO_LONG = 240  # seconds; a test that never ends has noticed what is wrong, in its way
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "work", "__pycache__", ".*_cache", ".hypothesis", "out"
)


def header(patch: Path) -> dict[str, str]:
    """The lines ``promise: ...`` and ``tests: ...`` at the head of a patch."""
    lines = patch.read_text(encoding="utf-8").split("\n\n", 1)[0].splitlines()
    return dict(line.split(": ", 1) for line in lines)


def pytest(
    folder: Path, *arguments: str, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, f"did not end in {timeout} s", "")


def soak_mutants() -> list[str]:
    """The names of the mutants that no test noticed."""
    survivors = []
    for number, patch in enumerate(MUTANTS, 1):
        head = header(patch)
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch, "copy")
            shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
            subprocess.run(["git", "apply", str(patch)], cwd=copy, check=True)
            start = time.perf_counter()
            run = pytest(copy, "-x", *head["tests"].split(), timeout=TOO_LONG)
        # 1: tests failed. Anything else, a collection error included, proves nothing.
        caught = run.returncode == 1
        last = run.stdout.strip().splitlines()[-1] if run.stdout.strip() else run.stderr[-200:]
        verdict = "caught" if caught else "SURVIVED"
        print(f"{number:3} of {len(MUTANTS)}  {verdict}  {patch.stem}  ({head['promise']})")
        print(f"     {time.perf_counter() - start:.1f} s: {last}", flush=True)
        if not caught:
            survivors.append(patch.stem)
    return survivors


def soak_runs(times: int, *arguments: str) -> list[str]:
    """Run a part of the suite again and again; the last lines of the runs that failed."""
    failed = []
    for number in range(1, times + 1):
        run = pytest(ROOT, *arguments)
        if run.returncode:
            failed.append(f"{' '.join(arguments)}: {run.stdout[-2000:]}")
        print(f"{number:3} of {times}  {run.stdout.strip().splitlines()[-1]}", flush=True)
    return failed


def soak_workers() -> list[str]:
    """The longest test of the pool, with ten times the tasks."""
    os.environ["SCHED_POOL_TASKS"] = "200000"
    return soak_runs(1, "tests/test_workers.py", "-k", "no_task_runs_twice_at_once")


PARTS = {
    "mutants": soak_mutants,
    "machine": lambda: soak_runs(1, "tests/test_machine.py", "--machine-examples=1200"),
    "threads": lambda: soak_runs(20, "tests/test_threads.py"),
    "workers": soak_workers,
    "memory": lambda: soak_runs(
        1, "tests/test_memory.py", "-k", "cycles_leave_memory_flat", "--cancel-cycles=1000000"
    ),
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no part is called {unknown[0]!r}; the parts are {', '.join(PARTS)}")
        return 2
    failures = []
    for name in names or PARTS:
        print(f"== {name}", flush=True)
        failures += PARTS[name]()
    print(f"{len(failures)} failed" + "".join(f"\n  {failure}" for failure in failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
