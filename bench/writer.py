"""python -m bench.writer TICKETS: ordinary changes going on, a few tickets every second, by the sync."""

import random
import sys
import time

from bench.mirrors import COMPANIES, FOLDER, MadeUpCore, settings, take
from portal import create_app

A_SECOND = 2 * COMPANIES  # changed tickets; a busy helpdesk has that many in five minutes


def main(tickets: int) -> None:
    """Until it is ended."""
    app = create_app(**settings(FOLDER / str(tickets)))
    core = MadeUpCore(tickets)
    rng = random.Random(1)  # noqa: S311 - which tickets change is no secret
    for round_ in range(1, 1_000_000):
        started = time.monotonic()
        core.bump(rng.sample(range(tickets - 500, tickets), A_SECOND), round_)
        take(app, core)
        time.sleep(max(0.0, 1 - (time.monotonic() - started)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
