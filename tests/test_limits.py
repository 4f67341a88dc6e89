"""Limits on how many tasks may be pending, and how many dead letters are kept."""

import pytest

from sched import QueueFullError, Scheduler, TaskStatus, UnknownTaskError, VirtualClock, room
from sched.room import Room


def test_a_batch_of_new_keys_needs_room_for_each_once(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class(max_pending=3)
    s.add_task(1, "a", key="a")
    rows = [{"priority": 1, "task_name": key, "key": key} for key in ("a", "b", "b", "c")]
    assert s.add_tasks(rows) == [1, 2, 2, 3]  # two of them are new, and two there is room for
    with pytest.raises(QueueFullError):
        s.add_tasks([*rows, {"priority": 1, "task_name": "d", "key": "d"}])
    assert s.add_tasks(rows) == [1, 2, 2, 3]
    assert len(s) == 3
    s.check()


def test_the_oldest_dead_letter_goes_when_there_are_too_many(
    scheduler_class: type[Scheduler], clock: VirtualClock
) -> None:
    s = scheduler_class(clock=clock, max_dead_letters=2)
    ids = s.add_tasks([{"priority": 1, "task_name": "t", "key": f"{n}"} for n in range(4)])
    for _ in ids:
        s.fail(s.get_next_task(), "e")
        s.check()
    assert [task.id for task in s.dead_letters()] == ids[2:]
    for forgotten in ids[:2]:
        with pytest.raises(UnknownTaskError):
            s.status(forgotten)
        with pytest.raises(UnknownTaskError):
            s.requeue(forgotten)
    s.requeue(ids[2])
    assert s.status(ids[2]) is TaskStatus.PENDING
    assert (s.metrics().failed, s.metrics().dead_letters) == (4, 1)


class NobodyRings:
    """A bell that is never rung: whoever waits for it was not to wait."""

    def wait(self, seconds: float) -> None:
        raise AssertionError("it waits, though there is room")


def test_a_producer_looks_once_more_before_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "Bell", NobodyRings)
    producers, looks = Room([]), []

    def add() -> str:
        looks.append(len(producers))
        if len(looks) == 1:
            producers.tell()  # room is made after this look, and nobody is known to wait
            raise QueueFullError
        return "added"

    assert producers.wait(add, 60) == "added"
    assert looks == [0, 1]
    assert not producers


def test_a_producer_that_finds_no_room_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    now, timeouts = [100.0], []

    class NobodyComes:
        def wait(self, seconds: float) -> None:
            timeouts.append(seconds)
            now[0] += seconds

    def add() -> None:
        raise QueueFullError("full")

    monkeypatch.setattr(room, "Bell", NobodyComes)
    monkeypatch.setattr(room, "monotonic", lambda: now[0])
    producers = Room([])
    with pytest.raises(QueueFullError, match="full"):
        producers.wait(add, 2.5)
    assert timeouts == [1.0, 1.0, 0.5]
    assert not producers
