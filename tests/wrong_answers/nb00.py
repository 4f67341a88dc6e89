"""Answers to the exercises of notebook 00."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated,has-type"

import time

from sched import HeapScheduler, SortedListScheduler
from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value


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

wrong_value(
    EX,
    "the first two exchanged",
    holding((2, EAT), (1, WAKE), (3, WALK)),
    "add_task",
    "not called in the order that is asked for",
)
late = HeapScheduler()
for seconds, task in ((20, WALK), (10, EAT), (0, WAKE)):
    late.add_task(1, task, delay=seconds)
wrong_value(EX, "delays for priorities", late, "add_task", "was given a delay")

other_numbers = SortedListScheduler()
for number, task in ((10, "go for a walk"), (0.5, EAT), (-3, WAKE)):
    other_numbers.add_task(number, task)
RIGHT[EX].append(other_numbers)
RIGHT[EX].append(holding((100, " Go for a walk "), (50, "have breakfast"), (0, "WAKE UP")))


# --- working it off -------------------------------------------------------------------------------


@wrong("work_off", "work_off", "returns nothing")
def prints_the_names(scheduler):
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        print("Executing:", task)
        scheduler.complete(task)


@wrong("work_off", "work_off", "returns nothing")
def keeps_what_append_returns(scheduler):
    names = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        scheduler.complete(task)
        names = names.append(task.name)
    return names


@wrong("work_off", "work_off", "names the tasks and takes none")
def looks_and_takes_none(scheduler):
    names = []
    for task in scheduler.pending_tasks():
        names.append(task.name)
    return names


@wrong("work_off", "work_off", "leaves tasks behind")
def takes_one(scheduler):
    names = []
    if scheduler.pending_tasks():
        task = scheduler.get_next_task()
        names.append(task.name)
        scheduler.complete(task)
    return names


@wrong("work_off", "work_off", "leaves tasks behind")
def returns_inside_the_loop(scheduler):
    names = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        names.append(task.name)
        scheduler.complete(task)
        return names
    return names


@wrong("work_off", "work_off", "leaves tasks behind")
def makes_the_list_inside_the_loop(scheduler):
    names = []
    while scheduler.pending_tasks():
        names = []
        task = scheduler.get_next_task()
        names.append(task.name)
        scheduler.complete(task)
    return names


@wrong("work_off", "work_off", "gives tasks, and not their names")
def gives_the_tasks(scheduler):
    tasks = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        tasks.append(task)
        scheduler.complete(task)
    return tasks


@wrong("work_off", "work_off", "takes tasks and does not complete them")
def completes_none(scheduler):
    names = []
    while scheduler.pending_tasks():
        names.append(scheduler.get_next_task().name)
    return names


@wrong("work_off", "work_off", "does not come back")
def reads_and_does_not_take(scheduler):
    names = []
    while scheduler.pending_tasks():
        names.append("mail")
    return names


@wrong("work_off", "work_off", "raises AttributeError")
def takes_one_too_many(scheduler):
    names = []
    while True:
        task = scheduler.get_next_task()
        names.append(task.name)
        scheduler.complete(task)
        if task is None:
            return names


@wrong("work_off", "work_off", "in the order in which they come out")
def puts_each_in_front(scheduler):
    names = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        names = [task.name, *names]
        scheduler.complete(task)
    return names


@wrong("work_off", "work_off", "does not return a list")
def returns_a_text(scheduler):
    names = ""
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        names = names + task.name
        scheduler.complete(task)
    return names


@wrong("work_off", "work_off", "raises InvalidTransitionError")
def completes_what_was_never_handed_out(scheduler):
    names = []
    for task in scheduler.pending_tasks():
        names.append(task.name)
        scheduler.complete(task)
    return names


@wrong("work_off", "work_off", "raises InvalidTransitionError")
def completes_twice(scheduler):
    names = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        scheduler.complete(task)
        names.append(task.name)
        scheduler.complete(task)
    return names


@also_right("work_off")
def counts_first_and_then_takes(scheduler):
    tasks = [scheduler.get_next_task() for _ in list(scheduler.pending_tasks())]
    for task in tasks:
        scheduler.complete(task)
    return [task.name for task in tasks]


@also_right("work_off")
def by_calling_itself(scheduler):
    task = scheduler.get_next_task()
    if task is None:
        return []
    scheduler.complete(task)
    return [task.name, *by_calling_itself(scheduler)]


@also_right("work_off")
def until_none_is_left(scheduler):
    names = []
    while task := scheduler.get_next_task():
        scheduler.complete(task)
        names.append(str(task))
    return names


@wrong("work_off", "work_off", "leaves tasks behind")
def leaves_out_a_name_that_it_has(scheduler):
    names = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        if task.name not in names:
            names.append(task.name)
        scheduler.complete(task)
    return names


@wrong("work_off", "work_off", "gives a generator")
def yields_the_names(scheduler):
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        scheduler.complete(task)
        yield task.name


# --- the night watch ------------------------------------------------------------------------------


@wrong("night_watch", "night_watch", "raises AttributeError")
def expects_a_task_each_hour(scheduler, clock, hours):
    seen = []
    for _ in range(hours):
        clock.advance(3600)
        task = scheduler.get_next_task()
        seen.append(task.name)
        scheduler.complete(task)
    return seen


@wrong("night_watch", "night_watch", "does not give one name for each hour")
def counts_one_hour_too_few(scheduler, clock, hours):
    seen = []
    for _ in range(1, hours):
        clock.advance(3600)
        task = scheduler.get_next_task()
        if task:
            seen.append(task.name)
            scheduler.complete(task)
        else:
            seen.append("nothing")
    return seen


@wrong("night_watch", "night_watch", "does not give one name for each hour")
def leaves_out_the_quiet_hours(scheduler, clock, hours):
    seen = []
    for _ in range(hours):
        clock.advance(3600)
        task = scheduler.get_next_task()
        if task:
            seen.append(task.name)
            scheduler.complete(task)
    return seen


@wrong("night_watch", "night_watch", "looks before the hour has passed")
def looks_and_then_moves(scheduler, clock, hours):
    seen = []
    for _ in range(hours):
        task = scheduler.get_next_task()
        if task:
            seen.append(task.name)
            scheduler.complete(task)
        else:
            seen.append("nothing")
        clock.advance(3600)
    return seen


@wrong("night_watch", "night_watch", "does not move the clock on by an hour")
def takes_a_second_for_an_hour(scheduler, clock, hours):
    seen = []
    for _ in range(hours):
        clock.advance(1)
        task = scheduler.get_next_task()
        if task:
            seen.append(task.name)
            scheduler.complete(task)
        else:
            seen.append("nothing")
    return seen


@wrong("night_watch", "night_watch", "does not move the clock on by an hour")
def moves_it_in_quiet_hours_alone(scheduler, clock, hours):
    seen = []
    for _ in range(hours):
        task = scheduler.get_next_task()
        if task:
            seen.append(task.name)
            scheduler.complete(task)
        else:
            clock.advance(3600)
            seen.append("nothing")
    return seen


@wrong("night_watch", "night_watch", "does not give one name for each hour")
def takes_all_that_is_ready(scheduler, clock, hours):
    seen = []
    for _ in range(hours):
        clock.advance(3600)
        task = scheduler.get_next_task()
        if task is None:
            seen.append("nothing")
        while task:
            seen.append(task.name)
            scheduler.complete(task)
            task = scheduler.get_next_task()
    return seen


@wrong("night_watch", "night_watch", "puts None into the list")
def writes_none(scheduler, clock, hours):
    seen = []
    for _ in range(hours):
        clock.advance(3600)
        task = scheduler.get_next_task()
        seen.append(task and task.name)
        if task:
            scheduler.complete(task)
    return seen


@wrong("night_watch", "night_watch", "raises RuntimeError")
def really_waits(scheduler, clock, hours):
    for _ in range(hours):
        time.sleep(3600)
    return ["nothing"] * hours


@wrong("night_watch", "night_watch", "takes tasks and does not complete them")
def forgets_to_complete(scheduler, clock, hours):
    seen = []
    for _ in range(hours):
        clock.advance(3600)
        task = scheduler.get_next_task()
        seen.append(task.name if task else "nothing")
    return seen


@wrong("night_watch", "night_watch", "raises ValueError")
def takes_the_clock_to_begin_at_zero(scheduler, clock, hours):
    seen = []
    for hour in range(hours):
        clock.advance_to((hour + 1) * 3600)
        task = scheduler.get_next_task()
        seen.append(task.name if task else "nothing")
        if task:
            scheduler.complete(task)
    return seen


@wrong("night_watch", "night_watch", "does not give one name for each hour")
def goes_on_until_all_is_done(scheduler, clock, hours):
    seen = []
    while scheduler.pending_tasks() or len(seen) < hours:
        clock.advance(3600)
        task = scheduler.get_next_task()
        seen.append(task.name if task else "nothing")
        if task:
            scheduler.complete(task)
    return seen


@wrong("night_watch", "night_watch", "names the tasks and takes none")
def takes_what_was_due_first(scheduler, clock, hours):
    seen = []
    tasks = sorted(scheduler.pending_tasks(), key=lambda task: task.run_at)
    for _ in range(hours):
        clock.advance(3600)
        if tasks and tasks[0].run_at <= clock.now():
            seen.append(tasks.pop(0).name)
        else:
            seen.append("nothing")
    return seen


@also_right("night_watch")
def with_a_while(scheduler, clock, hours):
    seen = []
    while len(seen) < hours:
        clock.advance(60 * 60)
        task = scheduler.get_next_task()
        if task:
            scheduler.complete(task)
        seen.append(task.name if task else "nothing")
    return seen


@also_right("night_watch")
def by_the_hour_that_it_is(scheduler, clock, hours):
    seen = ["nothing"] * hours
    start = clock.now()
    for hour in range(hours):
        clock.advance_to(start + (hour + 1) * 3600)
        for task in [scheduler.get_next_task()]:
            if task is not None:
                seen[hour] = str(task)
                scheduler.complete(task, result="seen")
    return seen


# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_00"
wrong_value(D, "another fault", ("A", [3, 1, 2]), "the fault", "is another one")
wrong_value(D, "comes out in order", ("C", [1, 2, 3]), "the list", "does not show the fault")
wrong_value(D, "two", ("C", [2, 1]), "the list", "does not show the fault")
wrong_value(D, "too long", ("C", [4, 2, 5, 1, 3]), "the list", "a shorter one can")
wrong_value(D, "pairs", ("C", [(3, 1), (1, 2)]), "the list", "should hold numbers")
wrong_value(D, "all the same", ("C", [1, 1, 1]), "the list", "does not show the fault")
wrong_value(D, "in words", ("C", "3, 1, 2"), "the list", "square brackets")
wrong_value(D, "the larger one first", ("D", [3, 1, 2]), "the fault", "is another one")
wrong_value(D, "five letters", ("E", [3, 1, 2]), "the fault", "should be one of")
RIGHT[D] += [("c", [9, -1, 5]), [" C ", (3, 1, 2)], ("C", [2.5, 1.0, 2])]
