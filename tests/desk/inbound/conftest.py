"""What becomes of a mail where people meet it: the page, the hours, the letters."""

import msgspec
import pytest

from portal.cores import records
from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.sync.html import message_body, sanitize


@pytest.fixture
def page(record):
    """(what stands open, what is folded) of a ticket's message, the last one unless told otherwise."""

    def read(number, at=-1):
        ticket = records.read_change(msgspec.json.encode(record(number)))
        body = message_body.of_record(ticket)[ticket.messages[at].core_id]
        return sanitize.plain(body.visible), sanitize.plain(body.quoted)

    return read


@pytest.fixture
def hours(record):
    return lambda number: [(entry["category"], entry["hours"]) for entry in record(number)["time_entries"]]


@pytest.fixture
def employee_writes(store, compose):
    """Jan answers the newest letter about a ticket."""

    def write(number, text="", **more):
        letter = [letter for letter in outbox.letters_of(store, number) if letter.kind in {"answer", "received"}][-1]
        raw = compose(text, answers=letter.message_id, subject=f"Re: [Connectica #{number}] Nejde tiskárna", **more)
        return intake.receive(store, raw)

    return write
