"""Inside a bare root that has the packages: the rest of docs/operations.md, then use. evening.py DATABASE PROXY

No init runs here, so the units' own command lines are started under the users they name. The settings of
docs/mail-server.md come on standard input. Standard library only: it runs on Debian's Python, beside the portal.
"""

import email
import email.policy
import fcntl
import http.cookiejar
import re
import shlex
import smtplib
import socket
import ssl
import struct
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

SETTINGS = Path("/etc/connectica-portal.env")
UNITS = ("portal", "portal-sync", "portal-desk")
PORTAL = "https://portal.example"
TECHNICIAN, EMPLOYEE, MANAGER = "petra@connectica.cz", "jana@klient.example", "karel@klient.example"
PASSWORD = "a rehearsed evening in November"  # noqa: S105 - of accounts that live for a minute
AUTHORITY = "/etc/ssl/portal/ca.pem"
PROXIES = {
    "nginx": "nginx -g 'daemon off;'",
    "caddy": "setpriv --reuid caddy --regid caddy --init-groups caddy run --config /etc/caddy/Caddyfile",
}
LONGEST_END = 10  # seconds from SIGTERM to the end
running: dict[str, subprocess.Popen[bytes]] = {}


def main(database: str, proxy: str) -> None:
    """Everything in the order of the evening."""
    bring_up_loopback()
    if database == "postgresql":
        start_postgresql()
    install(database)
    stage_mail()
    start_mail_and_proxy(proxy)
    for unit in UNITS:
        start_unit(unit)
    wait("the pages answer", lambda: "ok" in read(f"{PORTAL}/healthz"))
    portal("desk companies --add klient 'Klient, s. r. o.' --domain klient.example")
    portal("desk technicians --add petra.mala 'Petra Malá' petra@connectica.cz")
    portal("people add iva@connectica.cz --name 'Iva Správná' --role staff_admin")
    began = time.monotonic()
    use()
    said(f"a mail became a ticket, was answered, and its time is on the page: {time.monotonic() - began:.1f} s")
    play("portal-backup")
    doctor()
    end()


def bring_up_loopback() -> None:
    with socket.socket() as one:
        fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40) + bytes(22))  # SIOCSIFFLAGS: up, running
    Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")  # as the units of nginx and Caddy may


def start_postgresql() -> None:
    shell("for each in $(pg_lsclusters -h | cut -d' ' -f1); do pg_ctlcluster $each main start; done")


def install(database: str) -> None:
    """`make install`, done twice, and what only the administrator knows."""
    option = " INSTALL=--postgresql" if database == "postgresql" else ""
    first = shell(f"make -C /srv/portal install{option}")
    second = shell(f"make -C /srv/portal install{option}")
    claim("nothing was changed" in second, f"the second make install changed something:\n{second}")
    claim("connectica-portal.env" in first, first)
    ours = {"PORTAL_BASE_URL": PORTAL, "PORTAL_PROXIES": "1"}
    ours |= dict(line.split("=", 1) for line in sys.stdin.read().split())
    text = SETTINGS.read_text()
    for name, value in ours.items():
        text, found = re.subn(rf"(?m)^#?{name}=.*$", f"{name}={value}", text)
        claim(found == 1, f"{name} does not stand once in {SETTINGS}")
    SETTINGS.write_text(text)
    said("installed, twice; the second time changed nothing")


def stage_mail() -> None:
    """What only a rehearsal has: a technician with a password, and mailboxes of the client on this machine, too."""
    hashed = shell(f"doveadm pw -s SHA512-CRYPT -p {shlex.quote(PASSWORD)}").strip()
    people = (TECHNICIAN, EMPLOYEE, MANAGER)
    Path("/etc/dovecot/users").write_text("".join(f"{one}:{hashed}\n" for one in people))
    boxes = ", ".join(f"{box}=1" for box in ("noc@connectica.cz", *people))
    shell("postconf -e 'virtual_mailbox_domains=connectica.cz, klient.example'")
    shell(f"postconf -e 'virtual_mailbox_maps=inline:{{{boxes}}}'")


