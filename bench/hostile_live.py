"""How soon an ordinary mail behind each of twenty nasty ones is on its page, in a default installation's processes.

.venv/bin/python -m bench.hostile_live
"""

import sys
import tempfile
from pathlib import Path

from tests.nasty import live

MOST = 10.0  # seconds, every time


def main() -> int:
    """Print seconds a nasty mail; 1 when one kept the mail behind it for longer than was promised."""
    with tempfile.TemporaryDirectory() as folder:
        waited = live.measured(Path(folder))
    for name, seconds in zip(live.TWENTY, waited, strict=True):
        print(f"{'!!' if seconds > MOST else '  '} {name:36} {seconds:5.1f} s")
    return int(max(waited) > MOST)


if __name__ == "__main__":
    sys.exit(main())
