"""The sync of the demo's year over HTTP: a real desk, a new mirror, nothing shared but the wire."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from bench.mirrors import FOLDER, settings
from portal import clock, config
from portal.demo import playback
from portal.demo.processes import Children, answers

DESK, MIRROR = FOLDER / "year" / "desk", FOLDER / "year" / "mirror"
_STEP = 1_000_000  # between the numbers of a thing in the desk and of its copy
HTTP, SMTP = "127.0.0.1:28901", "127.0.0.1:28925"


def measured(floor: float) -> str:
    """The figure in words; floor is the rate of the bare answer in the same run."""
    if not (DESK / "desk.db").exists():
        _play()
    shutil.rmtree(MIRROR, ignore_errors=True)
    MIRROR.mkdir(parents=True)
    environment = os.environ | {f"PORTAL_{name}": str(value) for name, value in _settings().items()}
    environment |= {"FLASK_APP": str(config.ROOT / "app.py")}
    flask = [sys.executable, "-m", "flask"]
    subprocess.run([*flask, "db", "upgrade"], env=environment, cwd=config.ROOT, check=True, capture_output=True)
    with Children(FOLDER / "year", environment) as children:
        children.start("desk", [*flask, "desk", "serve"])
        children.wait_until(lambda: answers(HTTP), what="The desk", seconds=60)
        started = time.perf_counter()
        subprocess.run([*flask, "sync", "run"], env=environment, cwd=config.ROOT, check=True, capture_output=True)
        passed = time.perf_counter() - started
    tickets = _tickets()
    rate = f"{tickets / passed:.0f} a second, each as long as {passed / tickets * floor:.0f} bare answers"
    return f"  {tickets} tickets in {passed:.1f} s, start included: {rate}"


def many(times: int) -> Path:
    """The folder of a desk with the year so many times over; made when it is not there yet."""
    folder = FOLDER / "years" / str(times)
    if not (folder / "desk.db").exists():
        if not (DESK / "desk.db").exists():
            _play()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with sqlite3.connect(DESK / "desk.db") as played, sqlite3.connect(folder / "unfinished") as copy:
            played.backup(copy)
        multiply(folder / "unfinished", times - 1)
        (folder / "unfinished").rename(folder / "desk.db")
    return folder


def multiply(desk: Path, times: int) -> None:
    """So many copies of every ticket of a desk with all that is said and done in it; they are the newest changes."""
    with sqlite3.connect(desk) as store:
        for table, columns in _COPIED.items():
            every = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
            for copy in range(1, times + 1):
                step = copy * _STEP
                values = [columns.get(name, name).format(step=step, copy=copy) for name in every]
                store.execute(
                    f"INSERT INTO {table} ({', '.join(every)})"  # noqa: S608 - names of our own
                    f" SELECT {', '.join(values)} FROM {table} WHERE {_FIRST[table]}"
                )
        store.execute("INSERT INTO change (ticket) SELECT id FROM ticket WHERE id >= ? ORDER BY id", (_STEP,))


_OWN = "id + {step}"
_COPIED = {  # table of the desk: what a copy says otherwise
    "ticket": {"id": _OWN, "number": "'{copy}' || number"},
    "message": {"id": _OWN, "ticket": "ticket + {step}"},
    "attachment": {"id": _OWN, "message": "message + {step}"},
    "time_entry": {"id": _OWN, "ticket": "ticket + {step}", "message": "message + {step}"},
    "event": {"id": _OWN, "ticket": "ticket + {step}"},
}
_FIRST = dict.fromkeys(_COPIED, f"id < {_STEP}")


def _play() -> None:
    (FOLDER / "year").mkdir(parents=True, exist_ok=True)
    shutil.rmtree(DESK, ignore_errors=True)
    unfinished = DESK / "desk.unfinished"
    store = playback.HastyStore(unfinished, playback.house("noc@connectica.cz"))
    playback.play(store, clock.now(), mail_out=DESK / "outbox")
    store.close()
    unfinished.rename(DESK / "desk.db")


def _settings() -> dict[str, object]:
    return settings(MIRROR) | {
        "DESK_FOLDER": str(DESK),
        "DESK_HTTP": HTTP,
        "DESK_SMTP": SMTP,
        "CORE_URL": f"http://{HTTP}/core/v1",
    }


def _tickets() -> int:
    with sqlite3.connect(MIRROR / "portal.db") as mirror:
        return mirror.execute("SELECT count(*) FROM ticket").fetchone()[0]
