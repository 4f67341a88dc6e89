"""Answers to the exercises of notebook 03."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated,has-type"

import heapq
from fractions import Fraction

from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value

# --- one step -------------------------------------------------------------------------------------

NOT_HELD = "removes a task without holding the lock"


@wrong("take", "take", NOT_HELD)
def forgets_the_lock(heap, now, _lock):
    if heap and heap[0][0] <= now:
        return heapq.heappop(heap)[1]
    return None


@wrong("take", "take", "raises IndexError")
def looks_before_it_has_the_lock(heap, now, lock):
    if heap and heap[0][0] <= now:
        with lock:
            return heapq.heappop(heap)[1]
    return None


@wrong("take", "take", NOT_HELD)
def gives_the_lock_back_between(heap, now, lock):
    with lock:
        due = heap and heap[0][0] <= now
    return heapq.heappop(heap)[1] if due else None


@wrong("take", "take", "returns a task that another worker has taken")
def remembers_what_it_saw_before(heap, now, lock):
    seen = heap[0] if heap else None
    with lock:
        if seen is None or seen[0] > now:
            return None
        if seen in heap:
            heapq.heappop(heap)
        return seen[1]


@wrong("take", "take", "raises IndexError")
def looks_and_removes_with_the_lock_each(heap, now, lock):
    with lock:
        if not heap or heap[0][0] > now:
            return None
    with lock:
        return heapq.heappop(heap)[1]


@wrong("take", "take", "keeps the lock")
def returns_with_the_lock(heap, now, lock):
    lock.acquire()
    if not heap or heap[0][0] > now:
        return None
    name = heapq.heappop(heap)[1]
    lock.release()
    return name


@wrong("take", "take", "raises RuntimeError")
def waits_for_itself(heap, now, lock):
    with lock:
        if heap and heap[0][0] <= now:
            with lock:
                return heapq.heappop(heap)[1]
        return None


@wrong("take", "take", "raises IndexError")
def forgets_that_the_heap_may_be_empty(heap, now, lock):
    with lock:
        return heapq.heappop(heap)[1] if heap[0][0] <= now else None


@wrong("take", "take", "takes a task that is not due")
def forgets_the_time(heap, _now, lock):
    with lock:
        return heapq.heappop(heap)[1] if heap else None


@wrong("take", "take", "does not remove the task")
def leaves_it_there(heap, now, lock):
    with lock:
        return heap[0][1] if heap and heap[0][0] <= now else None


@wrong("take", "take", "returns the pair, not the name")
def returns_the_pair(heap, now, lock):
    with lock:
        return heapq.heappop(heap) if heap and heap[0][0] <= now else None


@wrong("take", "take", "leaves a list that is no heap")
def takes_it_from_the_list(heap, now, lock):
    with lock:
        return heap.pop(0)[1] if heap and heap[0][0] <= now else None


@wrong("take", "take", "leaves a task that is due")
def is_a_second_late(heap, now, lock):
    with lock:
        return heapq.heappop(heap)[1] if heap and heap[0][0] < now - 4 else None


@wrong("take", "take", "does not take the task that is due first")
def takes_the_last(heap, now, lock):
    with lock:
        return heap.pop()[1] if heap and heap[-1][0] <= now else None


@wrong("take", "take", "leaves a task that is due exactly at second 10")
def thinks_that_now_is_too_early(heap, now, lock):
    with lock:
        return heapq.heappop(heap)[1] if heap and heap[0][0] < now else None


@wrong("take", "take", "gives up when the lock is not free at once")
def gives_up(heap, now, lock):
    if not lock.acquire(False):
        return None
    try:
        return heapq.heappop(heap)[1] if heap and heap[0][0] <= now else None
    finally:
        lock.release()


@wrong("take", "take", "raises RuntimeError")
def releases_twice(heap, now, lock):
    with lock:
        name = heapq.heappop(heap)[1] if heap and heap[0][0] <= now else None
        lock.release()
        return name


@also_right("take")
def waits_five_seconds_at_most(heap, now, lock):
    if not lock.acquire(timeout=5):
        return None
    try:
        return heapq.heappop(heap)[1] if heap and heap[0][0] <= now else None
    finally:
        lock.release()


@also_right("take")
def asks_until_it_gets_the_lock(heap, now, lock):
    while not lock.acquire(blocking=False):
        pass
    name = None
    if heap:
        first = heapq.heappop(heap)
        if first[0] <= now:
            name = first[1]
        else:
            heapq.heappush(heap, first)
    lock.release()
    return name


@also_right("take")
def with_try_and_finally(heap, now, lock):
    lock.acquire()
    try:
        if len(heap) > 0:
            due, name = heap[0]
            if due <= now:
                heapq.heappop(heap)
                return name
        return None
    finally:
        lock.release()


@also_right("take")
def looks_twice(heap, now, lock):
    if not heap:
        return None
    with lock:
        if not heap or heap[0][0] > now:
            return None
        return heapq.heappop(heap)[1]


@wrong("take", "take", "gives up when the lock is not free at once")
def asks_first_whether_it_is_free(heap, now, lock):
    if lock.locked():
        return None
    with lock:
        return heapq.heappop(heap)[1] if heap and heap[0][0] <= now else None


@also_right("take")
def asks_until_it_is_free(heap, now, lock):
    while lock.locked():
        pass
    with lock:
        return heapq.heappop(heap)[1] if heap and heap[0][0] <= now else None


@wrong("take", "take", "loses a task")
def throws_away_what_is_not_due(heap, now, lock):
    with lock:
        while heap:
            due, name = heapq.heappop(heap)
            if due <= now:
                return name
    return None


@wrong("take", "take", "gives something, though no task is due")
def gives_an_empty_name(heap, now, lock):
    with lock:
        return heapq.heappop(heap)[1] if heap and heap[0][0] <= now else ""


@wrong("take", "take", "removes a task, and does not return its name")
def prints_the_name(heap, now, lock):
    with lock:
        if heap and heap[0][0] <= now:
            print(heapq.heappop(heap)[1])


# --- a worker's loop ------------------------------------------------------------------------------


@wrong("work", "work", "raises ValueError")
def dies_of_a_task(scheduler, stop):
    while not stop.is_set():
        task = scheduler.get_next_task()
        if task is None:
            return
        scheduler.complete(task, task.action())


@wrong("work", "work", "takes a task and says nothing of how it ended")
def swallows_the_error(scheduler, stop):
    while not stop.is_set():
        task = scheduler.get_next_task()
        if task is None:
            return
        try:
            scheduler.complete(task, task.action())
        except Exception:
            pass


@wrong("work", "work", "takes a task and says nothing of how it ended")
def drops_what_it_has_taken(scheduler, stop):
    while task := scheduler.get_next_task():
        if stop.is_set():
            return
        try:
            scheduler.complete(task, task.action())
        except Exception as error:
            scheduler.fail(task, error)


@wrong("work", "work", "goes on after it was told to stop")
def never_looks_at_stop(scheduler, stop):
    while task := scheduler.get_next_task():
        try:
            scheduler.complete(task, task.action())
        except Exception as error:
            scheduler.fail(task, error)


@wrong("work", "work", "goes on after it was told to stop")
def looks_at_stop_too_late(scheduler, stop):
    while task := scheduler.get_next_task():
        try:
            scheduler.complete(task, task.action())
        except Exception as error:
            scheduler.fail(task, error)
        if stop.is_set():
            return


@wrong("work", "work", "leaves while a task is ready")
def gives_up_at_the_first_error(scheduler, stop):
    try:
        while not stop.is_set():
            task = scheduler.get_next_task()
            if task is None:
                return
            scheduler.complete(task, task.action())
    except Exception as error:
        scheduler.fail(task, error)


@wrong("work", "work", "leaves while a task is ready")
def takes_one_task(scheduler, stop):
    task = scheduler.get_next_task()
    if task and not stop.is_set():
        try:
            scheduler.complete(task, task.action())
        except Exception as error:
            scheduler.fail(task, error)


@wrong("work", "work", "does not come back")
def is_busy_until_the_delayed_task_is_due(scheduler, stop):
    while scheduler.pending_tasks() and not stop.is_set():
        task = scheduler.get_next_task()
        if task:
            try:
                scheduler.complete(task, task.action())
            except Exception as error:
                scheduler.fail(task, error)


@wrong("work", "work", "says that a failed task has succeeded")
def completes_whatever_happened(scheduler, stop):
    while not stop.is_set() and (task := scheduler.get_next_task()):
        try:
            task.action()
        except Exception:
            pass
        scheduler.complete(task)


@wrong("work", "work", "raises InvalidTransitionError")
def completes_what_it_has_failed(scheduler, stop):
    while not stop.is_set() and (task := scheduler.get_next_task()):
        try:
            task.action()
        except Exception as error:
            scheduler.fail(task, error)
        scheduler.complete(task)


@wrong("work", "work", "does not call the action of a task")
def forgets_to_call(scheduler, stop):
    while not stop.is_set() and (task := scheduler.get_next_task()):
        try:
            scheduler.complete(task, task.action)
        except Exception as error:
            scheduler.fail(task, error)


@wrong("work", "work", "raises OSError")
def expects_one_kind_of_error(scheduler, stop):
    while not stop.is_set() and (task := scheduler.get_next_task()):
        try:
            scheduler.complete(task, task.action())
        except ValueError as error:
            scheduler.fail(task, error)


@wrong("work", "work", "does not tell which error it was")
def says_only_that_it_failed(scheduler, stop):
    while not stop.is_set() and (task := scheduler.get_next_task()):
        try:
            scheduler.complete(task, task.action())
        except Exception:
            scheduler.fail(task, "failed")


@wrong("work", "work", "does not pass on what the action returned")
def drops_the_result(scheduler, stop):
    while not stop.is_set() and (task := scheduler.get_next_task()):
        try:
            task.action()
            scheduler.complete(task)
        except Exception as error:
            scheduler.fail(task, error)


@also_right("work")
def by_the_words_of_the_error(scheduler, stop):
    while not stop.is_set():
        task = scheduler.get_next_task()
        if task is None:
            return
        try:
            scheduler.complete(task, task.action())
        except (ValueError, OSError) as error:
            scheduler.fail(task, f"{type(error).__name__}: {error}")
        except Exception as error:
            scheduler.fail(task, repr(error))


@also_right("work")
def with_else(scheduler, stop):
    while True:
        if stop.is_set():
            break
        task = scheduler.get_next_task()
        if not task:
            break
        try:
            result = task.action(*task.args, **task.kwargs)
        except BaseException as error:
            scheduler.fail(task, error)
        else:
            scheduler.complete(task, result)


@wrong("work", "work", "takes a task and says nothing of how it ended")
def completes_what_gave_something(scheduler, stop):
    while not stop.is_set():
        task = scheduler.get_next_task()
        if task is None:
            return
        result = None
        try:
            result = task.action()
        except Exception as error:
            scheduler.fail(task, error)
        if result:
            scheduler.complete(task, result)


@wrong("work", "work", "sets the flag that tells it to stop")
def stops_the_others_too(scheduler, stop):
    while not stop.is_set():
        task = scheduler.get_next_task()
        if task is None:
            stop.set()
            return
        try:
            scheduler.complete(task, task.action())
        except Exception as error:
            scheduler.fail(task, error)


@wrong("work", "work", "has a task run again that has failed")
def tries_again(scheduler, stop):
    while not stop.is_set() and (task := scheduler.get_next_task()):
        try:
            scheduler.complete(task, task.action())
        except Exception as error:
            scheduler.fail(task, error, retry_in=1)


@also_right("work")
def gives_the_others_a_moment(scheduler, stop):
    while not stop.wait(timeout=0.1):
        task = scheduler.get_next_task()
        if task is None:
            return
        try:
            scheduler.complete(task, task.action())
        except Exception as error:
            scheduler.fail(task, error)


# --- when all is done -----------------------------------------------------------------------------

F = "finish_time"


@wrong(F, F, "is too early")
def cuts_tasks_in_pieces(durations, workers):
    return sum(durations) / workers


@wrong(F, F, "is too late")
def deals_them_out_in_turn(durations, workers):
    busy = [0] * workers
    for number, seconds in enumerate(durations):
        busy[number % workers] += seconds
    return max(busy)


@wrong(F, F, "is too late")
def waits_for_the_slowest_of_each_round(durations, workers):
    rounds = range(0, len(durations), workers)
    return sum(max(durations[i : i + workers]) for i in rounds)


@wrong(F, F, "is too early")
def looks_at_the_first_to_be_free(durations, workers):
    free = [0] * workers
    for seconds in durations:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return free[0]


@wrong(F, F, "is too early")
def looks_at_the_longest_task(durations, workers):
    return max(durations, default=0) if workers > 1 else sum(durations)


@wrong(F, F, "is too late")
def has_one_worker(durations, _workers):
    return sum(durations)


@wrong(F, F, "is too early")
def changes_the_order(durations, workers):
    free = [0] * workers
    for seconds in sorted(durations, reverse=True):
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return max(free)


@wrong(F, F, "does not return a number of seconds")
def returns_every_worker(durations, workers):
    free = [0] * workers
    for seconds in durations:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return free


@wrong(F, F, "raises ValueError")
def needs_a_task(durations, workers):
    ends, free = [], [0] * workers
    for seconds in durations:
        ends.append(heapq.heappop(free) + seconds)
        heapq.heappush(free, ends[-1])
    return max(ends)


@wrong(F, F, "is too late")
def counts_workers_from_one_less(durations, workers):
    free = [0] * max(1, workers - 1)
    for seconds in durations:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return max(free)


@wrong(F, F, "is too early")
def has_a_worker_for_each(durations, workers):
    return sum(durations) if workers == 1 else max(durations, default=0)


@also_right(F)
def in_fractions(durations, workers):
    free = [Fraction(0)] * workers
    for seconds in durations:
        free.sort()
        free[0] += seconds
    return max(free)


@also_right(F)
def second_by_second(durations, workers):
    left, todo, now = [], list(durations), 0
    while todo or left:
        while todo and len(left) < workers:
            left.append(todo.pop(0))
        left = [seconds - 1 for seconds in left if seconds > 1]
        now += 1
    return now


@also_right(F)
def without_a_heap(durations, workers):
    free = [0.0] * workers
    for seconds in durations:
        free[free.index(min(free))] += seconds
    return max(free)


@wrong("finish_time", "finish_time", "changes the list that it is given")
def takes_the_durations_out(durations, workers):
    free = [0] * workers
    while durations:
        heapq.heapreplace(free, free[0] + durations.pop(0))
    return max(free)


# --- growing old ----------------------------------------------------------------------------------


@wrong("rank", "rank", "does not let the older of two")
def does_not_age(priority, _run_at, _aging):
    return priority


@wrong("rank", "rank", "lets a task starve")
def always_ages_a_level_a_minute(priority, run_at, _aging):
    return priority + run_at / 60


@wrong("rank", "rank", "does not let the older of two")
def rewards_the_young(priority, run_at, aging):
    return priority - run_at / aging


@wrong("rank", "rank", "lets a less urgent task overtake too soon")
def forgets_the_priority(_priority, run_at, aging):
    return run_at / aging


@wrong("rank", "rank", "lets a less urgent task overtake too soon")
def ages_a_level_a_second(priority, run_at, _aging):
    return priority + run_at


@wrong("rank", "rank", "lets a less urgent task overtake too soon")
def multiplies(priority, run_at, aging):
    return priority + run_at * aging


@wrong("rank", "rank", "does not let the older of two")
def ages_in_steps(priority, run_at, aging):
    return priority + run_at // aging


@wrong("rank", "rank", "does not return a number")
def returns_a_pair(priority, run_at, aging):
    return (priority, run_at / aging)


@wrong("rank", "rank", "does not let the older of two")
def divides_the_wrong_way(priority, run_at, aging):
    return priority + aging / (run_at + 1)


@wrong("rank", "rank", "lets a task starve")
def takes_urgency_alone_first(priority, run_at, aging):
    return priority * 1000 + run_at / aging


@also_right("rank")
def in_exact_fractions(priority, run_at, aging):
    return priority + Fraction(run_at) / Fraction(aging)


@also_right("rank")
def counted_in_seconds(priority, run_at, aging):
    return priority * aging + run_at


@also_right("rank")
def as_if_it_had_come_earlier(priority, run_at, aging):
    return run_at - (10 - priority) * aging


# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_03"
wrong_value(D, "another fault", ("A", [1, 2, 1, 2]), "the fault", "is another one")
wrong_value(D, "one after the other", ("B", [1, 1, 2, 2]), "the list", "does not show the fault")
wrong_value(D, "both have looked", ("B", [1, 2]), "the list", "does not show the fault")
wrong_value(D, "one worker", ("B", [1, 1, 1, 1]), "the list", "does not show the fault")
wrong_value(D, "too long", ("B", [1, 1, 1, 2, 1, 2]), "the list", "a shorter one can")
wrong_value(D, "letters", ("B", ["1", "2", "1", "2"]), "the list", "should hold 1 and 2")
wrong_value(D, "the first letter", ("D", [1, 2, 1, 2]), "the fault", "is another one")
wrong_value(D, "looks alone", ("B", [1, 2, 2]), "the list", "does not show the fault")
RIGHT[D] += [("b", [2, 1, 2, 1]), ("B ", [1, 2, 2, 1]), ("b", [2, 1, 1, 2]), ("B", (1, 2, 1, 2))]
