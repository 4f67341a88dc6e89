"""Answers to the exercises of notebook 04."""

# mypy: allow-untyped-defs, allow-untyped-calls

import math
import random as chance
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, repeat
from random import Random

import numpy

from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value

# --- the same task again --------------------------------------------------------------------------

EX = "run_next"


def _attempt(scheduler, action, limit, told):
    task = scheduler.get_next_task()
    try:
        action(task)
    except Exception as error:
        scheduler.fail(task, told(error), **({"retry_in": 2} if task.attempts < limit else {}))
    else:
        scheduler.complete(task)


@wrong(EX, EX, "tries once too often")
def writes_three_for_the_limit(scheduler, action, _limit):
    _attempt(scheduler, action, 3, lambda error: error)


@wrong(EX, EX, "does not pass on what went wrong")
def says_nothing(scheduler, action, limit):
    _attempt(scheduler, action, limit, lambda _: "")


@wrong(EX, EX, "does not pass on what went wrong")
def says_failed(scheduler, action, limit):
    _attempt(scheduler, action, limit, lambda _: "failed")


@also_right(EX)
def passes_on_its_text(scheduler, action, limit):
    _attempt(scheduler, action, limit, str)


@also_right(EX)
def passes_on_its_class(scheduler, action, limit):
    _attempt(scheduler, action, limit, lambda error: type(error).__name__)


