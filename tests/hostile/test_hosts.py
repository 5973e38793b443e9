"""Links poisoned by Host (class 9): the address of the portal comes from its settings, whatever a request says."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time

import pytest
from sqlalchemy import select

from portal import create_app
from portal.config import ROOT
from portal.db import db
from portal.domain.accounts import password_resets
from portal.domain.audit.events import AuditEvent
from portal.domain.notifications.outbox import Letter
from portal.domain.users.permissions import STAFF_ADMIN
from portal.errors import Misconfigured
from tests.factories import mirror
from tests.hostile.walk import address, routes, token_of, values_of

PUBLIC_ADDRESS = "https://portal.connectica.example"
FORGED = {
    "Host": "localhost:6666",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Port": "6666",
    "X-Forwarded-Prefix": "/evil.example",
    "Forwarded": "for=6.6.6.6;host=evil.example;proto=gopher",
    "X-Original-Host": "evil.example",
    "X-Original-URL": "/evil.example",
    "X-Rewrite-URL": "/evil.example",
    "Origin": "https://evil.example",
    "Referer": "https://evil.example/",
    "X-Forwarded-For": "6.6.6.6",
    "X-Remote-User": "root@connectica.example",
    "Remote-User": "root@connectica.example",
    "Authorization": "Basic cm9vdDpyb290",
}

FORM = {  # something for every field there is
    "email": "new@connectica.example",
    "name": "Nová",
    "role": STAFF_ADMIN,
    "language": "cs",
    "theme": "dark",
    "password": mirror.PASSWORD,
    "present": mirror.PASSWORD,
    "question": "Smíme?",
    "reason": "Proto.",
    "until": "2026-11-24",
    "at_expiry": "stay",
    "text": "Proč?",
    "note": "Ano.",
    "answer": "approve",
    "approve_scope": "ticket",
    "unit": "hours",
    "amount": "10",
    "deputy": "1",
    "first": "2026-11-23",
    "last": "2026-11-24",
    "wanted": "yes",
    "company": "1",
}
KINDS = {"invitation", "address", "password", "question", "approval"}  # of letters with links


@pytest.fixture
def behind_tls(app, tmp_path):
    """The portal under a real name, as behind a proxy."""

    def made(**values):
        return create_app(
            INSTANCE=tmp_path,
            DATABASE_URL=app.config["DATABASE_URL"],
            BASE_URL=PUBLIC_ADDRESS,
            TESTING=True,
            **values,
        )

    return made


OURS = ["portal.connectica.example", "portal.connectica.example:443"]
NOT_OURS = [
    "",
    "evil.example",
    "localhost",
    "127.0.0.1",
    "portal.connectica.example.",
    "portal.connectica.example:80",
    "portal.connectica.example:8443",
    "portal.connectica.example:99999",
    "portal.connectica.example:",
    "portal.connectica.example:443:443",
    "portal.connectica.example:443@evil.example",
    "portal.connectica.example:x",
    "evil.example@portal.connectica.example",
    "portal.connectica.example,evil.example",
    "portal.connectica.example evil",
    "evil.portal.connectica.example",
    "portal.connectica.example.evil.example",
    "portal.connectica.example/evil",
    "portal.connectica.example#",
    "portal.connectica.example%00",
    "xn--prtal-connectica",
    "[::1]",
    "\xffportal",
]


def test_one_address_is_ours_and_every_other_is_refused_before_anything_else_happens(behind_tls):
    client = behind_tls().test_client()
    for host in OURS:
        assert client.get("/sign-in", headers={"Host": host}).status_code == 200, host
    for host in NOT_OURS:
        for path in ("/sign-in", "/tickets", "/static/portal.css", "/nowhere"):
            answer = client.get(path, headers={"Host": host})
            assert (answer.status_code, answer.text) == (400, "Unknown host."), host
            assert "Set-Cookie" not in answer.headers, host


def test_a_watchdog_and_a_core_on_this_machine_reach_us_past_the_proxy(behind_tls):
    client = behind_tls().test_client()
    for host in ("127.0.0.1:8000", "localhost"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200, host
        assert client.post("/hooks/core", headers={"Host": host}).status_code == 404, host  # not signed
        assert client.get("/metrics", headers={"Host": host}).status_code == 404, host  # no token
    for host in ("evil.example", "127.0.0.1@evil.example", "localhost.evil.example", "127.0.0.1:8000:8000"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 400, host


def test_every_letter_and_redirect_made_under_a_forged_host_has_the_configured_address_alone(app, world, sign_in):
    """Every form of every page is sent, by everybody who may, with headers that name another address."""
    for person in (None, world.staff, world.admin, world.a.manager, world.a.viewer):
        client = sign_in(person) if person else app.test_client()
        for rule in routes(app):
            for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
                if rule.endpoint in ("sign_in.leave", "passwords.change"):
                    continue  # they end the session
                form = FORM | {"csrf_token": token_of(client)}
                if rule.endpoint == "passwords.wish":
                    form["email"] = "viewer@a.example"
                values = values_of(world.a)
                answer = client.open(
                    address(app, rule, values), method=method, headers=FORGED, data=form if method == "POST" else None
                )
                assert "evil.example" not in str(answer.headers), f"{method} {rule}"
                assert b"evil.example" not in answer.data, f"{method} {rule}"
                assert answer.headers.get("Location", "/").startswith("/"), f"{method} {rule}"
        password_resets.write_due()
    letters = db.session.scalars(select(Letter)).all()
    assert {re.split("[:-]", one.key)[0] for one in letters} >= KINDS
    for letter in letters:
        linked = re.findall(r"(?i)\b(?:https?:)?//[^/\s]+", letter.text)
        assert set(linked) <= {app.config["BASE_URL"]}, letter.key
        assert "evil.example" not in f"{letter.subject} {letter.text}", letter.key


def test_forwarded_headers_are_believed_only_as_far_as_the_settings_say(behind_tls, world):
    """The address in the log is the connection's own without a proxy, and what the last proxies said with some."""
    forged = {"X-Forwarded-For": "6.6.6.6, 10.0.0.9, 10.0.0.8", "Host": "portal.connectica.example"}
    for proxies, seen in ((0, "127.0.0.1"), (1, "10.0.0.8"), (2, "10.0.0.9")):
        client = behind_tls(PROXIES=proxies).test_client()
        form = {"email": "manager@a.example", "password": "x", "csrf_token": token_of_host(client)}
        client.post("/sign-in", data=form, headers=forged, base_url=PUBLIC_ADDRESS)
        newest = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()))
        assert newest.first().address == seen


