"""What notebook 09 shows of the engines: the stored run as it is, and who starts when."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

mpl.use("Agg")
from matplotlib import pyplot as plt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))  # where `lab` is

from benchmarks import capacity
from benchmarks import engines as measured
from benchmarks.engine_programs import ENGINES
from lab import check, engines
from lab.broken import left_undone
from lab.workshop import ours
from sched import plots
from tests.in_a_browser import printed_in_a_browser
from tests.test_notebook_rules import NOTEBOOKS

untyped: Any = left_undone
STORED = measured.read(engines.RESULTS)


@pytest.fixture(autouse=True)
def no_picture_is_left() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[measured.EngineRun]:
    """Other results than those that are stored: every figure another one."""
    runs = [
        replace(run, worst=n, displaced=n, lost=10 * n, again_ms=inf, per_second=1000.0 - n)
        for n, run in enumerate(STORED)
    ]
    monkeypatch.setattr(measured, "read", lambda _: runs)
    return runs


def overtaken(log: engines.Log) -> int:
    count: Any = ours(check.overtaken)
    return int(count(log, "payment"))


# --- the stored run -------------------------------------------------------------------------------


def test_the_choice_that_is_nearest_as_a_factor_is_what_happened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speeds = {engines.THREADS: 1000.0, engines.DASK: 310.0, engines.CHUNKS: 320.0}
    runs = [replace(run, per_second=speeds.get(run.engine, 1.0)) for run in STORED]
    monkeypatch.setattr(measured, "read", lambda _: runs)
    choices = {"as many": 1.0, "a tenth": 0.1}
    assert engines.nearest(engines.DASK, choices) == "a tenth"
    assert engines.nearest(engines.CHUNKS, choices) == "as many"
    numbers = {"about 100": 100.0, "about 1,000": 1000.0}
    assert engines.nearest(engines.DASK, numbers, beside=None) == "about 100"
    assert engines.nearest(engines.CHUNKS, numbers, beside=None) == "about 1,000"


def test_each_engine_has_its_row_and_each_row_its_engine() -> None:
    assert list(engines.table().index) == list(ENGINES)
    assert list(engines.table([engines.DASK]).index) == [engines.DASK]
    assert engines.run_of(engines.CELERY).engine == engines.CELERY
    with pytest.raises(LookupError, match="there is no 'Kafka' in"):
        engines.run_of("Kafka")


def test_the_table_and_the_picture_say_what_is_stored(results: list[measured.EngineRun]) -> None:
    table, told = engines.table(), plots.describe(engines.draw_engines())
    assert list(table["kill -9: lost"]) == [f"{run.lost}" for run in results]
    assert list(table["tasks/s"]) == ["1,000", *(f"{run.per_second:.0f}" for run in results[1:])]
    assert set(table["again after"]) == {"never"}
    first, *others = results
    named = ", ".join(f"{run.lost} ({run.engine})" for run in others)
    assert f"lost by kill -9, tasks: {named}; 0 elsewhere." in told
    assert (
        f"from {others[-1].per_second:.0f} ({others[-1].engine}) to 1,000 ({first.engine})" in told
    )


def test_nobody_lost_is_said_in_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "read", lambda _: [replace(run, lost=0) for run in STORED])
    assert "lost by kill -9, tasks: 0 everywhere." in plots.describe(engines.draw_engines())


# --- a dispatcher ---------------------------------------------------------------------------------


def test_a_payment_waits_for_what_both_workers_have_in_hand() -> None:
    # Two seconds of each chunk are over when it comes.
    assert [overtaken(engines.chunk_log(chunk)) for chunk in (1, 2, 10, 50)] == [0, 0, 16, 96]


def test_all_are_added_and_all_start_once() -> None:
    log = engines.chunk_log(7, mails=30)
    for what in ("added", "started"):
        names = [name for happened, name, _ in log if happened == what]
        assert len(names) == len(set(names)) == 31


# --- machines -------------------------------------------------------------------------------------


def test_the_machines_of_the_exercise_are_those_of_the_benchmark() -> None:
    assumed = engines.Assumptions()
    table = engines.machines_table(ours(check.machines_needed), assumed)
    crews, rates = capacity.read(engines.RESULTS)
    several = next(design for design in capacity.DESIGNS if design.name == capacity.BROKERS)
    needs = [
        capacity.need(several, rates[capacity.BROKER], load, crews, assumed)
        for load in capacity.LOADS
    ]
    assert list(table["machines"]) == [f"{need.machines:,}" for need in needs]
    assert list(table["brokers"]) == [f"{need.dispatchers:,}" for need in needs]


def test_other_assumptions_need_other_machines_and_stop_elsewhere() -> None:
    few, many = engines.Assumptions(workers=8), engines.Assumptions(workers=800)
    count = ours(check.machines_needed)
    fewer = engines.machines_table(count, many)["machines"]
    assert all(engines.machines_table(count, few)["machines"] != fewer)
    stops = [engines.designs(assumed).loc[capacity.ONE, "stops at"] for assumed in (few, many)]
    assert stops[0] != stops[1]


def test_the_picture_says_where_each_design_stops() -> None:
    told = plots.describe(engines.draw_designs(engines.Assumptions()))
    lines = dict(line.removesuffix(".").split(": ") for line in told.splitlines()[1:])
    assert list(lines) == [design.name for design in capacity.DESIGNS]
    assert lines[capacity.BROKERS] == lines[capacity.SHARDS] == "goes on"
    assert lines[capacity.BROKER].startswith("stops at ")


def test_how_busy_crews_may_be_grows_with_them() -> None:
    told = list(engines.crews_table()["may be busy"])
    assert told[0] == "less than 30% of the time"
    assert told[-1] == "98% or more of the time"
    assert engines.simulated_again()
    assert not engines.simulated_again(tasks=500)


# --- live -----------------------------------------------------------------------------------------


def test_where_there_is_no_dask_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    live = engines.on_dask()
    assert "pip install -c constraints.txt -e '.[dask]'" in capsys.readouterr().out
    assert (live.ran, live.elsewhere, overtaken(live.log)) == (41, True, 0)


# --- the fault ------------------------------------------------------------------------------------


def test_only_what_is_done_out_of_turn_is_lost() -> None:
    assert untyped([]) == untyped(["take", "take", "done backup"]) == []
    assert untyped(["take", "take", "done mail", "done backup", "restart"]) == []
    assert untyped(["take", "take", "done backup", "done mail", "restart"]) == []
    assert untyped(["take", "take", "done backup", "restart"]) == ["mail"]
    assert untyped(["take", "take", "take", "done report", "restart"]) == ["mail", "backup"]


# --- the notebook ---------------------------------------------------------------------------------


def test_notebook_09_runs_where_there_are_no_threads_and_no_processes(tmp_path: Path) -> None:
    printed = printed_in_a_browser(NOTEBOOKS / "09_real_world.ipynb", tmp_path)
    assert "There are no processes here, so no Dask." in printed
    assert "the payment was overtaken by three or more: False" in printed
