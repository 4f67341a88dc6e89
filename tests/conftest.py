"""Fixtures: a scheduler of each kind, and a clock that moves only when told."""

import gc
import signal

import pytest
from hypothesis import HealthCheck, Phase, settings

from sched import Scheduler, VirtualClock
from tests.schedulers import SCHEDULERS

# How long an example takes, or is drawn for, is the machine's affair: no test asserts a speed.
settings.register_profile("sched", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# For code that is broken on purpose: the same examples in each run, so many that what is noticed at
# all is noticed always, and none spent on finding the simplest.
settings.register_profile(
    "mutants",
    settings.get_profile("sched"),
    database=None,
    derandomize=True,
    max_examples=1_000,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("sched")

# A shell has the jobs that it starts in the background ignore Ctrl-C, and what they start ignores
# it too. Some tests send it to a process of theirs, which must not depend on how they were started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=SCHEDULERS, ids=lambda cls: cls.__name__)
def scheduler_class(request: pytest.FixtureRequest) -> type[Scheduler]:
    return request.param


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1000.0)


@pytest.fixture
def s(scheduler_class: type[Scheduler], clock: VirtualClock) -> Scheduler:
    return scheduler_class(clock=clock)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is there now stays: a collection of garbage need not look through ten thousand tests."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--machine-examples",
        type=int,
        default=30,
        help="how many runs of the state machine for each scheduler and clock",
    )
    parser.addoption(
        "--cancel-cycles",
        type=int,
        default=2_000,
        help="how many tasks are added and cancelled while the memory must stay flat",
    )
    parser.addoption(
        "--every-instant",
        action="store_true",
        help="interrupt every method at every instant, in each state of every scheduler",
    )
    parser.addoption(
        "--forks", type=int, default=20, help="how often a busy program forks in its test"
    )
    parser.addoption(
        "--every-heading",
        action="store_true",
        help="run each notebook again from each of its headings, and the deeper ones too",
    )
    parser.addoption(
        "--every-answer",
        action="store_true",
        help="run the notebooks with each right answer in turn, and the deeper ones too",
    )
    parser.addoption(
        "--sigterms",
        type=int,
        default=2,
        help="how often a program under load is told to end, for each executor",
    )
    parser.addoption(
        "--every-notebook",
        action="store_true",
        help="open every notebook in JupyterLab, not only three of them",
    )
    parser.addoption(
        "--shots", default="", help="a folder for pictures of each notebook in JupyterLab"
    )
    parser.addoption(
        "--built", default="", help="a site that `make lite` made, to be tried instead of a new one"
    )
    parser.addoption(
        "--kills", type=int, default=20, help="how often the owner of a durable queue is killed"
    )
    parser.addoption(
        "--cuts", type=int, default=20, help="how often the power of a durable queue is cut"
    )
    parser.addoption(
        "--simulated-seeds", type=int, default=1, help="how many times as many seeds are simulated"
    )
    parser.addoption("--simulated-first", type=int, default=0, help="the first of the seeds")
    parser.addoption(
        "--fuzz-rounds",
        type=int,
        default=1,
        help="how many pools of processes have things done to them at random",
    )
    parser.addoption("--fuzz-first", type=int, default=0, help="the first of their seeds")
