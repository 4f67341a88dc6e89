"""Count, measure, fit and plot: ``python -m benchmarks --help``."""

import argparse
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from math import inf
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import compare, dispatch, figures, machine, report, results, sweep
from benchmarks.parts import (
    AGAIN,
    ALL_SWEEPS,
    APART,
    COMMANDS,
    COMPARE,
    PEERS,
    PLOT,
    QUICK_AGAIN,
    TABLES,
)
from benchmarks.peers import race
from benchmarks.peers import report as peer_report
from benchmarks.subjects import LARGEST, QUICK

OUT = Path(__file__).parent / "out"
SMALLEST_MAX_N, LARGEST_MAX_N = 2**10, 2**24  # fewer than four sizes fit any curve
MOST_REPEATS = 1000
INTERRUPTED = 130


def largest_size(text: str) -> int:
    """The value of --max-n."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if not SMALLEST_MAX_N <= value <= LARGEST_MAX_N:
        raise argparse.ArgumentTypeError(
            f"must be an int from {SMALLEST_MAX_N} to {LARGEST_MAX_N}, got {text!r}"
        )
    return value


def minutes(text: str) -> float:
    """The value of --minutes."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < inf:
        raise argparse.ArgumentTypeError(f"must be a number from 0, got {text!r}")
    return value


def repeats(text: str) -> int:
    """The value of --repeats."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if not 1 <= value <= MOST_REPEATS:
        raise argparse.ArgumentTypeError(f"must be an int from 1 to {MOST_REPEATS}, got {text!r}")
    return value


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Count comparisons, measure times and memory of every scheduler, fit and plot.",
        epilog="Ctrl-C keeps what is measured, and plots it. Two more commands, with options "
        "of their own: engines, one workload on threads, processes, Dask and Celery; capacity, the "
        "machines that a load needs.",
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=[PEERS, *TABLES, COMPARE],
        help="peers: compare with what else a user could pick, instead: raw heapq, "
        "sortedcontainers, ...; figures: the few numbers that sum it up, in under five minutes; "
        "crashes: what queues in a file have left after kill -9; "
        "durable: how fast a queue in a file is, beside huey and a loop by hand; "
        "executors: what a pool costs with processes, and with coroutines; "
        "compare: two folders of results, row by row, the second in multiples of the first",
    )
    parser.add_argument(
        "folders", nargs="*", type=Path, metavar="A B", help="compare: the two folders"
    )
    parser.add_argument(
        "--max-n",
        type=largest_size,
        metavar="N",
        help=f"largest size (default {LARGEST}); the sizes are the powers of two up to it, "
        "those of four for peers",
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"to n = {QUICK}, fewer rounds: seconds, not minutes"
    )
    parser.add_argument(
        "--minutes",
        type=minutes,
        default=race.PATIENCE / 60,
        metavar="M",
        help="peers: once so many have passed, no large size is repeated (default %(default)g; "
        f"each has {race.FEW_REPEATS} repeats if there is time)",
    )
    parser.add_argument(
        "--repeats",
        type=repeats,
        default=figures.REPEATS,
        metavar="R",
        help="figures: repeats at the largest size (default %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=OUT,
        metavar="DIR",
        help="folder for CSV, JSON and PNG (default benchmarks/out); what a sweep wrote there "
        "before is replaced when that sweep runs again",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=[*ALL_SWEEPS, PLOT],
        help="run this part alone (may be given more than once); plot draws what is in DIR",
    )
    given = parser.parse_args(argv)
    if len(given.folders) != (2 if given.command == COMPARE else 0):
        got = " ".join(map(repr, map(str, given.folders))) or "none"
        parser.error(f"two folders are for compare, and only for it: got {got}")
    if given.command == COMPARE:
        return given
    given.only = given.only or list(COMMANDS[given.command])
    given.max_n = given.max_n or (QUICK if given.quick else LARGEST)
    try:
        given.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"argument --out: must be a folder, got {str(given.out)!r}: {error.strerror}")
    return given


def run_sweep(name: str, given: argparse.Namespace) -> bool:
    """Run one sweep and store its rows. False if it was interrupted."""
    what, rows = ALL_SWEEPS[name], list[Any]()
    complete, start = True, perf_counter()
    try:
        sweep.run(name, what.steps(given), rows)
        if what.again:
            sweep.settle(name, rows, what.again, QUICK_AGAIN if given.quick else AGAIN)
    except KeyboardInterrupt:
        complete = False
    if rows:
        results.write_rows(given.out / f"{name}.csv", what.summary(rows))
        about = {
            "complete": complete,
            "seconds": round(perf_counter() - start, 1),
            "arguments": {"max_n": given.max_n, "quick": given.quick},
            **machine.description(),
        }
        results.update_run(given.out, "sweeps", {name: about})
    return complete


def show(folder: Path, part: Any, exit_code: int) -> int:
    """Print the table of a part that a folder holds. Returns the exit code: 1 if it holds none."""
    found = part.read(folder)
    if not found:
        print(f"There are no {part.FILE} in {folder}.", file=sys.stderr)
        return exit_code or 1
    print(f"\n{part.table(found)}\n\n{folder / part.FILE}.csv")
    return exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for. Returns the exit code: 0, or 130 after Ctrl-C."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in APART:
        return APART[argv[0]](argv[1:])
    given = arguments(argv)
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal may not know every sign: "log?" then
        sys.stdout.reconfigure(errors="replace")
    if given.command == COMPARE:
        try:
            print(compare.text(*given.folders))
        except compare.ComparisonError as error:
            print(f"Cannot compare: {error}.", file=sys.stderr)
            return 1
        return 0
    interrupted = False
    for name in ALL_SWEEPS:
        if name not in given.only:
            continue
        if not run_sweep(name, given):
            interrupted = True
            print(f"\nInterrupted during {name}: what was measured is kept.", file=sys.stderr)
            break
    if given.command in TABLES:
        return show(given.out, TABLES[given.command], INTERRUPTED if interrupted else 0)
    found, rates = results.read(given.out), dispatch.read(given.out)
    peers = peer_report.read(given.out)
    if given.command:  # what is in the folder beside the peers is left as it is
        found, rates = results.Results([], [], [], [], {}), []
    if not any((found.counts, found.times, found.drains, found.weights, rates, peers)):
        print(f"There are no results in {given.out}.", file=sys.stderr)
        return INTERRUPTED if interrupted else 1
    findings = {} if given.command else report.findings(found)
    findings |= dispatch.findings(rates) | peer_report.findings(peers)
    results.update_run(given.out, "findings", findings)
    tables = "\n\n".join(
        filter(None, [report.table(found), dispatch.table(rates), peer_report.table(peers)])
    )
    print(f"\n{tables}\n")

    # Here, because it takes a second that --help need not wait for.
    from benchmarks import plot
    from benchmarks.peers import plot as peer_plot

    for path in [*plot.draw_all(found, given.out), *peer_plot.draw_all(peers, given.out)]:
        print(path)
    return INTERRUPTED if interrupted else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # outside of a sweep: what is stored is stored
        sys.exit(INTERRUPTED)
