"""An evening rehearsed: from a bare Debian to a mail on its page, by the commands of the docs.

    make rehearsal                          # Debian 12 with PostgreSQL and nginx, Debian 13 with SQLite and Caddy

Needs root, debootstrap and a Debian mirror. What fetches something runs with the network, the rest (evening.py) in a
network of its own, so that neither ports nor mail of this machine are touched. Standard library only.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = Path(os.environ.get("REHEARSAL_FOLDER", "/var/tmp/portal-rehearsal"))  # noqa: S108 - large, and of root alone
VARIANTS = {"bookworm": ("postgresql", "nginx"), "trixie": ("sqlite", "caddy")}


def main(suites: list[str]) -> None:
    """Each suite in turn; the first that fails ends it."""
    if os.geteuid() != 0:
        sys.exit("Only root can make another root:  sudo make rehearsal")
    if not shutil.which("debootstrap"):
        sys.exit("debootstrap is not there. Install it:  apt-get install debootstrap")
    for suite in suites or VARIANTS:
        began = time.monotonic()
        rehearse(suite)
        print(f"{suite}: from nothing to a mail on its page in {time.monotonic() - began:.0f} s\n", flush=True)


def rehearse(suite: str) -> None:
    """One bare root, made anew, installed, used, and taken away."""
    database, proxy = VARIANTS[suite]
    root = WORK / suite
    forget(root)
    say(f"{suite}: a bare Debian …")
    run("debootstrap", "--variant=minbase", "--include=ca-certificates", suite, str(root))
    try:
        mount(root)
        trust(root)
        say(f"{suite}: packages, as docs/operations.md and docs/mail-server.md name them …")
        fetch(root, database, proxy)
        say(f"{suite}: the evening …")
        evening(root, database, proxy)
    finally:
        if not os.environ.get("REHEARSAL_KEEP"):  # for a look at what went wrong
            forget(root)


def mount(root: Path) -> None:
    """What every process expects."""
    for what in ("proc", "dev"):
        run("mount", "--rbind", "--make-rslave", f"/{what}", str(root / what))


def forget(root: Path) -> None:
    """Unmount and remove a root, also one left by a run that was killed."""
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        if line.split()[1].startswith(f"{root}/"):
            run("umount", "--lazy", line.split()[1])
    shutil.rmtree(root, ignore_errors=True)


def trust(root: Path) -> None:
    """The root believes the authorities and asks the package index that this machine does."""
    for folder in ("usr/local/share/ca-certificates", "etc/pip.conf", "etc/resolv.conf"):
        here = Path("/") / folder
        if here.is_dir():
            shutil.copytree(here, root / folder, dirs_exist_ok=True)
        elif here.is_file():
            shutil.copy(here, root / folder)
    (root / "etc/hosts").write_text("127.0.0.1 localhost portal.example mx.connectica.cz\n")
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")  # nothing is started by its package
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    inside(root, "update-ca-certificates")


def fetch(root: Path, database: str, proxy: str) -> None:
    """Everything that needs the network: Debian's packages, our code, Python's packages."""
    inside(root, "apt-get update -qq")
    inside(root, setting_up(database)[0])
    inside(root, "apt-get install -y -qq openssl")
    run("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(root / "srv/portal"))
    inside(root, "make -C /srv/portal .venv/installed")
    inside(root, "install -d -m 755 /etc/ssl/portal")
    blocks = recipes()
    for words in blocks["sh-certificate"] + blocks["sh"] + blocks[proxy]:
        inside(root, words)


def setting_up(database: str) -> list[str]:
    """The commands of docs/operations.md, section "Setting up": of the first, only what this database needs."""
    text = (ROOT / "docs" / "operations.md").read_text()
    block = re.search(r"## Setting up on Debian.*?\n\n((?:    .*\n)+)", text)
    if not block:
        sys.exit("docs/operations.md has no block of commands under 'Setting up on Debian'")
    commands = [line.split("  #")[0].strip() for line in block[1].splitlines()]
    if database == "sqlite":
        commands[0] = commands[0].replace(" postgresql", "")
    return commands


def recipes() -> dict[str, list[str]]:
    """The blocks of docs/mail-server.md by their kind; the certificate's is made first, for others name its files."""
    text = (ROOT / "docs" / "mail-server.md").read_text()
    found: dict[str, list[str]] = {"sh-certificate": []}
    for kind, block in re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        found.setdefault("sh-certificate" if "openssl req -x509" in block else kind, []).append(block)
    return found


def evening(root: Path, database: str, proxy: str) -> None:
    """The rest, in a network and a process table of its own: whatever it starts ends with it."""
    settings = "".join(recipes()["settings"])
    alone = ["unshare", "--net", "--pid", "--fork", f"--mount-proc={root / 'proc'}", "chroot", str(root)]
    words = [*alone, "python3", "/srv/portal/deploy/rehearsal/evening.py", database, proxy]
    if subprocess.run(words, input=settings, text=True, env=environment(), check=False).returncode:
        sys.exit("the rehearsal failed; its last lines say where")


def inside(root: Path, script: str) -> None:
    """Commands of a page, in the root, from the checkout where there is one."""
    at = "/srv/portal" if (root / "srv/portal").is_dir() else "/"
    run("chroot", str(root), "sh", "-euc", f"cd {at}\n{script}")


def environment() -> dict[str, str]:
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
        "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt",
    }


def run(*words: str) -> None:
    """A command whose words are said only when it fails."""
    into = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(words, env=environment(), text=True, check=False, **into)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stdout[-3000:]}\nended with {done.returncode}")


def say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
