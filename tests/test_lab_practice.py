"""Practice without end, answered by the package; and threads whose scheduler is the learner."""

import re
import sys
from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import IPython.display
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab import asking, practice, progress, score, session, stepping, turns  # noqa: E402
from lab import practice as practice_function  # noqa: E402

drills: Any = sys.modules["lab.practice"]
each_kind = pytest.mark.parametrize("kind", sorted(drills.KINDS))
each_level = pytest.mark.parametrize("level", [1, 2, 3])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHED_PROGRESS", str(tmp_path / "progress"))
    session._used.clear()
    progress._unkept.clear()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    outputs: list[Any] = []
    monkeypatch.setattr(asking, "in_a_notebook", lambda: True)
    monkeypatch.setattr(IPython.display, "display", lambda bundle, **_: outputs.append(bundle))
    return outputs


# --- practice -------------------------------------------------------------------------------------


@each_kind
@each_level
def test_a_question_has_one_right_answer_among_its_choices(kind: str, level: int) -> None:
    seen = set()
    for seed in range(200):
        one = drills.drill(kind, seed, level)
        assert one == drills.drill(kind, seed, level)
        assert sum(drills.agree(choice, one.right) for choice in one.choices) == 1
        assert len({repr(choice) for choice in one.choices}) == len(one.choices)
        assert 2 <= len(one.choices) <= 8
        assert len(one.question.split()) < 80  # less than a minute
        seen.add(one.question)
    assert len(seen) > (40 if kind == "retry" else 150)


@each_level
def test_the_right_answer_is_not_at_a_fixed_place(level: int) -> None:
    for kind in drills.KINDS:
        places = set()
        for seed in range(60):
            one = drills.drill(kind, seed, level)
            places.add(next(i for i, c in enumerate(one.choices) if drills.agree(c, one.right)))
        assert len(places) > 1, kind


