"""A thousand hostile mails come in as mail, and a browser shows them: nothing runs, loads or leaves its bubble."""

from collections import Counter
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, Route
from sqlalchemy import select

from portal.cores.core_api import DeskCore
from portal.db import db
from portal.desk.api import create_api
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.ticketing import directory
from portal.domain.companies.models import Company
from portal.domain.tickets.models import Message, Ticket
from portal.domain.users.permissions import MANAGER
from portal.sync import lease
from portal.sync.engine import Sync
from tests.browser import hostile_mails
from tests.factories import mirror
from tests.whole_system import TOKEN, served

IN_A_TICKET = 50
CHARSETS = {3: "utf-7", 6: "utf-16", 9: "iso-2022-jp"}  # of every tenth mail each: what a filter of bytes would miss
# Everything a message may still hold in the browser's own tree, whatever was in the mail.
ALLOWED = {
    "A": ["href", "title", "rel"],
    "IMG": ["src", "alt", "width", "height"],
    "TD": ["colspan", "rowspan"],
    "TH": ["colspan", "rowspan"],
    "OL": ["start"],
}
PLAIN = [
    "ABBR",
    "B",
    "BLOCKQUOTE",
    "BR",
    "CAPTION",
    "CODE",
    "COL",
    "COLGROUP",
    "DD",
    "DEL",
    "DIV",
    "DL",
    "DT",
    "EM",
    "HR",
    "I",
    "INS",
    "LI",
    "P",
    "PRE",
    "Q",
    "S",
    "SMALL",
    "STRONG",
    "SUB",
    "SUP",
    "TABLE",
    "TBODY",
    "TFOOT",
    "THEAD",
    "TR",
    "U",
    "UL",
]

AUDIT = (Path(__file__).parent / "bubbles.js").read_text()


@pytest.fixture
def hostile(app, tmp_path) -> list[str]:
    """The numbers of tickets whose mails came in through the desk and its sync."""
    store = Store(tmp_path / "desk.db")
    directory.add_company(store, "vltava", "Strojírny Vltava, a. s.", ["vltava.example"])
    numbers, first = [], ""
    for mail in hostile_mails.mails():
        opens = mail.number % IN_A_TICKET == 0
        received = intake.receive(store, _raw(mail, answers="" if opens else first))
        assert received.outcome == ("opened" if opens else "answered"), received
        if opens:
            numbers.append(received.ticket)
            first = f"<hostile-{mail.number}@vltava.example>"
    desk = served(create_api(store, TOKEN))
    lead = lease.take("sync", lease.new_holder())
    try:
        Sync(DeskCore(f"http://127.0.0.1:{desk.port}/core/v1", TOKEN)).run(lead)
    finally:
        lease.give_back(lead)
        desk.shutdown()
        desk.server_close()
        store.close()
    company = db.session.scalars(select(Company)).one()
    mirror.person(company, role=MANAGER, email="manager@a.example")
    db.session.commit()
    assert db.session.query(Message).count() == 1000 and db.session.query(Ticket).count() == len(numbers)
    return numbers


@pytest.fixture
def world(hostile):
    """What entering needs is there already."""
    return hostile


def test_a_thousand_hostile_mails_do_nothing_in_a_browser(visit, enter, world, address):
    faults: list[str] = []
    shown = ""
    with visit() as page:  # whatever the policy would have had to stop is an error on the console, and fails
        asked = _watched(page)
        enter(page)
        for number in world:
            page.goto(f"/tickets/{number}")
            faults += _faults(page, number)
            shown += page.locator(".chat").inner_text()
    assert not faults, "\n".join(faults[:20])
    assert {url for url in asked if not url.startswith(address)} == set()
    lost = [mail.number for mail in hostile_mails.mails() if mail.first not in shown]
    assert not lost, f"what these mails begin with is not shown: {lost}"


def test_even_without_the_content_policy_nothing_runs_or_loads(visit, enter, world, address):
    """The cleaning on the way in holds alone."""
    with visit(expects=("Failed to load resource",)) as page:
        enter(page)
        page.route("**/tickets/*", _without_policy)
        asked = _watched(page)
        for number in world:
            page.goto(f"/tickets/{number}")
            page.wait_for_timeout(50)
            assert _faults(page, number) == []
            assert page.title().startswith(number)
    assert {url for url in asked if not url.startswith(address)} == set()


def test_the_thousand_mails_are_of_every_family():
    made = list(hostile_mails.mails())
    assert len(made) == len({mail.html for mail in made}) == 1000
    families = Counter(family for mail in made for family in mail.family.split(" + "))
    assert set(families) == set(hostile_mails.FAMILIES) and min(families.values()) > 50


def test_the_generated_mails_would_do_harm_if_nothing_cleaned_them(visit, enter, world):
    """The bait is real: the same mails, put in as they came, run scripts and ask for foreign addresses."""
    ran = 0
    with visit(expects=("",)) as page:
        page.route("**/*", lambda route: route.fulfill(body="", status=200))
        requests = _watched(page)
        for mail in list(hostile_mails.mails())[:150]:
            try:
                page.goto("about:blank")
                page.set_content(mail.html, wait_until="commit")
                page.wait_for_timeout(15)
                ran += bool(page.evaluate("window.owned"))
            except Error:
                ran += 1  # it led the window elsewhere
    asked = sum("away.example" in url for url in requests)
    assert ran > 25 and asked > 15, (ran, asked)


def _raw(mail: hostile_mails.HostileMail, *, answers: str) -> bytes:
    raw = EmailMessage(policy=SMTP)
    raw["From"], raw["To"], raw["Subject"] = (
        "Jan Novák <jan@vltava.example>",
        "noc@connectica.cz",
        f"Zkouška {mail.number}",
    )
    raw["Message-ID"] = f"<hostile-{mail.number}@vltava.example>"
    if answers:
        raw["In-Reply-To"] = answers
    html = mail.html.encode("utf-8", "replace").decode()
    charset = CHARSETS.get(mail.number % 10)
    if charset:
        raw.set_content(html.encode(charset, "replace"), "text", "html")
        raw.set_param("charset", charset)
    elif mail.number % 2:
        raw.set_content("Text beside it.")
        raw.add_alternative(html, subtype="html")
    else:
        raw.set_content(html, subtype="html")
    return raw.as_bytes()


def _watched(page: Page) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


def _faults(page: Page, number: str) -> list[str]:
    return [f"{number}: {fault}" for fault in page.evaluate(AUDIT, [ALLOWED, PLAIN])]


def _without_policy(route: Route) -> None:
    answer = route.fetch()
    headers: dict[str, Any] = {
        name: value for name, value in answer.headers.items() if name != "content-security-policy"
    }
    route.fulfill(response=answer, headers=headers)
