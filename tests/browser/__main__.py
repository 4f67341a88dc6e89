"""``make browser``: every notebook in a real JupyterLab. Options of pytest may follow:

make browser ARGS="-k 04_retries --shots=pictures"
"""

import os
import sys

from .chromium import MISSING, executable


def main() -> None:
    if executable() is None:
        sys.exit(f"make browser: {MISSING}")
    pytest = [sys.executable, "-m", "pytest", "tests/browser", "--every-notebook"]
    os.execv(sys.executable, [*pytest, "-v", "--durations=10", *sys.argv[1:]])


if __name__ == "__main__":
    main()
