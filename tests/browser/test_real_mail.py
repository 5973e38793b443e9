"""Twenty conversations come in as mails; their pages show what was written, in its order, and fold the rest."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser

from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.ticketing import tickets
from portal.lib import urls
from tests.factories.mirror import PASSWORD
from tests.whole_system import EMPLOYEE, MANAGER_ADDRESS, NOC, TECHNICIAN, WholeSystem

FIRST = "Dobrý den, tiskárna na dílně netiskne.\nSvítí na ní červená kontrolka."
ASKED = ["Jaký je název počítače?", "Kdy můžeme přijít?"]
WHEN = "pondělí 2. listopadu 2026 10:22"
LINE = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"
GMAIL = "po 2. 11. 2026 v 10:22 odesílatel Connectica <noc@connectica.cz> napsal:"
ROWS = {"Od": "Radek Vymazal <radek@connectica.cz>", "Odesláno": WHEN, "Komu": "Eva Dvořáková", "Předmět": "RE: Tisk"}
MARKED = "\n".join(f"> {line}" for line in ASKED)
OUTLOOK_TEXT = "\n".join(f"{name}: {value}" for name, value in ROWS.items())
OUTLOOK_HTML = (
    f'<div style="{LINE}"><p>'
    + "<br>".join(f"<b>{name}:</b> {escape(value)}" for name, value in ROWS.items())
    + "</p></div>"
)
HISTORY_HTML = "".join(f"<p>{line}</p>" for line in ASKED)


@dataclass(frozen=True)
class Answer:
    """The last mail of a conversation. opened stands on the page in this order; folded only below the fold."""

    name: str
    opened: tuple[str, ...]
    folded: tuple[str, ...] = ()
    text: str = ""
    html: str = ""
    by: str = EMPLOYEE
    nowhere: tuple[str, ...] = ()


ANSWERS = [
    Answer("Gmail, above", ("PC-114, v úterý.",), tuple(ASKED), f"PC-114, v úterý.\n\n{GMAIL}\n\n{MARKED}"),
    Answer(
        "Gmail, HTML",
        ("PC-114, v úterý.",),
        tuple(ASKED),
        html='<div dir="ltr">PC-114, v úterý.</div><br><div class="gmail_quote"><div class="gmail_attr">'
        f'{escape(GMAIL)}<br></div><blockquote class="gmail_quote">{HISTORY_HTML}</blockquote></div>',
    ),
    Answer(
        "Gmail, between",
        (ASKED[0], "PC-114", ASKED[1], "V úterý po 13."),
        text=f"{GMAIL}\n\n> {ASKED[0]}\n\nPC-114\n\n> {ASKED[1]}\n\nV úterý po 13.\n",
    ),
    Answer("Outlook", ("PC-114.",), tuple(ASKED), html=f"<p>PC-114.</p><div>{OUTLOOK_HTML}</div>{HISTORY_HTML}"),
    Answer("Outlook, text", ("PC-114.",), tuple(ASKED), f"PC-114.\n\n{OUTLOOK_TEXT}\n\n" + "\n".join(ASKED)),
    Answer(
        "Outlook, in red",
        ("Odpovídám červeně.", ASKED[0], "PC-114", ASKED[1], "V úterý."),
        html=f"<p>Odpovídám červeně.</p><div>{OUTLOOK_HTML}</div><p>{ASKED[0]}</p><p style='color:red'>PC-114</p>"
        f"<p>{ASKED[1]}</p><p style='color:red'>V úterý.</p>",
    ),
    Answer(
        "Outlook for iOS",
        ("PC-114.",),
        tuple(ASKED),
        f"PC-114.\n\nStáhnout Outlook pro iOS<https://aka.ms/o0ukef>\n{'_' * 32}\n{OUTLOOK_TEXT}\n\n"
        + "\n".join(ASKED),
    ),
    Answer(
        "Apple Mail",
        ("PC-114.",),
        tuple(ASKED),
        html=f'<div>PC-114.</div><blockquote type="cite"><div>2. 11. 2026 v 10:22, Connectica &lt;{NOC}&gt;:</div>'
        f"{HISTORY_HTML}</blockquote>",
    ),
    Answer(
        "Thunderbird, below",
        ("PC-114, v úterý.",),
        tuple(ASKED),
        f"Dne 2. 11. 2026 v 10:22 Radek Vymazal (Connectica) napsal(a):\n{MARKED}\n\nPC-114, v úterý.\n",
    ),
    Answer(
        "Seznam",
        ("PC-114.",),
        tuple(ASKED),
        f"PC-114.\n\n---------- Původní e-mail ----------\nOd: Connectica <{NOC}>\nKomu: eva@vltava.example\n"
        "Datum: 2. 11. 2026 10:22:00\nPředmět: RE: Tisk\n\n" + "\n".join(ASKED),
    ),
    Answer(
        "Slovak",
        ("Už to ide.",),
        tuple(ASKED),
        f"Už to ide.\n\nDňa 2. 11. 2026 o 10:22 Connectica napísal(a):\n{MARKED}",
    ),
    Answer(
        "German",
        ("Danke, geht.",),
        tuple(ASKED),
        f"Danke, geht.\n\nAm 02.11.26 um 10:22 schrieb Connectica:\n{MARKED}",
    ),
    Answer("Polish", ("Działa.",), tuple(ASKED), f"Działa.\n\nW dniu 2.11.2026 o 10:22, Connectica pisze:\n{MARKED}"),
    Answer(
        "a forward",
        ("Píše dodavatel:", "Od: Dodavatel", "Vyměňte fuser, díl č. 4471."),
        text="Píše dodavatel:\n\n---------- Forwarded message ---------\nOd: Dodavatel <podpora@dodavatel.example>\n"
        "Date: po 2. 11. 2026 v 8:01\nSubject: Fuser\nTo: <eva@vltava.example>\n\nVyměňte fuser, díl č. 4471.",
    ),
    Answer(
        "a table and struck words",
        ("název", "PC-114", "pět kusů", "osm kusů"),
        html="<table><tr><td>název</td><td>PC-114</td></tr></table><p>Objednejte <s>pět kusů</s> osm kusů.</p>"
        '<div style="display:none">SKRYTO</div>',
        nowhere=("SKRYTO",),
    ),
    Answer(
        "points between dashes",
        ("Doinstalujte:", "Office", "Acrobat", "Děkuji"),
        text="Doinstalujte:\n--\nOffice\n--\nAcrobat\nDěkuji\n",
    ),
    Answer(
        "own words like headers, signed",
        ("Přesuňte monitor:", "Od: kancelář 101", "Komu: kancelář 204", "Číslo 5521."),
        ("Strojírny, 2. patro",),
        "Přesuňte monitor:\nOd: kancelář 101\nKomu: kancelář 204\nČíslo 5521.\n\n"
        "-- \nEva Dvořáková\nStrojírny, 2. patro",
    ),
    Answer(
        "a technician below the quote",
        ("Zkuste ji vypnout a zapnout.",),
        ("Svítí na ní červená kontrolka.",),
        "Dne 2. 11. 2026 v 9:22 Eva Dvořáková napsal(a):\n> Svítí na ní červená kontrolka.\n\n"
        "Zkuste ji vypnout a zapnout.\n\nPROGP85:0,25\n",
        by=TECHNICIAN,
        nowhere=("PROGP85",),
    ),
    Answer(
        "a technician between the lines",
        ("Svítí na ní červená kontrolka.", "Došel toner, zítra ho přivezu."),
        text="Dobrý den,\n\nDne 2. 11. 2026 v 9:22 Eva Dvořáková napsal(a):\n> Svítí na ní červená kontrolka.\n\n"
        "Došel toner, zítra ho přivezu.\n\nPROGP85:0,50\nSTAV = be invoiced\n",
        by=TECHNICIAN,
        nowhere=("PROGP85", "STAV"),
    ),
    Answer(
        "a technician's list and link",
        ("Postup je zde", "vypnout", "zapnout"),
        html='<p>Postup je <a href="https://navody.example/tisk">zde</a>:</p><ol><li>vypnout</li><li>zapnout</li></ol>'
        "<ul><li><b>PROGP85: 0,25</b></li></ul>",
        by=TECHNICIAN,
        nowhere=("PROGP85",),
    ),
]


@pytest.fixture(scope="module")
def shots() -> Path | None:
    """Where to leave pictures of the pages, for those who want to look at them: REAL_MAIL_SHOTS=folder."""
    return Path(os.environ["REAL_MAIL_SHOTS"]) if "REAL_MAIL_SHOTS" in os.environ else None


@pytest.fixture
def system(app: Flask, tmp_path: Path) -> Iterator[WholeSystem]:
    before, noc = urls.link(""), urls.noc()
    made = WholeSystem(app, tmp_path)
    yield made
    made.close()
    urls.are(base_url=before, noc=noc)


def test_pages_show_what_was_written_in_its_order_and_fold_history(system, chromium: Browser, shots):
    assert len(ANSWERS) == 20
    numbers = {answer.name: _conversation(system, answer) for answer in ANSWERS}
    system.beat()
    system.hire()
    context = chromium.new_context(base_url=system.address, locale="cs-CZ", viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("input[name=email]", MANAGER_ADDRESS)
        page.fill("input[name=password]", PASSWORD)
        page.click("form.sign-in button, .sign-in button")
        page.wait_for_load_state()
        for answer in ANSWERS:
            page.goto(f"/tickets/{numbers[answer.name]}")
            said = page.locator("article.message").last
            _holds(answer, said.locator(".bubble > .written").inner_text(), "")
            fold = said.locator("details.quoted > summary")
            assert fold.count() == bool(answer.folded), answer.name
            if shots:
                page.screenshot(path=shots / f"{answer.name.replace(' ', '-')}.png", full_page=True)
            if answer.folded:
                fold.click()
                _holds(answer, "", said.locator("details.quoted").inner_text())
    finally:
        context.close()


def _holds(answer: Answer, shown: str, unfolded: str) -> None:
    place = -1
    for words in answer.opened if shown else ():
        assert shown.find(words, place + 1) > place, (
            f"{answer.name}: {words!r} is missing or out of order in {shown!r}"
        )
        place = shown.find(words, place + 1)
    assert not any(words in shown for words in (*answer.folded, *answer.nowhere)), f"{answer.name}: {shown!r}"
    if unfolded:
        assert all(words in unfolded for words in answer.folded), f"{answer.name}: {unfolded!r}"
        assert not any(words in unfolded for words in answer.nowhere), answer.name


def _conversation(system: WholeSystem, answer: Answer) -> str:
    number = system.send(EMPLOYEE, f"Tisk: {answer.name}", FIRST)
    system.send(TECHNICIAN, f"Re: {_tag(system, number)}", "\n".join(ASKED))
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = answer.by, NOC, f"Re: {_tag(system, number)} Tisk"
    mail["Message-ID"] = f"<{number}-last@people.example>"
    mail["In-Reply-To"] = outbox.letters_of(system.store, number)[-1].message_id
    mail.set_content(answer.text or answer.html, subtype="plain" if answer.text else "html")
    received = intake.receive(system.store, mail.as_bytes(), trusted=answer.by is TECHNICIAN)
    assert received.outcome == "answered", received
    return number


def _tag(system: WholeSystem, number: str) -> str:
    with system.store.read() as desk:
        return tickets.by_number(desk, number).tag("Connectica")
