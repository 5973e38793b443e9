"""The demo's child processes: started, watched and ended together; whatever one says goes into its own file."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from portal.errors import Misconfigured, PortalError

GRACE = 15  # seconds a child may take to end by itself
_PR_SET_PDEATHSIG = 1  # prctl(2)
_LAST_WORDS = 25  # lines of a dead child that are shown


class ChildDied(PortalError):
    """A part of the demo ended by itself; the text holds its last words."""


@dataclass(slots=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    ends_by: int = signal.SIGTERM

    @property
    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_LAST_WORDS:]
        return "\n".join(f"  {line}" for line in lines)


class Children:
    """The parts of the demo that run, as a context: leaving it ends them all, last started first."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._running: list[Child] = []

    def __enter__(self) -> "Children":
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._running):
            _end(child)

    def start(self, name: str, command: Sequence[str | Path], *, ends_by: int = signal.SIGTERM) -> Child:
        """Start a part. It gets a process group of its own, so that Ctrl-C reaches it only through us."""
        log = self._folder / f"{name}.log"
        with log.open("wb") as said:
            process = subprocess.Popen(  # noqa: S603 - commands of our own
                [str(word) for word in command],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - we have no threads
            )
        child = Child(name, process, log, ends_by)
        self._running.append(child)
        return child

    def wait_until(self, is_so: Callable[[], bool], *, what: str, seconds: float) -> None:
        """Wait for something the children bring about. Raises ChildDied when one ends, or when it takes too long."""
        until = time.monotonic() + seconds
        while not is_so():
            self.check()
            if time.monotonic() > until:
                words = "\n".join(f"{child.name}:\n{child.last_words}" for child in self._running)
                raise ChildDied(f"{what} took more than {seconds:.0f} seconds.\n{words}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raises ChildDied when one has ended."""
        for child in self._running:
            if child.process.poll() is not None:
                raise ChildDied(f"The {child.name} ended (code {child.process.returncode}):\n{child.last_words}")


def check_free(address: str, setting: str) -> None:
    """Raises Misconfigured naming the setting when nobody may listen at host:port."""
    host, port = host_and_port(address, setting)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            free = f"{setting}={host}:{port + 100}"
            raise Misconfigured(
                f"{address} is taken ({error.strerror}). Choose another one:  {free} make demo"
            ) from error


def check_all_free(addresses: Mapping[str, str]) -> None:
    """Raises Misconfigured once for all that are taken, with one command that chooses others. setting → host:port"""
    taken, instead = [], []
    for setting, address in addresses.items():
        host, port = host_and_port(address, setting)
        try:
            check_free(address, setting)
        except Misconfigured:
            taken.append(address)
            instead.append(f"{setting}={host}:{port + 100}")
    if taken:
        are = "are" if len(taken) > 1 else "is"
        raise Misconfigured(f"{', '.join(taken)} {are} taken. Choose others:  {' '.join(instead)} make demo")


def answers(address: str) -> bool:
    """Whether somebody listens at host:port."""
    host, _, port = address.rpartition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def host_and_port(address: str, setting: str) -> tuple[str, int]:
    """The two halves of host:port. Raises Misconfigured."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise Misconfigured(f"{setting}={address!r}: write host:port, for example 127.0.0.1:8000")
    return host, int(port)


def _end_with_parent() -> None:
    """In a new child: end when the demo is killed too hard to end us itself, or the ports would stay taken."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(child: Child) -> None:
    """Ask the child to end, and its whole group to stop when it does not."""
    process = child.process
    if process.poll() is None:
        process.send_signal(child.ends_by)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # whatever it left behind; an ended group is no error
    process.wait()
