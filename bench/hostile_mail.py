"""What nasty mails cost at 128 kB to 1 MB, on the whole way from the desk to the pages, in a process each.

.venv/bin/python -m bench.hostile_mail [PART OF A NAME [LENGTH…]]

A mail comes three times: as a new one, as a technician's answer, as an employee's. What is told is the dearest of the
three, all steps together; memory is what the process held at most beyond what it had before the first of them.
"""

import json
import os
import resource
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.nasty import costs, mails

LENGTHS = (128_000, 256_000, 512_000, 1_000_000)  # what bounds a mail of 1 MB may not yet bound one of 128 kB
MOST_SECONDS, MOST_MEGABYTES, MOST_GROWTH = 2.0, 300, 2.3
_SEEN = 0.1  # seconds; the growth of less is noise
_GIVEN_UP = 60  # seconds of the processor


def main(wanted: str = "", *lengths: str) -> int:
    """Print a line a kind; the number of kinds that cost more than was promised."""
    with tempfile.TemporaryDirectory() as folder:
        template = costs.make_template(Path(folder))
        asked = [int(length) for length in lengths] or LENGTHS
        return sum(_is_bad(name, asked, template) for name in mails.MAILS if wanted in name)


def _is_bad(name: str, lengths: Sequence[int], template: Path) -> bool:
    measured = [_measured(name, length, template) for length in lengths]
    growth = max((b[0] / max(a[0], _SEEN / 2) for a, b in pairwise(measured)), default=0)
    seconds, megabytes, step = max(measured)
    megabytes = max(one[1] for one in measured)
    is_bad = seconds > MOST_SECONDS or megabytes > MOST_MEGABYTES
    is_bad = is_bad or (growth > MOST_GROWTH and seconds > _SEEN * 3)
    told = "  ".join(f"{one[0]:6.2f} s {one[1]:4d} MB" for one in measured)
    print(f"{'!!' if is_bad else '  '} {name:36} {told}  × {growth:.1f}  {step}", flush=True)
    return is_bad


def _measured(name: str, length: int, template: Path) -> tuple[float, int, str]:
    """Seconds, megabytes and the dearest step, measured in a child that has everything loaded already."""
    answers, tells = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(tells, json.dumps(_one(name, length, template)).encode())
        finally:
            os._exit(0)
    os.close(tells)
    with os.fdopen(answers) as told:
        answer = told.read()
    os.waitpid(child, 0)
    return tuple(json.loads(answer)) if answer else (99.0, 9999, "it died")


def _one(name: str, length: int, template: Path) -> tuple[float, int, str]:
    resource.setrlimit(resource.RLIMIT_CPU, (_GIVEN_UP, _GIVEN_UP))
    ways, megabytes = costs.whole_way(name, length, template)
    way = max(ways, key=lambda steps: sum(steps.values()))
    dearest = max(way, key=way.__getitem__)
    return round(sum(way.values()), 3), megabytes, f"{dearest} {way[dearest]:.2f} s"


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
