"""Forgetting in the desk: nothing of the person is left in its file, and states and time stay."""

import re

import pytest

from portal.desk import serializers
from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.ticketing import erasure, tickets
from portal.errors import NotFound, Refused
from portal.lib.text import fold

JANA = "Jana Nováková <jana.novakova@strojirny-vltava.example>"
PETR = "Petr Klíma <petr@strojirny-vltava.example>"
EMAIL = "Jana.Novakova@strojirny-vltava.example"
TRACES = re.compile(r"novak|777123456")


@pytest.fixture
def world(store, compose, technician_writes, at_noon, tmp_path):
    """Jana asked and was answered, Petr wrote about her, and an out-of-office of hers was ignored."""
    first = intake.receive(
        store,
        compose(
            "Jsem Jana, tel. 777123456",
            sender=JANA,
            subject="Účet pro Janu Novákovou",
            files=[("Nováková.pdf", "application/pdf", b"777123456")],
        ),
    ).ticket
    technician_writes(
        first, "Dobrý den, paní Nováková, hotovo.\n\nPROGP85:1,50\n\nDne 1. 11. 2026 Jana napsala:\n> 777123456"
    )
    intake.receive(store, compose("Jana Nováková končí, má 0.", sender=PETR, subject="Odchod"))
    intake.receive(
        store,
        compose(
            "Jsem mimo, volejte 777123456",
            sender=JANA,
            subject="Automatická odpověď",
            headers={"Auto-Submitted": "auto-replied"},
        ),
    )
    outbox.deliver(store, outbox.OutboxFolder(tmp_path / "letters"))
    return first


def test_nothing_of_the_person_is_left(store, world):
    assert TRACES.search(fold(_everything(store)))
    erasure.forget(store, erasure.seek(store, EMAIL))
    assert [line for line in _everything(store).splitlines() if TRACES.search(fold(line))] == []
    store.close()
    raw = b"".join(path.read_bytes() for path in store.path.parent.glob("desk.db*"))
    assert b"777123456" not in raw and b"jana.novakova" not in raw.lower() and b"petr@strojirny" in raw


def test_state_days_and_time_stay_and_the_portal_is_told_anew(store, world):
    with store.read() as db:
        before = {change["core_id"]: change for change in serializers.changes(db, "", 100).changes}
        cursor = serializers.changes(db, "", 100).cursor
    erasure.forget(store, erasure.seek(store, EMAIL))
    with store.read() as db:
        told = {change["core_id"]: change for change in serializers.changes(db, cursor, 100).changes}
    assert set(told) == set(before)  # Petr's, too: it named her
    ticket = told[world]
    for field in ("state", "opened_at", "changed_at", "time_entries", "technician", "number"):
        assert ticket[field] == before[world][field]
    assert ticket["requester"] == {"name": "N. N. d1", "email": ""}
    assert ticket["messages"][0]["text"] == ""
    assert "paní N. N. d1, hotovo." in ticket["messages"][1]["text"]


def test_the_conversation_goes_on_without_them(store, world, technician_writes):
    erasure.forget(store, erasure.seek(store, EMAIL))
    technician_writes(world, "Ještě doplňuji.")
    with store.read() as db:
        assert tickets.by_number(db, world).requester.email == ""
        letters = db.execute("SELECT recipients FROM outbox WHERE sent_at IS NULL").fetchall()
    assert letters == []  # nobody else is in the conversation


def test_nobody_and_technicians_are_not_forgotten(store, world):
    with pytest.raises(NotFound):
        erasure.seek(store, "nikdo@nikde.example")
    with pytest.raises(Refused):
        erasure.seek(store, "radek@connectica.cz")


def _everything(store) -> str:
    lines = []
    with store.read() as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in db.execute(f"SELECT * FROM {table}"):
                said = (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in row)
                lines.append(f"{table}: " + " ".join(" ".join(one.split()) for one in said))
    return "\n".join(lines)
