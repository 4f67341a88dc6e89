"""Puts the package `sched` ahead of the standard library's module of the same name.

Python looks for a module along `sys.path`, where the standard library comes before site-packages.
An installed package that shares a name with a standard module is therefore never found.
This file is installed next to the package, with two files that call `install()` as Python starts:
`sched-first.pth` (read by every Python before 3.18) and `sched-first.start` (PEP 829, from 3.15).

The one idea: a finder at the head of `sys.meta_path` that answers for one name. For every other
name it costs one comparison of two strings. For `sched` it walks `sys.path` as Python does, but
passes over the standard library's module, and stops at the first package. Where it finds none
it says nothing, and the import goes on as if this file were not there.

Where no such file is read (Pyodide, `python -S`), whoever imports first calls `install()`.

Every Python process of the environment runs this file, so it imports nothing that is not
already loaded by then.
"""

import sys

TYPE_CHECKING = False  # typing's own would cost an import in every process
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

NAME = "sched"

# The standard library's module, if it was imported before `install()` was called: the package
# takes its classes from it, so that none of them exists twice.
standard: "ModuleType | None" = None


class SchedFirst:
    """Finds the package `sched`, although the standard library has a module of that name.

    Invariant: at most one is in `sys.meta_path`.
    """

    def find_spec(
        self,
        fullname: str,
        path: "Sequence[str] | None" = None,  # noqa: ARG002 (part of the protocol)
        target: "ModuleType | None" = None,
    ) -> "ModuleSpec | None":
        """The spec of the first package `sched` on `sys.path`; None for anything else.

        Complexity: O(1) for every other name, O(entries of `sys.path`) for `sched`.
        """
        if fullname != NAME:
            return None
        # importlib.reload(module) passes the module in: the standard one must stay what it is.
        if target is not None and not hasattr(target, "__path__"):
            return None
        from importlib.machinery import PathFinder  # only now: few processes import sched

        passed_over = False
        # One entry at a time, because only PathFinder knows all that may be on the path: "" for
        # the current folder, zip files, relative folders, and what is to be ignored (pathlib.Path).
        for entry in sys.path:
            spec = PathFinder.find_spec(NAME, [entry])
            if spec is None or not spec.has_location:
                continue  # nothing there, or a folder without __init__.py
            if spec.submodule_search_locations is not None:
                return spec
            # os.py is the landmark by which Python itself knows its library.
            if not passed_over and PathFinder.find_spec("os", [entry]) is None:
                return None  # someone's own sched.py, ahead of the library: it was always first
            passed_over = True
        return None


def install() -> None:
    """Put the finder first. Safe to call twice: Python may read both start-up files.

    Something may have imported the standard library's module already: another start-up file, or
    the cell before. Whoever holds it keeps it, and the next `import sched` gives the package.
    Whatever else is imported under this name stays.
    """
    global standard
    if not any(isinstance(finder, SchedFirst) for finder in sys.meta_path):
        sys.meta_path.insert(0, SchedFirst())
    imported = sys.modules.get(NAME)
    if imported is None or not _is_standard(imported):
        return
    if SchedFirst().find_spec(NAME) is not None:
        standard = sys.modules.pop(NAME)


def _is_standard(module: "ModuleType") -> bool:
    """Whether this `sched` is a file beside the library's os.py."""
    from importlib.machinery import PathFinder
    from os.path import dirname

    origin = getattr(module, "__file__", None)
    if origin is None or hasattr(module, "__path__"):
        return False
    return PathFinder.find_spec("os", [dirname(origin)]) is not None
