"""Schedulers that are broken on purpose, for learners to diagnose. One fault each; no other.

A notebook shows one by ``print(inspect.getsource(...))``, so that there is one copy of each.
"""

from typing import Any


class BrokenHeap:
    """A heap of priorities: the smallest should come out first. One line is wrong."""

    def __init__(self) -> None:
        self.heap: list[Any] = []

    def push(self, item: Any) -> None:
        heap = self.heap
        heap.append(item)
        i = len(heap) - 1
        while i > 0 and heap[i] < heap[(i - 1) // 2]:
            parent = (i - 1) // 2
            heap[i], heap[parent] = heap[parent], heap[i]
            i = parent

    def pop(self) -> Any:
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
