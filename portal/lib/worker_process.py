"""A worker process: work on strangers' input is done by a child with limits of time and memory, which may die alone.

The child stays and takes one call after another; a child that died, or outran a limit, is replaced at the next call.
"""

import contextlib
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from portal import clock

MEMORY = 1 << 30  # bytes of address space; the interpreter with its parsers takes a quarter of it before any mail
_LENGTH = struct.Struct("!Q")
_MAIN = Path(__file__).with_name("worker_main.py")
_WALL = 3  # seconds on the wall for each of the processor's, and a few more: others want the processor, too
_WALL_ALSO = 2.0

P = ParamSpec("P")
T = TypeVar("T")


class WorkerDied(Exception):
    """The child died of this call, or was ended because of it; the text says of what, for staff."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take. seconds are of the processor; on the wall it is three times as long and two more."""

    seconds: float = 3.0
    memory: int = MEMORY

    @property
    def patience(self) -> float:
        return self.seconds * _WALL + _WALL_ALSO


class WorkerProcess:
    """One child. call() may be used by several threads; it serves them one after another."""

    def __init__(self, *, memory: int = MEMORY) -> None:
        self._memory = memory
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self) -> None:
        """Have a child ready, so that the next call does not wait for one. Raises OSError when none can be made."""
        with self._turn:
            self._ready_child()

    def call(self, seconds: float, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """What the function answers, or raises: it is a module's own, and all it takes and gives can be pickled.

        seconds: of the processor. The child's clock stands where ours does. Raises WorkerDied, and OSError when
        there can be no child at all, for which the call is not to blame.
        """
        limits = Limits(seconds, self._memory)
        name = f"{function.__module__}:{function.__qualname__}"
        asked = pickle.dumps((seconds, clock.stopped_at(), name, args, named), pickle.HIGHEST_PROTOCOL)
        with self._turn:
            child = self._ready_child()
            try:
                answer = _exchange(child, asked, limits)
            except BaseException:
                self._end(child)
                raise
            succeeded, value = pickle.loads(answer)  # noqa: S301 - our own child's
            if isinstance(value, MemoryError):
                self._end(child)  # what is left of it may be in pieces
                raise WorkerDied(f"it took more than {self._memory >> 20} MB of memory")
        if succeeded:
            return value
        raise value

    def close(self) -> None:
        """End the child; a later call makes another one."""
        with self._turn:
            if self._child:
                self._end(self._child)

    def _ready_child(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and file
                [sys.executable, str(_MAIN), str(self._memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for us; the child ends when we do
            )
        return self._child

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._child = None


def shared() -> WorkerProcess:
    """The worker of this process, for whoever needs no own."""
    return _SHARED


_SHARED = WorkerProcess()


def _exchange(child: subprocess.Popen[bytes], asked: bytes, limits: Limits) -> bytes:
    until = time.monotonic() + limits.patience
    assert child.stdin and child.stdout
    try:
        _write(child.stdin.fileno(), _LENGTH.pack(len(asked)) + asked, until)
        (length,) = _LENGTH.unpack(_read(child.stdout.fileno(), _LENGTH.size, until))
        return _read(child.stdout.fileno(), length, until)
    except TimeoutError:
        raise WorkerDied(f"it took longer than {limits.patience:g} s") from None
    except (BrokenPipeError, EOFError):
        raise WorkerDied(_cause(child.wait(), limits)) from None


def _cause(code: int, limits: Limits) -> str:
    if code == -signal.SIGXCPU:
        return f"it took more than {limits.seconds:g} s of the processor"
    if code == -signal.SIGKILL:
        return "its worker was killed, probably for want of memory"
    if code < 0:
        return f"its worker died of {signal.Signals(-code).name}"
    return f"its worker ended with {code}"


def _write(to: int, content: bytes, until: float) -> None:
    rest = memoryview(content)
    os.set_blocking(to, False)
    while rest:
        _, ready, _ = select.select([], [to], [], _left(until))
        if not ready:
            raise TimeoutError
        rest = rest[os.write(to, rest) :]


def _read(source: int, length: int, until: float) -> bytes:
    parts = []
    while length:
        ready, _, _ = select.select([source], [], [], _left(until))
        if not ready:
            raise TimeoutError
        part = os.read(source, min(length, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())
