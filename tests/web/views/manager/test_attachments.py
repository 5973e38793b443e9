"""Files that strangers sent run nowhere and reach only their company."""

from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.http import parse_options_header

from portal import clock
from portal.db import db
from portal.domain.audit import events as audit
from portal.domain.audit import report
from portal.domain.companies.reader import Reader
from portal.domain.tickets.models import Message
from portal.domain.users.models import Person
from portal.web.formatting import LONGEST_NAME, file_name
from tests.factories import mirror
from tests.web.conftest import PNG
from tests.web.test_isolation import _without_token


@pytest.fixture
def put(world, tmp_path):
    def put(name, media_type, data=b"content", folder=tmp_path / "attachments"):
        made = mirror.attachment(world.a.asked, name, media_type=media_type, data=data, folder=folder)
        db.session.commit()
        return made.id

    return put


def test_a_picture_opens_drawn_anew_and_nothing_else_comes_with_it(world, manager):
    answer = manager.get(f"/attachments/{world.a.picture.id}/cokoli.png")
    assert answer.mimetype == "image/webp"
    assert answer.data.startswith(b"RIFF")
    assert answer.headers["Content-Disposition"] == "inline; filename=snimek.webp; filename*=UTF-8''sn%C3%ADmek.webp"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "private" in answer.headers["Cache-Control"]


def test_the_original_of_a_picture_is_only_saved(world, manager):
    answer = manager.get(f"/attachments/{world.a.picture.id}/original/cokoli.png")
    assert answer.data == PNG
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=snimek.png")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "media_type", ["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "IMAGE/PNG"]
)
def test_what_only_says_it_is_a_picture_is_only_saved(manager, put, media_type):
    answer = manager.get(f"/attachments/{put('a.png', media_type, b'<svg onload=alert(1)>' + media_type.encode())}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("media_type", ["image/tiff", "image/heic", "image/x-icon", "image/svg+xml", "image/png2"])
def test_a_picture_nobody_draws_is_only_saved(manager, put, media_type):
    answer = manager.get(f"/attachments/{put('a.png', media_type, PNG)}")
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_the_page_offers_the_picture_and_its_original(world, manager):
    page = manager.get(f"/tickets/{world.a.ticket.number}").text
    assert f'href="/attachments/{world.a.picture.id}/sn%C3%ADmek.png"' in page
    assert f'href="/attachments/{world.a.picture.id}/original/sn%C3%ADmek.png"' in page


def test_a_text_opens_as_text_in_a_sandbox(manager, put):
    answer = manager.get(f"/attachments/{put('a.txt', 'text/plain', b'<script>alert(1)</script>')}")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["Content-Security-Policy"].endswith("; sandbox")


def test_a_pdf_opens_in_the_browsers_own_viewer_which_may_load_nothing(manager, put):
    answer = manager.get(f"/attachments/{put('a.pdf', 'application/pdf', b'%PDF-1.4')}")
    assert answer.headers["Content-Disposition"].startswith("inline")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "form-action 'none'; frame-ancestors 'none'; base-uri 'none'" in policy
    assert "script" not in policy


@pytest.mark.parametrize("media_type", ["image/png", "text/plain", "application/pdf", "text/html", "x/y"])
def test_every_file_is_guarded_alike(manager, put, media_type):
    file = put("a", media_type, PNG)
    for way in ("", "/a", "/original/a"):
        headers = manager.get(f"/attachments/{file}{way}").headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "private, no-cache"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.html", "text/html"),
        ("a.svg", "image/svg+xml"),
        ("a.xhtml", "application/xhtml+xml"),
        ("a.xml", "text/xml"),
        ("a.js", "text/javascript"),
        ("a.ics", "text/calendar"),
        ("a.png", "image/png\r\nSet-Cookie: a=b"),
        ("a.png", "nonsense"),
        ("a.html", "TEXT/HTML; charset=utf-8"),
    ],
)
def test_what_a_browser_could_run_is_only_saved(manager, put, name, media_type):
    answer = manager.get(f"/attachments/{put(name, media_type, b'<script>alert(1)</script>')}")
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "Set-Cookie" not in answer.headers or "a=b" not in answer.headers["Set-Cookie"]


