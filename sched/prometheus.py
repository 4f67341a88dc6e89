"""Prometheus: what a Monitor sees, for a server that asks for it now and then (a *scrape*).

::

    from prometheus_client import REGISTRY, start_http_server

    REGISTRY.register(Collector(Monitor(scheduler, pool)))
    start_http_server(8000)

Nothing is counted twice: a scrape takes one snapshot, and that is put into the names and units that
are usual there. Needs the package prometheus-client (the extra ``prometheus``).
"""

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from sched.arguments import class_name, shown
from sched.monitor import Monitor, Snapshot

COUNTERS = {
    "tasks_added": ("added", "Tasks added since the scheduler was made."),
    "tasks_succeeded": ("succeeded", "Tasks that have succeeded."),
    "tasks_failed": ("failed", "Tasks that have become dead letters."),
    "tasks_cancelled": ("cancelled", "Tasks that have been cancelled."),
    "attempts_retried": ("retried", "Attempts that failed, and were followed by another."),
}
STATES = ("ready", "waiting", "running", "dead_letters")
HISTOGRAMS = {
    "wait": "From when a task was ready to the start of the attempt.",
    "lateness": "From when a task with a time of its own was due to the start of the attempt.",
    "run": "From the start of an attempt to its end.",
}


class Collector:
    """What a registry of prometheus_client takes: ``REGISTRY.register(Collector(monitor))``.

    monitors: a Monitor, or a dict of several by name, which is the label ``scheduler`` then. The
    series of one registry differ by name or label: several schedulers need one Collector of all.
    prefix: what each name begins with.

    Raises TypeError or ValueError for a bad argument, ImportError without prometheus-client.
    """

    def __init__(self, monitors: Monitor | Mapping[str, Monitor], prefix: str = "sched") -> None:
        try:
            from prometheus_client import core
        except ImportError as error:
            error.msg += ": Collector needs it, pip install 'priority-sched[prometheus]'"
            raise
        self._core: Any = core
        self._labels = ["scheduler"] if isinstance(monitors, Mapping) else []
        named = monitors if isinstance(monitors, Mapping) else {"": monitors}
        for name, monitor in named.items():
            if not isinstance(name, str) or not isinstance(monitor, Monitor):
                raise TypeError(
                    "monitors must be a Monitor, or a dict of Monitors by name, "
                    f"got {shown(monitors)}"
                )
        if not isinstance(prefix, str) or not prefix.isidentifier():
            raise ValueError(f"prefix must be a name of letters, digits and _, got {shown(prefix)}")
        self._monitors, self._prefix = dict(named), prefix

    def describe(self) -> list[Any]:
        """The families without values: to register this asks no scheduler. O(1)."""
        return list(self._families({}))

    def collect(self) -> Iterator[Any]:
        """All families, from one snapshot of each monitor. O(monitors * (workers + bounds)).

        Raises what ``Monitor.snapshot`` does."""
        return self._families({n: monitor.snapshot() for n, monitor in self._monitors.items()})

    def _families(self, snapshots: Mapping[str, Snapshot]) -> Iterator[Any]:
        core = self._core
        labelled = [([name] if self._labels else [], s) for name, s in snapshots.items()]

        def family(kind: Any, name: str, text: str, **options: Any) -> Any:
            labels = [*self._labels, *options.pop("labels", [])]
            return kind(f"{self._prefix}_{name}", text, labels=labels, **options)

        for name, (field, text) in COUNTERS.items():
            counter = family(core.CounterMetricFamily, name, text)
            for labels, s in labelled:
                counter.add_metric(labels, getattr(s.tasks, field))
            yield counter
        timeouts = family(
            core.CounterMetricFamily, "attempts_timed_out", "Attempts that ended in a TimeoutError."
        )
        tasks = family(
            core.GaugeMetricFamily, "tasks", "Tasks by where they stand.", labels=["state"]
        )
        workers = family(core.GaugeMetricFamily, "workers", "Workers of the pools.")
        stuck = family(
            core.GaugeMetricFamily, "workers_stuck", "Workers whose task is past its timeout."
        )
        for labels, s in labelled:
            timeouts.add_metric(labels, s.timeouts)
            for state in STATES:
                tasks.add_metric([*labels, state], getattr(s.tasks, state))
            if s.workers is not None:
                workers.add_metric(labels, s.workers)
                stuck.add_metric(labels, s.stuck)
        yield from (timeouts, tasks, workers, stuck)
        for name, text in HISTOGRAMS.items():
            histogram = family(core.HistogramMetricFamily, name, text, unit="seconds")
            for labels, s in labelled:
                seen = getattr(s, name)
                buckets = [(written(bound), count) for bound, count in seen.cumulative()]
                histogram.add_metric(labels, buckets, seen.total)
            yield histogram

    def __repr__(self) -> str:
        return f"<{class_name(self)} of {', '.join(map(repr, self._monitors.values()))}>"


def written(bound: float) -> str:
    """A bound as Prometheus writes it: +Inf where there is none. O(1)."""
    return "+Inf" if bound == inf else str(bound)
