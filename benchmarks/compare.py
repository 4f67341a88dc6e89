"""Compare: two result folders, row by row: faster, slower, no change, or too noisy to say.

    python -m benchmarks compare A B      # what B costs, in multiples of A

A machine is not as fast today as it was yesterday. So what is compared is not a time, but a time
in multiples of the raw heap's beside it, in the same repeat (for a pool: of the executor's). The
raw heap has nothing to be measured against but nanoseconds: its rows say how the machine changed.

The interval is a bootstrap's (B. Efron, "Bootstrap methods: another look at the jackknife", Annals
of Statistics 7, 1979): the repeats of A and those of B are drawn again with replacement, 4,000
times, and 95 % of the ratios of their medians lie in it. The draws are seeded by the name of the
row, so the same folders give the same text.

- faster, slower: all of the interval is on one side of 1, and the ratio is more than 5 % from it;
- no change: all of the interval is within 5 % of 1;
- too noisy: everything else, and whatever has fewer than three repeats or is marked as disturbed.

What is counted and not timed has no spread: it is less, more, or no change.

Few repeats vary less than many would. Where nothing has changed, up to one row of ten is called
faster or slower at three repeats each, and about one of thirty at five or nine (simulated, spreads
of 5 to 20 %). So believe a pattern over several rows, not a row.
"""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan
from pathlib import Path
from statistics import median
from typing import Any
from zlib import crc32

import numpy as np

from benchmarks import dispatch
from benchmarks.repeats import unpacked
from benchmarks.report import aligned
from benchmarks.results import RUN
from benchmarks.subjects import RAW_HEAP

FASTER, SLOWER, NO_CHANGE, TOO_NOISY = "faster", "slower", "no change", "too noisy"
LESS, MORE = "less", "more"
EXACT_UNIT = "bytes"  # of those figures that are not timed
SLIGHT = 0.05  # within it of 1 there is no change
FEWEST = 3  # repeats; fewer have no spread
DRAWS, SURE = 4000, 0.95

Key = tuple[str, ...]
Rows = dict[Key, dict[str, str]]


@dataclass(frozen=True)
class Table:
    """A file of results: the columns that name a row, and beside whom it was measured.

    yardstick: who stands in the first column of the row that all others are multiples of.
    exact: the column of what is counted, not timed.
    """

    name: str
    keys: tuple[str, ...]
    yardstick: str = ""
    exact: str = ""

    def beside(self, key: Key) -> Key | None:
        """The row that this one is a multiple of; None if it stands for itself."""
        beside = (self.yardstick, *key[1:])
        return beside if self.yardstick and beside != key else None


TABLES = (
    Table("count", ("subject", "operation", "n"), exact="comparisons"),
    Table("measure", ("queue", "operation", "n"), RAW_HEAP),
    Table("drain", ("queue", "n"), RAW_HEAP),
    Table("memory", ("queue", "state", "n"), exact="bytes_per_task"),
    Table("dispatch", ("executor", "tasks"), dispatch.EXECUTOR),
    Table("peers", ("peer", "workload", "n"), RAW_HEAP),
    Table("imports", ("module",)),
    Table("figures", ("figure", "against", "n")),
)


@dataclass(frozen=True)
class Verdict:
    """One row that both folders have: B in multiples of A, and the interval around it."""

    table: str
    row: str
    ratio: float
    low: float
    high: float
    repeats: str
    verdict: str


class ComparisonError(Exception):
    """There is nothing to compare, for the reason given."""


def compare(a: Path, b: Path) -> list[Verdict]:
    """All rows that both folders have, in the order of A. Raises ComparisonError."""
    for folder in (a, b):
        if not folder.is_dir():
            raise ComparisonError(f"there is no folder {str(folder)!r}")
        if not any((folder / f"{table.name}.csv").exists() for table in TABLES):
            names = ", ".join(f"{table.name}.csv" for table in TABLES)
            raise ComparisonError(f"there are no results in {str(folder)!r}: none of {names}")
    verdicts = [
        judge(table, key, ours, theirs)
        for table in TABLES
        for ours, theirs in [(rows_of(a, table), rows_of(b, table))]
        for key in ours
        if key in theirs
    ]
    if not verdicts:
        raise ComparisonError(f"{str(a)!r} and {str(b)!r} have no row in common")
    return verdicts


def rows_of(folder: Path, table: Table) -> Rows:
    """The rows of a file by their keys; {} if there is no such file."""
    path = folder / f"{table.name}.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {tuple(line[key] for key in table.keys): line for line in csv.DictReader(file)}


