"""Which core the settings choose: a row here is all a further adapter needs outside its own module."""

from collections.abc import Callable

from portal.cores.desk import DeskCore
from portal.cores.protocol import Core
from portal.errors import Misconfigured

ADAPTERS: dict[str, Callable[[str, str], Core]] = {
    "desk": DeskCore,  # Core API v1: the embedded desk, or any store that serves the same five endpoints
}


def core(name: str, url: str, token: str) -> Core:
    """The adapter of that name. Raises Misconfigured when there is none."""
    if name not in ADAPTERS:
        raise Misconfigured(f"PORTAL_CORE={name!r}: write one of {', '.join(sorted(ADAPTERS))}")
    return ADAPTERS[name](url, token)