def start_mail_and_proxy(proxy: str) -> None:
    start("postfix", "postfix start-fg")  # first: it makes the folder of the sockets
    wait("Postfix has its folders", Path("/var/spool/postfix/private").is_dir)
    start("dovecot", "dovecot -F")
    start(
        proxy,
        "nginx -g 'daemon off;'"
        if proxy == "nginx"
        else "runuser -u caddy -- caddy run --config /etc/caddy/Caddyfile",
    )
    for port in (25, 587, 443):
        wait(
            f"port {port} is open", lambda port=port: socket.create_connection(("127.0.0.1", port), 1).close() is None
        )


def use() -> None:
    """One ticket: of an employee, timed by a technician and by a forger of theirs, read by a manager."""
    letter(EMPLOYEE, "Tiskárna v účtárně netiskne", "Dobrý den, nejde tisknout.\n", port=25)
    found = wait("the confirmation comes", lambda: mailbox(EMPLOYEE, "[Connectica #"))
    tag = re.search(r"\[Connectica #[^\]]*\]", found)
    claim(bool(tag), f"no tag in the confirmation:\n{found}")
    subject = f"Re: {tag[0]} Tiskárna v účtárně netiskne"
    forged = {"Authentication-Results": f"mx.connectica.cz; auth=pass smtp.auth={TECHNICIAN}"}
    letter(TECHNICIAN, subject, "Podvržené.\n\nPROGP85:9,00\n", port=25, headers=forged)
    letter(TECHNICIAN, subject, "Tiskárna zase tiskne.\n\nPROGP85:1,25\n", port=587)
    wait("the answer reaches the employee", lambda: mailbox(EMPLOYEE, "Tiskárna zase tiskne"))
    wait(
        "the manager has an account",
        lambda: portal(
            f"people add {MANAGER} --name 'Karel Brázda' --company klient --role manager --password-stdin", PASSWORD
        ),
    )
    browser = sign_in(MANAGER)
    page = wait("the time is on the page", lambda: needs("1,25", browser(f"{PORTAL}/hours")))
    claim("9,00" not in page, "a stranger booked nine hours")
    claim("Tiskárna v účtárně" in browser(f"{PORTAL}/tickets"), "the ticket is not in the list")


def letter(sender: str, subject: str, text: str, *, port: int, headers: dict[str, str] | None = None) -> None:
    """A mail to the NOC: by port 25 as a stranger's server brings it, by 587 with the technician's password."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "noc@connectica.cz", subject
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(text)
    with smtplib.SMTP("mx.connectica.cz", port, timeout=20) as server:
        if port == 587:
            server.starttls(context=ssl.create_default_context(cafile=AUTHORITY))
            server.login(sender, PASSWORD)
        server.send_message(mail)


def mailbox(address: str, words: str) -> str:
    """Subject and text of the newest mail in a mailbox of Dovecot that has these words. Raises LookupError."""
    for path in sorted(Path(f"/var/vmail/{address}/Maildir/new").glob("*"), reverse=True):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        text = f"{mail['Subject']}\n{mail.get_body(('plain',)).get_content()}"
        if words in text:
            return text
    raise LookupError(f"no mail of {address} says {words!r}")


def sign_in(address: str) -> Callable[[str], str]:
    """A browser of that account, through the proxy and its certificate."""
    trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=AUTHORITY))
    opener = urllib.request.build_opener(trust, urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    opener.addheaders = [("Accept-Language", "cs"), ("Referer", f"{PORTAL}/sign-in")]
    form = opener.open(f"{PORTAL}/sign-in", timeout=10).read().decode()
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    claim(bool(token), f"no form to sign in:\n{form}")
    fields = {"csrf_token": token[1], "email": address, "password": PASSWORD}
    page = opener.open(f"{PORTAL}/sign-in", urllib.parse.urlencode(fields).encode(), timeout=10)
    claim("sign-in" not in page.url, "the password was not taken")
    return lambda url: opener.open(url, timeout=20).read().decode()


def doctor() -> None:
    """Everything well, and no doubt either."""
    words = shell("connectica-portal doctor")
    claim("ILL" not in words and "\n?" not in f"\n{words}", f"the doctor is not content:\n{words}")
    said(f"the doctor finds {len(words.splitlines())} things, all well")


def end() -> None:
    """SIGTERM to every part of ours: each ends by itself, in time, with a clean status."""
    for unit in reversed(UNITS):
        began = time.monotonic()
        running[unit].terminate()
        status = running[unit].wait(timeout=60)
        spent = time.monotonic() - began
        claim(status in (0, 143) and spent <= LONGEST_END, f"{unit} ended with {status} after {spent:.1f} s")
        said(f"{unit} ended in {spent:.1f} s")


def start_unit(name: str) -> None:
    """The unit's processes, as systemd would start them."""
    user, before, command = unit(name)
    for words in before:
        shell(as_user(user, words))
    start(name, as_user(user, command))


