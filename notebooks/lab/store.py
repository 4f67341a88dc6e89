"""Runs notebooks and stores their outputs, as they are to be stored: with nothing answered.

    python notebooks/lab/store.py notebooks/01_core_scheduler.ipynb

The run has a progress folder of its own. Buttons are left out: in what is stored they are dead.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.launch import keep_no_dead_widgets


def store(path: Path) -> None:
    """Run one notebook where it is, and write it back."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as progress:
        os.environ["SCHED_PROGRESS"] = progress
        client = NotebookClient(
            notebook, timeout=600, resources={"metadata": {"path": path.parent}}
        )
        # No times of day: what is stored changes only with what is shown.
        client.record_timing = False
        client.execute()
    notebook.metadata.pop("widgets", None)
    keep_no_dead_widgets({"type": "notebook", "content": notebook})
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def main() -> int:
    """Store each notebook that is named."""
    for name in sys.argv[1:]:
        store(Path(name).resolve())
        print(f"stored: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
