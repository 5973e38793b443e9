"""The list and the conversation as a manager sees them."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal import clock
from portal.db import db
from portal.domain.companies.reader import Reader
from portal.domain.questions import workflow
from portal.domain.tickets.models import Message, State, TicketCount
from tests.actors import acting
from tests.factories import mirror

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
NBSP = "\N{NO-BREAK SPACE}"


def test_a_row_shows_all_there_is_to_know(world, manager):
    row = manager.get("/tickets", headers=PART).text
    for shown in (
        world.a.ticket.number,
        "Příliš žluťoučký kůň",
        "Otevřené",
        "Řehoř Kučera",
        "Petr Svoboda",
        f"23.{NBSP}11.{NBSP}2026",
        "po termínu",
        f"1,25{NBSP}h",
    ):
        assert shown in row


def test_the_left_column_has_the_kind_and_the_four_states_with_counts(world, manager):
    page = manager.get("/tickets").text
    column = page[page.index('id="states"') : page.index("</nav>", page.index('id="states"'))]
    places = [column.index(word) for word in ("IT", "Otevřené", "Be invoiced", "Error", "Dokončené")]
    assert places == sorted(places)
    assert "<b>1</b>" in column


def test_what_stands_around_the_rows_shows_the_counts_of_the_moment(world, manager):
    for tickets in (1, 12_345):
        db.session.execute(update(TicketCount).where(TicketCount.state == "open").values(tickets=tickets))
        db.session.commit()
        shown = f"{tickets:,}".replace(",", NBSP)
        for text in (manager.get("/tickets", headers=PART).text, manager.get("/tickets").text):
            assert f'id="state-open">Otevřené<span>{shown}</span>' in text
            assert f"<span>IT</span><b>{shown}</b>" in text


def test_a_row_is_drawn_anew_only_when_its_version_grows(world, manager):
    manager.get("/tickets")
    world.a.ticket.subject = "Nový předmět"
    db.session.commit()
    assert "Nový předmět" not in manager.get("/tickets").text
    world.a.ticket.version += 1
    db.session.commit()
    assert "Nový předmět" in manager.get("/tickets").text


def test_a_row_becomes_overdue_when_its_moment_comes(world, manager):
    world.a.ticket.due_at = clock.now() + timedelta(minutes=10)
    world.a.ticket.version += 1
    db.session.commit()
    assert "po termínu" not in manager.get("/tickets", headers=PART).text
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        assert "po termínu" in manager.get("/tickets", headers=PART).text


def test_two_languages_do_not_share_a_row(world, sign_in):
    czech, english = world.a.manager, world.a.viewer
    english.language = "en"
    db.session.commit()
    assert "po termínu" in sign_in(czech).get("/tickets", headers=PART).text
    assert "overdue" in sign_in(english).get("/tickets", headers=PART).text


def test_more_tickets_come_by_htmx_and_by_a_plain_link(world, manager):
    for _ in range(60):
        mirror.ticket(world.a.company)
    mirror.settle()
    page = manager.get("/tickets").text
    start = page.index('rel="next"')
    link = page[page.rindex('href="', 0, start) + 6 : page.index('"', page.rindex('href="', 0, start) + 6)]
    following = link.replace("&amp;", "&")
    part, whole = manager.get(following, headers=PART).text, manager.get(following).text
    assert part.count("<tr id=") == whole.count("<tr id=") == 11
    assert "<table" not in part


def test_the_conversation_shows_who_said_what_when_and_how_long_it_took(world, manager):
    page = manager.get(f"/tickets/{world.a.ticket.number}").text
    for shown in (
        "Tiskárna nejede.",
        "Opraveno.",
        "PROGP85",
        f"1,00{NBSP}h",
        "KONZ95",
        f"0,25{NBSP}h",
        f"1,25{NBSP}h",
        "odesílatel neověřen",
        "Zobrazit podpis a historii",
        "Řeší <b>Petr Svoboda</b>",
        "Nový stav: <b>Otevřené</b>",
        "snímek.png",
        "Práce bez zprávy",
    ):
        assert shown in page
    order = [page.index(text) for text in ("Tiskárna nejede.", "Řeší <b>Petr", "Opraveno.", "Práce bez zprávy")]
    assert order == sorted(order)


def test_opening_a_ticket_is_written_down(world, manager):
    from portal.domain.audit import report

    manager.get(f"/tickets/{world.a.ticket.number}", environ_base={"REMOTE_ADDR": "10.1.2.3"})
    newest = report.find(Reader.of(world.a.company), report.LogFilter())[0][0]
    assert (newest.what, newest.about, newest.person_id, newest.address) == (
        "opened_ticket",
        world.a.ticket.number,
        world.a.manager.id,
        "10.1.2.3",
    )


def test_a_company_that_is_shown_nothing_live_sees_no_hours(world, manager):
    world.a.company.shown_live = "nothing"
    db.session.commit()
    page = manager.get(f"/tickets/{world.a.ticket.number}").text + manager.get("/tickets", headers=PART).text
    assert f"1,00{NBSP}h" not in page
    assert f"1,25{NBSP}h" not in page
    assert "PROGP85" not in page


def test_a_long_conversation_is_read_in_pages_without_a_gap(app, world, manager):
    ticket = mirror.ticket(world.a.company)
    for minute in range(250):
        at = ticket.opened_at + timedelta(seconds=minute)
        mirror.message(ticket, f"<p>zpráva-{minute}.</p>", sent_at=at)
        mirror.event(ticket, "technician", f"Technik-{minute}.", at=at + timedelta(milliseconds=500))
    mirror.settle()
    seen, address = "", f"/tickets/{ticket.number}"
    while address:
        page = manager.get(address).text
        seen += page
        at = page.find("?before=")
        address = f"/tickets/{ticket.number}?before={page[at + 8 : page.index(chr(34), at)]}" if at > 0 else ""
    for minute in range(250):
        assert seen.count(f"zpráva-{minute}.") == 1
        assert seen.count(f"Technik-{minute}.") == 1


@pytest.mark.parametrize("text", ["{{7*7}}", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_text_of_others_is_only_text(world, manager, text):
    world.a.ticket.subject = text
    world.a.ticket.version += 1
    mirror.event(world.a.ticket, "technician", text)
    mirror.settle()
    for page in (manager.get("/tickets").text, manager.get(f"/tickets/{world.a.ticket.number}").text):
        assert text not in page or "<" not in text
        assert "49" not in page or text != "{{7*7}}" or "{{7*7}}" in page


def test_an_error_state_is_shown_as_connectica_names_it(world, manager):
    mirror.ticket(world.a.company, "Rozbitý stav", state=State.ERROR)
    mirror.settle()
    assert "Rozbitý stav" in manager.get("/tickets?state=error").text
    assert "Rozbitý stav" not in manager.get("/tickets?state=open").text


def _first_message(world):
    return db.session.scalars(
        select(Message).where(Message.ticket_id == world.a.ticket.id).order_by(Message.id)
    ).first()


def test_a_companys_name_stands_beside_its_own_proved_addresses_alone(world, manager):
    message = _first_message(world)
    company = world.a.company.name
    for verified, outside in ((True, False), (True, True), (False, False), (False, True)):
        message.sender_verified, message.from_outside = verified, outside
        message.author_name, message.author_email = "Karel Brázda", "karel.brazda@volnaposta.example"
        db.session.commit()
        page = manager.get(f"/tickets/{world.a.ticket.number}").text
        header = page[page.index(f'id="message-{message.id}"') :]
        header = header[: header.index("</header>")]
        assert "karel.brazda@volnaposta.example" in header
        assert (company in header) is (verified and not outside)
        assert ("z vnějšku" in header) is outside
        assert ("odesílatel neověřen" in header) is not verified


def test_the_page_says_by_whose_domain_an_address_was_proved(world, manager):
    message = _first_message(world)
    message.proved_by = "vltava.example"
    db.session.commit()
    assert "Ověřil poštovní server domény vltava.example" in manager.get(f"/tickets/{world.a.ticket.number}").text


@pytest.mark.parametrize("words", ["tiskárn", "ti", "není tu", "%", '"'])
def test_the_tabs_count_what_a_search_finds(world, manager, words):
    page = manager.get("/tickets", query_string={"q": words})
    assert page.status_code == 200
    rows = page.text.split('id="list"')[1].count('<td class="subject">')
    tabs = [int(number) for number in re.findall(r'id="state-\w+"[^>]*>[^<]*<span>(\d+)</span>', page.text)]
    assert sum(tabs) == rows


def test_what_is_found_is_said_above_the_list_and_taken_away_as_files(world, manager):
    for path in ("/tickets?state=open", "/tickets?q=kůň", "/tickets?overdue=1"):
        page, part = manager.get(path).text, manager.get(path, headers=PART).text
        for text in (page, part):
            said = text[text.index('id="found"') :].partition("</p>")[0]
            assert f"1{NBSP}požadavek · 1,25{NBSP}h" in said
            assert "/tickets.xlsx?" in text and "/tickets.csv?" in text
    assert 'value="1" checked' in page
    rows = manager.get("/tickets.csv?overdue=1").get_data().decode("utf-8-sig").splitlines()
    assert len(rows) == 2 and world.a.ticket.number in rows[1] and '"1,25"' in rows[1]
    assert len(manager.get("/tickets.csv?q=nic+takového").get_data().splitlines()) == 1
    assert manager.get("/tickets.xlsx?state=open").get_data()[:2] == b"PK"


def test_files_of_tickets_are_not_a_readers(world, sign_in):
    reader = sign_in(world.a.viewer)
    assert "/tickets.xlsx" not in reader.get("/tickets").text
    assert "/tickets.xlsx" not in reader.get("/tickets?state=open", headers=PART).text
    assert reader.get("/tickets.xlsx").status_code == reader.get("/tickets.csv").status_code == 404


def test_a_hit_shows_the_passage_and_its_text_stays_text(world, manager):
    mirror.message(world.a.ticket, "<p>Bez &lt;b&gt;VPN&lt;/b&gt; nic nejede.</p>", sent_at=clock.now())
    mirror.settle()
    for text in (manager.get("/tickets?q=vpn").text, manager.get("/tickets?q=vpn", headers=PART).text):
        assert "&lt;b&gt;<mark>VPN</mark>&lt;/b&gt; nic nejede." in text
        assert "1\N{NO-BREAK SPACE}soubor" in text
    assert 'class="hit"' not in manager.get("/tickets").text


def test_an_answered_question_stands_above_the_conversation_of_its_ticket_alone(world, manager, sign_in):
    path, other = f"/tickets/{world.a.ticket.number}", mirror.ticket(world.a.company)
    mirror.settle()
    assert "Odpověď na váš dotaz" not in manager.get(path).text
    workflow.answer(acting(world.staff), world.a.question_id, "Cesta tam <b>a zpět</b>.")
    page = manager.get(path).text
    panel = page[page.index('id="answered-') : page.index('class="chat"')]
    assert "Odpověď na váš dotaz" in panel and "Cesta tam &lt;b&gt;a zpět&lt;/b&gt;." in panel
    assert f"/questions/{world.a.question_id}/take-back" in panel
    assert "take-back" not in sign_in(world.a.viewer).get(path).text
    assert "Odpověď na váš dotaz" not in manager.get(f"/tickets/{other.number}").text


def test_the_way_back_leads_to_the_row_in_the_list_one_came_from(world, manager):
    number = world.a.ticket.number
    assert f'<tr id="ticket-{number}">' in manager.get("/tickets").text
    page = manager.get(f"/tickets/{number}", headers={"Referer": "http://localhost/tickets?state=open"}).text
    assert f'href="/tickets?state=open#ticket-{number}"' in page
