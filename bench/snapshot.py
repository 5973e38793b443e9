"""What the product says, recorded from outside: pages, parts, files, letters, commands and tables, to be compared."""

import argparse
import difflib
import hashlib
import html
import io
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import Policy, compat32, default
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import requests

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = "http://127.0.0.1:8000"  # the portal's address as its letters say it; the port it answers at is another one
PASSWORD, OURS = "connectica-demo", "kolovrat-mlha-17-sosna"
METRICS = "m" * 40
VLTAVA, CONNECTICA = "strojirny-vltava.example", "connectica.example"
ADDED = (  # accounts the demo has none of: address, name, role, company
    (f"ctenarka@{VLTAVA}", "Čeňka Čtenářová", "viewer", "vltava"),
    (f"odchazi@{VLTAVA}", "Otakar Odcházející", "viewer", "vltava"),
    (f"technik@{CONNECTICA}", "Matěj Služebný", "staff", ""),
    (f"odchazi@{CONNECTICA}", "Olga Odcházející", "staff", ""),
)
ROLES = {  # what the record calls them: address and password
    "nobody": ("", ""),
    "manager": (f"manazer@{VLTAVA}", PASSWORD),
    "manager-bakery": ("manazer@tri-lipy.example", PASSWORD),
    "manager-lawyers": ("manazer@ak-hora.example", PASSWORD),
    "viewer": (f"ctenarka@{VLTAVA}", OURS),
    "staff": (f"technik@{CONNECTICA}", OURS),
    "staff_admin": (f"dispecink@{CONNECTICA}", PASSWORD),
}
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
WORDS = {"q": ("tisk", "faktura 2026", 'nic <b>"takového"')}  # what is typed into a field of a filter
EXAMPLES, FILES = 25, 6  # of an address whose numbers and values vary
_PATIENCE = 600  # seconds for any process to come up
_DESK, _PORTAL = "desk/desk.db", "portal/portal.db"
_MISSING = "SELECT count(*) FROM attachment WHERE sha256 IS NULL AND fetch_error IS NULL"
_UNSENT = "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND given_up_at IS NULL"
_CURSOR = "SELECT cursor FROM mirror_state"
_TEXTS = ("text/", "application/json", "image/svg", "javascript", "xml")
_NOT_SAID = {"date", "server", "content-length", "connection", "transfer-encoding", "x-request-id", "keep-alive"}
_NOT_SENT = ("/sign-out", "/demo/mail")  # forms that would end the crawl, or write to the desk behind its back
_ENDS = re.compile(r"/(end|remove|revoke|withdraw|dismiss|take-back|end-others|unlink)$|^/settings/password|/role$")

# Runs at the start of every process of the product: the wall clock stands, durations go on.
STOPPED = """
import ctypes, datetime, gc, os, time
_moment = float(os.environ["SNAPSHOT_MOMENT"])
_members = gc.get_referents(datetime.datetime.__dict__)[0]
_members["now"] = classmethod(lambda cls, tz=None: cls.fromtimestamp(_moment, tz))
_members["utcnow"] = classmethod(lambda cls: cls.fromtimestamp(_moment, datetime.timezone.utc).replace(tzinfo=None))
ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))
time.time, time.time_ns = (lambda: _moment), (lambda: int(_moment * 1e9))
"""

VARYING = [  # what differs between two records of the same code
    (re.compile(pattern), words)
    for pattern, words in (
        (r'(name="csrf_token" value=")[^"]+', r"\1CSRF"),
        (r'("X-CSRFToken": ")[^"]+', r"\1CSRF"),
        (r"(\?v=)[0-9a-f]{12}\b", r"\1ASSET"),
        (r"(?i)(^|\s)(portal[\w-]*)=[^;\s]+(; )", r"\1\2=COOKIE\3"),
        (r"(?im)^((?:etag|last-modified): ).*", r"\1TAG"),
        (r"(/(?:decide|invitation|password|passwords|address|email)/)[\w.\-]{16,}", r"\1TOKEN"),
        (r"(\.)[0-9a-f]{16}(@)", r"\1RANDOM\2"),
        (r"(boundary=\"?|--)=+\d+==", r"\1BOUNDARY"),
        (r'(class="qr" src=")[^"]+', r"\1QR"),
        (r"<code>[A-Z2-7]{4}( [A-Z2-7]{4}){7}</code>", "<code>SECRET</code>"),
        (r'("challenge": ?")[^"]+', r"\1CHALLENGE"),
    )
]
SECRET_COLUMNS = re.compile(
    r"(key|token|code)_hash$|^(password|fs_uniquifier|secret|sealed_secret|salt|holder|fence|user_handle)$"
)


# ------------------------------------------------------------------ processes


def stopped_at(folder: Path) -> float:
    """The moment at which the clock of this data stands."""
    return float((folder / "moment").read_text())