def test_a_proxy_that_passes_nonsense_on_breaks_nothing(behind_tls, world):
    client = behind_tls(PROXIES=1).test_client()
    form = {"email": "manager@a.example", "password": "x", "csrf_token": token_of_host(client)}
    for given in ("", ",", "nonsense", "'; DROP TABLE person; --", "\xff", "::ffff:1.2.3.4%eth0", "1" * 5000):
        answer = client.post(
            "/sign-in",
            data=form,
            base_url=PUBLIC_ADDRESS,
            headers={"Host": "portal.connectica.example", "X-Forwarded-For": given, "X-Forwarded-Proto": given},
        )
        assert answer.status_code == 200, given


def token_of_host(client):
    page = client.get("/sign-in", base_url=PUBLIC_ADDRESS, headers={"Host": "portal.connectica.example"}).text
    return re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)


def test_nobody_is_signed_in_by_a_header(app, world):
    assert app.test_client().get("/tickets", headers=FORGED).location.startswith("/sign-in")


def test_behind_tls_browsers_are_told_to_stay_there(behind_tls, app):
    headers = behind_tls().test_client().get("/sign-in", headers={"Host": "portal.connectica.example"}).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in app.test_client().get("/sign-in").headers


def test_an_address_that_is_none_is_said_at_the_start(tmp_path):
    for written in ("", "portal.example", "ftp://portal.example", "https://", "//portal.example", "javascript:x"):
        with pytest.raises(Misconfigured, match="PORTAL_BASE_URL"):
            create_app(INSTANCE=tmp_path, BASE_URL=written)


@pytest.fixture
def served(sqlite_template, tmp_path):
    """The real server, as `make run` starts it; its port."""
    shutil.copy(sqlite_template, tmp_path / "portal.db")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "PORTAL_INSTANCE": str(tmp_path),
        "PORTAL_BASE_URL": f"http://127.0.0.1:{port}",
        "PORTAL_DATABASE_URL": "",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "app:app"],
        env=os.environ | settings,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    yield port
    process.terminate()
    process.wait()


def test_the_real_server_takes_one_host_which_is_ours(served):
    ours = f"127.0.0.1:{served}"
    assert _said(served, "GET /sign-in HTTP/1.1", f"Host: {ours}").startswith(b"HTTP/1.1 200")
    for head in (
        ["GET /sign-in HTTP/1.1"],
        ["GET /sign-in HTTP/1.0"],
        ["GET /sign-in HTTP/1.1", "Host:"],
        ["GET /sign-in HTTP/1.1", f"Host: {ours}", "Host: evil.example"],
        ["GET /sign-in HTTP/1.1", "Host: evil.example", f"Host: {ours}"],
        ["GET /sign-in HTTP/1.1", f"Host: {ours}, evil.example"],
        ["GET /sign-in HTTP/1.1", f"Host: {ours}@evil.example"],
        ["GET /sign-in HTTP/1.1", "Host: 127.0.0.1:80:80"],
        ["GET /sign-in HTTP/1.1", "Host: 127.0.0.1:99999"],
        ["GET /sign-in HTTP/1.1", " Host: 127.0.0.1"],
        [f"GET http://{ours}/sign-in HTTP/1.1", "Host: evil.example"],
    ):
        said = _said(served, *head)
        assert said.split(b" ")[1:2] == [b"400"], head
        assert b"evil" not in said, head


def test_the_real_server_sends_nobody_elsewhere(served):
    for path in ("//evil.example/tickets", "/\\evil.example", "/%2F%2Fevil.example", "/tickets?q=%0d%0aX: y"):
        said = _said(served, f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{served}")
        locations = re.findall(rb"(?im)^location: (.*?)\r$", said)
        assert all(re.match(rb"/(?![/\\])", one) for one in locations), locations
        assert b"\r\nx: y" not in said.lower()


def _said(port: int, *head: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode())
        said = b""
        while True:
            piece = wire.recv(65536)
            if not piece:
                return said
            said += piece
