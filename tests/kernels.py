"""Runs a learner's copy of a notebook in a kernel: any cell, in any order, any number of times.

What is compared is what nbval compares: text, after tests/nbval_sanitize.cfg, and no pictures.
"""

import configparser
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

from lab.launch import copy_notebooks
from tests.test_notebook_rules import NOTEBOOKS, tags
from tests.transport import transport

PATIENCE = 300  # seconds for one cell, on a machine that may be busy with other things
NOT_COMPARED = ("nbval-ignore-output", "nbval-skip")

Shown: TypeAlias = list[tuple[str, str]]  # what a cell shows: kind and text


class Kernel:
    """A kernel that stands in the folder of a notebook."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = client
        self._ran = 0

    def run(self, cell: NotebookNode) -> list[NotebookNode]:
        """Run one cell and return its outputs; raises TimeoutError if it hangs."""
        one = nbformat.v4.new_code_cell(cell.source)
        self._client.nb.cells = [one]
        self._ran += 1
        try:
            self._client.execute_cell(one, 0, execution_count=self._ran)
        except (CellTimeoutError, DeadKernelError) as error:
            raise TimeoutError(f"{type(error).__name__}: it hangs, or ends the kernel") from None
        return list(one.outputs)


@contextmanager
def kernel(folder: Path, progress: Path, patience: float = PATIENCE) -> Iterator[Kernel]:
    """A fresh kernel in this folder, with its own progress folder."""
    client = NotebookClient(
        nbformat.v4.new_notebook(),
        timeout=patience,
        kernel_name="python3",
        allow_errors=True,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        config=Config(KernelManager=transport()),
    )
    environment = {**os.environ, "SCHED_PROGRESS": str(progress)}
    with client.setup_kernel(env=environment):
        yield Kernel(client)


def copies(folder: Path) -> Path:
    """A learner's copies of the notebooks, in a checkout: its `work`."""
    (folder / "benchmarks").symlink_to(NOTEBOOKS.parent / "benchmarks")
    copy_notebooks(NOTEBOOKS, folder / "work")
    return folder / "work"


def where(cell: NotebookNode) -> str:
    return f"cell {str(cell.source).strip().partition(chr(10))[0][:60]!r}"


def is_compared(cell: NotebookNode) -> bool:
    return not set(NOT_COMPARED) & set(tags(cell))


def errors(cell: NotebookNode, outputs: Sequence[NotebookNode]) -> list[str]:
    """The errors that no tag announces, and what went to stderr."""
    found = []
    for output in outputs:
        if output.output_type == "error" and "raises-exception" not in tags(cell):
            found.append(f"{where(cell)} raises {output.ename}: {output.evalue}")
        if output.get("name") == "stderr":
            found.append(f"{where(cell)} writes to stderr: {output.text[:200]}")
    return found


def shown(outputs: Sequence[NotebookNode]) -> Shown:
    """What outputs show, as text that can be compared."""
    found: Shown = []
    for output in outputs:
        if output.output_type == "stream":
            if found and found[-1][0] == output.name:
                found[-1] = (output.name, found[-1][1] + _plain(output.text))
            else:
                found.append((output.name, _plain(output.text)))
        elif output.output_type == "error":
            found.append(("error", _plain(f"{output.ename}: {output.evalue}")))
        else:
            data: dict[str, Any] = output.get("data", {})
            if "application/vnd.jupyter.widget-view+json" in data and "VBox" in str(
                data.get("text/plain")
            ):
                continue  # a slider, which has a new name at each run
            found += [
                (kind, _plain(text)) for kind, text in sorted(data.items()) if kind[:5] == "text/"
            ]
    return found


def difference(one: Shown, other: Shown) -> str:
    """Where two outputs part; "" if they are the same."""
    first = [(kind, line) for kind, text in one for line in text.splitlines()]
    second = [(kind, line) for kind, text in other for line in text.splitlines()]
    for number in range(max(len(first), len(second))):
        a = first[number][1] if number < len(first) else "nothing more"
        b = second[number][1] if number < len(second) else "nothing more"
        if first[number : number + 1] != second[number : number + 1]:
            return f"{a!r}, and then {b!r}"
    return ""


def _plain(text: Any) -> str:
    whole = "".join(text)
    for pattern, new in SANITIZERS:
        whole = re.sub(pattern, new, whole)
    return whole


def _sanitizers() -> list[tuple[str, str]]:
    parser = configparser.RawConfigParser()
    parser.read(Path(__file__).with_name("nbval_sanitize.cfg"), encoding="utf-8")
    return [(parser[name]["regex"], parser[name]["replace"]) for name in parser.sections()]


SANITIZERS = _sanitizers()
