"""A confidential ticket: to a viewer it is there and costs what it costs; no page of theirs holds a word of it."""

import re
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from portal import clock
from portal.db import db
from portal.domain.approvals import deputies, links, requests
from portal.domain.approvals.models import Approval, AtExpiry
from portal.domain.approvals.requests import Asking
from portal.domain.billing import invoice_snapshots, time_report
from portal.domain.billing.prices import Price
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.reader import Reader
from portal.domain.notifications.outbox import Letter
from portal.domain.tickets.models import Message, State
from portal.domain.tickets.time_entries import TimeEntryVersion
from portal.domain.users.permissions import MANAGER, STAFF, VIEWER
from portal.web.auth import access_control
from tests.actors import acting
from tests.factories import mirror
from tests.web import conftest
from tests.web.conftest import PNG

SECRET = "ZQTAJNEQZ"  # stands in every word of the confidential ticket
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def firm(app, tmp_path, at_a_moment):
    """A company with a plain and a confidential ticket, the latter with everything that could tell of it."""
    owner = mirror.company("Firma")
    db.session.add(
        Price(category="PROGP85", name="Práce", rate=Decimal(850), currency="CZK", valid_from=date(2020, 1, 1))
    )
    plain = mirror.ticket(owner, "Tiskárna", requester=mirror.employee(owner, "Eva Veřejná"))
    mirror.time_entry(plain, "2.00", under=mirror.message(plain, "<p>Hotovo.</p>", side="technician"))
    asks = mirror.employee(owner, f"Jan {SECRET}")
    ticket = mirror.ticket(
        owner,
        f"Výpověď {SECRET}",
        requester=asks,
        served_by=mirror.technician(),
        is_confidential=True,
        opened_at=clock.now() - timedelta(days=3),
        due_at=clock.now() - timedelta(days=1),
    )
    said = mirror.message(ticket, f"<p>{SECRET}</p>", author=asks.name, quoted=f"<p>{SECRET}</p>", excerpt=SECRET)
    picture = mirror.attachment(said, f"{SECRET}.png", data=PNG, folder=tmp_path / "attachments")
    answer = mirror.message(
        ticket,
        f"<p>{SECRET}</p>",
        side="technician",
        author="Petr Svoboda",
        excerpt=f"Zrušil jsem účet {SECRET}",
        sent_at=ticket.opened_at + timedelta(hours=1),
    )
    entry = mirror.time_entry(ticket, "1.50", under=answer)
    invoiced = mirror.time_entry(ticket, "0.50", under=answer, invoiced_on=date(2026, 10, 31))
    db.session.add(
        TimeEntryVersion(
            time_entry_id=entry.id,
            company_id=owner.id,
            category="PROGP85",
            hours=entry.hours * 2,
            worked_at=entry.worked_at,
            worked_day=entry.worked_day,
            was_withdrawn=False,
            replaced_at=clock.now(),
        )
    )
    mirror.event(ticket, "state", State.OPEN, old=State.DONE, by=asks.name)
    invoice_snapshots.freeze()
    db.session.commit()
    manager = mirror.person(owner, role=MANAGER, email="sef@firma.example", name="Marie Malá")
    deputy = mirror.person(owner, role=VIEWER, email="zastup@firma.example", name="Zdena Zástupná")
    viewer = mirror.person(owner, role=VIEWER, email="cte@firma.example", name="Karel Čtenář")
    asked = conftest._asked_of(owner, ticket, entry, manager=manager, viewer=deputy, mark=SECRET)
    mirror.settle()
    return SimpleNamespace(
        **asked,
        company=owner,
        plain=plain,
        ticket=ticket,
        said=said,
        picture=picture,
        entry=entry,
        invoiced=invoiced,
        manager=manager,
        deputy=deputy,
        viewer=viewer,
        asks=asks,
    )


