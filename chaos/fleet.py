"""The real processes: a desk and several syncs over one database, started again whenever they are killed."""

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

from portal import config
from portal.demo.processes import answers

TOKEN = "a token of chaos, long enough for the rules"  # noqa: S105 - it opens nothing that lasts
_GRACE = 30  # seconds a process has to end when it is asked to


class Fleet:
    """Processes by name. A context: leaving it ends them all."""

    def __init__(self, folder: Path, database_url: str, *, mail_out: str) -> None:
        self._folder = folder
        self.http, self.smtp = free_address(), free_address()
        self.environment = os.environ | {
            "FLASK_APP": str(config.ROOT / "app.py"),
            "PORTAL_INSTANCE": str(folder),
            "PORTAL_DATABASE_URL": database_url,
            "PORTAL_CORE_TOKEN": TOKEN,
            "PORTAL_CORE_URL": f"http://{self.http}/core/v1",
            "PORTAL_DESK_HTTP": self.http,
            "PORTAL_DESK_SMTP": self.smtp,
            "PORTAL_DESK_MAIL_OUT": f"smtp://{mail_out}",
            "PORTAL_DESK_SUBMISSION_TOKEN": TOKEN,
            "PORTAL_MAIL_OUT": f"smtp://{mail_out}",
            "PORTAL_SYNC_SECONDS": "1",
            "PYTHONUNBUFFERED": "1",
        }
        self._commands = {"desk": ["desk", "serve"]} | {
            name: ["sync", "run", "--forever"] for name in ("sync 1", "sync 2")
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.killed: Counter[str] = Counter()

    def __enter__(self) -> "Fleet":
        for name in self._commands:
            self._start(name)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def name_of(self, pid: int) -> str:
        """Which one runs as this process; empty for none of ours."""
        return next((name for name, process in self._running.items() if process.pid == pid), "")

    @property
    def desk_answers(self) -> bool:
        return answers(self.smtp) and answers(self.http)

    def kill(self, name: str) -> None:
        """Without warning, in the middle of whatever it does; a new one starts at once."""
        process = self._running[name]
        assert process.poll() is None, f"{name} ended by itself: see {self._log(name)}"
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.killed[name.partition(" ")[0]] += 1
        self._start(name)

    def _start(self, name: str) -> None:
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "chaos.hasty", *self._commands[name]],
                env=self.environment,
                cwd=config.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _log(self, name: str) -> Path:
        return self._folder / f"{name.replace(' ', '-')}.log"


def free_address() -> str:
    """An address of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"
