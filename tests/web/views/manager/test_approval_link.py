"""The page behind a link: looking decides nothing, a stranger learns nothing, one answer counts."""

import re

import pytest
from sqlalchemy import func, select

from portal import create_app
from portal.db import db
from portal.domain.approvals import decisions
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import Approval
from portal.domain.notifications.outbox import Letter
from portal.domain.sync_state import CoreNote
from portal.lib import urls
from tests.actors import acting

METHODS = ("GET", "HEAD", "OPTIONS")


@pytest.fixture
def letter(world) -> Letter:
    """The newest letter that asks company A's manager."""
    return db.session.scalars(
        select(Letter)
        .where(Letter.to == world.a.manager.email, Letter.text.contains("/decide/"))
        .order_by(-Letter.id)
    ).first()


@pytest.fixture
def path(letter) -> str:
    return re.search(r"/decide/[A-Za-z0-9_-]{43}", letter.text).group()


@pytest.fixture
def stranger(app):
    """Somebody with nothing but an address."""
    return app.test_client()


def test_a_link_works_signed_out_and_shows_the_question(world, stranger, path):
    page = stranger.get(path)
    assert page.status_code == 200
    assert "Smíme?" in page.text and world.a.ticket.number in page.text and "Jana" in page.text


def test_looking_in_any_way_decides_nothing(world, stranger, path):
    told_before = _notes_told()
    for _ in range(10):
        for method in METHODS:
            stranger.open(path, method=method, headers={"Purpose": "prefetch", "Sec-Purpose": "prefetch"})
    stranger.get(f"{path}?answer=approve&note=x")
    assert _approval(world).is_open
    assert _notes_told() == told_before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_decide_nothing(world, stranger, path, method):
    assert stranger.open(path, method=method, data={"answer": "approve"}).status_code in {302, 400, 405}
    assert _approval(world).is_open


def test_a_button_decides_once_and_the_page_then_says_how_it_ended(world, stranger, path):
    token = _csrf(stranger.get(path))
    answer = stranger.post(path, data={"answer": "decline", "note": "Nejdřív smlouva.", "csrf_token": token})
    assert answer.status_code == 302 and answer.location == path
    assert _approval(world).state == "declined" and _approval(world).channel == "link"
    page = stranger.get(path).text
    assert "Nejdřív smlouva." in page and "Jana" in page and "<form" not in page
    again = stranger.post(path, data={"answer": "approve", "csrf_token": token})
    assert again.status_code == 409 and "Jana" in again.text
    assert _approval(world).state == "declined"


def test_without_the_forms_token_nothing_is_decided(world, stranger, path):
    stranger.get(path)
    assert stranger.post(path, data={"answer": "approve"}).status_code == 400
    assert _approval(world).is_open


def test_a_link_signs_nobody_in(world, stranger, path):
    stranger.post(path, data={"answer": "approve", "csrf_token": _csrf(stranger.get(path))})
    assert stranger.get("/approvals").location.startswith("/sign-in")
    with stranger.session_transaction() as session:
        assert "_user_id" not in session


@pytest.mark.parametrize(
    "mangle",
    [
        lambda path: "/decide/",
        lambda path: "/decide/%20",
        lambda path: f"{path}%20",
        lambda path: path.replace("/decide/", "/decide/%20"),
        lambda path: path[:-1],
        lambda path: "/decide/" + "A" * 43,
        lambda path: "/decide/" + "A" * 4000,
        lambda path: "/decide/" + path.removeprefix("/decide/").swapcase(),
    ],
)
def test_every_address_that_is_not_exactly_ours_looks_the_same_and_reveals_nothing(world, stranger, path, mangle):
    token = _csrf(stranger.get(path))
    guessed = stranger.get("/decide/" + "B" * 43)
    for method in ("GET", "POST"):
        answer = stranger.open(mangle(path), method=method, data={"answer": "approve", "csrf_token": token})
        if method == "POST" and answer.status_code == 405:
            continue
        assert answer.status_code == guessed.status_code == 404
        assert answer.text == guessed.text
        assert "Smíme?" not in answer.text and world.a.ticket.number not in answer.text
    assert _approval(world).is_open


@pytest.mark.parametrize("end", ["%0A", "%00", "%1F"])
def test_a_key_with_a_control_letter_is_no_address_of_ours(world, stranger, path, end):
    token = _csrf(stranger.get(path))
    for answer in (
        stranger.get(path + end),
        stranger.post(path + end, data={"answer": "approve", "csrf_token": token}),
    ):
        assert answer.status_code == 302 and answer.location.startswith("/sign-in")
        assert "Smíme?" not in answer.text and world.a.ticket.number not in answer.text
    assert _approval(world).is_open


def test_a_decision_made_elsewhere_is_told_to_who_comes_second(world, stranger, path):
    token = _csrf(stranger.get(path))
    decisions.decide(acting(world.a.manager), world.a.approval_id, Decision(approve=True))
    answer = stranger.post(path, data={"answer": "decline", "csrf_token": token})
    assert answer.status_code == 409 and "Jana" in answer.text and "23. 11. 2026 10:30" in answer.text
    assert _approval(world).state == "approved"


def test_the_address_is_kept_to_oneself(stranger, path):
    for answer in (stranger.get(path), stranger.get("/decide/" + "B" * 43), stranger.post(path)):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer.headers["Cache-Control"]
        assert "noindex" in answer.headers["X-Robots-Tag"]


def test_the_form_works_behind_https_where_no_referrer_is_sent(world, app, path):
    client = app.test_client()
    options = {"base_url": "https://127.0.0.1:8000"}
    token = _csrf(client.get(path, **options))
    answer = client.post(path, data={"answer": "approve", "csrf_token": token}, **options)
    assert answer.status_code == 302


def test_links_begin_with_the_configured_address_whatever_host_was_asked(world, letter):
    assert "http://127.0.0.1:8000/decide/" in letter.text


def test_links_follow_the_configured_address(tmp_path, monkeypatch):
    before = urls.link("")
    create_app(INSTANCE=tmp_path / "other", BASE_URL="https://portal.example/")
    assert urls.link("/decide/x") == "https://portal.example/decide/x"
    urls.are(base_url=before, noc=urls.noc())


def test_hostile_words_stay_words_on_the_page(world, stranger, path):
    approval = _approval(world)
    approval.question = "<script>alert(1)</script>{{7*7}}"
    db.session.commit()
    page = stranger.get(path).text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page and "{{7*7}}" in page


def test_a_note_of_a_megabyte_is_refused(world, stranger, path):
    token = _csrf(stranger.get(path))
    answer = stranger.post(path, data={"answer": "approve", "note": "x" * 1_000_000, "csrf_token": token})
    assert answer.status_code in {413, 422}
    assert _approval(world).is_open


def _approval(world) -> Approval:
    return db.session.get_one(Approval, world.a.approval_id, populate_existing=True)


def _notes_told() -> int:
    return db.session.scalar(select(func.count(CoreNote.id)))


def _csrf(answer) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', answer.text).group(1)
