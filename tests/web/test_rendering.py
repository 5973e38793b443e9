"""Pages and parts share an address; caches and Back never mix them up."""

import pytest

from portal.domain.read_models import conversation
from portal.errors import NotFound

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def _is_page(answer):
    return "<!doctype html>" in answer.text and "</html>" in answer.text


def test_a_browser_gets_the_page_and_htmx_its_part(manager):
    page, part = manager.get("/tickets"), manager.get("/tickets", headers=PART)
    assert _is_page(page)
    assert not _is_page(part)
    assert 'id="list"' in part.text


@pytest.mark.parametrize(
    "headers",
    [
        {"HX-History-Restore-Request": "true"},
        {"HX-Request-Type": "full"},
        {"HX-Boosted": "true"},
    ],
)
def test_back_boosted_links_and_whole_targets_get_the_page(manager, headers):
    assert _is_page(manager.get("/tickets", headers=PART | headers))


def test_either_answer_says_what_it_depends_on(manager):
    for answer in (manager.get("/tickets"), manager.get("/tickets", headers=PART)):
        for header in (
            "HX-Request",
            "HX-Request-Type",
            "HX-Boosted",
            "HX-History-Restore-Request",
            "Accept-Encoding",
        ):
            assert header in answer.headers["Vary"]


def test_a_part_that_has_not_changed_is_not_sent_again(manager):
    first = manager.get("/tickets", headers=PART)
    again = manager.get("/tickets", headers=PART | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_part_holds_no_token(manager):
    assert "csrf" not in manager.get("/tickets", headers=PART).text.lower()


def test_a_whole_page_is_never_stored(manager):
    assert manager.get("/tickets").headers["Cache-Control"] == "no-store"


def test_htmx_gets_an_error_as_a_small_note(manager):
    answer = manager.get("/tickets/19990001", headers=PART)
    assert answer.status_code == 404
    assert answer.headers["HX-Retarget"] == "#notes"
    assert not _is_page(answer)


def test_a_browser_gets_an_error_as_a_page_in_its_language(manager):
    answer = manager.get("/tickets/19990001")
    assert answer.status_code == 404
    assert _is_page(answer)
    assert "Nenalezeno" in answer.text


def test_our_own_fault_is_a_plain_page_that_gives_nothing_away(app, manager, monkeypatch):
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def break_down(*_args, **_kwargs):
        raise RuntimeError("secret inside")

    monkeypatch.setattr(conversation, "show", break_down)
    answer = manager.get("/tickets/20260001")
    assert answer.status_code == 500
    assert "Něco se pokazilo" in answer.text
    assert "secret" not in answer.text


def test_not_found_from_the_domain_is_a_404(app, manager, monkeypatch):
    def not_there(*_args, **_kwargs):
        raise NotFound

    monkeypatch.setattr(conversation, "show", not_there)
    assert manager.get("/tickets/1").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [("gzip, br, zstd", "zstd"), ("gzip", "gzip"), ("identity", None), ("zstd;q=0, gzip", "gzip")],
)
def test_an_answer_is_packed_as_its_reader_understands(manager, accepted, sent):
    answer = manager.get("/tickets", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == sent


def test_what_is_packed_unpacks_to_the_same(manager):
    import gzip

    from backports import zstd

    plain = manager.get("/tickets", headers=PART).data
    assert gzip.decompress(manager.get("/tickets", headers=PART | {"Accept-Encoding": "gzip"}).data) == plain
    assert zstd.decompress(manager.get("/tickets", headers=PART | {"Accept-Encoding": "zstd"}).data) == plain


def test_english_readers_get_english(world, sign_in):
    from portal.domain.users import models as people

    people.prefer(world.a.manager.id, language="en", theme="dark")
    page = sign_in(world.a.manager).get("/tickets").text
    assert '<html lang="en" data-theme="dark">' in page
    assert "Last change" in page
    assert "Poslední změna" not in page


def test_every_page_says_how_old_its_data_is(manager):
    assert "Aktualizováno před 0 s" in manager.get("/tickets").text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_core_that_is_away_is_said_plainly(world, manager):
    from datetime import timedelta

    from portal import clock

    with clock.set_to(clock.now() + timedelta(hours=2)):
        page = manager.get("/tickets").text
    assert "Helpdesk neodpovídá od" in page
    assert world.a.ticket.number in page
