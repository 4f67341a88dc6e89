"""Answers to the exercise of notebook 00."""

from sched import HeapScheduler, SortedListScheduler
from tests.wrong_answers import RIGHT, wrong_value


def holding(*tasks: tuple[int, str]) -> HeapScheduler:
    scheduler = HeapScheduler()
    for priority, name in tasks:
        scheduler.add_task(priority, name)
    return scheduler


WAKE, EAT, WALK = "Wake up", "Have breakfast", "Go for a walk"
EX = "first_scheduler"

wrong_value(
    EX,
    "higher is more urgent",
    holding((1, WALK), (2, EAT), (3, WAKE)),
    "add_task",
    "priorities that put the tasks in another order",
)
wrong_value(
    EX,
    "equal priorities",
    holding((1, WALK), (1, EAT), (1, WAKE)),
    "add_task",
    "priorities that put the tasks in another order",
)
wrong_value(
    EX,
    "added in the order of the day",
    holding((1, WAKE), (1, EAT), (1, WALK)),
    "add_task",
    "called in the order of the day",
)
wrong_value(
    EX,
    "one forgotten",
    holding((3, WALK), (1, WAKE)),
    "add_task",
    "not called for 'Have breakfast'",
)
wrong_value(
    EX,
    "the cell run twice",
    holding((3, WALK), (2, EAT), (1, WAKE), (3, WALK), (2, EAT), (1, WAKE)),
    "add_task",
    "called too often",
)
wrong_value(
    EX, "another name", holding((3, "Walk"), (2, EAT), (1, WAKE)), "add_task", "not called for"
)

other_numbers = SortedListScheduler()
for number, task in ((10, "go for a walk"), (0.5, EAT), (-3, WAKE)):
    other_numbers.add_task(number, task)
RIGHT[EX].append(other_numbers)