@each_level
def test_machines_are_worked_out_by_hand(level: int) -> None:
    """From the text of the question alone, in whole numbers."""
    for seed in range(100):
        one = drills.drill("machines", seed, level)
        numbers = [int(digits) for digits in re.findall(r"(?<!\d)(?!0\.)\d+", one.question)]
        load, tenths, per, *more = numbers
        percent = more[0] if level > 1 else 100
        machines = -(-load * tenths * 10 // (percent * per))
        brokers = -(-load // more[1]) if level == 3 else 0
        assert one.right == machines + brokers, one.question


@each_level
def test_the_next_task_is_worked_out_by_hand(level: int) -> None:
    """From the text of the question alone, by sorting."""
    for seed in range(100):
        one = drills.drill("next-task", seed, level)
        tasks: list[tuple[int, int, str, int]] = []
        *lines, asks = one.question.splitlines()
        now = int(asks.split("second ")[1].rstrip("?")) if "second" in asks else 0
        for number, line in enumerate(lines):
            if line.startswith("add_task("):
                args = line[len("add_task(") : -1].split(", ")
                delay = int(args[2].partition("=")[2]) if len(args) > 2 else 0
                tasks.append((int(args[0]), number, args[1].strip("'"), delay))
            else:
                tasks = [task for task in tasks if task[2] != line.split()[-1]]
        due = sorted((p, delay, number, name) for p, number, name, delay in tasks if delay <= now)
        assert one.right == (due[0][3] if due else "none yet")


@each_level
def test_the_heap_is_worked_out_by_hand(level: int) -> None:
    """As the notebook teaches it: climb while smaller; sink below the smaller child."""
    for seed in range(200):
        one = drills.drill("heap", seed, level)
        first, second = one.question.splitlines()
        heap = [int(n) for n in re.findall(r"\d+", first)]
        for step in second.partition(":")[0].split(", then "):
            i = 0
            if step.startswith("push"):
                heap.append(int(step[5:-1]))
                i = len(heap) - 1
                while i and heap[i] < heap[(i - 1) // 2]:
                    heap[i], heap[(i - 1) // 2] = heap[(i - 1) // 2], heap[i]
                    i = (i - 1) // 2
                continue
            heap[0] = heap.pop()
            while children := [c for c in (2 * i + 1, 2 * i + 2) if c < len(heap)]:
                child = min(children, key=heap.__getitem__)
                if heap[i] < heap[child]:
                    break
                heap[i], heap[child] = heap[child], heap[i]
                i = child
        assert one.right == heap
        assert len(one.choices) >= 3, one
        assert all(sorted(choice) == sorted(heap) for choice in one.choices)


@each_level
def test_the_retry_is_worked_out_by_hand(level: int) -> None:
    for seed in range(200):
        one = drills.drill("retry", seed, level)
        numbers = [int(n) for n in re.findall(r"\d+", one.question)]
        second, pause, attempt = numbers[0], numbers[1], numbers[-1]
        longest = numbers[2] if "never longer" in one.question else 10**6
        for _ in range(attempt - 1):
            second, pause = second + min(pause, longest), pause * 2
        assert one.right == second
        assert one.because.endswith(f"= {second}.")
        assert len(one.choices) == 4
        assert min(one.choices) >= 0


@each_level
def test_who_waits_longest_is_worked_out_by_hand(level: int) -> None:
    """Second by second: who is free takes one of those who are there."""
    form = r"(\w+): comes at second (\d+), takes (\d+) s(?:, priority (\d))?"
    for seed in range(100):
        one = drills.drill("who-waits", seed, level)
        tasks = [
            (int(urgent or 1), int(comes), place, name, int(takes))
            for place, (name, comes, takes, urgent) in enumerate(re.findall(form, one.question))
        ]
        free = [0] * (1 if "One worker" in one.question else 2)
        waited: dict[str, int] = {}
        for now in range(100):
            for worker, since in enumerate(free):
                there = sorted(t for t in tasks if t[1] <= now and t[3] not in waited)
                if since <= now and there:
                    _, comes, _, name, takes = there[0]
                    waited[name] = now - comes
                    free[worker] = now + takes
        longest = max(waited.values())
        assert [name for name in waited if waited[name] == longest] == [one.right]
        assert one.choices == [task[3] for task in tasks]


@each_kind
@each_level
def test_no_place_among_the_choices_is_right_most_of_the_time(kind: str, level: int) -> None:
    places: Counter[int] = Counter()
    for seed in range(300):
        one = drills.drill(kind, seed, level)
        places[next(i for i, c in enumerate(one.choices) if drills.agree(c, one.right))] += 1
    assert max(places.values()) < 210


def test_another_one_is_one_that_was_not_answered_before(shown: list[Any]) -> None:
    for seed in (2, 3, 5):
        practice("retry", seed=seed, answer=drills.drill("retry", seed).right)
    practice("retry", seed=1)
    asked = []
    for _ in range(3):
        drills.running["retry"]["another"].click()
        asked.append(drills.running["retry"]["told"].value)
    assert asked == [f"Question {seed}, level 1" for seed in (4, 6, 7)]


def test_the_first_answer_counts_once_and_is_on_the_score_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = drills.drill("retry", 5, 2)
    wrong = next(c for c in one.choices if c != one.right)
    practice("retry", seed=5, level=2)
    practice("retry", seed=5, level=2, answer=wrong)
    practice("retry", seed=5, level=2, answer=one.right)
    practice("retry", seed=6, level=2, answer=drills.drill("retry", 6, 2).right)
    practice("retry", seed=7, answer="nonsense")
    practice("retry", seed=7, answer=None)
    out = capsys.readouterr().out
    assert 'answer with practice("retry", seed=5, level=2, answer=...)' in out
    assert f"No: {one.right}. " in out
    assert out.count("Right. ") == 2
    score("04")
    page = capsys.readouterr().out
    assert "retry     1      3" in page


@each_kind
def test_the_buttons_ask_and_judge_and_go_on(kind: str, shown: list[Any]) -> None:
    practice(kind, seed=1)
    assert asking.WIDGET in shown[0]
    assert "Without buttons" in shown[0]["text/plain"]
    parts = drills.running[kind]
    for seed in (1, 2, 3):
        assert parts["choices"].value is None
        for place in range(len(drills.drill(kind, seed, 1).choices)):
            parts["choices"].value = place
            one = drills.drill(kind, seed, 1)
            is_right = drills.agree(one.choices[place], one.right)
            assert parts["told"].value.startswith("Right. " if is_right else "No: ")
        parts["another"].click()
    parts["level"].value = 3
    assert parts["told"].value == "Question 4, level 3"
    done = progress.load(drills.KINDS[kind][0]).practice[kind]
    assert [entry.split()[0] for entry in done] == ["1/1", "1/2", "1/3"]


@pytest.mark.parametrize("bad", [("nothing", 1, 1), ("heap", 1, 4), ("heap", 1, 0)])
def test_what_there_is_not_is_said(bad: Any) -> None:
    with pytest.raises(ValueError, match="kinds are next-task|level must be"):
        practice_function(*bad)


# --- turns ----------------------------------------------------------------------------------------


def test_two_threads_lose_a_count_and_the_order_shows_how(
    capsys: pytest.CaptureFixture[str],
) -> None:
    turns("count", order=[1, 2, 1, 1, 2, 2])
    out = capsys.readouterr().out
    assert "Broken: 2 threads added 1, and count is 1." in out
    assert "Of 20 orders, this one breaks it" in out
    turns("count", order=[1, 1, 1, 2, 2, 2])
    assert "nothing went wrong in this order" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("story", "lock", "safe"),
    [
        ("count", None, False),
        ("count", (1, 1), False),
        ("count", (2, 3), False),
        ("count", (3, 3), False),
        ("count", (1, 2), False),
        ("count", (1, 3), True),
        ("take", None, False),
        ("take", (1, 1), False),
        ("take", (2, 2), False),
        ("take", (2, 3), False),
        ("take", (1, 2), True),
        ("take", (1, 3), True),
    ],
)
def test_only_a_lock_around_all_that_belongs_together_helps(
    story: str, lock: Any, safe: bool
) -> None:
    count, broken = stepping.all_orders(story, 2, lock)
    assert (broken is None) is safe
    assert count >= 2


def test_all_orders_are_all() -> None:
    by_hand = set(permutations([1, 1, 1, 2, 2, 2]))
    assert stepping.all_orders("count")[0] == len(by_hand) == 20
    assert stepping.all_orders("count", 3)[0] == 1680


def test_who_waits_for_the_lock_cannot_go_and_every_turn_can_be_undone() -> None:
    game = stepping.Game("count", 2, (1, 3))
    assert game.go(1)  # takes the lock
    assert not game.can_go(2)
    assert not game.go(2)
    assert "(waits for the lock)" in game.text()
    texts = [game.text()]
    while game.go(1):
        texts.append(game.text())
    assert game.can_go(2)
    for text in reversed(texts):
        assert game.text() == text
        game.undo()
    assert game.turns == []
    game.undo()
    assert game.turns == []


def test_the_buttons_play(shown: list[Any]) -> None:
    turns("count")
    assert asking.WIDGET in shown[0]
    assert "order=[1, 2, ...]" in shown[0]["text/plain"]
    parts = stepping.running
    one, two = parts["go"]
    for button in (one, two, one, one, two):
        button.click()
    assert one.disabled
    two.click()
    assert parts["game"].verdict().startswith("Broken")
    parts["every"].click()
    assert parts["told"].value.startswith("Of 20 orders")
    parts["undo"].click()
    assert not two.disabled
    parts["again"].click()
    assert parts["game"].turns == []
    assert parts["undo"].disabled


@pytest.mark.parametrize(
    "bad",
    [
        {"story": "x"},
        {"story": ["count"]},
        {"story": "count", "threads": 1},
        {"story": "count", "threads": "2"},
        {"story": "count", "lock": (2, 1)},
        {"story": "count", "lock": 3},
        {"story": "count", "lock": ("1", "3")},
        {"story": "count", "order": 1},
        {"story": "count", "order": "121"},
    ],
)
def test_a_game_that_there_is_not_is_said(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="stories are|threads must|lock must|order must"):
        turns(**bad)


def test_each_turn_shows_what_the_thread_keeps_to_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    turns("count", order=[1, 2, 2, 1])
    out = capsys.readouterr().out
    assert re.search(r"thread 2: x = x \+ 1 +count = 0   its x = 1\n", out)
    assert re.search(r"thread 1: x = x \+ 1 +count = 0   its x = 1\n", out)
    turns("take", order=[1, 2])
    assert capsys.readouterr().out.count("its name = 'mail'") == 2


def test_a_turn_that_cannot_be_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    for order in ([3], [0], ["x"], [1] * 9):
        turns("count", order=order)
        assert "It cannot be the turn of" in capsys.readouterr().out
