"""What people come for, walked in a real browser: at most three clicks, and the answer's words are on the page."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from playwright.sync_api import Locator, Page, expect

from portal import clock
from portal.db import db
from portal.domain.approvals import decisions, requests
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import AtExpiry
from portal.domain.approvals.requests import Asking
from portal.domain.billing import invoice_snapshots
from portal.domain.billing.prices import Price
from portal.domain.tickets.models import State
from portal.domain.users.permissions import ACCOUNTANT
from portal.lib.periods import month_of, quarter_of
from tests.actors import acting
from tests.factories import mirror

MOST = 3  # clicks a task
NBSP = "\N{NO-BREAK SPACE}"


class Walk:
    """A page on which clicks are counted; what is typed is not one, the key that sends it is."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.click()
        assert self.clicks <= MOST, "too many clicks"

    def link(self, name: str, *, within: str = "body") -> None:
        self.click(self.page.locator(within).get_by_role("link", name=name, exact=True).first)

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name).first)

    def send(self, where: Locator, words: str) -> None:
        self.clicks += 1
        where.fill(words)
        where.press("Enter")

    def reads(self, *words: str) -> None:
        for said in words:
            expect(self.page.locator("main")).to_contain_text(said)


def _noon(day):
    return datetime.combine(day, time(12), clock.PRAGUE)


@pytest.fixture
def firm(world) -> SimpleNamespace:
    """A company with prices, an invoiced month, work of a named technician, and an approval that waits."""
    owner, today = world.company, clock.today()
    last_month, last_quarter = month_of(today).earlier(), quarter_of(quarter_of(today).since - timedelta(days=1))
    db.session.add(Price(category="PROGP85", name="Práce", rate=Decimal(850), valid_from=last_quarter.since))
    radek, asks = mirror.technician("Radek Vymazal"), mirror.employee(owner, "Alena Müllerová")

    def worked(subject, hours, day, *, state=State.TO_BE_INVOICED, what="Vyměnil jsem válec.", **entry):
        ticket = mirror.ticket(owner, subject, state=state, requester=asks, served_by=radek)
        said = mirror.message(ticket, f"<p>{what}</p>", side="technician", author=radek.name, excerpt=what)
        mirror.time_entry(ticket, hours, under=said, by=radek, worked_at=_noon(day), **entry)
        return ticket

    worked("Nová tiskárna", "2.50", last_month.since, state=State.DONE, invoiced_on=last_month.until)
    worked("Čeká na říjen", "1.00", last_month.since)
    worked("Čtvrtletní údržba", "4.00", last_quarter.since, state=State.DONE, invoiced_on=last_quarter.until)
    worked("Velká práce", "9.50", today)
    with_file = worked("Vzdálený přístup", "0.50", today, what="Klient VPN má nový certifikát.")
    mirror.attachment(mirror.message(with_file, "<p>Posílám snímek.</p>"), "chyba.png")
    mirror.person(owner, role=ACCOUNTANT, email="ucetni@a.example", name="Alena Účetní")
    mirror.settle()
    invoice_snapshots.freeze()
    asking = Asking("Smíme jí dát práva správce?", until=today + timedelta(days=3), at_expiry=AtExpiry.STAY)
    world.approval_id = requests.ask(acting(world.staff), world.ticket.id, asking).approval_id
    return world


@pytest.fixture
def walk(firm, visit, enter):
    """A window in which the manager has just signed in, 768 px high as most laptops are."""
    with visit(viewport={"width": 1366, "height": 768}) as page:
        enter(page)
        yield Walk(page)


def test_what_we_shall_pay_stands_first_on_the_start_page(walk):
    card = walk.page.locator(".stats.money .card").first
    expect(card).to_contain_text("bez DPH")
    expect(card).to_contain_text("s DPH")
    expect(card).to_contain_text("více než za")
    assert card.bounding_box()["y"] + card.bounding_box()["height"] < 768
    expect(walk.page.locator(".stats.money")).to_contain_text("Ještě nejisté")