def environment(moment: float, **settings: object) -> dict[str, str]:
    """Of a process of the product: these settings alone, and a clock that stands."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    ours = {f"PORTAL_{name}": str(value) for name, value in settings.items()}
    fixed = {"FLASK_APP": str(ROOT / "app.py"), "COLUMNS": "100", "LANG": "C.UTF-8", "TZ": "UTC"}
    steady = {"PYTHONPATH": str(_shim()), "SNAPSHOT_MOMENT": repr(moment), "PYTHONHASHSEED": "0"}
    return others | ours | fixed | steady | {"PYTHONUNBUFFERED": "1"}


def _shim() -> Path:
    """The folder from which every Python takes the standing clock."""
    folder = Path(tempfile.gettempdir()) / f"snapshot-clock-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    file = folder / "sitecustomize.py"
    if not file.exists() or file.read_text() != STOPPED:
        file.write_text(STOPPED)
    return folder


def flask(*words: str) -> list[str]:
    return [sys.executable, "-m", "flask", *words]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def running(command: list[str], env: Mapping[str, str], log: Path, ends_by: int = signal.SIGTERM) -> Iterator[None]:
    """A process while the block lasts; what it says goes into the log."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, env=dict(env), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said, process_group=0
        )
    try:
        yield
    finally:
        process.send_signal(ends_by)
        process.wait(60)


