"""Plain values: those that JSON gives back as they were.

JSON turns a tuple into a list and the key 1 into "1", writes NaN, which is no JSON, and lets a lone
surrogate pass, which no file can hold. A task whose arguments have changed on the way through a
file is a mistake that shows days later, so all of that is refused when the task is added.
"""

import json
import math
from typing import Any

from sched.arguments import class_name, shown

DEEPEST = 200  # lists and dicts inside each other; json itself gives up at about 1000
KNOWN = (str, int, float, list, dict)


def as_plain(value: Any, argument: str) -> Any:
    """A copy of a value that JSON gives back as it was. O(its size).

    Raises TypeError or ValueError that names the argument, and where in it the fault is."""
    found = _flaw(value, argument, 0)
    if found is not None:
        where, part, why = found
        where = where if len(where) < 80 else f"{where[:70]}..."
        kind = ValueError if issubclass(type(part), KNOWN) else TypeError
        raise kind(f"{where} must come back from JSON as it was, got {shown(part)}: {why}")
    return copied(value)


def copied(value: Any) -> Any:
    """A copy of a value that is plain. O(its size)."""
    return json.loads(to_json(value))


def to_json(value: Any) -> str:
    """As short as can be. O(its size)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def is_plain(value: Any) -> bool:
    """Whether JSON gives it back as it was. O(its size)."""
    return _flaw(value, "", 0) is None


def as_text(value: str) -> str:
    """A text that a file can hold: lone surrogates become escapes. O(its length)."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def text_flaw(value: str) -> str | None:
    """Why a file cannot hold a text, if it cannot. O(its length)."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return "it has a lone surrogate"
    return None


def _flaw(value: Any, where: str, depth: int) -> tuple[str, Any, str] | None:
    """Where the first fault is, what stands there, and why it is one."""
    kind = type(value)
    if value is None or kind is bool:
        return None
    if kind is str:
        why = text_flaw(value)
        return None if why is None else (where, value, why)
    if kind is int:
        # More digits than Python converts by default, for fear of an attack, are not read back.
        return None if value.bit_length() < 14_000 else (where, value, "it has too many digits")
    if kind is float:
        return None if math.isfinite(value) else (where, value, "JSON has no such number")
    if kind not in (list, dict):
        # By its type: what a value says of itself (a weakref.proxy, say) is user code.
        known = next((each for each in KNOWN if issubclass(kind, each)), None)
        why = f"JSON knows no {class_name(value)}"
        if known is not None:
            why = f"it would come back as a plain {known.__name__}"
        elif kind is tuple:
            why = "it would come back as a list"
        return where, value, why
    if depth == DEEPEST:
        return where, value, "it goes too deep, or contains itself"
    if kind is list:
        for i, each in enumerate(value):
            if (found := _flaw(each, f"{where}[{i}]", depth + 1)) is not None:
                return found
        return None
    for key, each in value.items():
        if type(key) is not str:
            return where, key, f"as a key it would come back as a str, not as {class_name(key)}"
        if (why := text_flaw(key)) is not None:
            return where, key, why
        if (found := _flaw(each, f"{where}[{key!r}]", depth + 1)) is not None:
            return found
    return None
