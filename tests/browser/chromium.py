"""The system's Chromium (Debian: the package chromium), as playwright drives it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "no Chromium here for the browser tests; on Debian and Ubuntu: apt install chromium"
FLAGS = [
    "--disable-dev-shm-usage",  # in a container, shared memory is small
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
]


def executable() -> str | None:
    """Where the browser is; None if there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser without a window, which ends with the block. Raises LookupError without one."""
    found = executable()
    if found is None:
        raise LookupError(MISSING)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield running
        finally:
            running.close()
