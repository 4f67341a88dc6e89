"""What Python in a browser (Pyodide) has not, as far as the notebooks use it.

A cell that needs a thread or a process ends there in one sentence, and so does a cell below that
needs what that one would have made. Notebooks need not know of it.
"""

import ast
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

ELSEWHERE = (
    "Nothing is wrong with it: go on with the next one. "
    "On your own machine, or on Binder, all of them run."
)
STEPWISE = "What threads do can be seen here too, one step at a time: turns(), in notebook 03."


class NotInABrowserError(OSError, RuntimeError):
    """Somebody wants to start a thread or a process. Its sentence is shown, and no traceback.

    It is one of either kind that Python raises then: who expects that goes on as without us.
    """

    def __init__(self, needed: str) -> None:
        super().__init__(
            f"This cell needs {needed}, and Python in a browser has none. {ELSEWHERE}"
            + (f" {STEPWISE}" if needed == "threads" else "")
        )
        self.needed = needed

    def _render_traceback_(self) -> list[str]:
        """Asked by IPython."""
        return [str(self)]


def settle(platform: str = sys.platform) -> None:
    """Make up for it, before a notebook asks for it. Elsewhere it does nothing.

    The clock of the process stands still there, and a loop that waits for it would never end. The
    kernel has a thread of its own that does nothing else, so another clock says nearly the same.
    """
    if platform != "emscripten":
        return
    time.process_time = time.perf_counter
    threading.Thread.start = _refuses("threads")  # type: ignore[method-assign]
    os.fork = _refuses("processes")
    subprocess.Popen.__init__ = _refuses("processes")  # type: ignore[method-assign]
    from IPython import get_ipython

    shell: Any = get_ipython()
    if shell is not None:
        missing = _Missing()
        shell.set_custom_exc((NameError,), missing.show)
        shell.events.register("post_run_cell", missing.note)


def _refuses(needed: str) -> Callable[..., NoReturn]:
    def refuse(*_: object) -> NoReturn:
        raise NotInABrowserError(needed)

    return refuse


class _Missing:
    """The names that cells would have made, and what they needed."""

    def __init__(self) -> None:
        self.needed: dict[str, str] = {}

    def note(self, ran: Any) -> None:
        """A cell has run."""
        needed = self._needed(ran.error_in_exec)
        if needed:
            self.needed.update(dict.fromkeys(_made_in(ran.info.raw_cell), needed))

    def show(
        self, shell: Any, kind: type, error: NameError, trace: Any, tb_offset: int | None = None
    ) -> None:
        """Show an error, as IPython does; of a name that could not be made, one sentence."""
        needed = self._needed(error)
        if needed:
            said = f"This cell needs {error.name}, of a cell above that needs {needed}. {ELSEWHERE}"
            error._render_traceback_ = lambda: [said]  # type: ignore[attr-defined]
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)

    def _needed(self, error: BaseException | None) -> str:
        if isinstance(error, NotInABrowserError):
            return error.needed
        return self.needed.get(error.name or "", "") if isinstance(error, NameError) else ""


def _made_in(source: str) -> set[str]:
    """The names that a cell makes for the cells below it."""
    found: set[str] = set()
    waiting: list[ast.AST] = []
    with suppress(SyntaxError):  # it has a command for IPython
        waiting.append(ast.parse(source))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        waiting += ast.iter_child_nodes(node)
    return found
