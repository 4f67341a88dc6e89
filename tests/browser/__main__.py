"""``make browser``: every notebook in a real JupyterLab, and the site. It takes pytest's options:

make browser ARGS="-k 04_retries --shots=pictures"
"""

import os
import sys

from .chromium import MISSING, executable

PLACES = ("tests/browser/test_in_jupyterlab.py", "tests/browser/site_pages.py")


def main() -> None:
    if executable() is None:
        sys.exit(f"make browser: {MISSING}")
    pytest = [sys.executable, "-m", "pytest", *PLACES, "--every-notebook"]
    os.execv(sys.executable, [*pytest, "-v", "--durations=10", *sys.argv[1:]])


if __name__ == "__main__":
    main()
