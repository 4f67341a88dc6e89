"""For pytest: each notebook keeps its score apart, so that what it shows depends on no other."""

import os
from pathlib import Path
from typing import Any

import nbval.kernel
import pytest
from jupyter_client.manager import KernelManager

from tests.transport import transport


def manager(**options: Any) -> KernelManager:
    return KernelManager(**transport(), **options)


nbval.kernel.KernelManager = manager

TOGETHER = os.environ.get("SCHED_PROGRESS")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before the notebook's kernel is started, which takes over the environment."""
    if TOGETHER is not None and item.path.suffix == ".ipynb":
        os.environ["SCHED_PROGRESS"] = str(Path(TOGETHER) / item.path.stem)
