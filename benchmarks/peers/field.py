"""All who take part, by the names that tables and plots give them, and who is missing."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from benchmarks.peers.installed import JobStore, PriorityDict, Simulated, SortedRows, SortedTuples
from benchmarks.peers.interface import Peer
from benchmarks.peers.ours import OurHeap, OurLevels, OurSortedList
from benchmarks.peers.standard import (
    AppendSortPop,
    LockedQueue,
    RawHeap,
    StandardScheduler,
    Timers,
    TwentyLines,
)
from benchmarks.subjects import HEAP, MULTILEVEL, RAW_HEAP, SORTED_LIST

OURS = (HEAP, MULTILEVEL, SORTED_LIST)
LIMIT = "append, sort, pop"

PEERS: dict[str, type[Peer]] = {
    RAW_HEAP: RawHeap,
    LIMIT: AppendSortPop,
    MULTILEVEL: OurLevels,
    HEAP: OurHeap,
    SORTED_LIST: OurSortedList,
    "20-line scheduler": TwentyLines,
    "queue.PriorityQueue": LockedQueue,
    "sched.scheduler": StandardScheduler,
    "SortedList": SortedTuples,
    "SortedKeyList": SortedRows,
    "asyncio timers": Timers,
    "simpy": Simulated,
    "pqdict": PriorityDict,
    "APScheduler": JobStore,
}


def installed(name: str) -> bool:
    """Whether the package that a peer needs is there."""
    package = PEERS[name].package
    return package is None or find_spec(package) is not None


def taking_part() -> list[str]:
    """Those whose packages are installed."""
    return [name for name in PEERS if installed(name)]


def version_of(name: str) -> str:
    """The version of the package that a peer comes from; "" for the rest, or if it is missing."""
    package = PEERS[name].package
    try:
        return version(package) if package else ""
    except PackageNotFoundError:
        return ""