def test_an_office_file_keeps_its_type_and_is_saved(manager, put):
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = manager.get(f"/attachments/{put('výkaz.xlsx', kind)}")
    assert answer.mimetype == kind
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "filename*=UTF-8''v%C3%BDkaz.xlsx" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", ".._etc_passwd"),
        ('a"b\r\nX: y.txt', "a_b__X_ y.txt"),
        ("\u202egnp.exe", "_gnp.exe"),
        ("", "attachment"),
        (" . ", "attachment"),
        ("ž" * 300 + ".pdf", "ž" * 116 + ".pdf"),
    ],
)
def test_a_name_leads_nowhere_and_breaks_no_header(sent, kept):
    assert file_name(sent).lstrip("_") == kept.lstrip("_")


HOSTILE_NAMES = [
    "a\r\nSet-Cookie: evil=1\r\n\r\n<html>.pdf",
    'a"; filename="evil.html',
    "a\\.exe;.pdf",
    "../../../etc/passwd",
    "..\\..\\boot.ini",
    "/etc/shadow",
    "\u202efdp.exe",
    "\u2066a\u2069.pdf",
    "x" * 300 + ".pdf",
    "ž" * 300,
    "a\u2028b.pdf",
    "Žluťoučký kůň úpěl ďábelské ódy.pdf",
    "a%0d%0ab.pdf",
    "=?utf-8?q?a=0d=0a?=.pdf",
    ".htaccess",
    "...",
    "CON",
    "a.pdf ",
    "😀" * 90 + ".pdf",
    "",
]


@pytest.mark.parametrize("media_type", ["application/pdf", "image/png", "application/zip"])
def test_any_name_is_one_harmless_header_and_what_a_reader_would_call_it(manager, put, media_type):
    for sent in HOSTILE_NAMES:
        answer = manager.get(f"/attachments/{put(sent, media_type, PNG)}/original/x")
        assert answer.headers.getlist("Set-Cookie") == [], sent
        (written,) = answer.headers.getlist("Content-Disposition")
        kind, options = parse_options_header(written)
        name = options["filename"]
        assert (kind, name) == ("attachment", file_name(sent))
        assert name.isprintable(), sent
        assert not set(name) & set('\\/:*?"<>|'), sent
        assert 0 < len(name) <= LONGEST_NAME, sent
        assert written.isascii(), sent


def test_the_name_in_the_address_chooses_nothing(world, manager):
    answer = manager.get(f"/attachments/{world.a.picture.id}/evil.html")
    assert "evil" not in answer.headers["Content-Disposition"]


def test_parts_of_a_file_and_only_its_size_can_be_asked_for(world, manager):
    address = f"/attachments/{world.a.picture.id}"
    whole = manager.get(address).data
    assert manager.get(address, headers={"If-None-Match": manager.get(address).headers["ETag"]}).status_code == 304
    part = manager.get(address, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.data) == (206, whole[1:4])
    assert manager.head(address).content_length == len(whole)


def test_a_file_on_its_way_is_said_to_be(manager, put):
    answer = manager.get(f"/attachments/{put('později.pdf', 'application/pdf', folder=None)}")
    assert answer.status_code == 503
    assert "na cestě" in answer.text


def test_a_withdrawn_message_takes_its_files_along(world, manager):
    db.session.get(Message, world.a.asked.id).withdrawn_at = mirror.NOW
    db.session.commit()
    assert manager.get(f"/attachments/{world.a.picture.id}").status_code == 404


