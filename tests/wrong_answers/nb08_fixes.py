"""Answers to the exercises of what goes deeper than notebook 08: the first fixes."""

# mypy: allow-untyped-defs, allow-untyped-calls

import contextlib
import time
from collections import deque

from tests.wrong_answers import also_right, wrong

# --- a time that is up ----------------------------------------------------------------------------

T = "time_is_up"


@wrong(T, "stop", "is not true when the time is up")
def begins_anew_at_each_look(now, seconds):
    last = now()

    def stop():
        nonlocal last
        before, last = last, now()
        return last - before >= seconds

    return stop


@wrong(T, "stop", "is not true when the time is up")
def more_than(now, seconds):
    end = now() + seconds
    return lambda: now() > end


@wrong(T, T, "does not return a function")
def asks_once(now, seconds):
    start = now()
    return now() - start >= seconds


@wrong(T, "stop", "is not true when the time is up")
def begins_with_the_first_look(now, seconds):
    start = None

    def stop():
        nonlocal start
        if start is None:
            start = now()
        return now() - start >= seconds

    return stop


@wrong(T, "stop", "is not true when the time is up")
def by_another_clock(now, seconds):
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


@wrong(T, "stop", "is true too early")
def gives_what_is_left(now, seconds):
    end = now() + seconds
    return lambda: end - now()


@wrong(T, "stop", "is true too early")
def forgets_the_start(now, seconds):
    return lambda: now() >= seconds


@wrong(T, T, "raises TypeError")
def does_not_call_now(now, seconds):
    end = now + seconds
    return lambda: now() >= end


@wrong(T, "stop", "is true too early")
def counts_the_looks(now, seconds):
    looks = 0

    def stop():
        nonlocal looks
        looks += 1
        return looks > seconds

    return stop


@wrong(T, "stop", "returns nothing")
def does_not_return_the_answer(now, seconds):
    end = now() + seconds

    def stop():
        now() >= end  # noqa: B015

    return stop


shared: dict[str, float] = {}


@wrong(T, "first", "is not true when the time is up")
def one_for_all(now, seconds):
    shared["end"] = now() + seconds
    return lambda: now() >= shared["end"]


@also_right(T)
def with_a_def(now, seconds):
    start = now()

    def stop():
        return now() - start >= seconds

    return stop


@also_right(T)
def of_an_object(now, seconds):
    return Until(now, seconds).is_over


class Until:
    def __init__(self, now, seconds):
        self.now, self.end = now, now() + seconds

    def is_over(self):
        return 1 if self.now() >= self.end else 0


# --- as many workers as work ----------------------------------------------------------------------

P = "pool_size"


@wrong(P, P, "is too large")
def grows_at_each_look(workers, stuck, ready, wanted, most):
    return min(workers + stuck, most) if ready else workers


@wrong(P, P, "is too large")
def without_a_bound(workers, stuck, ready, wanted, most):
    return wanted + stuck if ready else min(wanted + stuck, workers)


@wrong(P, P, "is too small")
def forgets_who_is_stuck(workers, stuck, ready, wanted, most):
    return min(wanted, most) if ready else min(wanted, most, workers)


@wrong(P, P, "is too large")
def though_nothing_is_ready(workers, stuck, ready, wanted, most):
    return min(wanted + stuck, most)


@wrong(P, P, "is too small")
def how_many_more(workers, stuck, ready, wanted, most):
    return min(wanted + stuck, most) - workers if ready else 0


@wrong(P, P, "is too large")
def the_larger_one(workers, stuck, ready, wanted, most):
    return max(wanted + stuck, most) if ready else min(wanted + stuck, workers)


@wrong(P, P, "is too large")
def never_fewer(workers, stuck, ready, wanted, most):
    return max(workers, min(wanted + stuck, most)) if ready else workers


@wrong(P, P, "is too large")
def bounds_too_early(workers, stuck, ready, wanted, most):
    size = min(wanted, most) + stuck
    return size if ready else min(size, workers)


@wrong(P, P, "is too small")
def one_for_each_task(workers, stuck, ready, wanted, most):
    return min(ready + stuck, most) if ready else min(wanted + stuck, workers)


@wrong(P, P, "is too small")
def none_where_nothing_is_ready(workers, stuck, ready, wanted, most):
    return min(wanted + stuck, most) if ready else 0


@wrong(P, P, "does not return a number of workers")
def prints_the_size(workers, stuck, ready, wanted, most):
    print(min(wanted + stuck, most))


@also_right(P)
def in_three_steps(workers, stuck, ready, wanted, most):
    size = wanted + stuck
    if size > most:
        size = most
    if size > workers and ready == 0:
        size = workers
    return size


@also_right(P)
def with_a_list(workers, stuck, ready, wanted, most):
    return float(sorted([wanted + stuck, most, *([] if ready else [workers])])[0])


# --- a file that is whole -------------------------------------------------------------------------

