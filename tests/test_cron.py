"""Lines of cron: the moments they name, on the clocks of a time zone, odd hours included."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sched import HeapScheduler, Scheduler, VirtualClock, cron
from sched.durable import SQLiteScheduler
from sched.schedules import CronLine
from tests.test_recurring import work

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, tz: tzinfo = UTC) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=tz).timestamp()


def moments(line: str, tz: str | tzinfo, start: str, end: str) -> list[str]:
    """What a line names in UTC from one moment to another, as the clocks of its zone show it."""
    schedule, t, found = CronLine(line, tz), at(start), []
    zone = ZoneInfo(tz) if isinstance(tz, str) else tz
    while (t := schedule.after(t)) <= at(end):
        found.append(datetime.fromtimestamp(t, zone).isoformat(" ", "minutes"))
    return found


def test_a_line_names_its_moments(s: Scheduler, clock: VirtualClock) -> None:
    series = cron(s, "*/5 * * * *", priority=1, task_name="sync")
    assert series.next_run == 1200.0
    assert [due for due, _ in work(s, clock, 2000, seconds=20)] == [1200.0, 1500.0, 1800.0]
    clock.advance(10_000)
    ran = work(s, clock, clock.now() + 300)
    assert [due for due, _ in ran] == [2100.0, 12300.0]
    assert repr(series) == "<Recurring 'sync': cron '*/5 * * * *' UTC>"


def test_a_line_runs_on_the_clocks_of_its_zone() -> None:
    s = HeapScheduler(clock=VirtualClock(at("2026-06-01 00:00")))
    series = cron(s, "0 9 * * mon-fri", "America/New_York", priority=1, task_name="report")
    assert series.next_run == at("2026-06-01 13:00")
    series = cron(s, "0 9 * * mon-fri", BERLIN, priority=1, task_name="report")
    assert series.next_run == at("2026-06-01 07:00")  # the other one is replaced
    assert len(s) == 1
    fixed = timezone(timedelta(hours=5, minutes=45))
    assert cron(s, "0 9 * * *", fixed, priority=1, task_name="n").next_run == at("2026-06-01 03:15")


def test_a_time_in_the_hour_that_is_left_out_comes_right_after_it() -> None:
    around = "2026-03-28 12:00", "2026-03-30 12:00"
    assert moments("30 2 * * *", "Europe/Berlin", *around) == [
        "2026-03-29 03:00+02:00",
        "2026-03-30 02:30+02:00",
    ]
    assert moments("15,45 2 * * *", "Europe/Berlin", *around)[:2] == [
        "2026-03-29 03:00+02:00",  # once, not twice
        "2026-03-30 02:15+02:00",
    ]
    night = "2026-03-29 00:20", "2026-03-29 01:20"
    assert moments("*/20 * * * *", "Europe/Berlin", *night) == [
        "2026-03-29 01:40+01:00",
        "2026-03-29 03:00+02:00",
        "2026-03-29 03:20+02:00",
    ]


def test_a_time_that_comes_twice_is_taken_once_and_an_interval_goes_on() -> None:
    around = "2026-10-24 12:00", "2026-10-26 12:00"
    assert moments("30 2 * * *", "Europe/Berlin", *around) == [
        "2026-10-25 02:30+02:00",
        "2026-10-26 02:30+01:00",
    ]
    night = "2026-10-24 23:59", "2026-10-25 02:00"
    assert moments("0 * * * *", "Europe/Berlin", *night) == [
        "2026-10-25 02:00+02:00",
        "2026-10-25 02:00+01:00",
        "2026-10-25 03:00+01:00",
    ]
    assert moments("*/30 2 * * *", "Europe/Berlin", *night) == [
        "2026-10-25 02:00+02:00",
        "2026-10-25 02:30+02:00",
        "2026-10-25 02:00+01:00",
        "2026-10-25 02:30+01:00",
    ]


def test_from_within_the_hour_that_comes_twice_nothing_comes_before() -> None:
    second = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=1).timestamp()
    line = CronLine("30 2 * * *", BERLIN)
    assert line.after(second) == at("2026-10-26 02:30", BERLIN)
    assert line.after(second - 3600) == second - 3600 + 20 * 60


def test_a_night_on_which_midnight_is_left_out_has_its_run() -> None:
    around = "2024-04-25 12:00", "2024-04-27 12:00"  # Cairo: at 0:00 it is 1:00
    assert moments("0 0 * * *", "Africa/Cairo", *around) == [
        "2024-04-26 01:00+03:00",
        "2024-04-27 00:00+03:00",
    ]


# Lines whose moments are easily told from the clock: minutes and hours, with the day as it comes.
LINES: dict[str, tuple[set[int], set[int]]] = {
    "* * * * *": ({*range(60)}, {*range(24)}),
    "*/7 * * * *": ({*range(0, 60, 7)}, {*range(24)}),
    "0,30 8-17 * * *": ({0, 30}, {*range(8, 18)}),
    "59 23 * * *": ({59}, {23}),
    "13 */5 * * *": ({13}, {*range(0, 24, 5)}),
}


@given(line=st.sampled_from(sorted(LINES)), t=st.floats(0, 4e9))
def test_the_next_moment_is_what_looking_at_each_minute_finds(line: str, t: float) -> None:
    minutes, hours = LINES[line]
    moment = t // 60 * 60 + 60
    while not ((moment // 60) % 60 in minutes and (moment // 3600) % 24 in hours):
        moment += 60
    assert CronLine(line, "UTC").after(t) == moment


@given(
    line=st.sampled_from(
        [*sorted(LINES), "30 2 * * *", "0 0 * * *", "15 1,2,3 * * sun", "0 0 L * *"]
    ),
    tz=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kolkata"]
    ),
    t=st.floats(1.6e9, 1.9e9),
)
# Ten minutes into the hour when it comes for the second time.
@example(line="30 2 * * *", tz="Europe/Berlin", t=1761441000.0)
def test_time_never_goes_back_in_any_zone(line: str, tz: str, t: float) -> None:
    schedule, zone = CronLine(line, tz), ZoneInfo(tz)
    first = schedule.after(t)
    assert first > t
    assert schedule.after(first) > first
    assert schedule.after((t + first) / 2) == first  # nothing lies between
    shown = datetime.fromtimestamp(first, zone)
    if (
        line in LINES
        and shown.utcoffset() == datetime.fromtimestamp(first - 7200, zone).utcoffset()
    ):
        minutes, hours = LINES[line]
        assert shown.minute in minutes and shown.hour in hours


@pytest.mark.parametrize(
    ("line", "tz", "error", "message"),
    [
        ("61 * * * *", "UTC", ValueError, "line must be a line of cron, got '61 .*': Bad minute"),
        ("* * *", "UTC", ValueError, r"line must have the five fields of cron, got '\* \* \*'"),
        ("0 * * * * *", "UTC", ValueError, r"line must have the five fields of cron, got '0 "),
        ("1-x * * * *", "UTC", ValueError, "line must be a line of cron, got '1-x .*': Bad minute"),
        ("", "UTC", ValueError, "line must not be empty"),
        ("@daily", "UTC", ValueError, "line must have the five fields .* got '@daily'"),
        (5, "UTC", TypeError, "line must be a str, a line of cron, got 5"),
        ("0 0 31 2 *", "UTC", ValueError, "line must .*got '0 0 31 2"),
        ("0 0 * 2 mon#5", "UTC", ValueError, None),
        ("* * * * *", "Mars/Olympus", ValueError, "tz must be a time zone .*got 'Mars/Olympus'"),
        ("* * * * *", "Europe", ValueError, "tz must be a time zone .*got 'Europe'"),
        ("* * * * *", "../etc", ValueError, "tz must be a time zone .*got '../etc'"),
        ("* * * * *", "", ValueError, "tz must not be empty"),
        ("* * * * *", 2, TypeError, "tz must be the name of a time zone or a tzinfo, got 2"),
    ],
)
def test_a_bad_line_or_zone_is_named(line: Any, tz: Any, error: Any, message: str | None) -> None:
    s = HeapScheduler()
    if message is None:  # rare, and right
        assert cron(s, line, tz, priority=1, task_name="a").next_run is not None
        return
    with pytest.raises(error, match=message):
        cron(s, line, tz, priority=1, task_name="a")
    assert len(s) == 0


def test_a_zone_that_would_be_wrong_without_a_word_is_refused() -> None:
    class Pytz(ZoneInfo):
        def localize(self, moment: datetime) -> datetime:
            return moment.replace(tzinfo=self)

    with pytest.raises(ValueError, match="tz must be a zoneinfo.ZoneInfo or a name"):
        cron(HeapScheduler(), "* * * * *", Pytz("UTC"), priority=1, task_name="a")


def test_a_scheduler_is_asked_for_before_the_line() -> None:
    with pytest.raises(TypeError, match="scheduler must be a Scheduler, got None"):
        cron(None, "* * * * *", priority=1, task_name="a")


def test_a_changed_line_takes_the_pending_run_to_its_own_time(clock: VirtualClock) -> None:
    s = HeapScheduler(clock=clock)
    cron(s, "*/5 * * * *", priority=1, task_name="sync")
    assert cron(s, "*/10 * * * *", priority=1, task_name="sync", key=None).next_run == 1200.0
    assert cron(s, "*/30 * * * *", priority=1, task_name="sync").next_run == 1800.0
    assert len(s) == 1


def test_a_run_missed_while_the_program_was_down_is_made_up_for_once(tmp_path: Any) -> None:
    clock = VirtualClock(at("2026-06-01 12:00"))
    path = tmp_path / "tasks.db"
    with SQLiteScheduler(path, clock=clock) as s:
        cron(s, "0 3 * * *", "Europe/Berlin", priority=1, task_name="back up")
    clock.advance_to(at("2026-06-04 08:30", BERLIN))
    with SQLiteScheduler(path, clock=clock) as s:
        series = cron(s, "0 3 * * *", "Europe/Berlin", priority=1, task_name="back up")
        assert len(work(s, clock, clock.now())) == 1
        assert series.next_run == at("2026-06-05 03:00", BERLIN)


def test_cronsim_is_needed_for_cron_alone_and_asked_for_by_name() -> None:
    code = """if True:
        import sys
        sys.modules["cronsim"] = None  # as if it were not installed
        from sched import HeapScheduler, cron, every
        s = HeapScheduler()
        every(s, 60, priority=1, task_name="a")
        try:
            cron(s, "* * * * *", priority=1, task_name="b")
        except ImportError as error:
            print(error)
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'priority-sched[cron]'" in run.stdout
