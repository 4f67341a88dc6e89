"""Run inside Pyodide: the conformance suite, by pytest, against the installed package.

Pyodide's core has no numpy and starts no threads. A test that asks for either is skipped and says
so; any other failure is one.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from unittest.mock import MagicMock

sys.path += ["/packages", "/suite"]
sys.dont_write_bytecode = True  # what is in /suite belongs to another Python

import _sched_first  # noqa: E402
import pytest  # noqa: E402

SUITE = "/suite/tests/test_conformance.py"
ABSENT = ["hypothesis", "numpy", "pandas"]


class Absent(ModuleType):
    """Can be imported at the head of a test file; whoever uses it learns that it is not there."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)  # pytest looks at what a file imports
        raise ModuleNotFoundError(f"no {self.__name__} here", name=self.__name__)


class Here:
    """What pytest has to know about this place; counts how the tests end."""

    def __init__(self) -> None:
        self.ends: Counter[str] = Counter()
        sys.modules.update({name: Absent(name) for name in ABSENT})
        # conftest.py sets hypothesis up, for tests that are not in this suite.
        sys.modules["hypothesis"] = MagicMock()

    def pytest_collection_finish(self) -> None:
        for name in ABSENT:  # pytest itself would take it for the real one
            del sys.modules[name]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        try:
            return (yield)
        except ModuleNotFoundError as error:
            if error.name not in ABSENT:
                raise
            pytest.skip(f"needs {error.name}")
        except RuntimeError as error:
            if str(error) != "can't start new thread":
                raise
            pytest.skip("needs threads")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            self.ends[report.outcome] += 1


_sched_first.install()
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
here = Here()
status = pytest.main(
    # By itself pytest catches prints in a deleted file, of which older Pyodides lose sight.
    ["-q", "-rs", "-Werror", "-pno:cacheprovider", "--capture=sys", "--rootdir=/suite", SUITE],
    [here],
)
if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
    raise SystemExit(f"pytest ended with {status!r}")
print(json.dumps(here.ends))
