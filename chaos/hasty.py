"""python -m chaos.hasty …: the command line of the portal, with leads and claims that run out in seconds.

All else is as it is: a life of two hundred deaths would otherwise be spent waiting for the dead to be given up.
"""

import os
import sys
import threading
import time
from datetime import timedelta

from flask.cli import main

from portal.domain.notifications import outbox
from portal.sync import lease

lease.LASTS, lease.RENEWED = timedelta(seconds=2), 0.5
outbox.CLAIMED_FOR = timedelta(seconds=5)


def _end_with_parent() -> None:
    """Nobody is left behind when the one who kills is killed."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv[0] = "flask"
    main()
