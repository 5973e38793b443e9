"""The three journeys of approvals and questions, in a real browser, with real mail through the real desk."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from portal.lib import urls
from tests.browser.conftest import VENDOR
from tests.factories.mirror import PASSWORD
from tests.whole_system import EMPLOYEE, MANAGER_ADDRESS, STAFF_ADDRESS, TECHNICIAN, WholeSystem

AXE = (VENDOR / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
STANDS_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("*")]
  .filter(part => part.getBoundingClientRect().right > innerWidth + 1).map(part => part.outerHTML.slice(0, 120))"""
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture
def system(app: Flask, tmp_path: Path) -> Iterator[WholeSystem]:
    before, noc = urls.link(""), urls.noc()
    made = WholeSystem(app, tmp_path)
    yield made
    made.close()
    urls.are(base_url=before, noc=noc)


@pytest.fixture
def number(system: WholeSystem) -> str:
    """A ticket with an hour and a half of a technician's time, and accounts for both sides."""
    opened = system.send(EMPLOYEE, "Pomalý počítač", "Dobrý den, počítač je velmi pomalý.")
    system.send(TECHNICIAN, f"Re: [Connectica #{opened}]", "Vyčistil jsem disk.\n\nPROGP85:1,50\n")
    system.beat()
    system.hire()
    return opened


