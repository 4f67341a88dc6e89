"""Models of disks: one that counts its reads, a file that a power cut visits, files whose writer is
killed; and a program that dies."""

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))  # where `lab` is

from lab.crashing import Crash, Restarted, ToDo
from lab.disk import Buffered, Disk, Files, is_killed, killed_at_each_moment


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


def in_place(files: Files, text: str) -> None:
    files.write("queue", text)


def by_rename(files: Files, text: str) -> None:
    files.write("new", text)
    files.rename("new", "queue")


def test_a_file_is_emptied_and_half_written_before_it_is_whole() -> None:
    assert killed_at_each_moment(in_place, "old", "new!") == ["", "ne", "new!", "new!"]
    assert killed_at_each_moment(by_rename, "old", "new!") == ["old"] * 3 + ["new!"] * 2
    assert killed_at_each_moment(lambda files, _: files.delete("queue"), "a", "b") == [None, None]


def test_whoever_is_killed_does_nothing_more_whatever_it_catches() -> None:
    def goes_on(files: Files, text: str) -> None:
        try:
            files.write("queue", text)
        except BaseException:
            with pytest.raises(Crash):
                files.rename("queue", "other")

    files = Files({"queue": "old"})
    assert is_killed(goes_on, files, "new!", moment=2)
    assert files.contents == {"queue": "ne"}
    assert files.read("queue") == "ne"
    assert not is_killed(by_rename, files, "new!", moment=5)
    assert files.contents == {"queue": "new!"}


def test_a_file_that_is_not_there_is_told() -> None:
    for call in (Files().read, Files().delete, lambda name: Files().rename(name, "b")):
        with pytest.raises(FileNotFoundError, match="no file 'a'"):
            call("a")


def test_a_stub_is_not_taken_for_one_that_saves() -> None:
    with pytest.raises(NotImplementedError):
        is_killed(lambda _files, _text: ..., Files(), "text", moment=1)
