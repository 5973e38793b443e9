"""The settings file: NAME=value lines of PORTAL_* settings, read into the environment, and a commented template."""

import re
from collections.abc import MutableMapping
from pathlib import Path

from portal import config
from portal.errors import Misconfigured

USUAL = Path("/etc/connectica-portal.env")
TO_SET = {  # what nobody but the administrator knows: written without the # of a default
    "BASE_URL": "https://portal.example",
    "INSTANCE": "/var/lib/portal",
    "DESK_POKE_URL": "http://127.0.0.1:8000/hooks/core",
}


def read(path: Path, environ: MutableMapping[str, str]) -> None:
    """Put the file's settings into the environment; what is there already wins. Raises Misconfigured."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8'}"
        ) from error
    for name, value in parse(text, path).items():
        environ.setdefault(name, value)


def parse(text: str, path: Path = USUAL) -> dict[str, str]:
    """The settings of a file by their full name. Raises Misconfigured naming every line that is none."""
    found, faults = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        written = re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*", line)
        if written:
            found[written[1]] = _unquoted(written[2])
        else:
            faults.append(f"{path}, line {number}: write NAME=value")
    if faults:
        raise Misconfigured("\n".join(faults))
    return found


def template(given: dict[str, str] | None = None) -> str:
    """A settings file in which every setting stands with its meaning, those of the demo left out."""
    given = TO_SET | (given or {})
    words = [
        "# Settings of the Connectica portal, one a line: PORTAL_NAME=value. After a change: restart the services."
    ]
    for row in config.SETTINGS:
        if row.name.startswith("DEMO"):
            continue
        value = given.get(row.name, "")
        line = f"PORTAL_{row.name}={value}" if value else f"#PORTAL_{row.name}={_shown(row.default)}"
        words += ["", f"# {row.meaning}", line]
    return "\n".join(words) + "\n"


def _shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