@wrong(EX, EX, "adds a new task")
def adds_it_again(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
    except Exception:
        scheduler.add_task(1, task.name, delay=2)
    else:
        scheduler.complete(task)


@wrong(EX, EX, "raises ZeroDivisionError")
def catches_nothing(scheduler, action, limit):
    task = scheduler.get_next_task()
    action(task)
    scheduler.complete(task)


@wrong(EX, EX, "never says how it ended")
def forgets_to_complete(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
    except Exception as error:
        scheduler.fail(task, error, retry_in=2 if task.attempts < limit else None)


@wrong(EX, EX, "tries once too often")
def counts_the_first_attempt_apart(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
        scheduler.complete(task)
    except Exception as error:
        scheduler.fail(task, error, retry_in=2 if task.attempts <= limit else None)


@wrong(EX, EX, "gives up too early")
def stops_one_too_early(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
        scheduler.complete(task)
    except Exception as error:
        scheduler.fail(task, error, retry_in=2 if task.attempts < limit - 1 else None)


@wrong(EX, EX, "tries once too often")
def never_gives_up(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
        scheduler.complete(task)
    except Exception as error:
        scheduler.fail(task, error, retry_in=2)


@wrong(EX, EX, "gives up too early")
def never_tries_again(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
        scheduler.complete(task)
    except Exception as error:
        scheduler.fail(task, error)


@wrong(EX, EX, "completes a task that has failed")
def swallows_the_error(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
    except Exception:
        pass
    scheduler.complete(task)


@wrong(EX, EX, "raises InvalidTransitionError")
def completes_in_any_case(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
    except Exception as error:
        scheduler.fail(task, error, retry_in=2 if task.attempts < limit else None)
    scheduler.complete(task)


@wrong(EX, EX, "calls the action more than once")
def tries_in_a_loop(scheduler, action, limit):
    task = scheduler.get_next_task()
    for _ in range(limit):
        try:
            action(task)
            scheduler.complete(task)
            return
        except Exception as error:
            last = error
    scheduler.fail(task, last)


@wrong(EX, EX, "does not pause for 2 seconds")
def tries_again_at_once(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
        scheduler.complete(task)
    except Exception as error:
        scheduler.fail(task, error, retry_in=0 if task.attempts < limit else None)


@wrong(EX, EX, "does not call the action")
def runs_nothing(scheduler, action, limit):
    scheduler.complete(scheduler.get_next_task())


@also_right(EX)
def with_two_branches(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        result = action(task)
    except Exception as error:
        if task.attempts == limit:
            scheduler.fail(task, f"gave up: {error}")
        else:
            scheduler.fail(task, repr(error), 2.0)
    else:
        scheduler.complete(task, result)


def _of_these(classes, scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
    except classes as error:
        scheduler.fail(task, error, retry_in=2 if task.attempts < limit else None)
    else:
        scheduler.complete(task)


@wrong(EX, EX, "raises ZeroDivisionError")
def knows_errors_of_the_network(scheduler, action, limit):
    _of_these((OSError, ValueError), scheduler, action, limit)


@wrong(EX, EX, "raises KeyError")
def knows_the_error_of_the_first_case(scheduler, action, limit):
    _of_these(ZeroDivisionError, scheduler, action, limit)


@wrong(EX, EX, "raises ValueError")
def knows_several(scheduler, action, limit):
    _of_these((ArithmeticError, LookupError), scheduler, action, limit)


@wrong(EX, EX, "never says how it ended")
def asks_what_the_action_gave(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        if action(task):
            scheduler.complete(task)
    except Exception as error:
        scheduler.fail(task, error, retry_in=2 if task.attempts < limit else None)


@wrong(EX, EX, "gives up too early")
def takes_nothing_for_a_failure(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        worked = action(task) is not None
        error = "nothing"
    except Exception as raised:
        worked, error = False, raised
    if worked:
        scheduler.complete(task)
    else:
        scheduler.fail(task, error)


@wrong(EX, EX, "does not give the action the task")
def gives_the_name(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task.name)
        scheduler.complete(task)
    except Exception as error:
        scheduler.fail(task, error, retry_in=2 if task.attempts < limit else None)


@wrong(EX, EX, "does not give the action the task")
def gives_nothing(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action()
        scheduler.complete(task)
    except Exception as error:
        scheduler.fail(task, error, retry_in=2 if task.attempts < limit else None)


@wrong(EX, EX, "raises AttributeError")
def takes_twice(scheduler, action, limit):
    if scheduler.get_next_task():
        _attempt(scheduler, action, limit, lambda error: error)


@wrong(EX, EX, "does not pause for 2 seconds")
def gives_a_moment(scheduler, action, limit):
    task = scheduler.get_next_task()
    try:
        action(task)
        scheduler.complete(task)
    except Exception as error:
        again = scheduler.clock.now() + 2
        scheduler.fail(task, error, retry_in=again if task.attempts < limit else None)


@also_right(EX)
def says_it_in_a_sentence(scheduler, action, limit):
    _attempt(scheduler, action, limit, lambda error: f"It failed: {error!r}")


@also_right(EX)
def decides_after_the_attempt(scheduler, action, limit):
    task = scheduler.get_next_task()
    error = None
    try:
        action(task)
    except BaseException as raised:
        error = raised
    if error is None:
        return scheduler.complete(task)
    if task.attempts >= limit:
        return scheduler.fail(task, error)
    return scheduler.fail(task, error, 1 + 1)


# --- pauses that grow -----------------------------------------------------------------------------


@wrong("pause", "pause", "does not begin with the base")
def counts_from_nought(attempts, base, cap):
    return min(cap, base * 2**attempts)


@wrong("pause", "pause", "does not double after each attempt")
def grows_by_the_base(attempts, base, cap):
    return min(cap, base * attempts)


@wrong("pause", "pause", "is longer than the cap")
def forgets_the_cap(attempts, base, cap):
    return base * 2 ** (attempts - 1)


@wrong("pause", "pause", "is as long as the cap too early")
def takes_the_larger(attempts, base, cap):
    return max(cap, base * 2 ** (attempts - 1))


@wrong("pause", "pause", "does not begin with the base")
def forgets_the_base(attempts, base, cap):
    return min(cap, 2 ** (attempts - 1))


@wrong("pause", "pause", "does not double after each attempt")
def raises_the_base(attempts, base, cap):
    return min(cap, base**attempts)


@wrong("pause", "pause", "is longer than the cap")
def caps_before_the_base(attempts, base, cap):
    return base * min(cap, 2 ** (attempts - 1))


@wrong("pause", "pause", "does not return a number of seconds")
def prints_the_pause(attempts, base, cap):
    print(min(cap, base * 2 ** (attempts - 1)))


@wrong("pause", "pause", "does not begin with the base")
def doubles_once_too_often_in_a_loop(attempts, base, cap):
    seconds = base
    for _ in range(attempts):
        seconds = min(cap, seconds * 2)
    return seconds


@wrong("pause", "pause", "does not grow as far as the cap")
def stops_doubling_below_the_cap(attempts, base, cap):
    seconds = base
    for _ in range(attempts - 1):
        if seconds * 2 < cap:
            seconds = seconds * 2
    return min(cap, seconds)


@wrong("pause", "pause", "does not double after each attempt")
def rounds_to_seconds(attempts, base, cap):
    return min(cap, base if attempts == 1 else int(base * 2 ** (attempts - 1)))


@wrong("pause", "pause", "is longer than the cap")
def caps_the_later_ones_only(attempts, base, cap):
    return base if attempts == 1 else min(cap, base * 2 ** (attempts - 1))


@also_right("pause")
def by_calling_itself(attempts, base, cap):
    if attempts == 1:
        return min(Decimal(base), Decimal(cap))
    return min(2 * by_calling_itself(attempts - 1, base, cap), Decimal(cap))


@also_right("pause")
def in_numbers_of_numpy(attempts, base, cap):
    return numpy.float32(numpy.minimum(cap, base * 2.0 ** (attempts - 1)))


@also_right("pause")
def in_fractions(attempts, base, cap):
    return min(Fraction(cap), Fraction(base) * 2 ** (attempts - 1))


@also_right("pauses")
def drawn_in_numbers_of_three_kinds(limit, source):
    kinds = (Decimal, Fraction, numpy.float64)
    return [kinds[n % 3](source.random()) * LONGEST[n] for n in range(limit - 1)]


@wrong("pauses", "pauses", "does not return a list of seconds")
def gives_an_array(limit, source):
    return numpy.array([source.uniform(0, longest) for longest in LONGEST[: limit - 1]])


@also_right("pause")
def doubles_in_a_loop(attempts, base, cap):
    seconds = float(base)
    for _ in range(attempts - 1):
        seconds = seconds * 2
    return seconds if seconds < cap else cap


# --- pauses that differ ---------------------------------------------------------------------------

LONGEST = [min(60, 2**n) for n in range(20)]


@wrong("pauses", "pauses", "gives a pause too many or too few")
def a_pause_for_each_attempt(limit, random):
    return [random.uniform(0, longest) for longest in LONGEST[:limit]]


@wrong("pauses", "pauses", "does not draw from the source it is given")
def has_luck_of_its_own(limit, random):
    own = Random()
    return [own.uniform(0, longest) for longest in LONGEST[: limit - 1]]


@wrong("pauses", "pauses", "does not depend on the source it is given")
def has_a_seed_of_its_own(limit, random):
    own = Random(7)
    return [own.uniform(0, longest) for longest in LONGEST[: limit - 1]]


@wrong("pauses", "pauses", "does not depend on the source it is given")
def without_chance(limit, random):
    return LONGEST[: limit - 1]


@wrong("pauses", "pauses", "gives a pause that is out of bounds")
def adds_chance_on_top(limit, random):
    return [longest + random.uniform(0, longest) for longest in LONGEST[: limit - 1]]


@wrong("pauses", "pauses", "piles up at the cap")
def caps_after_the_draw(limit, random):
    return [min(60, random.uniform(0, 2**n)) for n in range(limit - 1)]


@wrong("pauses", "pauses", "does not use the whole range")
def keeps_half_of_it(limit, random):
    return [random.uniform(longest / 2, longest) for longest in LONGEST[: limit - 1]]


@wrong("pauses", "pauses", "does not use the whole range")
def draws_up_to_one(limit, random):
    return [random.random() for _ in range(limit - 1)]


@wrong("pauses", "pauses", "draws once for all the pauses")
def draws_once(limit, random):
    part = random.random()
    return [part * longest for longest in LONGEST[: limit - 1]]


@wrong("pauses", "pauses", "does not return a list")
def returns_one(limit, random):
    return random.uniform(0, LONGEST[limit - 1])


@wrong("pauses", "pauses", "gives a pause that is out of bounds")
def begins_with_two(limit, random):
    return [random.uniform(0, min(60, 2**n)) for n in range(1, limit)]


@wrong("pauses", "pauses", "gives a pause that is out of bounds")
def caps_at_a_round_number(limit, random):
    return [random.uniform(0, min(64, 2**n)) for n in range(limit - 1)]


@wrong("pauses", "pauses", "draws from a few values only")
def draws_whole_seconds(limit, random):
    return [random.randint(0, longest) for longest in LONGEST[: limit - 1]]


@wrong("pauses", "pauses", "draws from a few values only")
def draws_all_or_nothing(limit, random):
    return [random.choice([0, longest]) for longest in LONGEST[: limit - 1]]


@wrong("pauses", "pauses", "makes some pauses likelier than others")
def prefers_the_middle(limit, random):
    return [random.triangular(0, longest) for longest in LONGEST[: limit - 1]]


@wrong("pauses", "pauses", "does not use the whole range")
def leaves_out_the_beginning(limit, random):
    return [random.uniform(0.05 * longest, longest) for longest in LONGEST[: limit - 1]]


@wrong("pauses", "pauses", "does not use the whole range")
def draws_from_the_last_draw(limit, random):
    drawn: list[float] = []
    longest = 1.0
    for _ in range(limit - 1):
        drawn.append(random.uniform(0, longest))
        longest = min(60, 2 * drawn[-1])
    return drawn


@wrong("pauses", "pauses", "gives a pause too many or too few")
def gives_one_for_each_attempt(limit, random):
    return [random.uniform(0, longest) for longest in LONGEST[:limit]]


@wrong("pauses", "pauses", "does not draw from the source it is given")
def draws_from_the_module(limit, random):
    return [chance.uniform(0, longest) for longest in LONGEST[: limit - 1]]


@also_right("pauses")
def from_the_other_end(limit, random):
    return [most - random.random() * most for most in LONGEST[: limit - 1]]


@also_right("pauses")
def in_a_loop(limit, random):
    drawn: list[float] = []
    longest = 1
    while len(drawn) < limit - 1:
        drawn += [numpy.float64(random.uniform(0, longest))]
        longest = min(2 * longest, 60)
    return drawn


@also_right("pauses")
def to_the_hundredth(limit, random):
    return [round(random.uniform(0, longest), 2) for longest in LONGEST[: limit - 1]]


@also_right("pauses")
def by_accumulating(limit, random):
    longest = list(accumulate(repeat(2, limit), lambda a, b: min(60, a * b), initial=1))
    return [random.random() * most for most in longest[: limit - 1]]


# --- what is worth another attempt ----------------------------------------------------------------

T = "try_again"


@wrong(T, T, "does not know that a ConnectionResetError is an OSError")
def asks_for_the_very_class(error, attempts):
    return attempts < 5 and type(error) in (OSError, TimeoutError, ConnectionError)


@wrong(T, T, "tries again after a PermissionError")
def forgets_the_exceptions(error, attempts):
    return attempts < 5 and isinstance(error, OSError)


@wrong(T, T, "tries again after a ValueError")
def tries_all_but_two(error, attempts):
    return attempts < 5 and not isinstance(error, PermissionError | FileNotFoundError)


@wrong(T, T, "allows more than 5 attempts")
def forgets_the_limit(error, attempts):
    return isinstance(error, OSError) and not isinstance(error, PermissionError | FileNotFoundError)


@wrong(T, T, "allows more than 5 attempts")
def counts_retries_instead(error, attempts):
    return attempts <= 5 and forgets_the_limit(error, attempts)


@wrong(T, T, "tries again after a PermissionError")
def takes_one_for_all(error, attempts):
    return attempts < 5 or forgets_the_limit(error, attempts)


@wrong(T, T, "does not return True or False")
def returns_a_word(error, attempts):
    return "retry" if attempts < 5 and forgets_the_limit(error, attempts) else "give up"


@wrong(T, T, "gives up on an error that may pass")
def compares_the_error_with_a_class(error, attempts):
    return attempts < 5 and error is OSError


@also_right(T)
def case_by_case(error, attempts):
    if attempts >= 5:
        return False
    try:
        raise error
    except (PermissionError, FileNotFoundError):
        return False
    except OSError:
        return True
    except Exception:
        return False


@wrong(T, T, "does not know that a BrokenPipeError is an OSError")
def knows_four_names(error, attempts):
    names = ["OSError", "TimeoutError", "ConnectionError", "ConnectionResetError"]
    return type(error).__name__ in names and attempts < 5


@also_right("pause")
def pause_by_logarithms(attempts, base, cap):
    return min(cap, math.exp(math.log(base) + (attempts - 1) * math.log(2)))


@wrong(T, T, "does not know that an InterruptedError is an OSError")
def knows_the_network_only(error, attempts):
    network = (TimeoutError, ConnectionError)
    return attempts < 5 and (isinstance(error, network) or type(error) is OSError)


@wrong(T, T, "gives up on an error that may pass")
def counts_one_less(error, attempts):
    return attempts < 4 and forgets_the_limit(error, attempts)


@wrong(T, T, "allows more than 5 attempts")
def looks_for_the_fifth(error, attempts):
    return attempts != 5 and forgets_the_limit(error, attempts)


@also_right(T)
def in_one_line(error, attempts):
    fatal = (PermissionError, FileNotFoundError)
    return attempts <= 4 and isinstance(error, OSError) and not isinstance(error, fatal)


@also_right(T)
def by_the_family_tree(error, attempts):
    family = type(error).__mro__
    passes = OSError in family and not {PermissionError, FileNotFoundError} & set(family)
    return bool(passes and attempts in range(5))


# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_04"
SAME = [(1, 1), (2, 1)]
wrong_value(D, "another fault", ("A", SAME), "the fault", "is another one")
wrong_value(D, "one client", ("D", [(1, 1), (1, 2)]), "the list", "one client only")
wrong_value(D, "the same twice", ("D", [(1, 3), (1, 3)]), "the list", "one client only")
wrong_value(D, "one call", ("D", [(1, 10)]), "the list", "does not show the fault")
wrong_value(D, "one too many", ("D", [*SAME, (3, 1)]), "the list", "a shorter one can")
wrong_value(D, "no pairs", ("D", [1, 2]), "the list", "should hold pairs")
wrong_value(D, "the sentence", ("Two clients", SAME), "the fault", "should be one of A, B, C")
wrong_value(D, "different pauses", ("D", [(1, 1), (2, 2)]), "the list", "does not show the fault")
wrong_value(D, "no attempt", ("D", [(1, 0), (2, 0)]), "the list", "should hold pairs")
wrong_value(D, "three things", ("D", 1, 2), "check.diagnose_04((fault, calls))", "needs two things")
RIGHT[D] += [("d", [[5, 4], [3, 4]]), (" D ", ((2, 1), (1, 1)))]
