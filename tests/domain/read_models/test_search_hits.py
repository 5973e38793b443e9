"""A search hit shows where the words stand, in the words of the ticket, and tells nobody what a stub hides."""

from datetime import timedelta

import pytest

from portal import clock
from portal.domain.companies.reader import Reader
from portal.domain.read_models import listing, search_hits
from portal.domain.read_models.search_hits import passage
from portal.lib.text import fold
from tests.factories import mirror
from tests.statements import counted


@pytest.fixture
def company(app):
    with clock.set_to(mirror.NOW):
        yield mirror.company("Strojírny Vltava, a. s.")


def _said(pieces):
    return "".join(f"[{piece.text}]" if piece.is_hit else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("Přihlášení do VPN z domova.", "vpn", "Přihlášení do [VPN] z domova."),
        ("Příliš žluťoučký kůň", "ZLUTOUCKY kun", "Příliš [žluťoučký] [kůň]"),
        ("VPN tu není\nna chatě VPN spadla", "chate vpn", "na [chatě] [VPN] spadla"),
        ("Straße a ﬁnance", "strasse", "[Straße] a ﬁnance"),
        ("nic takového", "vpn", ""),
        ("", "vpn", ""),
        ("<b>&", "<b>", "[<b>]&"),
    ],
)
def test_a_passage_is_the_line_with_most_of_the_words(text, words, said):
    assert _said(passage([text], fold(words).split())) == said


def test_a_long_line_is_cut_at_words_around_the_first_hit():
    found = passage(["slovo " * 100 + "tiskárna " + "konec " * 100], ["tiskarna"])
    assert _said(found).startswith("… slovo") and _said(found).endswith("konec …") and "[tiskárna]" in _said(found)
    assert len(_said(found)) < 4 * search_hits.AROUND


def _hits(company, words, *, confidential=True):
    reader = Reader.of(company, confidential=confidential)
    found = listing.find(reader, listing.TicketFilter.parse({"q": words}))
    rows = listing.rows(reader, [key.id for key in found.keys])
    with counted() as statements:
        hits = search_hits.of(reader, rows.values(), words)
    assert len(statements) <= 2
    return {rows[id_].subject: hit for id_, hit in hits.items()}


def test_what_the_row_says_already_needs_no_passage_and_files_are_counted(company):
    said = mirror.message(mirror.ticket(company, "VPN z domova"), "<p>Bez VPN nic nejede.</p>")
    mirror.attachment(said, "log.txt")
    mirror.attachment(said, "pryč.txt", withdrawn_at=clock.now())
    mirror.message(mirror.ticket(company, "Vzdálený přístup"), "<p>Zdravím,</p><p>VPN hlásí chybu 691.</p>")
    mirror.settle()
    hits = _hits(company, "vpn")
    assert (_said(hits["VPN z domova"].passage), hits["VPN z domova"].files) == ("", 1)
    assert _said(hits["Vzdálený přístup"].passage) == "[VPN] hlásí chybu 691."


def test_only_the_newest_messages_are_read_and_withdrawn_ones_are_not(company):
    ticket = mirror.ticket(company, "Dlouhý požadavek")
    mirror.message(ticket, "<p>Úplně na začátku VPN.</p>")
    for minute in range(search_hits.LATEST):
        mirror.message(ticket, "<p>Nic.</p>", sent_at=ticket.opened_at + timedelta(minutes=minute + 1))
    other = mirror.ticket(company, "Stažený")
    mirror.message(other, "<p>Stažené VPN.</p>", withdrawn_at=clock.now())
    mirror.settle()
    assert [hit.passage for hit in _hits(company, "vpn").values()] == [(), ()]


def test_a_stub_has_no_hit(company):
    hidden = mirror.ticket(company, "Tajné", is_confidential=True, number="20260777")
    mirror.attachment(mirror.message(hidden, "<p>Tajné 20260777.</p>"), "tajne.txt")
    mirror.settle()
    assert _hits(company, "20260777", confidential=False) == {}


def test_another_companys_messages_are_not_read(company):
    other = mirror.company("Pekárna")
    foreign = mirror.ticket(other, "Cizí")
    mirror.message(foreign, "<p>VPN cizí.</p>")
    mirror.settle()
    theirs = listing.rows(Reader.of(other), [foreign.id])
    assert search_hits.of(Reader.of(company), theirs.values(), "vpn")[foreign.id].passage == ()
