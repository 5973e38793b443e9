"""What nasty mails cost at 256 kB, 512 kB and 1 MB, by the whole way through desk and sync, in a process each.

.venv/bin/python -m bench.hostile_mail [PART OF A NAME]
"""

import json
import resource
import subprocess
import sys
from itertools import pairwise

from tests import nasty_costs, nasty_mails

LENGTHS = (256_000, 512_000, 1_000_000)
MOST_SECONDS, MOST_MEGABYTES, MOST_GROWTH = 2.0, 300, 2.3
_SEEN = 0.1  # seconds; the growth of less is noise


def main(wanted: str = "") -> int:
    """Print a line a kind; the number of kinds that cost more than was promised."""
    bad = 0
    for name in nasty_mails.MAILS:
        if wanted not in name:
            continue
        costs = [_measured(name, length) for length in LENGTHS]
        growth = max((b[0] / max(a[0], _SEEN / 2) for a, b in pairwise(costs)), default=0)
        is_bad = costs[-1][0] > MOST_SECONDS or costs[-1][1] > MOST_MEGABYTES
        is_bad = is_bad or (growth > MOST_GROWTH and costs[-1][0] > _SEEN * 3)
        bad += is_bad
        told = "  ".join(f"{seconds:6.2f} s {megabytes:4d} MB" for seconds, megabytes in costs)
        print(f"{'!!' if is_bad else '  '} {name:36} {told}  × {growth:.1f}", flush=True)
    return bad


def _measured(name: str, length: int) -> tuple[float, int]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.hostile_mail", "--one", name, str(length)],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        seconds, megabytes = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        print(done.stderr[-600:])
        return 99.0, 9999
    return seconds, megabytes


def _one(name: str, length: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    dearest = nasty_costs.dearest(name, length)
    print(json.dumps([round(dearest, 3), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        _one(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(1 if main(*sys.argv[1:2]) else 0)
