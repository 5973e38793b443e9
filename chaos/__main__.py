"""python -m chaos: kills under load on both databases; say what came of it, exit with 1 when a promise was missed.

--kills N and --seed N change the story, --database sqlite or postgresql chooses one.
"""

import argparse
import os
import random
import signal
import sys
import time
from pathlib import Path

from chaos import kills
from portal import config
from portal.demo import postgres
from portal.demo.processes import Children

FOLDER = config.ROOT / "instance" / "chaos"
KILLS = 200


def main() -> int:
    """Everything, on each database; how many promises were not kept."""
    options = _options()
    missed = 0
    for database in options.database or ("sqlite", "postgresql"):
        folder = FOLDER / database
        folder.mkdir(parents=True, exist_ok=True)
        print(f"\n{database}: kills under load (logs in {folder}) …", flush=True)
        with Children(folder, os.environ) as children:
            if database == "sqlite":
                missed += _kills(options, folder / "kills", "")
            else:
                with postgres.running(children, folder / "cluster") as address:
                    missed += _kills(options, folder / "kills", address)
    return missed


def _kills(options: argparse.Namespace, folder: Path, database_url: str) -> int:
    began = time.monotonic()
    report = kills.run(kills=options.kills, seed=options.seed, folder=folder, database_url=database_url, say=_say)
    _say(f"after {time.monotonic() - began:.0f} s: " + ", ".join(f"{n} {what}" for what, n in report.figures.items()))
    for finding in report.findings:
        print(f"  {'MISSED' if finding.faults else 'kept  '}  {finding.promise}")
        for fault in finding.faults:
            print(f"            {fault}")
    sys.stdout.flush()
    return sum(bool(finding.faults) for finding in report.findings)


def _say(words: str) -> None:
    print(f"  {words}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos")
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))  # noqa: S311 - said, to be repeated
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    return parser.parse_args()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ended from outside, it still ends its processes
    sys.exit(min(main(), 1))
