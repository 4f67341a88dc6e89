"""Numbers, times and names as words: short, and the same in every run."""

UNITS = [(10_800.0, 3600.0, "hours"), (900.0, 60.0, "minutes"), (0.0, 1.0, "seconds")]


def number(value: object) -> str:
    """A number as short as it can be said: 2 for 2.0; its end for a long one, where clock
    readings differ.
    """
    if isinstance(value, float):
        text = repr(int(value)) if value.is_integer() else repr(value)
        if "e-" in text and abs(value) >= 1e-9:
            text = f"{value:.9f}".rstrip("0")
    elif isinstance(value, int):
        text = repr(int(value))  # an IntEnum too, in every Python
    else:
        text = one_line(str(value))
    return text if len(text) <= 9 else "…" + text[-8:]


def seconds(value: float) -> str:
    """A time or a duration, to the millisecond, as short as it can be said."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def one_line(text: str) -> str:
    """Without line breaks, tabs and what no font can draw."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def unit_of(span: float) -> tuple[float, str]:
    """How many seconds a unit has in which so long a time can be read, and its name."""
    return next((scale, name) for least, scale, name in UNITS if span >= least)


def duration(span: float) -> str:
    """A time with its unit: ``6 s``, ``3.5 hours``."""
    scale, name = unit_of(span)
    if scale == 1:
        return f"{seconds(span)} s" if span < 10 else f"{seconds(round(span, 1))} s"
    return f"{seconds(round(span / scale, 1))} {name}"


def headed(title: str, verdict: str) -> str:
    title = one_line(title)
    return f"{title}: {verdict[0].lower()}{verdict[1:]}" if title else verdict
