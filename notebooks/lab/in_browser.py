"""What Python in a browser (Pyodide) has not, as far as the notebooks use it."""

import sys
import time


def settle(platform: str = sys.platform) -> None:
    """Make up for it, before a notebook asks for it. Elsewhere it does nothing.

    The clock of the process stands still there, and a loop that waits for it would never end. The
    kernel has a thread of its own that does nothing else, so another clock says nearly the same.
    """
    if platform == "emscripten":
        time.process_time = time.perf_counter
