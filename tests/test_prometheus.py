"""A real scrape: what Prometheus gets over HTTP, parsed back, is what the scheduler has."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.parser import text_string_to_metric_families

from sched import HeapScheduler, Scheduler, VirtualClock
from sched.durable import SQLiteScheduler
from sched.histogram import BOUNDS
from sched.monitor import Monitor
from sched.prometheus import Collector
from tests.test_monitor import Pool, run


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def url(registry: CollectorRegistry) -> Iterator[str]:
    server, thread = start_http_server(0, "127.0.0.1", registry)
    yield f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()
    thread.join()


def scrape(url: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """The samples by name, each by its labels."""
    with urlopen(url) as answer:
        text = answer.read().decode()
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_a_scrape_gets_what_the_scheduler_has(
    s: Scheduler, clock: VirtualClock, registry: CollectorRegistry, url: str
) -> None:
    registry.register(Collector(Monitor(s, Pool(3, 1))))
    s.add_tasks([(1, "a"), (2, "b"), (3, "c", 60)])
    clock.advance(1)
    run(s, clock, 4)
    s.fail(s.get_next_task(), TimeoutError("too long"))
    found = scrape(url)
    plain = {name: samples[()] for name, samples in found.items() if list(samples) == [()]}
    assert plain == {
        "sched_tasks_added_total": 3,
        "sched_tasks_succeeded_total": 1,
        "sched_tasks_failed_total": 1,
        "sched_tasks_cancelled_total": 0,
        "sched_attempts_retried_total": 0,
        "sched_attempts_timed_out_total": 1,
        "sched_workers": 3,
        "sched_workers_stuck": 1,
        "sched_wait_seconds_count": 2,
        "sched_wait_seconds_sum": 6,
        "sched_lateness_seconds_count": 0,
        "sched_lateness_seconds_sum": 0,
        "sched_run_seconds_count": 2,
        "sched_run_seconds_sum": 4,
    }
    assert found["sched_tasks"] == {
        (("state", "ready"),): 0,
        (("state", "waiting"),): 1,
        (("state", "running"),): 0,
        (("state", "dead_letters"),): 1,
    }
    buckets = {float(labels[0][1]): n for labels, n in found["sched_wait_seconds_bucket"].items()}
    assert list(buckets) == [*BOUNDS, float("inf")]
    assert (buckets[0.5], buckets[1.0], buckets[2.5], buckets[5.0]) == (0, 1, 1, 2)


def test_each_scrape_is_of_that_moment(registry: CollectorRegistry, url: str) -> None:
    s = HeapScheduler()
    registry.register(Collector(Monitor(s), prefix="shop"))
    assert scrape(url)["shop_tasks_added_total"] == {(): 0}
    s.add_task(1, "a")
    assert scrape(url)["shop_tasks_added_total"] == {(): 1}
    assert "shop_workers" not in scrape(url)  # nobody said how many there are


def test_several_schedulers_are_told_apart_by_a_label(
    registry: CollectorRegistry, url: str
) -> None:
    mail, web = HeapScheduler(), HeapScheduler()
    registry.register(Collector({"mail": Monitor(mail), "web": Monitor(web)}))
    web.add_task(1, "a")
    found = scrape(url)
    assert found["sched_tasks_added_total"] == {
        (("scheduler", "mail"),): 0,
        (("scheduler", "web"),): 1,
    }
    assert found["sched_tasks"][("scheduler", "web"), ("state", "ready")] == 1
    assert len(found["sched_run_seconds_bucket"]) == 2 * (len(BOUNDS) + 1)


def test_to_register_asks_no_scheduler(registry: CollectorRegistry, monkeypatch: Any) -> None:
    monitor = Monitor(HeapScheduler())
    monkeypatch.setattr(monitor, "snapshot", lambda: pytest.fail("it was asked"))
    collector = Collector(monitor)
    registry.register(collector)
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(Collector(Monitor(HeapScheduler())))
    registry.unregister(collector)


def test_a_closed_file_fails_the_scrape_and_nothing_else(
    registry: CollectorRegistry, url: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    s = SQLiteScheduler(tmp_path / "tasks.db")
    registry.register(Collector(Monitor(s)))
    assert scrape(url)["sched_tasks_added_total"] == {(): 0}
    s.close()
    with pytest.raises(HTTPError):
        urlopen(url)


@pytest.mark.parametrize(
    ("monitors", "prefix", "error", "message"),
    [
        (HeapScheduler(), "sched", TypeError, "monitors must be a Monitor, or a dict .*HeapSch"),
        (
            {3: Monitor(HeapScheduler())},
            "sched",
            TypeError,
            "monitors must be a Monitor, or a dict",
        ),
        (Monitor(HeapScheduler()), "a-b", ValueError, "prefix must be .* got 'a-b'"),
        (Monitor(HeapScheduler()), "", ValueError, "prefix must be .* got ''"),
    ],
    ids=["scheduler", "number", "dash", "empty"],
)
def test_a_bad_argument_is_named(monitors: Any, prefix: str, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Collector(monitors, prefix)


def test_the_package_is_asked_for_by_name() -> None:
    code = """if True:
        import sys
        sys.modules["prometheus_client"] = None  # as if it were not installed
        from sched import HeapScheduler
        from sched.monitor import Monitor
        from sched.prometheus import Collector
        try:
            Collector(Monitor(HeapScheduler()))
        except ImportError as error:
            print(error)
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'priority-sched[prometheus]'" in run.stdout
