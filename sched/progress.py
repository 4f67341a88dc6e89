"""A progress bar of the tasks that end, for ``WorkerPool.drain(progress=True)``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sched.base import Scheduler


@contextmanager
def progress_bar(scheduler: Scheduler, name: str) -> Iterator[Callable[[], None]]:
    """A bar of the tasks that have ended, and the function that draws it anew. Needs tqdm."""
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("progress=True needs tqdm: pip install tqdm") from error

    ended: list[None] = []  # one for each: appending is one step, whoever does it
    unsubscribe = scheduler.subscribe(
        lambda _: ended.append(None), "succeeded", "failed", "cancelled"
    )

    def draw() -> None:
        m = scheduler.metrics()
        bar.n = len(ended)
        bar.total = bar.n + m.pending + m.running
        bar.refresh()

    with tqdm(desc=name, unit=" tasks") as bar:
        try:
            yield draw
        finally:
            unsubscribe()
            draw()
