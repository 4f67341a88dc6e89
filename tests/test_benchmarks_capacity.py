"""Capacity: crews against queueing theory, machines by arithmetic, and where each design stops."""

from math import exp, log
from pathlib import Path

import pytest

from benchmarks import crews, results
from benchmarks.__main__ import main
from benchmarks.capacity import (
    BROKER,
    BROKERS,
    DESIGNS,
    FILE,
    ONE,
    SHARDS,
    Assumptions,
    Rate,
    need,
    stops_at,
    workers_for,
)
from benchmarks.crews import Crew, busiest

# Of a crew of any size, at each load, what 95 of 100 tasks wait: made up, and easy to reckon with.
CREWS = [
    Crew(size, busy, 1, wait)
    for size in (1, 100)
    for busy, wait in ((0.5, 10 / size), (0.9, 100 / size))
]
DESIGN = {design.name: design for design in DESIGNS}


def test_one_simulated_worker_makes_tasks_wait_as_theory_says() -> None:
    (one,) = crews.crew(1, 0.5, 40_000)
    # M/M/1: the wait is longer than t with probability busy * exp(-(1 - busy) * t).
    assert one.wait == pytest.approx(log(0.5 / 0.05) / 0.5, rel=0.15)
    assert 0.5 * exp(-0.5 * log(0.5 / 0.05) / 0.5) == pytest.approx(0.05)


def test_a_larger_crew_waits_less_at_the_same_load_and_each_waits_more_when_busier() -> None:
    waits = {(n, b): crews.crew(n, b, 4000)[0].wait for n in (1, 10) for b in (0.5, 0.9)}
    assert waits[10, 0.5] < waits[1, 0.5] < waits[1, 0.9]
    assert waits[10, 0.5] < waits[10, 0.9] < waits[1, 0.9]


def test_how_busy_a_crew_may_be_lies_on_straight_lines_between_what_was_simulated() -> None:
    assert busiest(CREWS, 1, 9.0) == 0.0  # even the lightest load waits longer
    assert busiest(CREWS, 1, 10.0) == 0.5
    assert busiest(CREWS, 1, 55.0) == pytest.approx(0.7)
    assert busiest(CREWS, 1, 1000.0) == 0.9  # no more than was simulated
    assert busiest(CREWS, 99, 55.0) == pytest.approx(0.7)  # the smaller crew answers
    assert busiest(CREWS, 100, 1.0) == 0.9


def test_so_many_workers_that_they_are_not_too_busy() -> None:
    assumed = Assumptions(seconds=1.0, wait=1.0)
    assert workers_for(900, CREWS, assumed) == 1000
    assert workers_for(90, CREWS, assumed) == 100
    # Half of what a worker does is the design's own.
    assert workers_for(450, CREWS, Assumptions(seconds=1.0, wait=2.0), overhead=1.0) == 1000


def test_machines_are_those_of_workers_and_dispatchers() -> None:
    assumed = Assumptions(seconds=1.0, wait=1.0, workers=10, headroom=0.5)
    rate = Rate("any", 400.0, 0.0, "")
    assert need(DESIGN[BROKER], rate, 180, CREWS, assumed).machines == 20 + 1
    assert need(DESIGN[BROKERS], rate, 900, CREWS, assumed).machines == 100 + 5
    # One file on each machine: as many machines as workers need, or as files do.
    assert need(DESIGN[SHARDS], rate, 900, CREWS, assumed).machines == 100
    assert need(DESIGN[SHARDS], Rate("", 4.0, 0, ""), 900, CREWS, assumed).machines == 450


def test_a_design_stops_at_its_dispatcher_or_at_its_machine() -> None:
    assumed = Assumptions(seconds=1.0, wait=1.0, workers=1000, headroom=0.5)
    slow, fast = Rate("", 400.0, 0.0, ""), Rate("", 1e9, 0.0, "")
    stopped = need(DESIGN[ONE], slow, 900, CREWS, assumed)
    assert (stopped.machines, stopped.stops) == (None, "its dispatcher passes on 200 a second")
    assert stops_at(DESIGN[ONE], slow, CREWS, assumed) == pytest.approx(200, rel=0.02)
    stopped = need(DESIGN[FILE], fast, 1800, CREWS, assumed)
    assert (stopped.machines, stopped.stops) == (None, "one machine has 1000 workers")
    assert stops_at(DESIGN[FILE], fast, CREWS, assumed) == pytest.approx(900, rel=0.02)
    for unlimited in (SHARDS, BROKERS):
        assert stops_at(DESIGN[unlimited], slow, CREWS, assumed) is None


@pytest.mark.parametrize("name", ["seconds", "wait", "workers", "headroom"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_what_cannot_be_assumed_is_named(name: str, value: float) -> None:
    with pytest.raises((TypeError, ValueError), match=f"{name} must be .* got {value}"):
        Assumptions(**{name: value})


def test_a_dispatcher_is_not_planned_with_more_than_was_measured() -> None:
    assert Assumptions(headroom=1).headroom == 1
    with pytest.raises(ValueError, match=r"headroom must be above 0 and at most 1, got 1\.1"):
        Assumptions(headroom=1.1)


def test_the_command_measures_stores_prints_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["capacity", "--quick", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert FILE in shown and SHARDS in shown and "10,000,000/s" in shown
    assert "seconds 0.01" in shown
    assert (tmp_path / "capacity.png").stat().st_size > 10_000
    rates = results.read_rows(tmp_path / "capacity_rates.csv", Rate)
    assert [rate.design for rate in rates] == [FILE] and rates[0].per_second > 0
    # Other assumptions, of what is stored.
    assert main(["capacity", "--stored", "--seconds", "5", "--out", str(tmp_path)]) == 0
    assert "seconds 5" in capsys.readouterr().out


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity", "--stored", "--out", str(tmp_path)]) == 1
    assert "run it without --stored" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["capacity", "--wait", "-1", "--out", str(tmp_path)])
    assert "wait must be a finite" in capsys.readouterr().err
