"""The models of notebook 07: a disk that counts its reads, and a file that a power cut visits."""

import sys
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))  # where `lab` is

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