def _own(firm):
    return {
        "number": firm.ticket.number,
        "attachment_id": firm.picture.id,
        "name": "x.png",
        "slug": "2026-11",
        "filename": "portal.css",
        "approval_id": firm.approval_id,
        "consent_id": firm.consent_id,
        "absence_id": firm.absence_id,
        "question_id": firm.question_id,
        "entry_id": firm.entry.id,
        "ticket_id": firm.ticket.id,
        "person_id": firm.viewer.id,
        "invitation_id": firm.invitation_id,
    }


def _pages(app, firm):
    """Every page and part there is, with the confidential ticket's ids, and the ways a list can be asked for."""
    own = _own(firm)
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if "GET" in rule.methods and rule.arguments <= own.keys() and rule.endpoint not in access_control.SIGNED:
                yield app.url_for(rule.endpoint, **{name: own[name] for name in rule.arguments})
    for query in ("q=vypoved", f"requester={firm.asks.id}", "sort=requester", "sort=requester&dir=down"):
        yield f"/tickets?{query}"
    for by in time_report.GROUPINGS:
        yield f"/hours?month=all&by={by}"
    yield f"/hours?month=all&employee={firm.asks.id}"
    yield f"/hours?month=all&ticket={firm.ticket.number}"
    yield "/invoices/2026-10?unfold=all"
    yield "/invoices/upcoming?unfold=all"
    yield "/invoices/2026-10?unfold=PROGP85_none"
    yield f"/tickets/{firm.ticket.number}?before={firm.said.id}"


def test_no_page_of_a_viewer_holds_a_word_of_a_confidential_ticket(app, firm, sign_in):
    client = sign_in(firm.viewer)
    for address in _pages(app, firm):
        for headers in ({}, PART):
            answer = client.get(address, headers=headers)
            assert SECRET not in answer.text, address
            assert answer.status_code < 500, address


def test_the_same_pages_tell_a_manager_all_of_it(app, firm, sign_in):
    """So the walk above would notice."""
    client = sign_in(firm.manager)
    told = {address for address in _pages(app, firm) if SECRET.encode() in client.get(address).data}
    for address in (
        f"/tickets/{firm.ticket.number}",
        "/tickets",
        "/hours?month=all&by=ticket",
        "/invoices/2026-10?unfold=all",
        f"/approvals/{firm.approval_id}",
        f"/questions/{firm.question_id}",
        "/hours?month=all&by=employee",
        "/hours/changes",
        "/",
        "/approvals",
        "/questions",
    ):
        assert address in told, address


def test_a_viewer_sees_that_it_is_there_and_what_it_cost(firm, sign_in):
    client = sign_in(firm.viewer)
    page = client.get(f"/tickets/{firm.ticket.number}").text
    for shown in (firm.ticket.number, "Otevřené", "Důvěrné", "Petr Svoboda", "2,00\u00a0h", "PROGP85"):
        assert shown in page
    assert "Důvěrný požadavek" in client.get("/tickets").text


def test_a_managers_list_carries_a_quiet_mark(firm, sign_in):
    page = sign_in(firm.manager).get("/tickets").text
    assert page.count(">Důvěrné</span>") == 1
    assert f"Výpověď {SECRET}" in page


def test_a_row_kept_for_managers_is_never_given_to_viewers(firm, sign_in):
    manager, viewer = sign_in(firm.manager), sign_in(firm.viewer)
    for client in (manager, viewer, manager, viewer):
        for headers in ({}, PART):
            assert (SECRET in client.get("/tickets", headers=headers).text) is (client is manager)


def test_both_see_the_same_sums(firm, sign_in):
    def numbers(client, address):
        return re.findall(r"[\d\u00a0]+,\d\d\u00a0(?:h|Kč)", client.get(address).text)

    manager, viewer = sign_in(firm.manager), sign_in(firm.viewer)
    for address in ("/hours?month=all", "/invoices/upcoming?unfold=all", "/invoices/2026-10?unfold=all", "/"):
        assert sorted(numbers(manager, address)) == sorted(numbers(viewer, address)), address
    for_manager = time_report.totals(Reader.of(firm.company, confidential=True), HoursFilter())
    assert time_report.totals(Reader.of(firm.company), HoursFilter()) == for_manager