@pytest.fixture
def open_page(system: WholeSystem, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """A window of its own; anything the browser complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(viewport: dict[str, int] = DESKTOP, *, signed_in: str = "", script: bool = True) -> Page:
        context = chromium.new_context(
            base_url=system.address,
            locale="cs-CZ",
            timezone_id="Europe/Prague",
            viewport=viewport,
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if signed_in:
            page.goto("/sign-in")
            page.fill("input[name=email]", signed_in)
            page.fill("input[name=password]", PASSWORD)
            page.click("form.sign-in button, .sign-in button")
            page.wait_for_load_state()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_staff_ask_and_the_manager_decides_by_the_link_on_a_phone(system, number, open_page, script):
    staff = open_page(signed_in=STAFF_ADDRESS, script=script)
    staff.click("text=Žádost o schválení >> nth=0")
    staff.fill("main input[name=q]", "pomaly pocitac")
    staff.click("main button:has-text('Hledat')")
    staff.click(f"main tr:has-text('{number}') a")
    staff.fill("#question", "Smíme jí koupit nový disk?")
    staff.check("input[value=decline]")
    staff.click("button:has-text('Zeptat se manažerů')")
    assert "Žádost je odeslaná" in staff.inner_text("#notes")
    system.beat()
    (letter,) = system.letters_to(MANAGER_ADDRESS)

    phone = open_page(PHONE, script=script)
    phone.goto(_link(letter))
    assert "Smíme jí koupit nový disk?" in phone.inner_text("main")
    assert "Rozhodujete jako Marie Malá" in phone.inner_text("main")
    if script:
        _fits_and_is_accessible(phone)
    phone.fill("textarea[name=note]", "Ano, do pěti tisíc.")
    phone.click("button[value=approve]")
    assert "Schváleno" in phone.inner_text("main") and phone.query_selector("form") is None
    phone.goto("/approvals")
    assert "/sign-in" in phone.url  # the link opened no account

    system.beat()
    asked, (decision, note) = system.desk_notes(number)  # what waits for an answer is not to be invoiced meanwhile
    assert asked[0] == "" and decision == "approved" and "do pěti tisíc" in note
    staff.goto("/staff")
    assert "Nikoho se na nic neptáme." in staff.inner_text("main")
    manager = open_page(signed_in=MANAGER_ADDRESS)
    manager.goto(f"/tickets/{number}")
    assert "Schváleno · Marie Malá" in manager.inner_text(".chat")


def test_a_manager_questions_an_entry_and_staff_answer(system, number, open_page):
    manager = open_page(signed_in=MANAGER_ADDRESS)
    manager.goto("/hours")
    manager.click("a.asks")
    manager.fill("textarea[name=text]", "Proč hodina a půl? <b>Disk</b> je malý.")
    _fits_and_is_accessible(manager)
    manager.click("button:has-text('Zeptat se Connectiky')")
    manager.goto("/hours")
    assert manager.inner_text("main .badge.warn:has-text('dotaz')") == "dotaz"
    system.beat()
    assert "Proč hodina a půl?" in system.letters_to(STAFF_ADDRESS)[0].get_content()

    staff = open_page(signed_in=STAFF_ADDRESS)
    staff.click("text=PROGP85 · 1,50")
    assert "<b>Disk</b> je malý." in staff.inner_text(".chat")
    staff.fill("textarea[name=text]", "Byla v tom i záloha dat.")
    _fits_and_is_accessible(staff)
    staff.click("button:has-text('Odpovědět') >> nth=0")
    system.beat()
    assert "Byla v tom i záloha dat." in system.letters_to(MANAGER_ADDRESS)[0].get_content()

    manager.goto("/")
    assert manager.title().startswith("(1) ")
    manager.click("main >> text=Odpověď na váš dotaz")
    assert "Byla v tom i záloha dat." in manager.inner_text(".chat")
    manager.click("button:has-text('Je to jasné')")
    manager.goto("/")
    assert not manager.title().startswith("(")


def test_a_technicians_line_becomes_a_decision_and_comes_back_as_mail(system, number, open_page):
    system.send(TECHNICIAN, f"Re: [Connectica #{number}]", "Zeptám se.\n\nSCHVALIT: Smíme objednat nový disk?\n")
    system.beat()
    manager = open_page(signed_in=MANAGER_ADDRESS)
    manager.click("main >> text=Smíme objednat nový disk?")
    _fits_and_is_accessible(manager)
    manager.click("summary:has-text('Schválit i příště')")
    manager.check("input[value=always]")
    manager.click("button[value=approve]")
    assert "Schváleno" in manager.inner_text("main")
    system.beat()
    (mail,) = system.desk_wrote(number, "decided")
    assert "radek@connectica.cz" in mail["To"] and "Smíme objednat nový disk?" in mail.get_content()
    manager.goto("/consents")
    assert "Eva Dvořáková" in manager.inner_text("main")


def test_a_link_shows_nothing_but_its_question_and_leaves_no_trace(system, number, open_page):
    system.send(TECHNICIAN, f"Re: [Connectica #{number}]", "Zeptám se.\n\nSCHVALIT: Smíme?\n")
    system.beat()
    page = open_page(PHONE)
    sent = []
    page.on("request", lambda request: sent.append(request.headers.get("referer", "")))
    page.goto(_link(system.letters_to(MANAGER_ADDRESS)[0]))
    assert not any("/decide/" in referer for referer in sent)
    assert page.query_selector(".side") is None and "Vyčistil jsem disk" not in page.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_approvals_and_questions_is_accessible_and_fits(system, number, open_page, scheme):
    system.send(TECHNICIAN, f"Re: [Connectica #{number}]", "Zeptám se.\n\nSCHVALIT: Smíme?\n")
    system.beat()
    for who, paths in (
        (
            MANAGER_ADDRESS,
            (
                "/",
                "/approvals",
                "/approvals/1",
                "/consents",
                "/deputies",
                "/questions",
                "/entries/1/question",
                "/settings",
            ),
        ),
        (STAFF_ADDRESS, ("/staff", "/staff/tickets?q=disk", "/staff/tickets/1", "/staff/approvals/1")),
    ):
        page = open_page(signed_in=who)
        page.emulate_media(color_scheme=scheme)
        for path in paths:
            for viewport in (DESKTOP, PHONE):
                page.set_viewport_size(viewport)
                assert page.goto(path).status == 200, path
                _fits_and_is_accessible(page)


def _link(letter) -> str:
    return re.search(r"http://\S+/decide/\S+", letter.get_content()).group()


def _fits_and_is_accessible(page: Page) -> None:
    assert page.evaluate(STANDS_OUT) == [], f"{page.url} is wider than the screen"
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    faults = [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found["violations"]]
    assert faults == [], page.url
