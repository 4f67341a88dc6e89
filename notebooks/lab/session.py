"""Which notebook this kernel is running: the one whose ids it has used most."""

import os
import re
from collections import Counter
from pathlib import Path

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
