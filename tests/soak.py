"""What takes longer than a test run should: ``make soak``, or ``python -m tests.soak [part ...]``.

mutants   each mutant in tests/mutants breaks one promise; the tests that it names must notice
machine   the state machine, 40 times as long, on new random choices
threads   the thread tests, 20 times
seeds     the simulation, 60 times as many seeds, and new ones each day
workers   200,000 tasks that fail at random, on 8 threads, and on 4 processes that die now and then
processes 60 pools of processes to which everything is done at random, others each day
signals   SIGTERM to a program under load, 50 times with threads and with processes
instants  interrupts at every instant in every state of every scheduler and pool, and 200 forks
notebooks each run again from each of its headings, and the series with each right answer
browser   every notebook in JupyterLab, worked through as a learner does; needs Chromium
lite      each notebook in a browser with nothing installed
grader    every notebook as an assignment for nbgrader and Otter, installed beside: untouched no
          point, solved all, a wrong answer none and its message
checkers  mypy and pyright on a program of a user's, told where this package is as the guide says
site      every page of the site in Chromium: nothing from elsewhere, no fault that axe-core finds
kills     a durable queue whose owner is killed with -9, 300 times at "full" and 75 at "normal"
cuts      a durable queue whose power is cut 200 times at "full" and at "normal", in a model
memory    a million tasks added and cancelled, on each scheduler, ready and far in the future; a
          tenth of them in a file
busy      ``make test`` while other processes keep the cores busy, three at work for each core

Mutants are chosen by their file or their name, with wildcards: ``clock.toml``, ``pool-*``. The
checkout is never changed: they break a copy, one file at a time.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from tests.mutants import MUTANTS, ROOT, Mutant, existing_tests

TOO_LONG = 120  # seconds; a test that never ends has noticed what is wrong, in its way
PATIENCE = 10  # seconds; what many a mutant breaks is noticed by waiting in vain for so long
LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".venv", "work", "build", "__pycache__", ".*_cache", ".hypothesis", "out")
)
# Only hypothesis: the other plugins take longer to load than most tests take to fail.
PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "_hypothesis_pytestplugin"}
# It ends with the soak, whatever ends the soak.
BUSY_LOOP = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000):
        pass
"""


