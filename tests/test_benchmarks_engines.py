"""The engines benchmark: what it counts, from runs made up; and one real run, of threads."""

from pathlib import Path

import pytest

from benchmarks import engine_tasks, engines, results
from benchmarks.__main__ import main
from benchmarks.engine_programs import ENGINES, FILE, THREADS, WORKERS
from benchmarks.engine_tasks import Done
from benchmarks.engines import EngineRun


def run_of(*begun: tuple[str, float]) -> list[Done]:
    return [Done(name, start, start + 0.1, 1) for name, start in begun]


def test_what_began_between_a_late_payment_and_its_beginning_has_overtaken_it() -> None:
    done = run_of(
        ("log-1", 1.0),  # before it was there
        ("log-2", 2.5),
        ("e-mail-1", 2.6),
        ("payment-7", 2.7),  # as urgent as it is
        ("aggregation-1", 2.8),
        ("late-0", 3.0),
        ("log-3", 3.5),
    )
    assert engines.displaced(done, {"late-0": 2.0}, in_hand=0) == [3]
    assert engines.displaced(done, {"late-0": 2.0}, in_hand=2) == [1]
    assert engines.displaced(done, {"late-0": 2.9}, in_hand=2) == [0]


def test_a_delayed_task_is_late_or_too_early_by_its_own_time() -> None:
    rows = [{"task_name": "cron-1", "delay": 1.0}, {"task_name": "cron-2", "delay": 2.0}]
    done = run_of(("cron-1", 11.25), ("cron-2", 11.5), ("log-1", 0.0))
    added = {"cron-1": 10.0, "cron-2": 10.0}
    assert engines.lateness(done, added, [*rows, {"task_name": "log-1"}]) == [-0.5, 0.25]


def test_the_workload_is_the_same_each_time_and_of_all_kinds(tmp_path: Path) -> None:
    rows = engine_tasks.rows(tmp_path)
    assert rows == engine_tasks.rows(tmp_path)
    assert len(rows) == len({row["task_name"] for row in rows}) == engine_tasks.TASKS
    kinds = [row["task_name"].rpartition("-")[0] for row in rows]
    assert {k.name: kinds.count(k.name) for k in engine_tasks.KINDS} == {
        "payment": 200,
        "cron": 100,
        "e-mail": 500,
        "aggregation": 200,
        "log": 1000,
    }
    assert sum("delay" in row for row in rows) == 100
    assert not any("delay" in row for row in engine_tasks.rows(tmp_path, empty=True))


@pytest.mark.parametrize("engine", [THREADS, FILE])
def test_threads_run_the_workload_and_only_a_file_survives_the_kill(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["engines", "--quick", "--only", engine, "--out", str(tmp_path)]) == 0
    assert engine in capsys.readouterr().out
    (row,) = engines.read(tmp_path)
    assert (row.engine, row.workers, row.tasks) == (engine, WORKERS, engines.QUICK)
    assert row.early == 0
    assert row.per_second > 0
    if engine == FILE:
        assert row.lost == 0
        assert 0 < row.again_ms < float("inf")
    else:
        assert row.lost > 0  # the victim, at least
        assert row.again_ms == float("inf")


def test_what_is_stored_is_printed_in_the_order_of_the_engines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["engines", "--stored", "--out", str(tmp_path)]) == 1
    assert "run it without --stored" in capsys.readouterr().err
    made_up = [EngineRun(name, 2, 2000, 0, 0, 0, 1.5, 0, 1, 7.0, 1234.0, 9.0) for name in ENGINES]
    results.write_rows(tmp_path / "engines.csv", made_up)
    assert engines.read(tmp_path) == made_up
    assert main(["engines", "--stored", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert [shown.index(name) for name in ENGINES] == sorted(shown.index(name) for name in ENGINES)
    assert "1,234" in shown and "1.5 ms" in shown


def test_the_program_of_an_engine_says_when_redis_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["engines", "--only", "Celery", "--out", str(tmp_path)]) == 1
    assert "Left out: Celery needs Redis: set REDIS_URL" in capsys.readouterr().err
