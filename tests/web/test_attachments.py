"""Files that strangers sent run nowhere and reach only their company."""

import pytest

from portal.db import db
from portal.domain import audit, log
from portal.domain.messages import Message
from portal.web.filters import file_name
from tests import samples


@pytest.fixture
def put(world, tmp_path):
    def put(name, media_type, data=b"content", folder=tmp_path / "attachments"):
        made = samples.attachment(world.a.asked, name, media_type=media_type, data=data, folder=folder)
        db.session.commit()
        return made.id

    return put


def test_a_picture_opens_in_the_browser_and_nothing_else_comes_with_it(world, manager):
    answer = manager.get(f"/attachments/{world.a.picture.id}/cokoli.png")
    assert answer.mimetype == "image/png"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "private" in answer.headers["Cache-Control"]


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


def test_the_name_in_the_address_chooses_nothing(world, manager):
    answer = manager.get(f"/attachments/{world.a.picture.id}/evil.html")
    assert "evil" not in answer.headers["Content-Disposition"]


def test_parts_of_a_file_and_only_its_size_can_be_asked_for(world, manager):
    address = f"/attachments/{world.a.picture.id}"
    whole = manager.get(address).data
    part = manager.get(address, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.data) == (206, whole[1:4])
    assert manager.head(address).content_length == len(whole)


def test_a_file_on_its_way_is_said_to_be(manager, put):
    answer = manager.get(f"/attachments/{put('později.pdf', 'application/pdf', folder=None)}")
    assert answer.status_code == 503
    assert "na cestě" in answer.text


def test_a_withdrawn_message_takes_its_files_along(world, manager):
    db.session.get(Message, world.a.asked.id).withdrawn_at = samples.NOW
    db.session.commit()
    assert manager.get(f"/attachments/{world.a.picture.id}").status_code == 404


@pytest.mark.parametrize("method", ["get", "head"])
def test_nobody_and_the_other_company_get_nothing(app, world, sign_in, method):
    address = f"/attachments/{world.a.picture.id}"
    assert getattr(app.test_client(), method)(address).status_code == 302
    assert getattr(sign_in(world.b.manager), method)(address).status_code == 404


def test_a_download_is_written_down_but_a_picture_inside_a_message_is_not(world, manager):
    address = f"/attachments/{world.a.picture.id}"
    manager.get(address, headers={"Sec-Fetch-Dest": "image"})
    manager.get(address)
    happened = [(line.what, line.about) for line in log.everything(world.a.company, log.LogFilter())]
    assert happened.count((audit.DOWNLOADED, f"{world.a.ticket.number} snímek.png")) == 1