def play(name: str) -> None:
    """A oneshot unit, once."""
    user, _, command = unit(name)
    shell(as_user(user, command))


def unit(name: str) -> tuple[str, list[str], str]:
    """User, commands before, and command of an installed unit; %% and $$ are systemd's way to write % and $."""
    text = Path(f"/etc/systemd/system/{name}.service").read_text().replace("%%", "%").replace("$$", "$")
    values = re.findall(r"(?m)^(User|ExecStartPre|ExecStart)=(.*)$", text)
    before = [value for key, value in values if key == "ExecStartPre"]
    return dict(values)["User"], before, dict(values)["ExecStart"]


def as_user(user: str, command: str) -> str:
    return f"exec setpriv --reuid {user} --regid {user} --init-groups --no-new-privs {command}"


def start(name: str, command: str) -> None:
    with Path(f"/var/log/{name}.out").open("wb") as log:
        running[name] = subprocess.Popen(
            ["/bin/sh", "-c", f"umask 077; exec {command.removeprefix('exec ')}"], stdout=log, stderr=log
        )


def portal(words: str, given: str = "") -> str:
    """A command as the administrator types it, as root."""
    return shell(f"connectica-portal {words}", given) or "done"


def shell(command: str, given: str = "") -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", command], input=given, capture_output=True, text=True, timeout=300, check=False
    )
    claim(
        done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}\nended with {done.returncode}"
    )
    return done.stdout


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5, context=ssl.create_default_context(cafile=AUTHORITY)) as answer:
        return answer.read().decode()


def needs(words: str, text: str) -> str:
    """The text, when the words are in it."""
    claim(words in text, f"{words!r} is not there")
    return text


def wait(what: str, ask: Callable[[], object], seconds: float = 90) -> str:
    """Ask until it is so; what it answered. Fails with what it said last and the ends of all logs."""
    last, until = "", time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if answer := ask():
                return str(answer)
        except (OSError, LookupError, Failed) as error:
            last = str(error)
        time.sleep(0.3)
    raise Failed(f"not within {seconds} s: {what}. {last}")


class Failed(Exception):
    """A claim that does not hold."""


def claim(holds: object, words: str) -> None:
    if not holds:
        raise Failed(words)


def said(words: str) -> None:
    print(f"  {words}", flush=True)


def logs() -> str:
    """The end of everything that was written."""
    files = sorted([*Path("/var/log").glob("*.out"), Path("/var/log/postfix.log"), Path("/var/log/dovecot.log")])
    return "\n".join(f"== {path}\n{path.read_text(errors='replace')[-2500:]}" for path in files if path.exists())


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Failed as error:
        sys.exit(f"{logs()}\n\nFAILED: {error}")
