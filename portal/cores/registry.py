"""Which core the settings choose: a row here is all a further adapter needs outside its own module."""

from collections.abc import Callable, Mapping
from typing import Any

from portal.cores.core_api import DeskCore
from portal.cores.protocol import Core
from portal.cores.rt.settings import from_settings
from portal.errors import Misconfigured

ADAPTERS: dict[str, Callable[[Mapping[str, Any], str], Core]] = {  # of all settings and the token
    "desk": lambda values, token: DeskCore(values["CORE_URL"], token),  # the embedded one
    "api": lambda values, token: DeskCore(values["CORE_URL"], token),  # whatever serves Core API v1: docs/core.md
    "rt": from_settings,  # Request Tracker 5, set up by deploy/rt
}


def core(values: Mapping[str, Any], *, token: str) -> Core:
    """The adapter the setting CORE names. Raises Misconfigured when there is none, or its settings are at fault."""
    name = values["CORE"]
    if name not in ADAPTERS:
        raise Misconfigured(f"PORTAL_CORE={name!r}: write one of {', '.join(sorted(ADAPTERS))}")
    return ADAPTERS[name](values, token)
