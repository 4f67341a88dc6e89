"""A signal at every instant at which the interpreter can deliver one, inside a call of `sched`.

Nothing here decides where that is. A trace function that is called before each instruction
(``f_trace_opcodes``) marks SIGINT as received before the n-th of them, and ends the tracing; from
then on the interpreter does what it does: it looks for signals after a call of something written in
C, at the start of a function and at the end of a loop's turn, and calls the handler there. So it
is not delivered where it cannot be: between taking a lock in ``with lock`` and the block, on the
way out of an exception, in the middle of something written in C. (CPython 3.11 to 3.13 look in
CALL, RESUME and JUMP_BACKWARD alone, see Python/ceval.c and Python/bytecodes.c; BEFORE_WITH,
WITH_EXCEPT_START and RETURN_VALUE do not.)

Raising from the trace function itself would be another thing: that raises before the *next*
instruction, which may stand outside of the ``with`` or ``try`` that the call stands in.

A signal that is marked before an instruction that neither looks for signals nor runs other code is
delivered where it would be, were it marked before the next one. Those are passed over.
"""

import _thread
import dis
import gc
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import sched
from sched import Metrics, Task
from sched.events import TaskEvent
from sched.task import FinishedTask, RunningTask

PACKAGE = str(Path(sched.__file__).parent)

# Attributes of these names are read by a function.
PROPERTIES = {
    name
    for kind in (Task, RunningTask, FinishedTask, TaskEvent, Metrics)
    for name, member in vars(kind).items()
    if isinstance(member, property)
}
# These may look for signals, or run Python code, which does. (On the way back into something
# written in C, which may call the next function: RETURN.)
LOOKING = ("CALL", "JUMP_BACKWARD", "POP_JUMP_BACKWARD", "RETURN", "YIELD", "SEND", "FOR_ITER")
LOOKING += ("COMPARE", "CONTAINS", "BINARY_SUBSCR", "STORE_SUBSCR", "FORMAT", "LOAD_SPECIAL")

_instants: dict[CodeType, set[int]] = {}


def _instants_of(code: CodeType) -> set[int]:
    found = _instants.get(code)
    if found is None:
        found = _instants[code] = {
            each.offset
            for each in dis.get_instructions(code)
            if each.opname.startswith(LOOKING)
            or (each.opname.startswith("LOAD_ATTR") and each.argval in PROPERTIES)
        }
    return found


class _Countdown:
    """A trace function that marks a signal as received before the n-th instruction."""

    def __init__(self, left: int) -> None:
        self.left = left
        # A look-up runs no instruction after marking the signal. A call would look for signals,
        # and the handler would run here.
        self.mark: defaultdict[str, None] = defaultdict(_thread.interrupt_main)

    def enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace = self.step  # first: Python 3.13 asks for it when opcodes are asked for
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        _instants_of(frame.f_code)
        return self.step

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "opcode" and frame.f_lasti in _instants[frame.f_code]:
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                self.mark["received"]
                return None
        return self.step


@contextmanager
def handled_by(handler: Any) -> Iterator[None]:
    """The handler of the signal, for as long as the block lasts."""
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def at_instant(number: int, call: Callable[[], Any]) -> tuple[bool, Any, BaseException | None]:
    """Call with a signal received at this instant, counted from 1.

    Returns whether there was such an instant, what the call returned, and what it raised.
    """
    # From Python 3.12 on settrace looks for instructions only if a frame has asked for them before.
    sys._getframe().f_trace_opcodes = True
    countdown = _Countdown(number)
    result, error = None, None
    with no_collection():
        try:
            sys.settrace(countdown.enter)
            result = call()
            for _ in range(3):  # a signal that is still to be delivered is, here
                pass
        except BaseException as raised:
            error = raised
        finally:
            sys.settrace(None)
    return countdown.left <= 0, result, error


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the garbage collector. Hypothesis has it call a function of its own, at any instant:
    what is raised there is lost, and where it is traced Python 3.11 may crash."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
