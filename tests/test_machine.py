"""A state machine does anything to a scheduler, in any order; after each step it must agree with
the model, and ``check()`` must find every invariant whole."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from sched import InvalidTransitionError, Scheduler, SystemClock, Task, TaskStatus, VirtualClock
from tests.model import Model, ModelTask
from tests.schedulers import SCHEDULERS

PENDING, RUNNING = TaskStatus.PENDING, TaskStatus.RUNNING
SUCCEEDED, FAILED, CANCELLED = TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED

priorities = st.one_of(
    st.integers(0, 3), st.sampled_from([-(2**63), 2**63 - 1, 1.5, -0.0, 1e300, True + 1])
)
# Few and small: tasks must fall due at the same moment, and clocks must pass them.
seconds = st.sampled_from([0, 0.5, 1, 1.0, 2, 5])


class SchedulerMachine(RuleBasedStateMachine):
    """Any scheduler against the model. ``scheduler_class`` is set by the subclass."""

    scheduler_class: type[Scheduler]
    known: Bundle[int] = Bundle("known")  # ids that were given out
    handed_out: Bundle[Task] = Bundle("handed_out")
    stale: Bundle[Task] = Bundle("stale")

    def make_clock(self) -> Any:
        return VirtualClock(100.0)

    def now(self) -> float:
        return self.s.clock.now()

    @initialize()
    def start(self) -> None:
        self.clock = self.make_clock()
        self.s = self.scheduler_class(clock=self.clock, history=1_000_000)
        self.model = Model()

    @rule(target=known, priority=priorities, delay=st.none() | seconds)
    def add(self, priority: float, delay: float | None) -> int:
        now = self.now()
        task_id = self.s.add_task(priority, "t", delay=delay)
        self.model.add(task_id, priority, now + (delay or 0))
        return task_id

    @rule(target=known, priority=priorities, offset=st.sampled_from([-5, -1, 0, 0.5, 1, 5]))
    def add_at(self, priority: float, offset: float) -> int:
        run_at = self.now() + offset
        task_id = self.s.add_task(priority, "t", run_at=run_at)
        self.model.add(task_id, priority, run_at)
        return task_id

    @rule(target=known, rows=st.lists(st.tuples(priorities, seconds), max_size=12))
    def add_many(self, rows: list[tuple[float, float]]) -> Any:
        now = self.now()
        ids = self.s.add_tasks([(priority, "t", delay) for priority, delay in rows])
        assert len(ids) == len(rows)
        for task_id, (priority, delay) in zip(ids, rows, strict=True):
            self.model.add(task_id, priority, now + delay)
        return multiple(*ids)

    @rule(by=seconds)
    def pass_time(self, by: float) -> None:
        self.clock.advance(by)

    @rule(target=handed_out)
    def take(self) -> Any:
        peeked = self.s.peek_next_task()
        task = self.s.get_next_task()
        ready = self.model.ready(self.now())
        if task is None:
            assert peeked is None
            assert not ready
            return multiple()
        expected = ready[0]
        assert peeked is not None
        assert task.id == peeked.id == expected.id
        expected.status = RUNNING
        expected.attempts += 1
        assert (task.attempts, task.status) == (expected.attempts, RUNNING)
        return task

    @rule(target=stale, task=consumes(handed_out))
    def complete(self, task: Task) -> Task:
        self.s.complete(task, result=task.id)
        self.model.tasks[task.id].status = SUCCEEDED
        return task

    @rule(target=stale, task=consumes(handed_out))
    def abort(self, task: Task) -> Task:
        self.s.abort(task)
        self.model.tasks[task.id].status = CANCELLED
        return task

    @rule(target=stale, task=consumes(handed_out), retry_in=st.none() | seconds)
    def fail(self, task: Task, retry_in: float | None) -> Task:
        now = self.now()
        again = self.s.fail(task, "e", retry_in=retry_in)
        assert again is (retry_in is not None)
        expected = self.model.tasks[task.id]
        expected.status = FAILED if retry_in is None else PENDING
        expected.run_at = expected.run_at if retry_in is None else now + retry_in
        return task

    @rule(task=stale)
    def finish_twice(self, task: Task) -> None:
        for move in (lambda: self.s.complete(task), lambda: self.s.fail(task, "e", retry_in=0)):
            with pytest.raises(InvalidTransitionError):
                move()

    @rule(task_id=known)
    def cancel(self, task_id: int) -> None:
        expected = self.model.tasks[task_id]
        assert self.s.cancel(task_id) is (expected.status is PENDING)
        if expected.status is PENDING:
            expected.status = CANCELLED

    @rule(task_id=known, priority=priorities)
    def reprioritize(self, task_id: int, priority: float) -> None:
        expected = self.model.tasks[task_id]
        assert self.s.reprioritize(task_id, priority) is (expected.status is PENDING)
        if expected.status is PENDING:
            expected.priority = priority

    @rule(task_id=known)
    def requeue(self, task_id: int) -> None:
        expected = self.model.tasks[task_id]
        if expected.status is not FAILED:
            with pytest.raises(InvalidTransitionError):
                self.s.requeue(task_id)
            return
        now = self.now()
        self.s.requeue(task_id)
        expected.status, expected.attempts, expected.run_at = PENDING, 0, now

    @invariant()
    def agrees_with_the_model(self) -> None:
        self.s.check()
        now = self.now()
        pending = list(self.s.pending_tasks())
        expected = self.model.ready(now) + self.model.waiting(now)
        assert [self.facts(task) for task in pending] == [self.facts(task) for task in expected]
        assert len(self.s) == len(expected)
        assert self.s.next_run_time() == self.model.next_run_time(now)
        m = self.s.metrics()
        assert (m.running, m.dead_letters) == (
            len(self.model.in_state(RUNNING)),
            len(self.model.in_state(FAILED)),
        )
        assert (m.succeeded, m.cancelled) == (
            len(self.model.in_state(SUCCEEDED)),
            len(self.model.in_state(CANCELLED)),
        )
        for task in self.model.tasks.values():
            assert self.facts(self.s.task(task.id)) == self.facts(task)
            assert self.s.status(task.id) is task.status

    @staticmethod
    def facts(task: Task | ModelTask) -> tuple[Any, ...]:
        return (task.id, task.priority, task.run_at, task.status, task.attempts)


class Wall:
    """A wall clock and a monotonic clock that a test turns by hand."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 100.0, 7.0

    def clock(self) -> SystemClock:
        return SystemClock(lambda: self.wall, lambda: self.monotonic, look_every=0)


