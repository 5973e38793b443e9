"""What a nasty mail costs in desk and sync, each step alone. It needs no web application, as their workers do not.

It comes as an employee's mail, as a technician's answer to one, and as an employee's answer.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from portal import clock
from portal.cores.records import MessageRecord, PersonRecord
from portal.desk import serializers
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.ticketing import directory
from portal.sync.html import message_body
from tests.nasty import mails

FIRST = (
    b"From: Jan <jan@strojirny-vltava.example>\r\nSubject: Tisk\r\nMessage-ID: <first@test.example>\r\n\r\nAhoj\r\n"
)


def dearest(name: str, length: int) -> float:
    """Seconds of the processor that the dearest step took."""
    with tempfile.TemporaryDirectory() as folder:
        store = desk(Path(folder))
        costs = [timed(lambda raw=raw: intake.receive(store, raw, trusted=True)) for raw in ways(name, length)]
        with store.read() as data:
            page = serializers.changes(data, "", 500)
        costs += [_cleaned(each) for change in page.changes for each in change.get("messages", ())]
        store.close()
    return max(costs)


def ways(name: str, length: int) -> list[bytes]:
    """The mail of that name and length, three times."""
    raw = mails.MAILS[name](length)
    staff = raw.replace(b"jan@strojirny-vltava.example", b"radek@connectica.cz").replace(b"<n@", b"<t@")
    return [
        raw,
        *(
            each.replace(b"From:", b"In-Reply-To: <first@test.example>\r\nFrom:", 1)
            for each in (staff, raw.replace(b"<n@test", b"<a@test"))
        ),
    ]


def desk(folder: Path) -> Store:
    """A desk with a company, a technician, and the ticket that is answered."""
    store = Store(folder / "desk.db")
    directory.add_company(store, "vltava", "Vltava", ["strojirny-vltava.example"])
    directory.add_technician(store, "radek", "Radek", "radek@connectica.cz")
    intake.receive(store, FIRST, trusted=True)
    return store


def timed(do: Callable[[], object]) -> float:
    """Seconds of the processor it took."""
    began = time.process_time()
    do()
    return time.process_time() - began


def _cleaned(message: dict[str, str]) -> float:
    author = PersonRecord(name="a", email="a@b.cz")
    words = {"text": message["text"], "html": message["html"]}
    record = MessageRecord(core_id="m", side="employee", author=author, sent_at=clock.now(), **words)
    return timed(lambda: message_body.of(record))
