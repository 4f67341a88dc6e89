"""Schedulers that are broken on purpose, for learners to diagnose. One fault each; no other.

A notebook shows one by ``print(inspect.getsource(...))``, so that there is one copy of each. They
are written as a learner would write them: without types.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
# pyright: basic

from collections import deque
from heapq import heappop, heappush
from random import Random
from threading import Lock


def broken_next_task(tasks):
    """Take the most urgent task out of a list of pairs (priority, name). One line is wrong."""
    first = tasks[0]
    best = first
    for task in tasks:
        if task[0] < first[0]:
            best = task
    tasks.remove(best)
    return best[1]


def comes_out(priorities):
    """The order in which broken_next_task takes tasks of these priorities, each named after its."""
    tasks = [(priority, priority) for priority in priorities]
    return [broken_next_task(tasks) for _ in priorities]


class OneQueue:
    """Tasks by priority, each with the second from which it may run. All are added at second 0."""

    def __init__(self):
        self.queue = []
        self.added = 0

    def add_task(self, priority, task, delay=0):
        self.added = self.added + 1
        run_at = 0 + delay
        heappush(self.queue, (priority, self.added, run_at, task))

    def get_next_task(self, now):
        if not self.queue:
            return None
        priority, number, run_at, task = heappop(self.queue)
        if run_at > now:  # not yet: back into the queue
            heappush(self.queue, (priority, number, run_at, task))
            return None
        return task


def each_second(pairs, kind=OneQueue):
    """Print what a scheduler hands out in each of six seconds.

    pairs: its tasks, as (priority, delay); all are added at second 0.
    kind: the class of the scheduler, with OneQueue's methods.
    """
    scheduler = kind()
    for priority, delay in pairs:
        scheduler.add_task(priority, f"task of priority {priority}", delay)
    for second in range(6):
        print(f"second {second}:", scheduler.get_next_task(second))


class BrokenHeap:
    """A heap of priorities: the smallest should come out first. One line is wrong."""

    def __init__(self):
        self.heap = []

    def push(self, item):
        heap = self.heap
        heap.append(item)
        i = len(heap) - 1
        while i > 0 and heap[i] < heap[(i - 1) // 2]:
            parent = (i - 1) // 2
            heap[i], heap[parent] = heap[parent], heap[i]
            i = parent

    def pop(self):
        heap = self.heap
        smallest, last = heap[0], heap.pop()
        if heap:
            heap[0] = last
            i = 0
            while 2 * i + 1 < len(heap) and heap[2 * i + 1] < heap[i]:
                child = 2 * i + 1
                heap[i], heap[child] = heap[child], heap[i]
                i = child
        return smallest


class BrokenDelays:
    """Tasks with delays: among those that are due, the most urgent first. One line is wrong."""

    def __init__(self):
        self.waiting = []
        self.ready = []
        self.added = 0

    def add_task(self, priority, task_name, delay=0):
        self.added = self.added + 1
        heappush(self.waiting, (delay, self.added, priority, task_name))

    def get_next_task(self, now):
        if self.waiting and self.waiting[0][0] <= now:
            due, number, priority, task_name = heappop(self.waiting)
            heappush(self.ready, (priority, number, task_name))
        if not self.ready:
            return None
        return heappop(self.ready)[2]


def at_second_10(tasks, kind=BrokenDelays):
    """The priorities in the order in which tasks come out at second 10, all added at second 0.

    tasks: pairs (priority, delay). kind: the class of the scheduler.
    """
    scheduler = kind()
    for priority, delay in tasks:
        scheduler.add_task(priority, priority, delay)  # the priority is also the name
    return [scheduler.get_next_task(10) for _ in tasks]


class BrokenNaiveSort:
    """It was to show what sorting everything at each step costs: n log n. It shows n."""

    def __init__(self):
        self.tasks = []

    def add_task(self, priority):
        self.tasks.append(priority)

    def get_next_task(self):
        self.tasks.sort(reverse=True)
        return self.tasks.pop() if self.tasks else None


class BrokenQueue:
    """Tasks that workers share: look which is first, remove it, run it. Each step has the lock."""

    def __init__(self, names):
        self.lock = Lock()
        self.names = list(names)

    def look(self):
        with self.lock:
            return self.names[0] if self.names else None

    def remove(self, name):
        with self.lock:
            if name in self.names:
                self.names.remove(name)


def run_steps(steps):
    """What workers run who share a BrokenQueue and do these steps: look, remove, look, ...

    steps: the number of the worker whose turn it is, such as [1, 1, 2].
    """
    queue = BrokenQueue(["mail", "report"])
    seen = {}  # by worker: what it saw, if it has looked
    ran = []
    for worker in steps:
        if worker not in seen:
            seen[worker] = queue.look()
            continue
        name = seen.pop(worker)
        queue.remove(name)
        if name is not None:
            ran.append(name)
    return ran


class BrokenPauses:
    """The pauses of one client: they double up to a cap, then chance shortens them.

    All the clients of a service use it. One line is wrong.
    """

    def __init__(self, client):
        self.client = client
        self.random = Random(7)

    def pause(self, attempts):
        longest = min(60, 2 ** (attempts - 1))
        return self.random.uniform(0, longest)


class BrokenLevels:
    """A FIFO for each priority. In a level, who was allowed to run first should go first.

    Delayed tasks are kept apart until they are due. One line is wrong.
    """

    def __init__(self):
        self.levels = {}
        self.waiting = []
        self.added = 0

    def add_task(self, priority, task_name, now, delay=0):
        self.added += 1
        if delay > 0:
            heappush(self.waiting, (now + delay, self.added, priority, task_name))
        else:
            self.levels.setdefault(priority, deque()).append(task_name)

    def get_next_task(self, now):
        while self.waiting and self.waiting[0][0] <= now:
            due, number, priority, task_name = heappop(self.waiting)
            self.levels.setdefault(priority, deque()).append(task_name)
        if not self.levels:
            return None
        priority = min(self.levels)
        level = self.levels[priority]
        task_name = level.popleft()
        if not level:
            del self.levels[priority]
        return task_name


class BrokenLog:
    """A log of tasks. It is opened with the text of the file, and again after each crash.

    It works until there is a crash. One thing is missing.
    """

    def __init__(self, text=""):
        self.text = text  # what is in the file

    def write(self, line):
        self.text = self.text + line + "\n"

    def replay(self):
        tasks = []
        for line in self.text.split("\n")[:-1]:  # what stands after the last "\n" is torn
            what, _, name = line.partition(" ")
            if what == "add":
                tasks.append(name)
            elif name in tasks:
                tasks.remove(name)
        return tasks


def left_by(steps):
    """What BrokenLog replays after these steps: lines to write, and "crash".

    A crash comes in the middle of writing "add new": "add n" is in the file, and it is opened
    again.
    """
    log = BrokenLog()
    for step in steps:
        if step == "crash":
            log = BrokenLog(log.text + "add n")
        else:
            log.write(step)
    return log.replay()


class BrokenCancel:
    """Names, first in, first out. A cancelled one is marked, and left out when its turn comes.

    One thing is missing.
    """

    def __init__(self):
        self.queue = []
        self.marks = []

    def add(self, name):
        self.queue.append(name)

    def cancel(self, name):
        self.marks.append(name)

    def take(self):
        while self.queue:
            name = self.queue.pop(0)
            if name not in self.marks:
                return name
            self.marks.remove(name)
        return None


def what_runs(steps):
    """The names that BrokenCancel hands out in these steps, and then until nothing is left.

    A step is "add" or "cancel" and a name, or "take".
    """
    queue = BrokenCancel()
    ran = []
    for step in steps:
        what, _, name = step.partition(" ")
        if what == "add":
            queue.add(name)
        elif what == "cancel":
            queue.cancel(name)
        elif (name := queue.take()) is not None:
            ran.append(name)
    while (name := queue.take()) is not None:
        ran.append(name)
    return ran


class BrokenReader:
    """Hands out the names in a log. Its offset says where it goes on after a restart.

    One line is wrong.
    """

    def __init__(self, log):
        self.log = log
        self.offset = 0  # on disk
        self.place = 0  # in memory

    def take(self):
        name = self.log[self.place]
        self.place += 1
        return name

    def done(self, name):
        self.offset = max(self.offset, self.log.index(name) + 1)

    def restart(self):
        self.place = self.offset


LOG = ["mail", "backup", "report"]


def left_undone(steps):
    """The names in LOG that are never done, if BrokenReader goes on after these steps to the end.

    A step is "take", "done" and a name, or "restart": what was taken and is not done is forgotten.
    """
    reader = BrokenReader(LOG)
    in_hand, done = [], []
    for step in steps:
        what, _, name = step.partition(" ")
        if what == "take":
            in_hand.append(reader.take())
        elif what == "done":
            reader.done(name)
            in_hand.remove(name)
            done.append(name)
        else:
            reader.restart()
            in_hand = []
    while reader.place < len(LOG):
        in_hand.append(reader.take())
    return [name for name in LOG if name not in in_hand + done]


class BrokenNumbers:
    """Tasks by number. Those that have ended are forgotten, to save memory. One line is wrong."""

    def __init__(self):
        self.names = {}

    def add(self, name):
        number = len(self.names) + 1
        self.names[number] = name
        return number

    def end(self, number):
        del self.names[number]


def numbers_given(steps):
    """The numbers that BrokenNumbers gives in these steps: "add", or "end 1"."""
    tasks, given = BrokenNumbers(), []
    for step in steps:
        if step == "add":
            given.append(tasks.add("a task"))
        else:
            tasks.end(int(step.split()[1]))
    return given