def wait_for(what: str, log: Path, is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < until, f"{what} did not come:\n{log.read_text(errors='replace')}"
        time.sleep(0.2)


def answers(port: int) -> bool:
    with closing(socket.socket()) as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


# ------------------------------------------------------------------ making the year


def make(folder: Path) -> None:
    """The demo's year up to now, with one account of every role."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    moment = float(int(time.time()))
    (folder / "moment").write_text(repr(moment))
    play(folder / "data", moment)
    for email, name, role, company in ADDED:
        words = ["people", "add", email, "--name", name, "--role", role, "--password-stdin"]
        words += ["--company", company] if company else []
        env = environment(moment, **settings(folder / "data"))
        subprocess.run(flask(*words), env=env, cwd=ROOT, input=OURS.encode(), check=True, stdout=subprocess.DEVNULL)


def play(folder: Path, moment: float) -> None:
    """The real demo, started and ended as soon as it has mirrored everything."""
    folder.mkdir(parents=True)
    places = {f"DEMO_{name}": f"127.0.0.1:{free_port()}" for name in ("PORTAL", "DESK", "SMTP")}
    env, log = environment(moment, DEMO_FOLDER=folder, **places), folder / "demo.txt"
    with running(flask("demo", "run"), env, log, ends_by=signal.SIGINT):
        wait_for("the demo", log, lambda: "Ctrl-C ends it" in log.read_text())
        wait_for("the last file", log, lambda: not _count(folder / _PORTAL, _MISSING))


def _count(database: Path, query: str) -> int:
    with closing(sqlite3.connect(database, timeout=30)) as db:
        return int(db.execute(query).fetchone()[0])


def settings(data: Path, desk: int = 1, smtp: int = 1) -> dict[str, object]:
    """Of the portal and the desk over such a folder, as the demo has them."""
    return {
        "INSTANCE": data / "portal",
        "BASE_URL": PUBLIC,
        "DEMO": True,
        "STAFF_SECOND_FACTOR": False,
        "DEMO_SMTP": f"127.0.0.1:{smtp}",
        "CORE_URL": f"http://127.0.0.1:{desk}/core/v1",
        "DESK_FOLDER": data / "desk",
        "DESK_HTTP": f"127.0.0.1:{desk}",
        "DESK_SMTP": f"127.0.0.1:{smtp}",
        "DESK_TRUSTED_AUTHSERV": "mx.connectica.example",
        "DESK_TRUST_LOCAL": True,
        "METRICS_TOKEN": METRICS,
    }


# ------------------------------------------------------------------ what is written down


class Record:
    """The folder of a record: one file an answer, without what varies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hidden: list[tuple[str, str]] = []  # what this run alone has: ports, folders, tokens
        self.count = 0

    def write(self, place: str, name: str, text: str) -> None:
        self.count += 1
        path = self.folder / place / _file_name(self.plain(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.plain(text), newline="\n")

    def plain(self, text: str) -> str:
        for varying, words in self.hidden:
            text = text.replace(varying, words)
        return plain(text)

    def answer(self, place: str, name: str, said: requests.Response, asked: str = "") -> None:
        self.write(place, name, "\n".join([asked or name, str(said.status_code), *_heads(said), "", body_of(said)]))


def plain(text: str) -> str:
    """The text without what varies; a record made before a line was added to VARYING is read through it, too."""
    for pattern, words in VARYING:
        text = pattern.sub(words, text)
    return text


def _file_name(name: str) -> str:
    safe = quote(name, safe=" =?&%,")
    return f"{safe[:120]}~{hashlib.sha256(name.encode()).hexdigest()[:8]}.txt" if len(safe) > 120 else f"{safe}.txt"


def _heads(said: requests.Response) -> list[str]:
    return sorted(f"{name}: {value}" for name, value in said.headers.items() if name.lower() not in _NOT_SAID)


def body_of(said: requests.Response) -> str:
    kind = said.headers.get("Content-Type", "")
    if said.content[:2] == b"PK":
        return "\n".join(unpacked(said.content))
    if kind.startswith("application/json"):
        return json.dumps(said.json(), ensure_ascii=False, indent=1)
    return readable(said.content) if any(word in kind for word in _TEXTS) else digest(said.content)


def unpacked(content: bytes) -> Iterator[str]:
    """Every member of an archive, an element a line where it is XML."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.namelist():
            text = readable(archive.read(member))
            yield f"=== {member}"
            yield text.replace("><", ">\n<") if member.endswith((".xml", ".rels")) else text


def readable(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return digest(content)


def digest(content: bytes) -> str:
    return f"{len(content)} bytes, {hashlib.sha256(content).hexdigest()}"


# ------------------------------------------------------------------ pages


@dataclass
class Field:
    name: str
    kind: str
    values: list[str]  # the first is set


@dataclass
class Form:
    action: str
    method: str
    part: bool  # htmx sends it
    fields: list[Field] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """The addresses and the forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[tuple[str, bool]] = []  # address, whether htmx asks for it
        self.forms: list[Form] = []
        self._form = Form("", "", part=False)  # what stands outside of forms goes into this one
        self._option = ""  # option whose value is its text: "" none, "set" or "unset"
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.links += [(said[name], name == "hx-get") for name in ("href", "src", "hx-get") if said.get(name)]
        handler = getattr(self, f"on_{tag}", None)
        if handler:
            handler(said)

    def handle_data(self, data: str) -> None:
        if self._option:
            self._offer(data.strip(), is_set=self._option == "set")
            self._option = ""

    def on_form(self, said: dict[str, str]) -> None:
        self._form = Form(said.get("action", ""), said.get("method", "get").lower(), "hx-get" in said)
        self.forms.append(self._form)

    def on_input(self, said: dict[str, str]) -> None:
        kind, name, value = said.get("type", "text"), said.get("name", ""), said.get("value", "")
        if kind == "radio":
            self._radio(name, value, is_set="checked" in said)
        elif name and (kind != "checkbox" or "checked" in said):
            self._form.fields.append(Field(name, kind, [value]))

    def _radio(self, name: str, value: str, *, is_set: bool) -> None:
        if not any(one.name == name for one in self._form.fields):
            self._form.fields.append(Field(name, "radio", []))
        self._offer(value, is_set=is_set)

    def on_textarea(self, said: dict[str, str]) -> None:
        self._form.fields.append(Field(said.get("name", ""), "textarea", [""]))

    def on_select(self, said: dict[str, str]) -> None:
        self._form.fields.append(Field(said.get("name", ""), "select", []))

    def on_option(self, said: dict[str, str]) -> None:
        if "value" in said:
            self._offer(said["value"], is_set="selected" in said)
        else:
            self._option = "set" if "selected" in said else "unset"

    def on_button(self, said: dict[str, str]) -> None:
        if said.get("name"):
            self._form.buttons.append((said["name"], said.get("value", "")))

    def _offer(self, value: str, *, is_set: bool) -> None:
        values = self._form.fields[-1].values
        values.insert(0 if is_set else len(values), value)


@cache
def shape(address: str) -> str:
    """The address without what makes it one example of many: numbers, months, names of files, values."""
    parts = urlsplit(address)
    path = re.sub(r"(?<=/attachments/)(\d+)((?:/original)?)/.+", r"N\2/NAME", parts.path)
    path = re.sub(r"/\d{4}-\d\d(-\d\d)?", "/DAY", re.sub(r"(?<=/)\d+(?=/|$)", "N", path))
    path = re.sub(r"(/demo/mail/).+", r"\1NAME", path)
    return f"{path}?{'&'.join(sorted({name for name, value in parse_qsl(parts.query)}))}"


class Visitor:
    """Somebody with a browser: signed in, or nobody."""

    def __init__(self, record: Record, port: int, role: str) -> None:
        self.role, self.record, self.base = role, record, f"http://127.0.0.1:{port}"
        self.browser = requests.Session()
        heads = {"Accept-Encoding": "identity", "Accept-Language": "cs", "User-Agent": "Snapshot"}
        self.browser.headers.update(heads)
        self.pages: dict[tuple[str, bool], str] = {}  # what was recorded, as pages only

    def sign_in(self) -> None:
        email, password = ROLES[self.role]
        if email:
            form = {"email": email, "password": password, "csrf_token": self.token("/sign-in")}
            said = self.browser.post(f"{self.base}/sign-in", data=form, allow_redirects=False, timeout=60)
            assert said.status_code == 302, f"{self.role} cannot sign in"

    def token(self, path: str) -> str:
        page = self.browser.get(self.base + path, timeout=60).text
        return html.unescape(re.findall(r'name="csrf_token" value="([^"]+)"', page)[0])

    def ask(self, path: str, *, part: bool = False, method: str = "GET", **more) -> requests.Response:
        heads = (PART if part else {}) | more.pop("headers", {})
        return self.browser.request(
            method, self.base + path, headers=heads, allow_redirects=False, timeout=120, **more
        )

    def see(self, place: str, path: str, *, part: bool = False, **more) -> requests.Response:
        """Ask and write the answer down."""
        said = self.ask(path, part=part, **more)
        name = f"{more.get('method', 'GET')} {path}{' (part)' if part else ''}"
        self.record.answer(f"{place}/{self.role}", name, said)
        return said

    def onward(self, path: str, said: requests.Response) -> Iterator[tuple[str, bool]]:
        """The addresses an answer leads to: where it sends, its links, its filters filled in."""
        if "Location" in said.headers:
            yield from self._own(path, said.headers["Location"], part=False)
        if said.headers.get("Content-Type", "").startswith("text/html"):
            page = Page(said.text)
            self.pages[path, False] = said.text
            for link, part in page.links:
                yield from self._own(path, link, part=part)
            for form in page.forms:
                yield from filled(path, form) if form.method == "get" else ()

    def _own(self, path: str, link: str, *, part: bool) -> Iterator[tuple[str, bool]]:
        whole = urlsplit(urljoin(PUBLIC + path, link.replace(self.base, PUBLIC)))
        if f"{whole.scheme}://{whole.netloc}" == PUBLIC:
            yield whole.path + (f"?{whole.query}" if whole.query else ""), part

    def crawl(self, place: str, starts: Iterable[str], *, most: int, examples: int) -> None:
        """Follow links breadth first, so many answers, so many examples of each shape."""
        waiting: dict[str, deque[tuple[str, bool]]] = {}
        seen, known = Counter(), set()
        _queue(waiting, known, ((start, False) for start in starts))
        while waiting and seen.total() < most:
            kind = min(waiting, key=lambda kind: rank(kind, seen[kind]))
            path, part = waiting[kind].popleft()
            if not waiting[kind] or seen[kind] + 1 >= allowed(kind, examples):
                del waiting[kind]
            seen[kind] += 1
            onward = self.onward(path, self.see(place, path, part=part))
            full = {kind for kind, times in seen.items() if times >= allowed(kind, examples)}
            _queue(waiting, known, onward, full)


def _queue(waiting: dict, known: set, found: Iterable[tuple[str, bool]], full: Container[str] = ()) -> None:
    """Let what is new wait behind others of its shape, unless enough of that shape was seen."""
    for path, part in found:
        kind = f"{shape(path)} {part}"
        if (path, part) not in known and kind not in full:
            known.add((path, part))
            waiting.setdefault(kind, deque()).append((path, part))


def rank(kind: str, times: int) -> int:
    """Shapes take turns; those without a query come four times as often, those that say several things later."""
    return times // 4 if "? " in kind else times + 5 * kind.count("&")


def allowed(kind: str, examples: int) -> int:
    """How many examples of a shape: fewer of files, and of addresses that say several things at once."""
    if "/attachments/" in kind or ".xlsx" in kind or ".csv" in kind or "/demo/" in kind:
        return min(examples, FILES)
    return max(1, examples // (1 + kind.count("&") * 2))


def filled(path: str, form: Form) -> Iterator[tuple[str, bool]]:
    """The addresses a form of a filter leads to, one field changed at a time."""
    base = {one.name: one.values[0] for one in form.fields if one.values and one.values[0]}
    action = urlsplit(urljoin(path, form.action)).path
    for one in form.fields:
        for value in _choices(one):
            query = urlencode(base | {one.name: value})
            yield from ((f"{action}?{query}", part) for part in {False, form.part})


def _choices(one: Field) -> list[str]:
    if one.kind in ("select", "radio"):
        return one.values
    if one.kind == "date":
        return [f"{today() - timedelta(days=days):%Y-%m-%d}" for days in (75, 20)] + ["nonsense"]
    return list(WORDS.get(one.name, WORDS["q"][:1])) if one.kind in ("text", "search") else []


_TODAY: list[datetime] = []


def today() -> datetime:
    return _TODAY[0]


# ------------------------------------------------------------------ deeds


def act(visitor: Visitor, most: int) -> None:
    """Send the forms of the pages seen, each kind some times, each time with other buttons and choices."""
    forms = _forms(visitor)
    for kind in sorted(forms, key=lambda kind: (bool(_ENDS.search(kind.partition("?")[0])), kind)):
        distinct = forms[kind]
        for turn in range(min(most, max(len(distinct), _variants(distinct[0][1])))):
            send(visitor, *distinct[turn % len(distinct)], turn)


def _forms(visitor: Visitor) -> dict[str, list[tuple[str, Form]]]:
    """By kind, the forms that do something, each action once, with the page it stands on."""
    found: dict[str, dict[str, tuple[str, Form]]] = {}
    for (path, _), text in visitor.pages.items():
        for form in Page(text).forms:
            if form.method == "post" and form.action not in _NOT_SENT and not _ends_a_role(form.action, text):
                kind = f"{shape(form.action)} {sorted({one.name for one in form.fields})}"
                found.setdefault(kind, {}).setdefault(form.action, (path, form))
    return {kind: list(forms.values()) for kind, forms in found.items()}


def _ends_a_role(action: str, text: str) -> bool:
    """Whether the form would lock somebody out who still has to look."""
    return bool(re.search(r"/people/\d+/", action)) and any(email and email in text for email, _ in ROLES.values())


def _variants(form: Form) -> int:
    return max([1, len(form.buttons), *(len(one.values) for one in form.fields if one.kind in ("radio", "select"))])


def send(visitor: Visitor, path: str, form: Form, turn: int) -> None:
    fields = dict(chosen(one, visitor, turn) for one in form.fields)
    if "csrf_token" in fields:
        fields["csrf_token"] = visitor.token("/settings" if visitor.role != "nobody" else "/sign-in")
    if form.buttons:
        name, value = form.buttons[turn % len(form.buttons)]
        fields[name] = value
    action = urlsplit(urljoin(path, form.action))
    target = action.path + (f"?{action.query}" if action.query else "")
    said = visitor.ask(target, method="POST", data=fields)
    asked = f"POST {target} {sorted((name, value) for name, value in fields.items() if name != 'csrf_token')}"
    number = visitor.record.count
    visitor.record.answer(f"acts/{visitor.role}", f"{number} POST {target}", said, asked)
    if "Location" in said.headers:
        onward = urlsplit(said.headers["Location"])
        path = f"{onward.path}{'?' if onward.query else ''}{onward.query}"
        visitor.record.answer(f"acts/{visitor.role}", f"{number} onward {path}", visitor.ask(path))


def chosen(one: Field, visitor: Visitor, turn: int) -> tuple[str, str]:
    """What is written into a field of a form that does something."""
    first = one.values[0] if one.values else ""
    if one.kind in ("radio", "select") and one.values:
        return one.name, one.values[turn % len(one.values)]
    written = {
        "password": ROLES[visitor.role][1],
        "email": f"nova{turn}.{visitor.role}@{ROLES[visitor.role][0].partition('@')[2] or VLTAVA}",
        "date": f"{today() + timedelta(days=7 + turn):%Y-%m-%d}",
        "number": "20",
        "textarea": f"Poznámka ke snímku, {turn + 1}. pokus.\nDěkuji.",
        "text": f"Nová Kolegyně {turn}" if one.name == "name" else "20",
    }
    return one.name, first or written.get(one.kind, first)


# ------------------------------------------------------------------ the parts of a record


def open_letters(visitor: Visitor, data: Path) -> None:
    """Open what the portal's letters lead to that needs no account, and do what can be done there."""
    texts = [letter(path.read_bytes()) for path in sorted((data / "portal/letters").glob("*.eml"))]
    links = [link for text in texts for link in re.findall(re.escape(PUBLIC) + r"(/[a-z]+/[\w.\-]{16,})", text)]
    visitor.pages.clear()
    for number, link in enumerate(links):
        said = visitor.ask(link)
        visitor.record.answer("links", f"{number} GET {link}", said)
        for form in Page(said.text).forms:
            if form.method == "post" and number % 2 == 0:
                send(visitor, link, form, number // 2)


def everybody(record: Record, port: int) -> list[Visitor]:
    visitors = [Visitor(record, port, role) for role in ROLES]
    for visitor in visitors:
        visitor.sign_in()
    return visitors


def starts(visitor: Visitor) -> list[str]:
    asked = ["/sign-in", "/password/forgotten", "/demo/mail", "/sign-in/sso"] if visitor.role == "nobody" else []
    return ["/", *asked]


def pages(visitors: list[Visitor], place: str, most: int, examples: int) -> None:
    for visitor in visitors:
        visitor.crawl(place, starts(visitor), most=most, examples=examples)


def speak(data: Path, visitors: list[Visitor], language: str) -> None:
    """Everybody reads this language from now on."""
    with closing(sqlite3.connect(data / _PORTAL, timeout=30)) as db, db:
        db.execute("UPDATE person SET language = ?", (language,))
    for visitor in visitors:
        visitor.browser.headers["Accept-Language"] = language


def let_in(data: Path) -> None:
    """No company asks for a second factor any more, so that everybody goes on seeing pages."""
    with closing(sqlite3.connect(data / _PORTAL, timeout=30)) as db, db:
        db.execute("UPDATE company SET requires_second_factor = 0")


def strangers(visitors: list[Visitor]) -> None:
    """What the others see, asked for by everybody: one example of each shape."""
    samples: dict[str, str] = {}
    for visitor in visitors:
        for path, _ in visitor.pages:
            samples.setdefault(f"{visitor.role.partition('-')[2]}{shape(path)}", path)
    for visitor in visitors:
        for path in [path for path in samples.values() if (path, False) not in visitor.pages]:
            visitor.see("others", path)


WRONG = (
    "/nothing", "/tickets/99999999", "/tickets/%00", "/attachments/999999", "/invoices/1999-01", "/hours/none.xlsx",
    "/approvals/99999", "/decide/nobody", "/invitation/nobody", "/tickets?state=none&page=x&since=2026-99-99",
    "/log?before=x", "/hooks/core", "/metrics",
)  # fmt: skip


def errors(visitors: list[Visitor]) -> None:
    """What goes wrong on purpose."""
    for visitor in visitors:
        for path in WRONG:
            visitor.see("errors", path)
            visitor.see("errors", path, part=True)
        visitor.see("errors", "/tickets", method="POST")
        visitor.see("errors", "/tickets", method="DELETE", part=True)
        visitor.see("errors", "/settings", method="POST", data={"csrf_token": "wrong"})
        visitor.see("errors", "/sign-in?elsewhere", headers={"Host": "elsewhere.example"})
        visitor.see("errors", "/settings?long", method="POST", data="x" * 2_200_000)


def machines(visitor: Visitor) -> None:
    """What programs ask the portal."""
    visitor.see("machines", "/healthz")
    visitor.see("machines", "/favicon.ico")
    visitor.see("machines", "/hooks/core", method="POST")
    for packing in ("gzip", "zstd", "br"):
        visitor.see("machines", f"/sign-in?{packing}", headers={"Accept-Encoding": packing})
    said = visitor.ask("/metrics", headers={"Authorization": f"Bearer {METRICS}"})
    lines = [line for line in said.text.splitlines() if line[0] == "#" or "request" not in line]
    names = sorted({line if line[0] == "#" else line.rpartition(" ")[0] for line in lines})
    visitor.record.write("machines", "metrics", "\n".join(names))


NOTES = (
    {}, {"text": "Ahoj", "key": ""}, {"text": "Ahoj", "key": "a b"}, {"text": "A", "key": "k", "decision": "x"},
    {"text": "Poznámka ze snímku", "key": "snapshot-1"}, {"text": "Jiná poznámka", "key": "snapshot-1"},
)  # fmt: skip


def core(record: Record, port: int, token: str) -> None:
    """Every answer of the Core API."""
    line, base = requests.Session(), f"http://127.0.0.1:{port}/core/v1"
    line.headers["Authorization"] = f"Bearer {token}"
    for path in ("/companies", "/prices", "/changes?limit=0", "/changes?cursor=x", "/nothing", "/attachments/x"):
        record.answer("core", f"GET {path}", line.get(base + path, timeout=60))
    record.answer("core", "DELETE", line.delete(f"{base}/companies", timeout=60))
    record.answer("core", "a stranger", requests.get(f"{base}/companies", timeout=60))
    for number, page in enumerate(changes(line, base)):
        record.hidden.append((page.json()["cursor"], "CURSOR"))
        record.answer("core", f"changes {number}", page)
    for number, note in enumerate(NOTES):
        said = line.post(f"{base}/tickets/1/notes", json=note, timeout=60)
        record.answer("core", f"note {number}", said, f"{note}")


def changes(line: requests.Session, base: str) -> Iterator[requests.Response]:
    """All pages of what changed."""
    cursor, more = "", True
    while more:
        page = line.get(f"{base}/changes", params={"cursor": cursor, "limit": 50}, timeout=60)
        cursor, more = page.json()["cursor"], page.json()["more"]
        yield page


def core_files(record: Record, data: Path, port: int, token: str) -> None:
    """What the desk says of every attachment, a line each."""
    with closing(sqlite3.connect(data / _DESK)) as db:
        numbers = [row[0] for row in db.execute("SELECT id FROM attachment ORDER BY id")]
    heads, lines = {"Authorization": f"Bearer {token}"}, []
    with requests.Session() as line:
        for number in numbers:
            said = line.get(f"http://127.0.0.1:{port}/core/v1/attachments/{number}", headers=heads, timeout=60)
            lines.append(f"{number} {said.status_code} {_heads(said)} {digest(said.content)}")
    record.write("core", "attachments", "\n".join(lines))


def tables(record: Record, place: str, database: Path, mail: Callable[[bytes], str]) -> None:
    """Every table and its definition as text; mail says how a mail in it is written down."""
    with closing(sqlite3.connect(database, timeout=30)) as db:
        made = db.execute("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
        record.write(place, "schema", "\n\n".join(definition(sql) for _, _, sql in made))
        for name, kind, _ in made:
            if kind == "table" and not name.startswith(("sqlite_", "ticket_fts_")):
                record.write(place, name, "\n".join(rows(db, name, mail)))


def definition(sql: str) -> str:
    """Of a table: its lines in order, for the constraints come in any."""
    return (
        "\n".join(sorted(line.strip(" \t,") for line in sql.splitlines())) if sql.startswith("CREATE TABLE") else sql
    )


def rows(db: sqlite3.Connection, table: str, mail: Callable[[bytes], str]) -> Iterator[str]:
    found = db.execute(f'SELECT * FROM "{table}" ORDER BY 1')  # noqa: S608 - a name the database gave
    names = [column[0] for column in found.description]
    for row in found:
        yield "".join(f"{name}: {cell(name, value, mail)}\n" for name, value in zip(names, row, strict=True))


def cell(name: str, value: object, mail: Callable[[bytes], str]) -> str:
    if SECRET_COLUMNS.search(name):
        return "SECRET" if value else "none"
    if isinstance(value, bytes):
        return mail(value) if name == "raw" else readable(value)
    return f"{value}"


def letter(raw: bytes, policy: Policy = default) -> str:
    """A mail as text: its head as it was sent, its parts decoded."""
    mail = message_from_bytes(raw, policy=policy)
    parts = [part for part in mail.walk() if not part.is_multipart()]
    heads = [f"  {name}: {value}" for name, value in mail.items()]
    texts = [f"  {part.get_content_type()}\n{readable(part.get_payload(decode=True) or b'')}" for part in parts]
    return "\n".join(["", *heads, *texts])


def letters(record: Record, place: str, folder: Path) -> None:
    for path in sorted(folder.glob("*.eml")):
        record.write(place, path.stem, letter(path.read_bytes()))


# Flask's own command line in one process, each command in a child of it: what it says, by its words, as JSON.
ALL_COMMANDS = """
import json, os, sys, traceback
import click
from flask.cli import FlaskGroup, ScriptInfo
cli = FlaskGroup(name="flask")

def below(command, words):
    yield words
    if isinstance(command, click.Group) and words[:1] != ["db"]:
        context = click.Context(command, info_name=words[-1] if words else "flask", obj=ScriptInfo())
        for name in command.list_commands(context):
            yield from below(command.get_command(context, name), [*words, name])

def say(words):
    said = os.memfd_create("out"), os.memfd_create("err")
    if not os.fork():
        os.dup2(said[0], 1), os.dup2(said[1], 2)
        os._exit(done(words))
    code = os.waitstatus_to_exitcode(os.wait()[1])
    out, err = (os.pread(file, 10_000_000, 0).decode() for file in said)
    return f"{out}--- {code}\\n{err}"

def done(words):
    try:
        cli.main(words, prog_name="flask")
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        return 99
    finally:
        sys.stdout.flush(), sys.stderr.flush()

asked = [[*words, "--help"] for words in below(cli, [])] + json.load(sys.stdin)
json.dump({" ".join(words): say(words) for words in asked}, sys.stdout)
"""


def commands(record: Record, env: Mapping[str, str]) -> None:
    """What the command line says of itself, and what its reading commands say."""
    asked = json.dumps(reading()).encode()
    command = [sys.executable, "-c", ALL_COMMANDS]
    done = subprocess.run(command, env=dict(env), cwd=ROOT, input=asked, stdout=subprocess.PIPE, check=True)
    for words, said in json.loads(done.stdout).items():
        record.write("commands", words, said)
    for words in ("--help", "people list", "people forget nobody"):
        said = subprocess.run(flask(*words.split()), env=dict(env), cwd=ROOT, capture_output=True, check=False)
        record.write("commands", f"{words} (alone)", f"{said.stdout.decode()}{said.returncode}{said.stderr.decode()}")


def reading() -> list[list[str]]:
    """Commands that only look."""
    someone = f"petr.novak@{VLTAVA}"
    return [
        ["people", "list"], ["companies", "list"], ["prices", "list"], ["sync", "status"], ["sync", "verify"],
        ["letters", "late"], ["sso", "list"], ["desk", "aside"], ["desk", "aside", "--ignored"], ["desk", "prices"],
        ["desk", "companies"], ["desk", "technicians"], ["desk", "invoice", f"{today():%Y-%m}"],
        ["desk", "forget", someone], ["desk", "forget", "nobody@nowhere.example"], ["people", "forget", someone],
        ["people", "forget", "nobody@nowhere.example"], ["people", "deactivate", "nobody@nowhere.example"],
        ["db", "current"], ["desk", "invoice", "nonsense"], ["desk", "aside", "show", "1"], ["sso", "test", "none"],
    ]  # fmt: skip


def routes(record: Record, env: Mapping[str, str]) -> None:
    """Every address there is with its methods; not the name of what answers."""
    done = subprocess.run(flask("routes", "--sort", "rule"), env=dict(env), cwd=ROOT, capture_output=True, check=True)
    lines = [re.split(r"\s{2,}", line.strip())[1:] for line in done.stdout.decode().splitlines()[2:]]
    record.write("commands", "routes", "\n".join(sorted("  ".join(line) for line in lines)))


# ------------------------------------------------------------------ record and compare


def record(folder: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    began, moment, written = time.monotonic(), stopped_at(folder), Record(out)
    _TODAY.append(datetime.fromtimestamp(moment, UTC))
    with tempfile.TemporaryDirectory(prefix="snapshot-") as place:
        shutil.copytree(folder / "data", Path(place) / "data")
        written.hidden += [(place, "PLACE"), (str(ROOT), "ROOT")]
        _served(written, Path(place) / "data", moment, began)
        play(Path(place) / "again", moment)
        _replayed(written, Path(place) / "again")
    print(f"{written.count} answers in {time.monotonic() - began:.0f} s")


def _replayed(written: Record, data: Path) -> None:
    """The year played by the code that is recorded: what its intake, its letters and its sync came to."""
    for database, query in ((_DESK, "SELECT value FROM fact WHERE name = 'store'"), (_PORTAL, _CURSOR)):
        with closing(sqlite3.connect(data / database)) as db:
            written.hidden.append((db.execute(query).fetchone()[0], "STORE"))
    tables(written, "year/desk", data / _DESK, lambda raw: letter(raw, compat32))
    tables(written, "year/portal", data / _PORTAL, readable)


def _served(written: Record, data: Path, moment: float, began: float) -> None:
    desk, smtp, port = free_port(), free_port(), free_port()
    written.hidden += [(f":{one}", ":PORT") for one in (desk, smtp, port)]
    env = environment(moment, **settings(data, desk, smtp))
    token = (data / "portal/core-token").read_text().strip()
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "1"]
    server = [*granian, "--no-ws", "--log-level", "error", "--host", "127.0.0.1", "--port", str(port), "app.py:app"]
    with running(flask("desk", "serve"), env, data / "desk.txt"), running(server, env, data / "portal.txt"):
        wait_for("the desk", data / "desk.txt", lambda: answers(desk))
        wait_for("the portal", data / "portal.txt", lambda: answers(port))
        _walk(written, data, env, port, began)
        core(written, desk, token)
        core_files(written, data, desk, token)
        _carry(written, data, env)
    _kept(written, data, env)
    _tell(began, "tables and letters")


def _walk(written: Record, data: Path, env: Mapping[str, str], port: int, began: float) -> None:
    """The pages as they are, then everything that can be done, then the pages as they are now."""
    visitors = everybody(written, port)
    pages(visitors, "cs", 240, EXAMPLES)
    _tell(began, "Czech pages")
    for turn in (1, 2):
        for visitor in [*visitors[-2:], *visitors[:-2]]:
            act(visitor, 3)
            let_in(data)
            visitor.pages.clear()
            visitor.crawl(f"acts-{turn}", starts(visitor), most=60, examples=4)
    _tell(began, "deeds")
    subprocess.run(flask("letters", "send"), env=dict(env), cwd=ROOT, check=True, capture_output=True)
    open_letters(visitors[0], data)
    let_in(data)
    _tell(began, "letters' links")
    speak(data, visitors, "en")
    pages(visitors, "en", 130, 8)
    strangers(visitors)
    errors(visitors)
    machines(visitors[0])
    _tell(began, "English pages, others' pages, errors")


def _carry(written: Record, data: Path, env: Mapping[str, str]) -> None:
    """What was decided goes to the desk and comes back; letters leave."""
    for words in (("sync", "run"), ("letters", "send"), ("sync", "run")):
        subprocess.run(flask(*words), env=dict(env), cwd=ROOT, check=False, capture_output=True)
        wait_for("the desk's letters", data / "desk.txt", lambda: not _count(data / _DESK, _UNSENT))


def _kept(written: Record, data: Path, env: Mapping[str, str]) -> None:
    commands(written, env)
    routes(written, env)
    tables(written, "tables/desk", data / _DESK, lambda raw: digest(written.plain(readable(raw)).encode()))
    tables(written, "tables/portal", data / _PORTAL, readable)
    letters(written, "letters/desk", data / "desk/outbox")
    letters(written, "letters/portal", data / "portal/letters")


def _tell(began: float, what: str) -> None:
    print(f"{time.monotonic() - began:4.0f} s  {what}", flush=True)


def compare(first: Path, second: Path) -> int:
    """Print what differs; how many files do."""
    files = [(side, path) for side in (first, second) for path in side.rglob("*") if path.is_file()]
    names = sorted({str(path.relative_to(side)) for side, path in files})
    differing = [name for name in names if _read(first / name) != _read(second / name)]
    for name in differing:
        before, after = (_read(side / name).splitlines() for side in (first, second))
        lines = difflib.unified_diff(before, after, f"{first.name}/{name}", f"{second.name}/{name}", n=1, lineterm="")
        print("\n".join(lines))
    print(f"{len(names)} files, {len(differing)} differ")
    return len(differing) if files else 1


def _read(path: Path) -> str:
    return plain(path.read_text()) if path.exists() else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.snapshot", description=__doc__)
    parser.add_argument("what", choices=("make", "record", "compare"))
    parser.add_argument("folders", nargs="+", type=lambda word: Path(word).resolve())
    said = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ended from outside, it still ends its processes
    return min(1, {"make": make, "record": record, "compare": compare}[said.what](*said.folders) or 0)


if __name__ == "__main__":
    sys.exit(main())
