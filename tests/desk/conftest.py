"""A desk of its own for each test: two companies, two technicians, a price list, and mails as people write them."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count
from pathlib import Path

import pytest

from portal import clock
from portal.desk import serializers
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.ticketing import directory, prices, tickets

MAILS = Path(__file__).parent / "inbound" / "mails"
NOON = datetime(2026, 11, 2, 11, 0, tzinfo=UTC)  # a Monday, 12:00 in Prague


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty desk that knows its people."""
    made = Store(tmp_path / "desk.db")
    directory.add_company(made, "vltava", "Strojírny Vltava, a. s.", ["strojirny-vltava.example"])
    directory.add_company(made, "hora", "Hora Law", ["ak-hora.example"], language="en")
    directory.add_technician(made, "radek.vymazal", "Radek Vymazal", "radek@connectica.cz")
    directory.add_technician(made, "petra.mala", "Petra Malá", "petra@connectica.cz")
    prices.add_price(made, "PROGP85", "Programátorské práce", "1250.00", date(2026, 1, 1))
    prices.add_price(made, "SPRAVA60", "Správa", "900.00", date(2026, 1, 1))
    yield made
    made.close()


@pytest.fixture
def at_noon() -> Iterator[datetime]:
    """The clock stands at noon of 2 November 2026."""
    with clock.set_to(NOON):
        yield NOON


@pytest.fixture
def compose() -> Callable[..., bytes]:
    """Write a raw mail: compose("Dobrý den", sender=…, subject=…, answers=…, files=[(name, type, bytes)])."""
    numbers = count(1)

    def write(
        text="Dobrý den, nejde tiskárna.",
        *,
        sender="Jan Novák <jan@strojirny-vltava.example>",
        subject="Nejde tiskárna",
        answers="",
        html="",
        files=(),
        headers=None,
    ) -> bytes:
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = sender, "noc@connectica.cz", subject
        mail["Message-ID"] = f"<{next(numbers)}@test.example>"
        if answers:
            mail["In-Reply-To"] = answers
        for name, value in (headers or {}).items():
            del mail[name]
            if value is not None:
                mail[name] = value
        if text or not html:
            mail.set_content(text)
            if html:
                mail.add_alternative(html, subtype="html")
        else:
            mail.set_content(html, subtype="html")
        for name, media_type, content in files:
            main, _, sub = media_type.partition("/")
            mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
        return mail.as_bytes()

    return write


@pytest.fixture
def opened(store: Store, compose) -> str:
    """The number of a ticket that Jan of Vltava opened."""
    return intake.receive(store, compose()).ticket


@pytest.fixture
def technician_writes(store: Store, compose) -> Callable[..., intake.Received]:
    """Radek answers a ticket by mail: technician_writes(number, text)."""

    def write(number: str, text: str, *, sender="Radek Vymazal <radek@connectica.cz>", **more) -> intake.Received:
        answers = outbox.letters_of(store, number)[-1].message_id
        raw = compose(text, sender=sender, subject=f"Re: [Connectica #{number}]", answers=answers, **more)
        return intake.receive(store, raw, trusted=True)

    return write


@pytest.fixture
def tag(store: Store) -> Callable[[str], str]:
    """The tag of a ticket as the subjects of our letters have it."""

    def read(number: str) -> str:
        with store.read() as db:
            return tickets.by_number(db, number).tag("Connectica")

    return read


@pytest.fixture
def record(store: Store) -> Callable[[str], dict]:
    """A ticket as the Core API tells it."""

    def read(number: str) -> dict:
        with store.read() as db:
            page = serializers.changes(db, "", 500)
        return next(change for change in page.changes if change["core_id"] == number)

    return read


@pytest.fixture
def letters(store: Store) -> Callable[..., list[tuple[str, str, str]]]:
    """(recipient, subject, text) of the letters of a kind about a ticket, oldest first."""
    import email
    from email.policy import default

    def read(number: str, kind: str) -> list[tuple[str, str, str]]:
        found = []
        for letter in outbox.letters_of(store, number):
            if letter.kind == kind:
                with store.read() as db:
                    raw = db.execute("SELECT raw FROM outbox WHERE id = ?", (letter.id,)).fetchone()["raw"]
                body = email.message_from_bytes(raw, policy=default).get_body()
                text = body.get_content().replace("\r\n", "\n")
                found.append((" ".join(letter.recipients), letter.subject, text))
        return found

    return read
