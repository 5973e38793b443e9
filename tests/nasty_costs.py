"""What a nasty mail costs: as an employee's mail, a technician's, and an answer; then in the sync."""

import tempfile
import time
from pathlib import Path

from portal import clock
from portal.cores.records import MessageRecord, PersonRecord
from portal.desk import serializers
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.ticketing import directory
from portal.sync.html import message_body
from tests import nasty_mails


def dearest(name: str, length: int) -> float:
    """Seconds of the processor that the dearest step of them took."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "desk.db")
        directory.add_company(store, "vltava", "Vltava", ["strojirny-vltava.example"])
        directory.add_technician(store, "radek", "Radek", "radek@connectica.cz")
        costs = [_received(store, raw) for raw in _mails(nasty_mails.MAILS[name](length))]
        with store.read() as db:
            page = serializers.changes(db, "", 500)
        costs += [_cleaned(each) for change in page.changes for each in change.get("messages", ())]
        store.close()
    return max(costs)


def _mails(raw: bytes) -> list[bytes]:
    staff = raw.replace(b"jan@strojirny-vltava.example", b"radek@connectica.cz").replace(b"<n@", b"<t@")
    answer = raw.replace(b"<n@test", b"<a@test").replace(b"Subject: Tisk", b"Subject: Re: Tisk", 1)
    return [raw, staff, answer.replace(b"From:", b"In-Reply-To: <n@test.example>\r\nFrom:", 1)]


def _received(store: Store, raw: bytes) -> float:
    began = time.process_time()
    intake.receive(store, raw, trusted=True)
    return time.process_time() - began


def _cleaned(message: dict[str, str]) -> float:
    began = time.process_time()
    author = PersonRecord(name="a", email="a@b.cz")
    words = {"text": message["text"], "html": message["html"]}
    message_body.of(MessageRecord(core_id="m", side="employee", author=author, sent_at=clock.now(), **words))
    return time.process_time() - began