def run(
    command: list[str],
    folder: Path,
    environment: dict[str, str],
    timeout: float | None = None,
    shown: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process group of its own, of which nothing is left afterwards."""
    output = None if shown else subprocess.PIPE
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, f"did not end in {timeout} s", "")
    finally:
        end_group(process)
    return subprocess.CompletedProcess(command, process.returncode, out or "", err or "")


def end_group(process: subprocess.Popen[str]) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)


def pytest(
    folder: Path, *arguments: str, timeout: float | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    own = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **PLUGINS}
    return run(command, folder, {**os.environ, **own, **variables}, timeout)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return lines[-1] if lines else f"it ended with {done.returncode}"


def soak_mutants(chosen: list[Mutant]) -> list[str]:
    """The names of the mutants that a test of theirs did not notice."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "copy")
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        # A test that fails as it is proves nothing.
        named = {name for mutant in chosen for name in mutant.tests}
        whole = run_tests(copy, named, timeout=None)
        if whole.returncode:
            return [f"the tests of the mutants fail without them\n{whole.stdout[-2000:]}"]
        print(f"unbroken, all is well: {last_line(whole)}", flush=True)
        survivors = []
        for number, mutant in enumerate(chosen, 1):
            start = time.perf_counter()
            verdicts = break_and_test(copy, mutant)
            # 1: tests failed. Anything else, a collection error included, proves nothing.
            missed = [name for name, done in verdicts.items() if done.returncode != 1]
            took = time.perf_counter() - start
            verdict = f"SURVIVED {', '.join(missed)}" if missed else f"caught in {took:.1f} s"
            print(f"{number:3} of {len(chosen)}  {mutant.name}  {verdict}", flush=True)
            survivors += [
                f"{mutant.name} ({mutant.promise}): not noticed by {name}, "
                f"which said {last_line(verdicts[name])!r}"
                for name in missed
            ]
    return survivors


def break_and_test(copy: Path, mutant: Mutant) -> dict[str, subprocess.CompletedProcess[str]]:
    path = copy / mutant.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(mutant.breaks(whole), encoding="utf-8")
    try:
        options = ("-x", "--hypothesis-profile=mutants")
        return {name: run_tests(copy, {name}, *options) for name in mutant.tests}
    finally:
        path.write_text(whole, encoding="utf-8")


def run_tests(
    copy: Path, tests: set[str], *arguments: str, timeout: float | None = TOO_LONG
) -> subprocess.CompletedProcess[str]:
    places = [place for name in sorted(tests) for place in existing_tests()[name]]
    impatient = {"SCHED_PATIENCE": str(PATIENCE)}
    return pytest(copy, "--tb=short", *arguments, *places, timeout=timeout, **impatient)


def soak_runs(times: int, *arguments: str) -> list[str]:
    """Run a part of the suite again and again; the last lines of the runs that failed."""
    failed = []
    for number in range(1, times + 1):
        done = pytest(ROOT, *arguments)
        if done.returncode:
            failed.append(f"{' '.join(arguments)}: {done.stdout[-2000:]}")
        print(f"{number:3} of {times}  {last_line(done)}", flush=True)
    return failed


def soak_workers() -> list[str]:
    """The longest tests of the pool, with ten times the tasks."""
    os.environ["SCHED_POOL_TASKS"] = "200000"
    both = "no_task_runs_twice_at_once or nothing_is_lost_and_nothing_runs_twice"
    return soak_runs(1, "tests/test_workers.py", "tests/test_executors.py", "-k", both)


@contextmanager
def busy_cores(loops: int) -> Iterator[None]:
    """Other processes that never rest, for as long as the block lasts."""
    command = [sys.executable, "-c", BUSY_LOOP, str(os.getpid())]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(loops):
            processes.append(subprocess.Popen(command, start_new_session=True))
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def soak_busy() -> list[str]:
    """The whole suite where everybody waits for a core: on two cores, at a load of six."""
    # A make above this one hands its own ARGS down, which name a part of the soak.
    own = ("ARGS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
    environment = {name: value for name, value in os.environ.items() if name not in own}
    with busy_cores(3 * (os.cpu_count() or 2) - 2):
        done = run(["make", "test"], ROOT, environment, shown=True)
    return ["make test, while the cores were busy"] if done.returncode else []


PARTS = {
    "mutants": lambda: soak_mutants(MUTANTS),
    "machine": lambda: soak_runs(1, "tests/test_machine.py", "--machine-examples=1200"),
    "threads": lambda: soak_runs(20, "tests/test_threads.py"),
    "seeds": lambda: soak_runs(
        1,
        *("tests/test_simulated.py", "-k", "what_the_model_says", "--simulated-seeds=60"),
        f"--simulated-first={int(time.time() // 86400) * 10_000}",
    ),
    "workers": soak_workers,
    "processes": lambda: soak_runs(
        1,
        *("tests/test_process_fuzz.py", "--fuzz-rounds=60"),
        f"--fuzz-first={int(time.time() // 86400) * 10_000}",
    ),
    "signals": lambda: soak_runs(
        1, "tests/test_stop_signals.py", "-k", "under_load", "--sigterms=50"
    ),
    "instants": lambda: soak_runs(
        1,
        *("tests/test_interrupts.py", "tests/test_pool_interrupts.py", "tests/test_forks.py"),
        *("--every-instant", "--forks=200"),
    ),
    "notebooks": lambda: soak_runs(
        1,
        "tests/test_notebook_reruns.py",
        "tests/test_notebooks_solved.py",
        "--every-heading",
        "--every-answer",
    ),
    "browser": lambda: soak_runs(1, "tests/browser", "--every-notebook"),
    "lite": lambda: soak_runs(1, "tests/browser/jupyterlite.py"),
    "grader": lambda: soak_runs(1, "tests/graders.py"),
    "checkers": lambda: soak_runs(1, "tests/checkers.py"),
    "site": lambda: soak_runs(1, "tests/browser/site_pages.py"),
    "kills": lambda: soak_runs(1, "tests/test_durable_crash.py", "-k", "kill_9", "--kills=300"),
    "cuts": lambda: soak_runs(1, "tests/test_durable_power.py", "--cuts=200"),
    "memory": lambda: soak_runs(
        1, "tests/test_memory.py", "-k", "cycles_leave_memory_flat", "--cancel-cycles=1000000"
    ),
    "busy": soak_busy,
}


def main(names: list[str]) -> int:
    chosen = []
    for name in names:
        fit = [m for m in MUTANTS if fnmatchcase(m.name, name) or m.listed_in == name]
        if name not in PARTS and not fit:
            print(f"no part or mutant is called {name!r}; the parts are {', '.join(PARTS)}")
            return 2
        chosen += fit
    parts = [name for name in PARTS if name in names or not names]
    if chosen and "mutants" not in parts:
        parts.append("mutants")
    failures = []
    for name in parts:
        print(f"== {name}", flush=True)
        failures += soak_mutants(chosen) if name == "mutants" and chosen else PARTS[name]()
    print(f"{len(failures)} failed" + "".join(f"\n  {failure}" for failure in failures))
    return 1 if failures else 0


def end_in_order(number: int, _frame: object) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    # So that `finally` is reached, and in the background too, where a shell turns Ctrl-C off.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, end_in_order)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("interrupted: what was started has been ended")