def test_its_files_are_not_found(firm, sign_in):
    assert sign_in(firm.manager).get(f"/attachments/{firm.picture.id}").status_code == 200
    assert sign_in(firm.viewer).get(f"/attachments/{firm.picture.id}").status_code == 404


@pytest.mark.parametrize("query", [SECRET, "výpověď", "Jan", "zrušil"])
def test_a_viewers_words_do_not_find_it_and_its_number_does(firm, sign_in, query):
    client = sign_in(firm.viewer)
    assert firm.ticket.number not in client.get("/tickets", query_string={"q": query}, headers=PART).text
    found = client.get("/tickets", query_string={"q": firm.ticket.number}, headers=PART).text
    assert f"/tickets/{firm.ticket.number}" in found
    short = client.get("/tickets", query_string={"q": firm.ticket.number[2:]}, headers=PART).text
    assert f"/tickets/{firm.ticket.number}" not in short


def test_whoever_wrote_in_confidence_alone_is_offered_to_managers_only(firm, sign_in):
    assert f"Jan {SECRET}" in sign_in(firm.manager).get("/tickets").text
    page = sign_in(firm.viewer).get("/tickets").text
    assert "Eva Veřejná" in page


def test_the_address_of_the_next_page_tells_no_name(firm, sign_in, monkeypatch):
    from portal.domain.read_models import listing

    monkeypatch.setattr(listing, "ROWS", 1)
    listing._prepared.cache_clear()
    try:
        for direction in ("up", "down"):
            page = sign_in(firm.viewer).get(f"/tickets?sort=requester&dir={direction}").text
            assert "after=" in page
            assert SECRET not in page
    finally:
        listing._prepared.cache_clear()


def test_a_deputy_reads_what_they_decide_and_no_more(app, firm, sign_in):
    client = sign_in(firm.deputy)
    assert SECRET in client.get(f"/approvals/{firm.approval_id}").text
    assert SECRET in client.get("/approvals").text
    for address in (f"/tickets/{firm.ticket.number}", "/tickets", "/hours?month=all&by=ticket", "/consents"):
        assert SECRET not in client.get(address).text, address
    assert client.get(f"/attachments/{firm.picture.id}").status_code == 404


def test_once_the_manager_is_back_the_deputy_reads_nothing_of_it(firm, sign_in):
    approval = db.session.get_one(Approval, firm.approval_id)
    link = links.make(approval, firm.deputy)
    db.session.commit()
    assert SECRET in sign_in(firm.deputy).get(link).text
    deputies.dismiss(acting(firm.manager), firm.company, firm.absence_id)
    client = sign_in(firm.deputy)
    assert client.get(f"/approvals/{firm.approval_id}").status_code == 404
    assert SECRET not in client.get("/").text
    assert client.get(link).status_code == 404


def test_no_letter_about_it_goes_to_a_viewer_who_decides_nothing(firm):
    staff = mirror.person(None, role=STAFF, email="ptam.se@connectica.example")
    later = Asking(f"A tohle? {SECRET}", until=clock.today(), at_expiry=AtExpiry.STAY)
    requests.ask(acting(staff), firm.ticket.id, later)
    letters = db.session.query(Letter).all()
    told = {letter.to for letter in letters if SECRET in letter.subject + letter.text}
    assert firm.deputy.email in told
    assert firm.viewer.email not in told


def test_what_is_no_longer_confidential_is_told_again(firm, sign_in):
    firm.ticket.is_confidential = False
    firm.ticket.version += 1
    db.session.commit()
    client = sign_in(firm.viewer)
    assert SECRET in client.get("/tickets").text
    assert SECRET in client.get(f"/tickets/{firm.ticket.number}").text
    assert db.session.query(Message).count()
