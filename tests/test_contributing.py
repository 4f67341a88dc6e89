"""CONTRIBUTING's recipe for a scheduler, followed in a copy: a file, and three lines elsewhere."""

import re
import shutil
from pathlib import Path

from tests.soak import last_line, pytest
from tests.wheel import ROOT

BUCKETS = '''"""BucketScheduler: a sorted bucket for each priority. add O(b), take O(p + b)."""

from bisect import insort
from collections.abc import Iterator

from sched.base import Scheduler
from sched.queue import Entry, Queue


class BucketQueue(Queue):
    """Invariant: no bucket is empty, and each ascends."""

    def __init__(self) -> None:
        self.buckets: dict[float, list[Entry]] = {}

    def push(self, entry: Entry) -> None:
        insort(self.buckets.setdefault(entry[0], []), entry)

    def pop(self) -> Entry:
        first = self._first()
        entry = self.buckets[first].pop(0)
        if not self.buckets[first]:
            del self.buckets[first]
        return entry

    def peek(self) -> Entry:
        return self.buckets[self._first()][0]

    def _first(self) -> float:
        if not self.buckets:
            raise IndexError("the queue is empty")
        return min(self.buckets)

    def load(self, entries: list[Entry]) -> None:
        self.buckets = {}
        for entry in sorted(entries):
            self.buckets.setdefault(entry[0], []).append(entry)

    def __len__(self) -> int:
        return sum(map(len, self.buckets.values()))

    def __iter__(self) -> Iterator[Entry]:
        for rank in sorted(self.buckets):
            yield from self.buckets[rank]

    def check(self) -> None:
        for bucket in self.buckets.values():
            if not bucket or bucket != sorted(bucket):
                raise AssertionError("a bucket is empty, or does not ascend")


class BucketScheduler(Scheduler):
    """A scheduler with a bucket for each priority."""

    queue = BucketQueue
'''
SUITES = ("tests/test_queues.py", "tests/test_conformance.py")


def add(path: Path, before: str, line: str) -> None:
    """Put a line in front of another."""
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, (path.name, before)
    path.write_text(text.replace(before, line + before), encoding="utf-8")


def a_copy_with_buckets(folder: Path) -> Path:
    recipe = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = recipe.partition("## Add a scheduler")[2].partition("\n## ")[0]
    for place in ("sched/__init__.py", "tests/schedulers.py"):
        assert place in recipe
    for part in ("sched", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "sched" / "buckets.py").write_text(BUCKETS, encoding="utf-8")
    package = folder / "sched" / "__init__.py"
    add(package, "from sched.clock import", "from sched.buckets import BucketScheduler\n")
    add(package, '    "Clock",\n', '    "BucketScheduler",\n')
    schedulers = folder / "tests" / "schedulers.py"
    add(schedulers, "    HeapScheduler,\n    MultilevelScheduler,\n", "    BucketScheduler,\n")
    add(schedulers, "    HeapScheduler,\n    SortedListScheduler,\n", "    BucketScheduler,\n")
    return folder


def test_a_scheduler_that_is_added_as_the_recipe_says_runs_through_the_suites(
    tmp_path: Path,
) -> None:
    folder = a_copy_with_buckets(tmp_path)
    done = pytest(folder, *SUITES, "-k", "BucketScheduler")
    assert done.returncode == 0, done.stdout[-2000:]
    passed = re.findall(r"(\d+) passed", last_line(done))
    assert passed and int(passed[0]) > 80
    buckets = folder / "sched" / "buckets.py"
    buckets.write_text(BUCKETS.replace("min(self.buckets)", "max(self.buckets)"), encoding="utf-8")
    broken = pytest(folder, SUITES[1], "-x", "-k", "BucketScheduler and most_urgent")
    assert broken.returncode == 1, last_line(broken)
