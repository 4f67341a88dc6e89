"""Each Queue, by itself, against a sorted list: what it is given comes out in order."""

from bisect import insort
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sched import NaiveSortScheduler, Scheduler
from tests.schedulers import in_memory

# Few ranks, for ties; or many, for what is done where each level has one task.
RANKS = st.one_of(st.lists(st.integers(0, 3)), st.lists(st.floats(-9, 9), max_size=400))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), RANKS),
        st.tuples(st.just("pushpop"), RANKS),
        st.tuples(st.just("extend"), RANKS),
        st.tuples(st.just("load"), RANKS),
        st.tuples(st.just("pop"), st.integers(1, 20)),
    ),
    max_size=8,
)


@in_memory
@given(steps=STEPS, scale=st.sampled_from([1, 500]))
def test_what_goes_in_comes_out_in_order(
    scheduler_class: type[Scheduler], steps: list[tuple[str, Any]], scale: int
) -> None:
    queue: Any = scheduler_class.queue()
    if scheduler_class is NaiveSortScheduler:  # which has no other way, and sorts at each pop
        scale = 1
    model: list[tuple[float, float, int, str]] = []
    number = 0
    for what, given_ in steps:
        if what == "pop":
            popped = [queue.pop() for _ in range(min(given_, len(model)))]
            assert popped == model[: len(popped)]
            del model[: len(popped)]
        else:
            # A batch that is large beside what is there is taken in another way.
            one_by_one = what in ("push", "pushpop")
            ranks = given_ * scale if not one_by_one and len(given_) < 9 else given_
            new = [(rank, 0.0, number + i, "t") for i, rank in enumerate(ranks)]
            number += len(new)
            if what == "push":
                for entry in new:
                    queue.push(entry)
            elif what == "pushpop":
                for entry in new:
                    insort(model, entry)
                    assert queue.pushpop(entry) == model.pop(0)
                new = []
            elif what == "extend":
                queue.extend(list(new))
            else:
                queue.load(list(new))
                model.clear()
            for entry in new:
                insort(model, entry)
        queue.check()
        assert len(queue) == len(model)
        assert list(queue) == model
        if model:
            assert queue.peek() == model[0]
        else:
            with pytest.raises(IndexError):
                queue.pop()
    assert [queue.pop() for _ in range(len(queue))] == model
