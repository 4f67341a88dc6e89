"""Results on disk: one CSV per sweep, and run.json, which says where each of them comes from.

Tables and plots are made from these files and from nothing else, so a folder can be completed
sweep by sweep, and drawn again later (``--only plot``).
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from benchmarks.count import Count
from benchmarks.drain import DrainTime
from benchmarks.measure import Time
from benchmarks.memory import Weight

R = TypeVar("R")
RUN = "run.json"


@dataclass(frozen=True)
class Results:
    """What a folder holds; a list is empty where its sweep has not run."""

    counts: list[Count]
    times: list[Time]
    drains: list[DrainTime]
    weights: list[Weight]
    run: dict[str, Any]

    @property
    def caches(self) -> dict[str, int]:
        """Bytes of each data cache of the machine that was measured; {} if not known."""
        sweep = self.run.get("sweeps", {}).get("measure", {})
        found: dict[str, int] = sweep.get("machine", {}).get("caches", {})
        return found


def read(folder: Path) -> Results:
    """Read what is in the folder. O(rows)."""
    run = folder / RUN
    return Results(
        read_rows(folder / "count.csv", Count),
        read_rows(folder / "measure.csv", Time),
        read_rows(folder / "drain.csv", DrainTime),
        read_rows(folder / "memory.csv", Weight),
        json.loads(run.read_text(encoding="utf-8")) if run.exists() else {},
    )


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """Write dataclass instances of one kind as CSV, floats to six digits."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(rows[0])])
        for row in rows:
            values = asdict(row).values()
            writer.writerow([f"{v:.6g}" if isinstance(v, float) else v for v in values])


def read_rows(path: Path, kind: type[R]) -> list[R]:
    """Read rows of a dataclass whose fields are str, int and float; [] if there is no file.

    A column that the file does not have yet has its default.
    """
    if not path.exists():
        return []
    convert = get_type_hints(kind)
    with path.open(newline="", encoding="utf-8") as file:
        return [
            kind(**{name: make(line[name]) for name, make in convert.items() if name in line})
            for line in csv.DictReader(file)
        ]


def update_run(folder: Path, section: str, values: dict[str, Any]) -> None:
    """Replace entries of one section of run.json, and keep the others."""
    path = folder / RUN
    run = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    run[section] = {**run.get(section, {}), **values}
    path.write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
