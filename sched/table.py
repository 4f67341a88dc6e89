"""Rows of text as a table: in columns for a terminal, and as HTML for a notebook.

The first row is the head. A cell may be what a user named a task: a line break or a terminal's code
in it is shown as ``\\n`` or ``\\x1b`` and does nothing. O(number of cells).
"""

from collections.abc import Collection, Sequence

# These turn the direction of writing: what is read is then not what is there.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def counted(n: int, thing: str, plural: str = "") -> str:
    """A number and what is counted: ``1 task``, ``1,200 tasks``, ``2 entries``."""
    return f"{n:,} {thing if n == 1 else plural or thing + 's'}"


def duration(seconds: float) -> str:
    """Seconds as a person says them: 3 s, 2.5 min, 4 h, 10 d."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            count = seconds / size
            return f"{count:,.0f} {unit}" if 1000 <= count < 1e9 else f"{count:.3g} {unit}"
    return f"{seconds:.3g} s"


def text_table(
    rows: Sequence[Sequence[str]], left: Collection[int] = (), *, ruled: bool = False
) -> str:
    """Rows in columns, two spaces apart. left: the columns that are not aligned to the right.

    ruled: whether a line of dashes stands below the head of each column.
    """
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(columns, column)) for column in zip(*shown, strict=True)]
    if ruled:
        shown.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(
            cell + " " * (width - columns(cell))
            if i in left
            else " " * (width - columns(cell)) + cell
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    )


def html_table(rows: Sequence[Sequence[str]], left: Collection[int] = ()) -> str:
    """The same as HTML. The scope tells a screen reader which cells are headings."""
    from html import escape  # here: it takes 3 ms that import sched need not wait for

    def line(row: Sequence[str], tag: str) -> str:
        cells: list[str] = []
        for i, cell in enumerate(row):
            scope = ' scope="col"' if tag == "th" else ""
            side = ' style="text-align: left"' if i in left else ""  # JupyterLab has them right
            cells.append(f"<{tag}{scope}{side}>{escape(visible(cell))}</{tag}>")
        return f"<tr>{''.join(cells)}</tr>"

    head, *body = rows
    lines = "\n".join(line(row, "td") for row in body)
    return f"<table>\n<thead>{line(head, 'th')}</thead>\n<tbody>\n{lines}\n</tbody>\n</table>"


def visible(text: str) -> str:
    """The text with each control character, line break and change of direction as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char.encode("unicode_escape").decode() if _acts(char) else char for char in text)


def _acts(char: str) -> bool:
    """Whether a terminal does something with a character, instead of showing it."""
    import unicodedata

    return unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in _DIRECTIONS


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: two for a Chinese character, none for an accent
    that is combined with the letter before it.
    """
    if text.isascii():
        return len(text)
    import unicodedata

    wide = sum(unicodedata.east_asian_width(char) in ("W", "F") for char in text)
    return len(text) + wide - sum(unicodedata.category(char) in ("Mn", "Me", "Cf") for char in text)