class JumpingClockMachine(SchedulerMachine):
    """The same, on a SystemClock whose wall time is set back and forth."""

    def make_clock(self) -> SystemClock:
        self.hands = Wall()
        self.last = -math.inf
        return self.hands.clock()

    @rule(by=seconds)
    def pass_time(self, by: float) -> None:
        before = self.now()
        self.hands.wall += by
        self.hands.monotonic += by
        assert self.now() >= before + by

    @rule(by=st.sampled_from([-3600.0, -5.0, -0.5, 0.5, 5.0, 3600.0]))
    def set_the_wall_clock(self, by: float) -> None:
        before = self.now()
        self.hands.wall += by
        assert self.now() == max(before, self.hands.wall)

    @invariant()
    def never_runs_backwards(self) -> None:
        now = self.now()
        assert now >= self.last
        self.last = now


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "machine" in metafunc.fixturenames:
        machines = [
            type(f"{base.__name__}_{cls.__name__}", (base,), {"scheduler_class": cls})
            for cls in SCHEDULERS
            for base in (SchedulerMachine, JumpingClockMachine)
        ]
        metafunc.parametrize("machine", machines, ids=lambda m: m.__name__)


def test_anything_in_any_order_agrees_with_the_model(
    machine: type[SchedulerMachine], request: pytest.FixtureRequest
) -> None:
    examples = request.config.getoption("--machine-examples")
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
