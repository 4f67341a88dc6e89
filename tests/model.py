"""The model: what a scheduler must do, by sorting a plain list. Slow, short, and easy to trust."""

from dataclasses import dataclass

from sched import TaskStatus


@dataclass
class ModelTask:
    id: int
    priority: float
    run_at: float
    status: TaskStatus = TaskStatus.PENDING
    attempts: int = 0


class Model:
    def __init__(self) -> None:
        self.tasks: dict[int, ModelTask] = {}

    def add(self, task_id: int, priority: float, run_at: float) -> None:
        assert task_id not in self.tasks
        assert all(task_id > other for other in self.tasks), "ids increase"
        self.tasks[task_id] = ModelTask(task_id, priority, run_at)

    def in_state(self, status: TaskStatus) -> list[ModelTask]:
        return [task for task in self.tasks.values() if task.status is status]

    def ready(self, now: float) -> list[ModelTask]:
        pending = self.in_state(TaskStatus.PENDING)
        return sorted(
            (task for task in pending if task.run_at <= now),
            key=lambda task: (task.priority, task.run_at, task.id),
        )

    def waiting(self, now: float) -> list[ModelTask]:
        pending = self.in_state(TaskStatus.PENDING)
        return sorted(
            (task for task in pending if task.run_at > now),
            key=lambda task: (task.run_at, task.id),
        )

    def next_run_time(self, now: float) -> float | None:
        if self.ready(now):
            return now
        waiting = self.waiting(now)
        return waiting[0].run_at if waiting else None
