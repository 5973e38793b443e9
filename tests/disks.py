"""Small file systems of a test's own, to be filled to the last byte."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import missing


@contextmanager
def small(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """The folder, on a file system of so many MiB while it lasts; only root can have one."""
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        missing("a small file system", "run the tests as root, who may mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(ballast: Path) -> None:
    """Write into this file until nothing more fits beside it."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))
