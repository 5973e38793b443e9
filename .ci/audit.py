"""Ask the vulnerability service about every locked package: fail for a known flaw, say so when nobody answers.

pip-audit itself passes when the service knows none of the packages, as behind a mirror; here that is told apart.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements.txt"
ASKED = [
    sys.executable,
    "-m",
    "pip_audit",
    "--requirement",
    str(LOCK),
    "--require-hashes",
    "--disable-pip",
    "--format",
    "json",
    "--progress-spinner",
    "off",
    "--timeout",
    "10",
]


def main() -> int:
    asked = subprocess.run(ASKED, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    try:
        told = json.loads(asked.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        print(f"audit: the vulnerability service does not answer, nothing was audited ({_last(asked.stderr)})")
        return 0
    audited = [package for package in told if "skip_reason" not in package]
    flaws = [(package, flaw) for package in audited for flaw in package["vulns"]]
    for package, flaw in flaws:
        mended = ", ".join(flaw["fix_versions"]) or "no release yet"
        print(f"audit: {package['name']} {package['version']}: {flaw['id']}, mended by {mended}")
    if not audited:
        print(f"audit: the service here knows none of the {len(told)} packages, nothing was audited")
    else:
        unknown = len(told) - len(audited)
        print(f"audit: {len(audited)} packages audited, {unknown} unknown to the service, {len(flaws)} known flaws")
    return 1 if flaws else 0


def _last(words: str) -> str:
    return (words.strip().splitlines() or ["no reason given"])[-1][:200]


if __name__ == "__main__":
    sys.exit(main())