ASKING = [
    {},
    {"Range": "bytes=0-3"},
    {"Range": "bytes=0-1,3-4"},
    {"If-Range": '"x"', "Range": "bytes=0-"},
    {"Sec-Fetch-Dest": "image"},
    {"HX-Request": "true"},
    {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("way", ["", "/snímek.png", "/original/snímek.png"])
def test_however_a_file_is_asked_for_nobody_else_gets_it(world, manager, sign_in, method, way):
    address = f"/attachments/{world.a.picture.id}{way}"
    tag = manager.get(address).headers["ETag"]
    stranger, foreign = manager.application.test_client(), sign_in(world.b.manager)
    missing = f"/attachments/2000000000{way}"
    for headers in [*ASKING, {"If-None-Match": tag}, {"If-None-Match": "*"}]:
        assert stranger.open(address, method=method, headers=headers).status_code in (302, 401)
        refused, absent = (foreign.open(one, method=method, headers=headers) for one in (address, missing))
        assert refused.status_code == absent.status_code == 404, headers
        assert "ETag" not in refused.headers
        assert _without_token(refused.text) == _without_token(absent.text)


@pytest.mark.parametrize("gone", ["ticket", "asked", "picture"])
def test_what_was_withdrawn_takes_its_files_along_even_for_who_has_seen_them(world, manager, gone):
    address = f"/attachments/{world.a.picture.id}"
    tag = manager.get(address).headers["ETag"]
    row = getattr(world.a, gone)
    db.session.get(type(row), row.id).withdrawn_at = mirror.NOW
    db.session.commit()
    for way in ("", "/original/a.png"):
        assert manager.get(f"{address}{way}").status_code == 404
        assert manager.get(f"{address}{way}", headers={"If-None-Match": tag}).status_code == 404


def test_after_access_has_ended_an_old_address_gives_nothing(world, manager):
    address = f"/attachments/{world.a.picture.id}"
    assert manager.get(address).status_code == 200
    db.session.get(Person, world.a.manager.id).active = False
    db.session.commit()
    assert manager.get(address).status_code == 302


def test_no_file_lies_where_the_server_gives_files_to_everybody(app, world):
    """Neither the folder of attachments nor the instance folder is below static/."""
    for path in (app.instance_path, str(Path(app.config["INSTANCE"]) / "attachments")):
        assert not Path(path).resolve().is_relative_to(Path(app.static_folder).resolve())
    client = app.test_client()
    for address in ("/static/../instance/secret-key", "/static/%2e%2e/portal.db", "/static//etc/passwd"):
        assert client.get(address).status_code in (302, 404)


def test_an_original_is_always_written_down(world, manager):
    manager.get(f"/attachments/{world.a.picture.id}/original/a.png", headers={"Sec-Fetch-Dest": "image"})
    manager.head(f"/attachments/{world.a.picture.id}/original/a.png")
    happened = [(line.what, line.about) for line in report.everything(Reader.of(world.a.company), report.LogFilter())]
    assert happened.count((audit.DOWNLOADED, f"{world.a.ticket.number} snímek.png")) == 1


def _times_opened(world):
    happened = [(line.what, line.about) for line in report.everything(Reader.of(world.a.company), report.LogFilter())]
    return happened.count((audit.DOWNLOADED, f"{world.a.ticket.number} snímek.png"))


@pytest.mark.parametrize("says", [{}, {"Sec-Fetch-Dest": "image"}, {"Sec-Fetch-Dest": "image", "HX-Request": "true"}])
def test_whoever_opens_a_picture_leaves_a_line_whatever_the_request_says(world, manager, says):
    assert manager.get(f"/attachments/{world.a.picture.id}", headers=says).status_code == 200
    assert _times_opened(world) == 1


def test_a_picture_looked_at_again_is_one_line_and_hours_later_another(world, manager, sign_in):
    address = f"/attachments/{world.a.picture.id}"
    for _ in range(3):
        manager.get(address, headers={"Sec-Fetch-Dest": "image"})
    assert _times_opened(world) == 1
    sign_in(world.a.viewer).get(address)
    assert _times_opened(world) == 2
    with clock.set_to(clock.now() + timedelta(hours=2)):
        manager.get(address)
    assert _times_opened(world) == 3