def test_tickets_over_two_hours_with_their_number_and_sum(walk):
    walk.link("Přes 2 h")
    walk.page.get_by_label("Založeno od").fill(f"{clock.today() - timedelta(days=1)}")
    expect(walk.page.locator("#found")).to_have_text(
        f"3{NBSP}požadavky · 16,00{NBSP}h · 13{NBSP}600,00{NBSP}Kč bez DPH"
    )


def test_what_a_technician_did_last_month(walk):
    walk.link("Hodiny")
    walk.link("Minulý měsíc")
    walk.link("Technik")
    walk.reads("Radek Vymazal", f"3,50{NBSP}h")


def test_why_the_hours_of_a_month_are_not_its_invoice(walk):
    walk.link("Hodiny")
    walk.link("Minulý měsíc")
    expect(walk.page.locator("#bridge")).to_contain_text("zatím čeká")
    expect(walk.page.locator("#bridge")).to_contain_text("faktura")


def test_whether_anything_waits_for_me(walk):
    walk.reads("Čeká na vás", "Smíme jí dát práva správce?")


def test_deciding_where_the_ticket_is_read(walk):
    walk.page.goto("/tickets")
    walk.page.get_by_label("Čeká na schválení").check()
    walk.clicks += 1
    expect(walk.page.locator("#list tbody tr")).to_have_count(1)
    walk.link("Příliš žluťoučký kůň")
    walk.click(walk.page.get_by_role("button", name="Schválit", exact=True))
    walk.reads("Schváleno")


def test_a_message_of_long_ago_with_its_file(walk):
    walk.send(walk.page.get_by_role("searchbox"), "vpn certifikat")
    expect(walk.page.locator("tr.hit")).to_contain_text("Klient VPN má nový certifikát.")
    expect(walk.page.locator("tr.hit")).to_contain_text("1")
    expect(walk.page.locator("tr.hit .clip")).to_be_visible()


def test_a_quarter_for_the_boss(walk):
    walk.link("Hodiny")
    walk.link("Minulé čtvrtletí")
    walk.reads(f"4,00{NBSP}h", f"3{NBSP}400,00{NBSP}Kč")
    expect(walk.page.get_by_role("link", name="Excel")).to_be_visible()


def test_an_accountant_sees_invoices_and_no_conversation(firm, visit, enter):
    with visit() as page:
        enter(page, "ucetni@a.example")
        walk = Walk(page)
        walk.reads("Připravovaná faktura", "s DPH")
        assert page.get_by_role("link", name="Požadavky", exact=True).count() == 0
        walk.link("Hodiny")
        walk.reads("Vyměnil jsem válec.")
        assert page.locator('a[href^="/tickets"]').count() == 0


def test_doubting_an_entry_that_looks_odd(walk):
    walk.link("Faktury")
    odd = walk.page.locator(".odd li", has_text=f"9,50{NBSP}h").first
    walk.click(odd.locator("a.asks"))
    walk.reads(f"9,50{NBSP}h", "Vyměnil jsem válec.", f"8{NBSP}075,00{NBSP}Kč")
    walk.page.locator("#text").fill("Opravdu devět a půl hodiny?")
    walk.click(walk.page.locator("form.decision button.primary"))
    walk.reads("Opravdu devět a půl hodiny?")


def test_staff_flag_a_ticket_and_read_it_beside_the_question(firm, visit, enter):
    with visit() as page:
        enter(page, "staff@connectica.example")
        walk = Walk(page)
        walk.link("Žádost o schválení")
        page.get_by_role("searchbox").fill(firm.ticket.number)
        page.get_by_role("searchbox").press("Enter")
        walk.link("Příliš žluťoučký kůň")
        walk.reads("Tiskárna nejede.", "Opraveno.")
        page.get_by_label("Otázka pro IT manažera").fill("Smíme koupit válec?")
        walk.click(page.locator("form.decision button.primary"))
        walk.reads("Smíme koupit válec?")


def test_staff_see_what_was_answered_today(firm, visit, enter):
    decisions.decide(acting(firm.manager), firm.approval_id, Decision(approve=True, note="Ano, do pátku."))
    with visit() as page:
        enter(page, "staff@connectica.example")
        Walk(page).reads("Rozhodnuto za posledních sedm dní", "1 dnes", "Ano, do pátku.", "Schváleno")