def judge(table: Table, key: Key, a: Rows, b: Rows) -> Verdict:
    """Compare one row. O(DRAWS x repeats)."""
    row = ", ".join(
        f"n = {int(value):,}" if column == "n" else value
        for column, value in zip(table.keys, key, strict=True)
        if value
    )
    exact = table.exact or ("median" if a[key].get("unit") == EXACT_UNIT else "")
    if exact:
        before, after = float(a[key][exact]), float(b[key][exact])
        ratio = after / before if before else 1.0 if not after else inf
        verdict = NO_CHANGE if before == after else LESS if after < before else MORE
        return Verdict(table.name, row, ratio, ratio, ratio, "", verdict)
    beside = table.beside(key)
    if beside not in a or beside not in b:
        beside = None
    if table.yardstick and beside is None:
        row += ", in ns" if table.name != "dispatch" else ", in tasks per second"
    old, new = costs(key, beside, a), costs(key, beside, b)
    repeats = f"{len(old)}, {len(new)}"
    if not old or not new:
        return Verdict(table.name, row, nan, nan, nan, repeats, TOO_NOISY)
    ratio, low, high = interval(old, new, f"{table.name} {key}")
    marked = any(
        rows[k].get("disturbed") == "1" for rows in (a, b) for k in (key, beside) if k in rows
    )
    verdict = TOO_NOISY
    if len(old) >= FEWEST <= len(new) and not marked:
        verdict = verdict_of(ratio, low, high)
    return Verdict(table.name, row, ratio, low, high, repeats, verdict)


def costs(key: Key, beside: Key | None, rows: Rows) -> list[float]:
    """What a row costs in each repeat, in multiples of the one beside it, if there is one."""
    values = unpacked(rows[key].get("samples") or "")
    if beside:
        others = unpacked(rows[beside].get("samples") or "")
        values = [v / w for v, w in zip(values, others, strict=False)]
    if any("per_second" in column for column in rows[key]) or "a second" in key[0]:
        values = [1 / v for v in values]  # more is better
    return [value for value in values if not isnan(value)]


def interval(old: Sequence[float], new: Sequence[float], seed: str) -> tuple[float, float, float]:
    """The ratio of the medians, new to old, and the bootstrap's interval around it."""
    random = np.random.default_rng(crc32(seed.encode()))
    drawn = [
        np.median(random.choice(np.asarray(values), (DRAWS, len(values))), axis=1)
        for values in (old, new)
    ]
    tail = (1 - SURE) / 2
    low, high = np.quantile(drawn[1] / drawn[0], (tail, 1 - tail))
    return median(new) / median(old), float(low), float(high)


def verdict_of(ratio: float, low: float, high: float) -> str:
    """What an interval says, by the rule above."""
    if high < 1 and ratio < 1 - SLIGHT:
        return FASTER
    if low > 1 and ratio > 1 + SLIGHT:
        return SLOWER
    return NO_CHANGE if low >= 1 - SLIGHT and high <= 1 + SLIGHT else TOO_NOISY


def warnings(a: Path, b: Path) -> list[str]:
    """What else than the code differs between two folders: the machine, or the Python."""
    said = []
    swept = [_sweeps(folder) for folder in (a, b)]
    for table in TABLES:
        old, new = (sweeps.get(table.name, {}) for sweeps in swept)
        if not old or not new:
            continue
        for what, before, after in (
            ("machine", _machine(old), _machine(new)),
            ("Python", old.get("python"), new.get("python")),
        ):
            if before != after:
                said.append(f"{table.name}: not the same {what}: {before}; {after}")
    return said


def without_repeats(a: Path, b: Path) -> list[str]:
    """The files of times that hold no repeats, of those that both folders have."""
    return [
        str(folder / f"{table.name}.csv")
        for table in TABLES
        if not table.exact and rows_of(a, table) and rows_of(b, table)
        for folder in (a, b)
        if not any(row.get("samples") for row in rows_of(folder, table).values())
    ]


def _sweeps(folder: Path) -> dict[str, Any]:
    path = folder / RUN
    run = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    sweeps: dict[str, Any] = run.get("sweeps", {})
    return sweeps


def _machine(sweep: dict[str, Any]) -> str:
    machine = sweep.get("machine", {})
    return f"{machine.get('cpu')}, {machine.get('cores')} cores, {machine.get('system')}"


def text(a: Path, b: Path) -> str:
    """The verdicts as text for a terminal. Raises ComparisonError."""
    verdicts = compare(a, b)
    rows = [[f"{b} / {a}", "ratio", "95 % interval", "repeats", "verdict"]]
    for v in verdicts:
        spread = "" if v.low == v.high or isnan(v.low) else f"{v.low:.3f} to {v.high:.3f}"
        ratio = "" if isnan(v.ratio) else f"{v.ratio:.3f}"
        rows.append([f"{v.table}: {v.row}", ratio, spread, v.repeats, v.verdict])
    counted = Counter(v.verdict for v in verdicts)
    order = (FASTER, SLOWER, LESS, MORE, NO_CHANGE, TOO_NOISY)
    sums = ", ".join(f"{counted[verdict]} {verdict}" for verdict in order if counted[verdict])
    parts = [*warnings(a, b), aligned(rows, left=1), f"{len(verdicts)} rows: {sums}"]
    lost = without_repeats(a, b)
    if lost:
        parts.append(f"Stored before repeats were, so nothing can be said: {', '.join(lost)}.")
    return "\n\n".join(parts)
