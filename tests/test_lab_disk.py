"""The models of notebook 07: a disk, a file that a power cut visits, and a program that dies."""

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))  # where `lab` is

from lab.crashing import Restarted, ToDo
from lab.disk import Buffered, Disk


def test_a_disk_gives_its_smallest_items_in_order_and_counts_its_reads() -> None:
    disk = Disk()
    for item in [5, 1, 4, 1]:
        disk.add(item)
    assert disk.smallest(3) == [1, 1, 4]
    assert (len(disk), disk.reads) == (1, 1)
    assert disk.smallest(3) == [5]
    assert disk.smallest(3) == []
    assert (len(disk), disk.reads) == (0, 3)


def cuts(file: Buffered) -> set[str]:
    return {"".join(file.after_power_cut(Random(seed))) for seed in range(200)}


def test_a_power_cut_may_take_any_of_what_is_not_synced_and_nothing_else() -> None:
    file = Buffered()
    file.write("a")
    file.sync()
    file.write("b")
    file.write("c")
    assert cuts(file) == {"a", "ab", "ac", "abc"}
    file.sync()
    assert cuts(file) == {"abc"}
    assert file.syncs == 2


def test_a_killed_program_takes_nothing_that_it_has_written() -> None:
    file = Buffered()
    file.write("a")
    assert file.after_kill() == ["a"]
    assert "" in cuts(file)


def in_spite_of_all(to_do: ToDo, write: Callable[[str], None], run: Callable[[str], None]) -> None:
    for name, _ in to_do:
        try:
            write(f"begin {name}")
            run(name)
        finally:
            write(f"done {name}")


@pytest.mark.parametrize(
    ("fatal", "left", "started", "finished"),
    [
        ("write begin b", ["begin a", "done a"], 1, 1),
        ("run b", ["begin a", "done a", "begin b"], 2, 1),
        ("write done b", ["begin a", "done a", "begin b"], 2, 2),
    ],
)
def test_a_program_that_has_died_does_nothing_more(
    fatal: str, left: list[str], started: int, finished: int
) -> None:
    lines: list[str] = []
    program = Restarted(lambda step: step == fatal, lines.append)
    assert not program.start(in_spite_of_all, [("a", 0), ("b", 0), ("c", 0)])
    assert lines == left
    assert (program.started.total(), program.finished.total()) == (started, finished)
    assert program.start(in_spite_of_all, [("c", 0)])
    assert lines[len(left) :] == ["begin c", "done c"]


def test_what_a_living_program_raises_is_seen_and_what_a_dead_one_raises_is_not() -> None:
    def wrong(to_do: ToDo, write: Callable[[str], None], run: Callable[[str], None]) -> None:
        try:
            write("begin a")
        finally:
            run(1 / 0)  # type: ignore[arg-type]

    with pytest.raises(ZeroDivisionError):
        Restarted(lambda _: False, print).start(wrong, [])
    assert not Restarted(lambda _: True, print).start(wrong, [])