S = "save"


@wrong(S, S, "leaves a part of the text")
def in_place(files, text):
    files.write("queue", text)


@wrong(S, S, "leaves a moment without a file")
def deletes_first(files, text):
    files.write("queue.new", text)
    if "queue" in files.contents:
        files.delete("queue")
    files.rename("queue.new", "queue")


@wrong(S, S, "leaves a part of the text")
def a_copy_and_then_in_place(files, text):
    if "queue" in files.contents:
        files.write("queue.old", files.read("queue"))
    files.write("queue", text)


@wrong(S, S, "does not save the text")
def never_renames(files, text):
    files.write("queue.new", text)


@wrong(S, S, "raises FileNotFoundError")
def renames_the_wrong_way(files, text):
    files.write("queue.new", text)
    files.rename("queue", "queue.new")


@wrong(S, S, "raises FileNotFoundError")
def renames_first(files, text):
    files.rename("queue.new", "queue")
    files.write("queue.new", text)


@wrong(S, S, "leaves a moment without a file")
def moves_the_old_one_away(files, text):
    with contextlib.suppress(FileNotFoundError):
        files.rename("queue", "queue.old")
    files.write("queue.new", text)
    files.rename("queue.new", "queue")


@wrong(S, S, "does not save the text")
def adds_at_the_end(files, text):
    old = files.contents.get("queue", "")
    files.write("queue.new", old + text)
    files.rename("queue.new", "queue")


@wrong(S, S, "leaves a part of the text")
def writes_it_twice(files, text):
    files.write("queue.new", text)
    files.write("queue", text)
    files.delete("queue.new")


@wrong(S, S, "does not save the text")
def trusts_what_is_left(files, text):
    if "queue.new" not in files.contents:
        files.write("queue.new", text)
    files.rename("queue.new", "queue")


@also_right(S)
def with_a_name_of_its_own(files, text):
    new = f"queue.{len(files.contents)}.new"
    files.write(new, text)
    files.rename(new, "queue")


@also_right(S)
def tidies_up_before(files, text):
    if "half" in files.contents:
        files.delete("half")
    files.write("half", text)
    files.rename("half", "queue")


# --- lanes ----------------------------------------------------------------------------------------

L = "take_urgent"


@wrong(L, L, "does not take from the most urgent lane")
def the_largest_number(lanes):
    for priority in sorted(lanes, reverse=True):
        if lanes[priority]:
            return lanes[priority].pop(0)
    return None


@wrong(L, L, "is not first in, first out")
def the_last_that_came(lanes):
    for priority in sorted(lanes):
        if lanes[priority]:
            return lanes[priority].pop()
    return None


@wrong(L, L, "does not take from the most urgent lane")
def as_the_lanes_stand(lanes):
    for lane in lanes.values():
        if lane:
            return lane.pop(0)
    return None


@wrong(L, L, "raises IndexError")
def an_empty_lane(lanes):
    return lanes[min(lanes)].pop(0)


@wrong(L, L, "returns None where a task is left")
def looks_at_one_lane(lanes):
    lane = lanes[min(lanes)]
    return lane.pop(0) if lane else None


@wrong(L, L, "leaves the task in its lane")
def leaves_it_there(lanes):
    for priority in sorted(lanes):
        if lanes[priority]:
            return lanes[priority][0]
    return None


@wrong(L, L, "takes away a lane")
def without_the_lane(lanes):
    for priority in sorted(lanes):
        if lanes[priority]:
            name = lanes[priority].pop(0)
            if not lanes[priority]:
                del lanes[priority]
            return name
    return None


@wrong(L, L, "returns something else than a name")
def with_its_priority(lanes):
    for priority in sorted(lanes):
        if lanes[priority]:
            return priority, lanes[priority].pop(0)
    return None


@wrong(L, L, "raises ValueError")
def nothing_left(lanes):
    return lanes[min(p for p in lanes if lanes[p])].pop(0)


@wrong(L, L, "does not take from the most urgent lane")
def by_their_digits(lanes):
    for priority in sorted(lanes, key=str):
        if lanes[priority]:
            return lanes[priority].pop(0)
    return None


@wrong(L, L, "is not first in, first out")
def by_their_names(lanes):
    for priority in sorted(lanes):
        if lanes[priority]:
            name = min(lanes[priority])
            lanes[priority].remove(name)
            return name
    return None


@also_right(L)
def with_min(lanes):
    filled = [priority for priority, lane in lanes.items() if lane]
    return lanes[min(filled)].pop(0) if filled else None


@also_right(L)
def with_slices(lanes):
    for _, lane in sorted(lanes.items()):
        for name in lane:
            del lane[:1]
            return name
    return None


@also_right(L)
def by_way_of_a_deque(lanes):
    for priority in sorted(lanes):
        lane = deque(lanes[priority])
        if lane:
            name = lane.popleft()
            lanes[priority] = list(lane)
            return name
    return None
