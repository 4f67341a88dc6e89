"""Answers to the exercises of notebook 07."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated,has-type"

import heapq
import io
import re
import zlib
from bisect import bisect_left, insort
from itertools import takewhile

from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value

# --- the log --------------------------------------------------------------------------------------

R = "replay"


@wrong(R, R, "takes a torn line for a whole one")
def reads_all_lines(text):
    names = []
    for line in text.splitlines():
        if line.startswith("add "):
            names.append(line[4:])
        elif line[5:] in names:
            names.remove(line[5:])
    return names


@wrong(R, R, "takes a torn line for a whole one")
def removes_what_is_torn(text):
    names = []
    for line in text.splitlines():
        if line.startswith("add "):
            names.append(line[4:])
        else:
            names.remove(line[5:])
    return names


@wrong(R, R, "loses a task")
def always_drops_the_last_line(text):
    names = []
    for line in text.splitlines()[:-1]:
        if line.startswith("add "):
            names.append(line[4:])
        else:
            names.remove(line[5:])
    return names


@wrong(R, R, "loses a task")
def forgets_what_was_ever_done(text):
    lines = text.split("\n")[:-1]
    done = {line[5:] for line in lines if line.startswith("done ")}
    added = [line[4:] for line in lines if line.startswith("add ")]
    return [name for name in added if name not in done]


@wrong(R, R, "does not return a list")
def gives_a_set(text):
    names = set()
    for line in text.split("\n")[:-1]:
        what, name = line.split(" ", 1)
        if what == "add":
            names.add(name)
        else:
            names.discard(name)
    return names


@wrong(R, R, "does not return a list")
def prints_the_names(text):
    print(text.split("\n")[:-1])


@wrong(R, R, "raises ValueError")
def splits_at_every_blank(text):
    names = []
    for line in text.split("\n")[:-1]:
        what, name = line.split()
        if what == "add":
            names.append(name)
        else:
            names.remove(name)
    return names


@wrong(R, R, "gives something else than names")
def takes_the_second_word(text):
    names = []
    for line in text.split("\n")[:-1]:
        if line.startswith("add"):
            names.append(line.split()[1])
        else:
            names.remove(line.split()[1])
    return names


@wrong(R, R, "gives something else than names")
def keeps_the_whole_line(text):
    names = []
    for line in text.split("\n")[:-1]:
        if line.startswith("add"):
            names.append(line)
        else:
            names.remove("add" + line[4:])
    return names


@wrong(R, R, "loses a task")
def ends_the_oldest(text):
    names = []
    for line in text.split("\n")[:-1]:
        if line.startswith("add "):
            names.append(line[4:])
        else:
            names.pop(0)
    return names


@wrong(R, R, "brings back what is done")
def reads_the_adds_alone(text):
    return [line[4:] for line in text.split("\n")[:-1] if line.startswith("add ")]


@wrong(R, R, "raises FileNotFoundError")
def opens_the_text(text):
    with open(text) as file:
        return file.readlines()


@wrong(R, R, "changes the order")
def puts_the_newest_first(text):
    names = []
    for line in text.split("\n")[:-1]:
        what, _, name = line.partition(" ")
        if what == "add":
            names.insert(0, name)
        else:
            names.remove(name)
    return names


@also_right(R)
def with_a_dictionary(text):
    there = {}
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            what, name = line[:-1].split(" ", 1)
            if what == "done":
                del there[name]
            else:
                there[name] = True
    return list(there)


@also_right(R)
def as_a_file(text):
    names = []
    for line in io.StringIO(text):
        if line[-1] != "\n":
            break
        if line[:4] == "add ":
            names += [line[4:-1]]
        else:
            names = [name for name in names if name != line[5:-1]]
    return names


@also_right(R)
def by_a_pattern(text):
    names = []
    for what, name in re.findall(r"^(add|done) (.*)\n", text, re.M):
        names.append(name) if what == "add" else names.remove(name)
    return tuple(names)


@wrong("replay", "replay", "gives something else than names")
def tidies_the_names(text):
    names = []
    for line in text.split("\n")[:-1]:
        what, name = line.split(" ", 1)
        name = " ".join(name.split())
        if what == "add":
            names.append(name)
        else:
            names.remove(name)
    return names


# --- a loop that survives -------------------------------------------------------------------------

C = "carry_on"


@wrong(C, C, "loses a task")
def writes_done_first(to_do, write, run):
    for name, begun in to_do:
        if begun >= 3:
            write("dead " + name)
            continue
        write("begin " + name)
        write("done " + name)
        run(name)


@wrong(C, C, "runs more than one task again")
def writes_done_at_the_end(to_do, write, run):
    ran = []
    for name, begun in to_do:
        if begun < 3:
            write(f"begin {name}")
            run(name)
            ran.append(name)
        else:
            write(f"dead {name}")
    for name in ran:
        write(f"done {name}")


@wrong(C, C, "never gives up")
def never_writes_begin(to_do, write, run):
    for name, begun in to_do:
        if begun >= 3:
            write(f"dead {name}")
        else:
            run(name)
            write(f"done {name}")


@wrong(C, C, "never gives up")
def writes_begin_afterwards(to_do, write, run):
    for name, begun in to_do:
        if begun >= 3:
            write(f"dead {name}")
        else:
            run(name)
            write(f"begin {name}")
            write(f"done {name}")


@wrong(C, C, "never gives up")
def counts_in_memory(to_do, write, run):
    counts = dict(to_do)
    for name in counts:
        if counts[name] >= 3:
            write(f"dead {name}")
            continue
        counts[name] += 1
        run(name)
        write(f"done {name}")


@wrong(C, C, "gives up a task that did no harm")
def begins_all_at_once(to_do, write, run):
    alive = [name for name, begun in to_do if begun < 3]
    for name, begun in to_do:
        write(f"begin {name}" if begun < 3 else f"dead {name}")
    for name in alive:
        run(name)
        write(f"done {name}")


@wrong(C, C, "gives up too early")
def begins_twice(to_do, write, run):
    for name, begun in to_do:
        if begun >= 3:
            write(f"dead {name}")
            continue
        write(f"begin {name}")
        write(f"begin {name}")
        run(name)
        write(f"done {name}")


@wrong(C, C, "runs a task that was begun three times")
def allows_a_fourth(to_do, write, run):
    for name, begun in to_do:
        if begun > 3:
            write(f"dead {name}")
        else:
            write(f"begin {name}")
            run(name)
            write(f"done {name}")


@wrong(C, C, "gives up too early")
def allows_two(to_do, write, run):
    for name, begun in to_do:
        if begun >= 2:
            write(f"dead {name}")
        else:
            write(f"begin {name}")
            run(name)
            write(f"done {name}")


@wrong(C, C, "leaves a task open")
def passes_over_the_dead(to_do, write, run):
    for name, begun in to_do:
        if begun < 3:
            write(f"begin {name}")
            run(name)
            write(f"done {name}")


@wrong(C, C, "leaves a task out")
def stops_at_the_dead(to_do, write, run):
    for name, begun in to_do:
        if begun >= 3:
            write(f"dead {name}")
            return
        write(f"begin {name}")
        run(name)
        write(f"done {name}")


@wrong(C, C, "loses a task")
def ends_each_with_done(to_do, write, run):
    for name, begun in to_do:
        if begun >= 3:
            write(f"dead {name}")
        else:
            write(f"begin {name}")
            run(name)
        write(f"done {name}")


@wrong(C, C, "runs a task twice")
def tries_three_times_at_once(to_do, write, run):
    for name, begun in to_do:
        while begun < 3:
            write(f"begin {name}")
            run(name)
            begun += 1
        write(f"done {name}")


@wrong(C, C, "writes something else")
def writes_the_end_of_the_line(to_do, write, run):
    for name, _ in to_do:
        write(f"begin {name}\n")
        run(name)
        write(f"done {name}\n")


@wrong(C, C, "writes something else")
def writes_the_count(to_do, write, run):
    for name, begun in to_do:
        write(f"begin {name} {begun + 1}")
        run(name)
        write(f"done {name}")


@wrong(C, C, "raises TypeError")
def gives_two_things_to_write(to_do, write, run):
    for name, _ in to_do:
        write("begin", name)
        run(name)
        write("done", name)


@wrong(C, C, "changes the order")
def begins_with_the_last(to_do, write, run):
    while to_do:
        name, begun = to_do.pop()
        if begun >= 3:
            write(f"dead {name}")
            continue
        write(f"begin {name}")
        run(name)
        write(f"done {name}")


@wrong(C, C, "raises ValueError")
def takes_them_for_names(to_do, write, run):
    for name, _ in dict(to_do):
        write(f"begin {name}")
        run(name)
        write(f"done {name}")


@wrong(C, C, "leaves a task out")
def only_prints(to_do, write, run):
    for name, begun in to_do:
        print("begin", name, begun)


@also_right(C)
def buries_the_dead_first(to_do, write, run):
    alive = []
    for name, begun in to_do:
        if begun < 3:
            alive.append(name)
        else:
            write("dead " + name)
    for name in alive:
        write("begin " + name)
        run(name)
        write("done " + name)


@also_right(C)
def one_after_another(to_do, write, run):
    while to_do:
        name, begun = to_do.pop(0)
        if begun not in (0, 1, 2):
            write(" ".join(["dead", name]))
        else:
            write(" ".join(["begin", name]))
            run(name)
            write(" ".join(["done", name]))


@also_right(C)
def with_a_helper(to_do, write, run):
    def once(name):
        write(f"begin {name}")
        try:
            run(name)
        except Exception:
            return
        write(f"done {name}")

    return [once(name) if begun <= 2 else write(f"dead {name}") for name, begun in to_do]


@wrong("carry_on", "carry_on", "writes done where run raises OSError")
def writes_done_in_any_case(to_do, write, run):
    for name, begun in to_do:
        if begun >= 3:
            write(f"dead {name}")
            continue
        write(f"begin {name}")
        try:
            run(name)
        finally:
            write(f"done {name}")


@also_right("carry_on")
def goes_on_after_an_error(to_do, write, run):
    for name, begun in to_do:
        if begun >= 3:
            write(f"dead {name}")
            continue
        write(f"begin {name}")
        try:
            run(name)
        except Exception as error:
            print(name, error)
        else:
            write(f"done {name}")


# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_07"
BOTH = ["crash", "add mail"]
wrong_value(D, "another fault", ("B", BOTH), "the fault", "is another one")
wrong_value(D, "no crash", ("C", ["add mail", "done mail"]), "the list", "does not show the fault")
wrong_value(D, "crash at the end", ("C", ["add a", "crash"]), "the list", "does not show the fault")
wrong_value(D, "one too many", ("C", ["add a", *BOTH]), "the list", "a shorter one can")
wrong_value(D, "a crash alone", ("C", ["crash"]), "the list", "does not show the fault")
wrong_value(D, "no step", ("C", ["crash", "mail"]), "the list", "should hold steps")
wrong_value(D, "no name", ("C", ["crash", "add "]), "the list", "should hold steps")
wrong_value(D, "ends what is not there", ("C", ["crash", "done a"]), "the list", "adds a task")
wrong_value(D, "adds it twice", ("C", ["add a", "add a"]), "the list", "adds a task")
wrong_value(D, "the sentence", ("It is torn", BOTH), "the fault", "should be one of A, B, C")
wrong_value(D, "three things", ("C", 1, 2), "check.diagnose_07((fault, steps))", "needs two things")
RIGHT[D] += [("c", ("crash", "add a new one")), (" C ", ["crash", "add x"])]

# --- a window -------------------------------------------------------------------------------------

W = "window"


class OfTheNotebook:
    def __init__(self, size, disk):
        self.size = size
        self.disk = disk
        self.memory = []

    def add(self, item):
        if self.memory and item < max(self.memory):
            heapq.heappush(self.memory, item)
            if len(self.memory) > self.size:
                largest = max(self.memory)
                self.memory.remove(largest)
                heapq.heapify(self.memory)
                self.disk.add(largest)
        else:
            self.disk.add(item)

    def take(self):
        if not self.memory:
            self.memory = self.disk.smallest(self.size)
        return heapq.heappop(self.memory) if self.memory else None


@wrong(W, "add", "keeps more in memory than the window allows")
class KeepsAllInMemory(OfTheNotebook):
    def add(self, item):
        heapq.heappush(self.memory, item)


@wrong(W, "take", "takes an item out of turn")
class FillsTheMemoryFirst(OfTheNotebook):
    def add(self, item):
        if len(self.memory) < self.size:
            heapq.heappush(self.memory, item)
        else:
            self.disk.add(item)


@wrong(W, "take", "takes an item out of turn")
class PutsAllOnTheDisk(OfTheNotebook):
    def add(self, item):
        self.disk.add(item)


@wrong(W, "take", "goes to the disk too often")
class ReadsOneAtATime(OfTheNotebook):
    def add(self, item):
        self.disk.add(item)

    def take(self):
        found = self.disk.smallest(1)
        return found[0] if found else None


@wrong(W, "add", "keeps more in memory than the window allows")
class NeverSendsAnyBack(OfTheNotebook):
    def add(self, item):
        if self.memory and item < max(self.memory):
            heapq.heappush(self.memory, item)
        else:
            self.disk.add(item)


@wrong(W, "take", "raises IndexError")
class ForgetsTheEnd(OfTheNotebook):
    def take(self):
        if not self.memory:
            self.memory = self.disk.smallest(self.size)
        return heapq.heappop(self.memory)


@wrong(W, "take", "loses an item")
class NeverReadsTheDisk(OfTheNotebook):
    def take(self):
        return heapq.heappop(self.memory) if self.memory else None


@wrong(W, "take", "loses an item")
class DropsTheLargest(OfTheNotebook):
    def add(self, item):
        if self.memory and item < max(self.memory):
            heapq.heappush(self.memory, item)
            self.memory = sorted(self.memory)[: self.size]
        else:
            self.disk.add(item)


@wrong(W, "take", "takes an item out of turn")
class TakesTheLast(OfTheNotebook):
    def take(self):
        if not self.memory:
            self.memory = self.disk.smallest(self.size)
        return self.memory.pop() if self.memory else None


@also_right(W)
class WithASortedList(OfTheNotebook):
    def add(self, item):
        if not self.memory or item >= self.memory[-1]:
            return self.disk.add(item)
        insort(self.memory, item)
        return self.disk.add(self.memory.pop()) if len(self.memory) > self.size else None

    def take(self):
        self.memory = self.memory or self.disk.smallest(self.size)
        return self.memory.pop(0) if self.memory else None


@also_right(W)
class WithABoundary(OfTheNotebook):
    boundary = None

    def add(self, item):
        if self.boundary is None or item > self.boundary or not self.memory:
            self.disk.add(item)
            return
        self.memory.append(item)
        self.memory.sort()
        if len(self.memory) > self.size:
            self.disk.add(self.memory.pop())
            self.boundary = self.memory[-1]

    def take(self):
        if not self.memory:
            self.memory = list(self.disk.smallest(self.size))
            self.boundary = self.memory[-1] if self.memory else None
        return self.memory.pop(0) if self.memory else None


RIGHT[W].append(OfTheNotebook)


@wrong("window", "take", "gives what was added to another window")
class WithOneMemoryForAll:
    def __init__(self, size, disk, memory=[]):  # noqa: B006
        self.size, self.disk, self.memory = size, disk, memory

    def add(self, item):
        if not self.memory or item >= max(self.memory):
            self.disk.add(item)
            return
        insort(self.memory, item)
        if len(self.memory) > self.size:
            self.disk.add(self.memory.pop())

    def take(self):
        if not self.memory:
            self.memory += self.disk.smallest(self.size)
        return self.memory.pop(0) if self.memory else None


# --- a checksum -----------------------------------------------------------------------------------

S = "sound"


def _fits(line):
    return line[8:9] == " " and line[:8] == f"{zlib.crc32(line[9:].encode()):08x}"


@wrong(S, S, "takes a damaged line for a sound one")
def cuts_the_checksums_off(lines):
    return [line[9:] for line in lines]


@wrong(S, S, "goes on after a damaged line")
def leaves_out_the_damaged(lines):
    return [line[9:] for line in lines if _fits(line)]


@wrong(S, S, "leaves the checksums on the lines")
def keeps_the_checksums(lines):
    return list(takewhile(_fits, lines))


@wrong(S, S, "raises ValueError")
def trusts_the_blank(lines):
    found = []
    for line in lines:
        checksum, text = line.split(" ", 1)
        if int(checksum, 16) != zlib.crc32(text.encode()):
            break
        found.append(text)
    return found


@wrong(S, S, "loses a line that is sound")
def sums_the_whole_line(lines):
    found = []
    for line in lines:
        if line[:8] != f"{zlib.crc32(line.encode()):08x}":
            break
        found.append(line[9:])
    return found


@wrong(S, S, "loses a line that is sound")
def takes_the_blank_along(lines):
    found = []
    for line in lines:
        if line[:8] != f"{zlib.crc32(line[8:].encode()):08x}":
            break
        found.append(line[8:])
    return found


@wrong(S, S, "does not return a list")
def says_whether(lines):
    return all(_fits(line) for line in lines)


@wrong(S, S, "takes a damaged line for a sound one")
def looks_at_the_first_only(lines):
    return [line[9:] for line in lines] if lines and _fits(lines[0]) else []


@wrong(S, S, "raises TypeError")
def forgets_the_bytes(lines):
    return [line[9:] for line in lines if zlib.crc32(line[9:]) == int(line[:8], 16)]


@wrong(S, S, "takes a damaged line for a sound one")
def takes_the_damaged_one_along(lines):
    found = []
    for line in lines:
        found.append(line[9:])
        if not _fits(line):
            break
    return found


@wrong(S, S, "takes a damaged line for a sound one")
def trusts_what_stands_between(lines):
    found = []
    for line in lines:
        if len(line) < 9 or line[:8] != f"{zlib.crc32(line[9:].encode()):08x}":
            break
        found.append(line[9:])
    return found


@also_right(S)
def with_takewhile(lines):
    return [line[9:] for line in takewhile(_fits, lines)]


@also_right(S)
def by_sealing_again(lines):
    found = []
    for line in lines:
        _, _, text = line.partition(" ")
        if f"{zlib.crc32(text.encode()):08x} {text}" != line:
            return found
        found.append(text)
    return found


@also_right(S)
def with_numbers(lines):
    found = ()
    for line in lines:
        try:
            checksum = int(line[:8], 16)
        except ValueError:
            break
        if line[8:9] != " " or checksum != zlib.crc32(line[9:].encode()):
            break
        found += (line[9:],)
    return found


LOSES = "loses a line that is sound"


@wrong("sound", "sound", LOSES)
def strips_the_text(lines):
    texts = []
    for line in lines:
        text = line[9:].strip()
        if line != f"{zlib.crc32(text.encode()):08x} {text}":
            break
        texts.append(text)
    return texts


@wrong("sound", "sound", LOSES)
def takes_an_empty_text_for_damage(lines):
    return list(takewhile(bool, [line[9:] if _fits(line) else "" for line in lines]))


@wrong("sound", "sound", LOSES)
def writes_fewer_digits(lines):
    texts = []
    for line in lines:
        if line != f"{zlib.crc32(line[9:].encode()):x} {line[9:]}":
            break
        texts.append(line[9:])
    return texts


# --- what relaxed order costs ---------------------------------------------------------------------

E = "rank_errors"


@wrong(E, E, "counts what is less urgent")
def the_wrong_way_round(taken):
    return [sum(later > p for later in taken[n + 1 :]) for n, p in enumerate(taken)]


@wrong(E, E, "counts what has been taken before")
def looks_back(taken):
    return [sum(gone < p for gone in taken[:n]) for n, p in enumerate(taken)]


@wrong(E, E, "counts what has been taken before")
def looks_at_all(taken):
    return [sum(other < p for other in taken) for p in taken]


@wrong(E, E, "counts the task itself")
def counts_itself(taken):
    errors = []
    for n in range(len(taken)):
        waiting = taken[n:]
        errors.append(sum(1 for other in waiting if other <= taken[n]))
    return errors


@wrong(E, E, "does not return a list")
def adds_them_up(taken):
    return sum(later < p for n, p in enumerate(taken) for later in taken[n + 1 :])


@wrong(E, E, "does not give one number for each take")
def leaves_the_last_out(taken):
    errors = []
    for n in range(len(taken) - 1):
        errors.append(sum(later < taken[n] for later in taken[n + 1 :]))
    return errors


@wrong(E, E, "counts wrongly")
def never_starts_anew(taken):
    errors, count = [], 0
    for n, p in enumerate(taken):
        for later in taken[n + 1 :]:
            if later < p:
                count += 1
        errors.append(count)
    return errors


@wrong(E, E, "counts wrongly")
def measures_the_distance(taken):
    waiting = sorted(taken)
    return [abs(waiting.index(p) - n) for n, p in enumerate(taken)]


@wrong(E, E, "raises IndexError")
def goes_beyond_the_end(taken):
    errors = []
    for n in range(len(taken)):
        count, place = 0, n + 1
        while taken[place] < taken[n]:
            count += 1
            place += 1
        errors.append(count)
    return errors


@wrong(E, E, "does not return a list")
def prints_them(taken):
    for n, p in enumerate(taken):
        print(sum(later < p for later in taken[n + 1 :]))


@wrong(E, E, "changes the list that it is given")
def takes_them_away_meanwhile(taken):
    errors = []
    for p in taken:
        taken.remove(p)
        errors.append(sum(other < p for other in taken))
    return errors


@also_right(E)
def with_a_sorted_list(taken):
    waiting, errors = sorted(taken), []
    for p in taken:
        errors.append(bisect_left(waiting, p))
        waiting.remove(p)
    return errors


@also_right(E)
def from_the_end(taken):
    seen, errors = [], []
    for p in reversed(taken):
        errors.insert(0, len([other for other in seen if other < p]))
        seen.append(p)
    return tuple(errors)


@also_right(E)
def with_a_set(taken):
    waiting = set(taken)
    errors = []
    for p in taken:
        waiting.discard(p)
        errors += [len({other for other in waiting if other < p})]
    return errors
