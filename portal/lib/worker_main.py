"""What the child of a worker process runs: call after call from its standard input, each within its limits.

It is run as a file: the package `portal` stands here without its __init__, which would load the web application.
"""

import contextlib
import importlib
import os
import pickle
import resource
import signal
import struct
import sys
import types
from pathlib import Path
from typing import Any, BinaryIO

_LENGTH = struct.Struct("!Q")
_LONGEST_TROUBLE = 1_000  # characters of an exception that cannot be handed over


def main(memory: int) -> None:
    """Serve until the parent is gone."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints here is no answer
    _confine(memory)
    _stand_in_for_the_package()
    while True:
        call = _message(calls)
        if call is None:
            return
        answer = _answer(call)
        answers.write(_LENGTH.pack(len(answer)) + answer)
        answers.flush()


def _confine(memory: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # the parent ends us when it ends itself
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # when the machine itself runs out, this process is the one to go
        Path("/proc/self/oom_score_adj").write_text("1000")


def _stand_in_for_the_package() -> None:
    portal = types.ModuleType("portal")
    portal.__path__ = [str(Path(__file__).parents[1])]
    sys.modules["portal"] = portal
    sys.path[0] = str(Path(__file__).parents[2])


def _message(calls: BinaryIO) -> bytes | None:
    head = calls.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    return calls.read(_LENGTH.unpack(head)[0])


def _answer(call: bytes) -> bytes:
    try:
        return pickle.dumps((True, _called(call)), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return pickle.dumps((False, MemoryError()))
    except Exception as error:
        return _raised(error)


def _called(call: bytes) -> Any:
    seconds, stopped_at, name, args, named = pickle.loads(call)  # noqa: S301 - our own parent's
    module, _, function = name.partition(":")
    _allow(seconds)
    clock = importlib.import_module("portal.clock")
    doing = getattr(importlib.import_module(module), function)
    if stopped_at is None:
        return doing(*args, **named)
    with clock.set_to(stopped_at):
        return doing(*args, **named)


def _allow(seconds: float) -> None:
    """So much of the processor from now on: beyond it the kernel ends us, whatever we are in the middle of."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _raised(error: Exception) -> bytes:
    try:
        whole = pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(whole)  # noqa: S301 - some exceptions can be written and not read back
    except Exception:
        told = RuntimeError(f"{type(error).__name__}: {error}"[:_LONGEST_TROUBLE])
        return pickle.dumps((False, told), pickle.HIGHEST_PROTOCOL)
    return whole


if __name__ == "__main__":
    main(int(sys.argv[1]))
