"""A table keeps its columns and its lines, whatever a user has named a task."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sched import HeapScheduler, Priority, VirtualClock
from sched.simulation import simulate
from sched.table import columns, counted, html_table, text_table, visible

ROWS = [["name", "n"], ["Mail", "3"], ["支払い", "12"]]


@pytest.mark.parametrize(
    ("n", "words"), [(0, "0 tasks"), (1, "1 task"), (2, "2 tasks"), (1200, "1,200 tasks")]
)
def test_one_thing_is_counted_in_the_singular(n: int, words: str) -> None:
    assert counted(n, "task") == words


def test_an_irregular_plural_is_given() -> None:
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(3, "entry", "entries") == "3 entries"


def test_columns_of_text_start_and_numbers_end_in_one_column_of_the_terminal() -> None:
    assert text_table(ROWS, left=[0]).splitlines() == [
        "name     n",
        "Mail     3",
        "支払い  12",
    ]


def test_a_ruled_table_has_dashes_as_wide_as_each_column() -> None:
    assert text_table(ROWS, left=[0], ruled=True).splitlines()[1] == "------  --"


def test_an_html_table_names_its_headings_and_escapes_its_cells() -> None:
    assert html_table([["id", "name"], ["1", "<b>&\n"]], left=[1]).splitlines() == [
        "<table>",
        (
            '<thead><tr><th scope="col">id</th>'
            '<th scope="col" style="text-align: left">name</th></tr></thead>'
        ),
        "<tbody>",
        '<tr><td>1</td><td style="text-align: left">&lt;b&gt;&amp;\\n</td></tr>',
        "</tbody>",
        "</table>",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Mail", "Mail"),
        ("two\nlines\r\t", "two\\nlines\\r\\t"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("\u2028and\u2029", "\\u2028and\\u2029"),
        ("\u202efdp.exe", "\\u202efdp.exe"),
        ("\ud800", "\\ud800"),
        (
            "Größe, 支払い, naïve, שלום, 👩\u200d🚀, a\u00a0b",
            "Größe, 支払い, naïve, שלום, 👩\u200d🚀, a\u00a0b",
        ),
    ],
)
def test_what_a_terminal_acts_on_is_escaped_and_ordinary_letters_are_kept(
    text: str, shown: str
) -> None:
    assert visible(text) == shown


@given(st.text(max_size=30))
def test_no_text_breaks_a_line_or_reaches_the_terminal(text: str) -> None:
    cell = visible(text)
    assert len(cell.splitlines()) <= 1
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in cell)
    assert len(text_table([["name"], [text]], left=[0]).split("\n")) == 2


@pytest.mark.parametrize(("text", "wide"), [("Mail", 4), ("支払い", 6), ("e\u0301", 1), ("", 0)])
def test_the_width_of_a_text_is_that_on_a_terminal(text: str, wide: int) -> None:
    assert columns(text) == wide


# --- the tables made of it ------------------------------------------------------------------------


def test_a_name_with_line_breaks_and_codes_stays_in_its_row() -> None:
    scheduler = HeapScheduler(clock=VirtualClock())
    scheduler.add_task(1, "Mail\n2 1 ready Pay\x1b[31m")
    assert repr(scheduler.pending_tasks()).splitlines() == [
        "1 pending task",
        "id  priority  due    name",
        " 1         1  ready  Mail\\n2 1 ready Pay\\x1b[31m",
    ]
    assert "Mail\\n2" in scheduler.pending_tasks()._repr_html_()
    timeline = simulate(scheduler, failure_rate=lambda task, random: "a\nb")
    assert repr(timeline).splitlines()[2] == (
        "0.000  1.000       1         1  Mail\\n2 1 ready Pay\\x1b[31m        1  failed   a\\nb"
    )


@pytest.mark.parametrize(
    ("priority", "shown"),
    [
        (2, "2"),
        (2.0, "2"),
        (Priority.HIGH, "2"),
        (0.1, "0.1"),
        (1.0000001, "1.0000001"),
        (12345678, "12345678"),
        (1732579200.25, "1732579200.25"),
        (-1e-300, "-1e-300"),
    ],
)
def test_the_table_of_a_timeline_rounds_no_priority(priority: float, shown: str) -> None:
    scheduler = HeapScheduler(clock=VirtualClock())
    scheduler.add_task(priority, "t")
    assert repr(simulate(scheduler)).splitlines()[2].split()[3] == shown
