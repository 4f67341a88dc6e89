"""For pytest: each notebook keeps its score apart, so that what it shows depends on no other."""

import os
from pathlib import Path

import pytest

TOGETHER = os.environ.get("SCHED_PROGRESS")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before the notebook's kernel is started, which takes over the environment."""
    if TOGETHER is not None and item.path.suffix == ".ipynb":
        os.environ["SCHED_PROGRESS"] = str(Path(TOGETHER) / item.path.stem)
