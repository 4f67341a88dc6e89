"""What the race has shown, as tables: ratios, what to know of each peer, bytes, and three figures.

The tables are made from what is stored, so a folder can be shown again on another machine.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.peers.check import MISSING, Check
from benchmarks.peers.field import PEERS
from benchmarks.peers.interface import BULK, TEN_LEVELS, WORKLOADS
from benchmarks.peers.race import Race
from benchmarks.peers.weigh import ImportTime, PeerWeight
from benchmarks.report import STAR, aligned, disturbances, short
from benchmarks.subjects import HEAP, MULTILEVEL, RAW_HEAP

CHECKS, RACES, WEIGHTS, IMPORTS = "peer_checks", "peers", "peer_memory", "imports"


@dataclass(frozen=True)
class PeerResults:
    """What a folder holds; a list is empty where its sweep has not run."""

    checks: list[Check]
    races: list[Race]
    weights: list[PeerWeight]
    imports: list[ImportTime]

    def __bool__(self) -> bool:
        return any((self.checks, self.races, self.weights, self.imports))

    @property
    def largest(self) -> int:
        """The largest n at which anything was timed; 0 if nothing was."""
        return max((race.n for race in self.races), default=0)

    def at_largest(self, workload: str) -> dict[str, Race]:
        """Each peer's result at the largest n that it was timed at, in the order of the field."""
        found: dict[str, Race] = {}
        for race in sorted(self.races, key=lambda r: r.n):
            if race.workload == workload:
                found[race.peer] = race
        return {name: found[name] for name in PEERS if name in found}

    def disturbed(self, race: Race) -> bool:
        """Whether its ratio rests on a disturbed size: its own time there, or the raw heap's."""
        return bool(race.disturbed) or any(
            (raw.peer, raw.workload, raw.n) == (RAW_HEAP, race.workload, race.n) and raw.disturbed
            for raw in self.races
        )

    def ratio(self, workload: str, peer: str) -> float | None:
        """The ratio to the raw heap at the largest n of all; None if it was not timed there."""
        race = self.at_largest(workload).get(peer)
        if race is None or race.n < self.largest or isnan(race.ratio):
            return None
        return race.ratio


def read(folder: Path) -> PeerResults:
    """Read what is in the folder. O(rows)."""
    return PeerResults(
        results.read_rows(folder / f"{CHECKS}.csv", Check),
        results.read_rows(folder / f"{RACES}.csv", Race),
        results.read_rows(folder / f"{WEIGHTS}.csv", PeerWeight),
        results.read_rows(folder / f"{IMPORTS}.csv", ImportTime),
    )


def figures(found: PeerResults) -> list[tuple[str, str, float]]:
    """What of ours is compared with something else than the same work: name, unit, value."""
    levels, bulk = found.at_largest(TEN_LEVELS), found.at_largest(BULK)
    values = []
    for name in (HEAP, MULTILEVEL):
        own, raw = levels.get(name), levels.get(RAW_HEAP)
        if own and raw and own.n == raw.n:
            ratio = own.complete_ns / raw.total_ns
            values.append((f"{name}: complete, to raw heapq's push + pop", "×", ratio))
        at_once = bulk.get(name)
        if own and at_once and own.n == at_once.n:
            ratio = at_once.add_ns / own.add_ns
            values.append((f"{name}: add_tasks, to as many add_task", "×", ratio))
    values += [
        (f"import {i.module}, beyond import queue", "ms", i.median_ms) for i in found.imports
    ]
    return values


def findings(found: PeerResults) -> dict[str, Any]:
    """The verdicts as plain values, for run.json; nothing if there are no results."""
    if not found:
        return {}
    return {
        "peers": {
            "largest_n": found.largest,
            "ratios_to_raw_heapq": {
                workload: {
                    name: {"n": race.n, "ratio": None if isnan(race.ratio) else race.ratio}
                    for name, race in found.at_largest(workload).items()
                }
                for workload in WORKLOADS
            },
            "figures": [
                {"figure": name, "unit": unit, "value": value}
                for name, unit, value in figures(found)
            ],
            "disturbed": [
                {"peer": r.peer, "workload": r.workload, "n": r.n}
                for r in found.races
                if r.disturbed
            ],
            "checks": [asdict(check) for check in found.checks],
        }
    }


def table(found: PeerResults) -> str:
    """Everything that was found, as text for a terminal."""
    peaks = [(f"{r.peer}, {r.workload}", r.n, r.total_ns) for r in found.races if r.disturbed]
    parts = [_ratios(found), disturbances(peaks), _notes(found.checks), _bytes(found.weights)]
    rows = [[name, f"{short(value)} {unit}"] for name, unit, value in figures(found)]
    if rows:
        parts.append(aligned([["measured at the largest n", ""], *rows], left=1))
    return "\n\n".join(filter(None, parts))


def _ratios(found: PeerResults) -> str:
    """One line for each peer: times raw heapq in each workload, and at which n if not at all's."""
    if not found.races:
        return ""
    columns = {workload: found.at_largest(workload) for workload in WORKLOADS}
    rows = []
    for name in PEERS:
        cells = [_cell(columns[workload].get(name), found) for workload in WORKLOADS]
        if any(cells):
            rows.append([name, *(cell or "-" for cell in cells)])
    for check in found.checks:
        if check.order == MISSING:
            rows.append([check.peer, *[MISSING] * len(WORKLOADS)])
    raw = [columns[workload].get(RAW_HEAP) for workload in WORKLOADS]
    rows.append(["repeats", *(str(race.repeats) if race else "-" for race in raw)])
    head = [f"times raw heapq at n = {found.largest:,}", *WORKLOADS]
    return aligned([head, *rows], left=1)


def _cell(race: Race | None, found: PeerResults) -> str:
    if race is None or isnan(race.ratio):
        return ""
    where = "" if race.n == found.largest else f" (2^{race.n.bit_length() - 1})"
    return f"{race.ratio:.2f}{where}{STAR * found.disturbed(race)}"


def _notes(checks: Sequence[Check]) -> str:
    rows = [[f"{c.peer} {c.version}".strip(), c.order, c.note] for c in checks]
    return aligned([["checked", "order", "to be known"], *rows], left=3) if rows else ""


def _bytes(weights: Sequence[PeerWeight]) -> str:
    if not weights:
        return ""
    kinds = list(dict.fromkeys(w.keys for w in weights))
    found = {(w.peer, w.keys): w for w in weights}
    head = ["bytes per waiting task"]
    head += [f"{kind}, {scale}" for kind in kinds for scale in ("traced", "RSS")]
    rows = []
    for peer in dict.fromkeys(w.peer for w in weights):
        row = [peer]
        for kind in kinds:
            w = found.get((peer, kind))
            for value in (w.traced_bytes, w.rss_bytes) if w else (float("nan"),) * 2:
                row.append("-" if isnan(value) else f"{value:,.0f}")
        rows.append(row)
    return aligned([head, *rows], left=1)
