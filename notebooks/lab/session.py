"""Which notebook this kernel is running: the one whose ids it has used most."""

import json
import os
import re
from collections import Counter
from pathlib import Path

from .launch import FORM, KEY, RECORD

_used: Counter[str] = Counter()


def used(notebook: str) -> None:
    """Note that something of this notebook ("01") was run."""
    _used[notebook] += 1


def notebook() -> str | None:
    """The number of the notebook that is running, or None if nothing tells.

    Right after a restart nothing was used yet; then JupyterLab's name for the session may tell.
    """
    if _used:
        return _used.most_common(1)[0][0]
    named = re.match(r"\d\d(?!\d)", Path(os.environ.get("JPY_SESSION_NAME", "")).name)
    return named.group() if named else None


def too_old() -> str:
    """What to say to a learner's copy that was made for an older `lab`; nothing to any other.

    The launcher never replaces what a learner has changed, so the `lab` beside it may be newer.
    """
    copy = Path(os.environ.get("JPY_SESSION_NAME", ""))
    if not any((folder / RECORD).exists() for folder in copy.parents):
        return ""
    try:
        form = json.loads(copy.read_bytes())["metadata"].get(KEY)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    if form == FORM:
        return ""
    return (
        "This copy was made for an older lab, and may stop half way. For a fresh one, end\n"
        f'JupyterLab and type: make lab ARGS="--fresh {copy.name[:2]}" (yours is renamed).'
    )
