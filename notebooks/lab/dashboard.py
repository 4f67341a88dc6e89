"""A dashboard: what a scheduler and its pool are doing, live, in the output of the cell.

    with WorkerPool(scheduler, 3) as pool, dashboard(scheduler, pool):
        pool.drain()

Twice a second it takes a snapshot; what is drawn is one small picture of how many tasks are ready
and running, with the numbers above it. When the pool ends, or the block does, the last picture
stays as a plain one: a notebook that is saved and opened again shows no widget that is dead.
"""

import threading
from collections.abc import Callable
from io import BytesIO
from time import monotonic
from types import TracebackType
from typing import Any

from sched import Scheduler, WorkerPool
from sched.monitor import Monitor, Snapshot
from sched.plots.style import COLOURS, LABEL, WIDTH, tint
from sched.table import counted

from .asking import Box, Form, widgets

REFRESH = 0.5  # seconds
POINTS = 200  # at most, in the picture
DPI = 110
PLAIN = "What they are doing is shown here, and how it stood when the pool had ended."

_latest: "list[Dashboard]" = []  # one at a time: a cell that is run again ends the one before


class Dashboard:
    """What ``dashboard()`` returns; ``close()`` or the end of a ``with`` block ends it."""

    def __init__(self, scheduler: Scheduler, pool: WorkerPool, refresh: float = REFRESH) -> None:
        self.monitor = Monitor(scheduler, pool)
        self.history = History(monotonic())
        self._pool, self._refresh = pool, refresh
        self._over, self._lock = threading.Event(), threading.Lock()
        self._closed = False
        self._image, box = _live(self.close)
        self._look()
        self.form = Form(PLAIN, box)
        self._thread = threading.Thread(target=self._work, name="dashboard", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        """Look again and again, until somebody says that it is over or no worker is left."""
        began = False
        try:
            while not self._over.wait(self._refresh):
                alive = has_workers(self._pool)
                if began and not alive:
                    break
                began |= alive
                self._look()
        finally:
            self.close()

    def _look(self) -> None:
        """Take a snapshot and show it."""
        snapshot = self.monitor.snapshot()
        self.history.add(monotonic(), snapshot)
        self._text = lines(snapshot)
        if self._image is not None:
            self._image.value = png(self.history, self._text)

    def close(self) -> None:
        """Show how it stands once more, as a plain picture, and look no more. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._over.set()
        try:
            self._look()
        except Exception:  # a file that is closed: what was seen last stays
            pass
        self.monitor.close()
        self.form.replace(self._text, png(self.history, self._text))

    def __enter__(self) -> "Dashboard":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def dashboard(scheduler: Scheduler, pool: WorkerPool, refresh: float = REFRESH) -> Dashboard:
    """Show below the cell what they are doing, until the pool has ended. refresh: seconds."""
    while _latest:
        _latest.pop().close()
    _latest.append(Dashboard(scheduler, pool, refresh))
    return _latest[-1]


def has_workers(pool: WorkerPool) -> bool:
    """Whether a thread of the pool is there."""
    return any(thread.name.startswith(f"{pool.name}-worker-") for thread in threading.enumerate())


class History:
    """How many tasks were ready and running when; thinned out, so that all of it is drawn."""

    def __init__(self, start: float) -> None:
        self.start = start
        self.rows: list[tuple[float, int, int]] = []  # seconds since the start, ready, running

    def add(self, now: float, snapshot: Snapshot) -> None:
        if len(self.rows) >= POINTS:
            del self.rows[1:-1:2]
        self.rows.append((now - self.start, snapshot.tasks.ready, snapshot.tasks.running))


def lines(snapshot: Snapshot) -> str:
    """The numbers, as text."""
    t, wait = snapshot.tasks, snapshot.wait
    stuck = f", {snapshot.stuck} stuck" if snapshot.stuck else ""
    failures = f"{t.failed:,} failed, {t.retried:,} tried again, {snapshot.timeouts:,} timed out"
    half, most = f"{wait.quantile(0.5):.2g} s", f"{wait.quantile(0.95):.2g} s"
    return "\n".join(
        [
            f"{counted(t.ready, 'task')} ready, {t.waiting:,} waiting for their time",
            f"{t.running:,} running on {counted(snapshot.workers or 0, 'worker')}{stuck}",
            f"{t.succeeded:,} succeeded, {failures}, {t.cancelled:,} cancelled",
            f"half waited at most {half} for a worker, 19 of 20 at most {most}",
        ]
    )


def png(history: History, text: str) -> bytes:
    """One small picture of it, with the numbers above.

    It is drawn in a thread of its own, perhaps while the notebook draws: so it takes nothing from
    pyplot, and sets no style that others would see.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    times, ready, running = zip(*history.rows, strict=True)
    figure: Any = Figure(figsize=(WIDTH, 2.7), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    ax = figure.add_subplot()
    ax.set_title(text, loc="left", fontsize=LABEL + 1, weight="normal", linespacing=1.4)
    ax.fill_between(times, ready, step="post", color=tint("vermilion", 0.25), lw=0)
    looks = (("ready", ready, "vermilion", "-"), ("running", running, "green", "-."))
    for name, counts, colour, dash in looks:
        ax.step(times, counts, dash, where="post", color=COLOURS[colour], label=name)
    ax.set_xlim(0, max(times[-1], 1e-3))
    ax.set_ylim(0, max(1, *ready, *running) * 1.1)
    ax.set_xlabel("seconds since the dashboard was opened", fontsize=LABEL)
    ax.set_ylabel("tasks", fontsize=LABEL)
    ax.tick_params(labelsize=LABEL)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="upper right", fontsize=LABEL, frameon=False)
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _live(close: Callable[[], None]) -> tuple[Any, Any]:
    """What shows the picture, and the box that it is in; None without widgets."""
    w = widgets()
    if w is None:
        return None, None
    image = w.Image(format="png", layout=w.Layout(max_width="100%"))
    button = w.Button(description="Stop watching", layout=w.Layout(width="auto"))
    button.on_click(lambda _: close())
    return image, Box(w.VBox([image, button]), image, button)
