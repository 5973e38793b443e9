"""Raw mail in, tickets out: once, in the right place, and nothing lost."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal import clock
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.settings import House
from portal.desk.ticketing import directory, tickets

MAILS = Path(__file__).parent / "mails"


def count(store, question):
    with store.read() as db:
        return db.execute(f"SELECT count(*) FROM {question}").fetchone()[0]


def test_a_mail_of_an_employee_opens_a_ticket_of_their_company(store, compose, record):
    received = intake.receive(store, compose("Nejde tisk.", subject="Tiskárna ve skladu"))
    ticket = record(received.ticket)
    assert received.outcome == "opened"
    assert (ticket["company"], ticket["subject"], ticket["state"]) == ("vltava", "Tiskárna ve skladu", "open")
    assert ticket["requester"] == {"name": "Jan Novák", "email": "jan@strojirny-vltava.example"}
    assert ticket["messages"][0]["text"] == "Nejde tisk."


def test_numbers_are_the_prague_year_and_a_sequence_that_may_get_longer(store, compose):
    with clock.set_to(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)):
        assert intake.receive(store, compose("a")).ticket == "20270001"
    with store.write() as db:
        db.execute("UPDATE numbering SET last = 9999 WHERE year = 2027")
    with clock.set_to(datetime(2027, 2, 1, tzinfo=UTC)):
        assert intake.receive(store, compose("b")).ticket == "202710000"


def test_the_same_mail_twice_is_one_message(store, compose):
    raw = compose()
    first = intake.receive(store, raw)
    again = intake.receive(store, b"Received: by another way\r\n" + raw)
    assert (again.outcome, again.ticket) == ("duplicate", first.ticket)
    assert count(store, "message") == 1
    assert count(store, "outbox WHERE kind = 'received'") == 1


def test_the_same_mail_from_ten_threads_at_once_is_one_message(store, compose):
    raw = compose()
    with ThreadPoolExecutor(10) as pool:
        outcomes = sorted(received.outcome for received in pool.map(lambda _: intake.receive(store, raw), range(10)))
    assert outcomes == ["duplicate"] * 9 + ["opened"]
    assert count(store, "message") == 1


def test_two_mails_that_share_a_message_id_are_two(store, compose):
    same = {"Message-ID": "<same@broken.example>"}
    assert intake.receive(store, compose("První", headers=same)).outcome == "opened"
    assert intake.receive(store, compose("Druhá", headers=same)).outcome in {"opened", "answered"}
    assert count(store, "message") == 2


def test_a_mail_without_a_message_id_is_known_by_what_it_says(store, compose):
    nameless = {"Message-ID": None}
    assert intake.receive(store, compose("Ahoj", headers=nameless)).outcome == "opened"
    assert intake.receive(store, compose("Ahoj", headers=nameless)).outcome == "duplicate"
    assert intake.receive(store, compose("Nazdar", headers=nameless)).outcome == "opened"


def test_an_answer_to_our_letter_joins_the_ticket_whatever_its_subject(store, compose, opened):
    ours = outbox.letters_of(store, opened)[0].message_id
    received = intake.receive(store, compose("Už to jde.", subject="Díky", answers=ours))
    assert (received.outcome, received.ticket) == ("answered", opened)


def test_an_answer_to_ones_own_mail_joins_the_ticket(store, compose):
    first = intake.receive(store, compose("Nejde tisk.", headers={"Message-ID": "<own@firma.example>"}))
    received = intake.receive(store, compose("Ještě jedna věc.", answers="<own@firma.example>"))
    assert received.ticket == first.ticket


def test_a_person_of_another_company_never_gets_into_a_ticket_even_by_references(store, compose, opened, record):
    ours = outbox.letters_of(store, opened)[0].message_id
    received = intake.receive(store, compose("Zvědavost", sender="x@ak-hora.example", answers=ours))
    assert received.ticket != opened
    assert record(received.ticket)["company"] == "hora"


def test_a_mail_on_a_finished_ticket_reopens_it(  # noqa: PLR0917
    store, compose, opened, record, technician_writes, tag
):
    technician_writes(opened, "Hotovo.\nSTAV: be invoiced")
    assert record(opened)["done_at"]
    intake.receive(store, compose("Zase to nejde.", subject=tag(opened)))
    ticket = record(opened)
    assert (ticket["state"], ticket["done_at"]) == ("open", None)
    assert ticket["events"][-1]["by"] == "Jan Novák"


@pytest.mark.parametrize("domain", ["seznam.cz", "gmail.com"])
def test_freemail_makes_no_company(store, compose, record, domain):
    ticket = record(intake.receive(store, compose(sender=f"jan@{domain}")).ticket)
    assert ticket["company"] == ""


def test_a_company_that_is_made_known_later_gets_its_peoples_tickets(store, compose, record):
    number = intake.receive(store, compose(sender="pekar@tri-lipy.example")).ticket
    directory.add_company(store, "lipy", "Pekárna U Tří lip", ["tri-lipy.example"])
    assert record(number)["company"] == "lipy"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Return-Path": "<>"},
        {"X-Connectica-Desk": "1"},
        {"From": "NOC <noc@connectica.cz>"},
        {"From": "MAILER-DAEMON@mx.example"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_what_no_person_wrote_makes_no_ticket_and_gets_no_answer(store, compose, headers):
    received = intake.receive(store, compose(headers=headers))
    assert received.outcome == "ignored"
    assert received.reason
    assert count(store, "ticket") == 0
    assert count(store, "outbox") == 0


def test_a_letter_of_ours_that_comes_back_is_ignored(store, compose, opened):
    with store.read() as db:
        letters = [row["raw"] for row in db.execute("SELECT raw FROM outbox")]
    for raw in letters:
        assert intake.receive(store, raw).outcome == "ignored"


def test_a_bounce_of_our_letter_is_noted_for_technicians_only(store, opened, record):
    ours = outbox.letters_of(store, opened)[0].message_id
    raw = (MAILS / "bounce_of_ours.eml").read_bytes().replace(b"OURS", ours.encode())
    received = intake.receive(store, raw)
    assert (received.outcome, received.ticket) == ("ignored", opened)
    assert count(store, "message WHERE public = 0 AND text LIKE '%mailbox full%'") == 1
    assert len(record(opened)["messages"]) == 1


def test_what_cannot_be_read_is_kept_aside_with_its_reason_and_can_be_read_in_full(store):
    received = intake.receive(store, b"Subject: kdo jsem?\r\n\r\nNikdo.")
    assert received.outcome == "aside"
    assert "sender" in received.reason
    [kept] = intake.kept_mails(store, "aside")
    assert intake.raw_mail(store, kept.id) == b"Subject: kdo jsem?\r\n\r\nNikdo."


def test_an_error_of_ours_keeps_the_mail_aside_instead_of_losing_it(store, compose, monkeypatch):
    raw = compose()

    def broken(*args, **kwargs):
        raise RuntimeError("a fault nobody thought of")

    with monkeypatch.context() as patch:
        patch.setattr(tickets, "open_ticket", broken)
        received = intake.receive(store, raw)
    assert received.outcome == "aside"
    assert "nobody thought of" in received.reason
    [kept] = intake.kept_mails(store, "aside")
    assert intake.take_again(store, kept.id, trusted=False).outcome == "opened"
    assert not intake.kept_mails(store, "aside")


def test_a_mail_kept_before_a_crash_becomes_a_ticket_after_it(store, compose):
    intake.keep(store, compose("Před pádem."))
    assert [received.outcome for received in intake.settle_waiting(store)] == ["opened"]
    assert list(intake.settle_waiting(store)) == []


def test_a_locked_database_keeps_nothing_half_and_says_so(tmp_path, compose, monkeypatch):
    monkeypatch.setattr("portal.desk.database.PATIENCE", 0.05)
    store = Store(tmp_path / "locked.db")
    other = sqlite3.connect(tmp_path / "locked.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError):
        intake.receive(store, compose())
    other.execute("ROLLBACK")
    assert count(store, "mail") == 0
    other.close()


def test_a_forged_technician_is_set_aside_and_may_be_vouched_for(store, compose, opened, record):
    raw = compose("PROGP85:8,00", sender="radek@connectica.cz", subject=f"[Connectica #{opened}]")
    received = intake.receive(store, raw)
    assert received.outcome == "aside"
    assert "Radek Vymazal" in received.reason
    assert record(opened)["time_entries"] == []
    assert intake.receive(store, raw, trusted=True).ticket == opened
    assert len(record(opened)["time_entries"]) == 1


@pytest.mark.parametrize(
    ("results", "believed"),
    [
        ("mx.connectica.cz; dmarc=pass (p=REJECT) header.from=connectica.cz", True),
        ("mx.connectica.cz; spf=fail smtp.mailfrom=x@y.cz; dkim=pass header.d=connectica.cz", True),
        ("mx.connectica.cz 1; spf=pass smtp.mailfrom=radek@connectica.cz", True),
        ("mx.connectica.cz; dkim=pass header.d=evil.example", False),
        ("mx.connectica.cz; dkim=fail header.d=connectica.cz; spf=none", False),
        ("mx.connectica.cz; spf=pass smtp.mailfrom=radek@connectica.cz.evil.example", False),
        ("mx.connectica.cz; dkim=pass header.d=cz", False),
        ("other.example; dmarc=pass header.from=connectica.cz", False),
        ("mx.connectica.cz; x=y dmarc=pass header.from=connectica.cz", False),
        ("mx.connectica.cz", False),
    ],
)
def test_a_technician_is_believed_when_our_own_mail_server_vouches(tmp_path, compose, results, believed):
    store = Store(tmp_path / "desk.db", House(trusted_authserv="mx.connectica.cz"))
    directory.add_technician(store, "radek.vymazal", "Radek Vymazal", "radek@connectica.cz")
    raw = compose(sender="radek@connectica.cz", headers={"Authentication-Results": results})
    assert (intake.receive(store, raw).outcome == "opened") is believed


def test_only_the_topmost_authentication_results_counts(tmp_path, compose):
    store = Store(tmp_path / "desk.db", House(trusted_authserv="mx.connectica.cz"))
    directory.add_technician(store, "radek.vymazal", "Radek Vymazal", "radek@connectica.cz")
    forged = b"Authentication-Results: mx.connectica.cz; dmarc=pass header.from=connectica.cz\r\n"
    honest = b"Authentication-Results: mx.connectica.cz; dmarc=fail header.from=connectica.cz\r\n"
    raw = compose(sender="radek@connectica.cz")
    assert intake.receive(store, honest + forged + raw).outcome == "aside"


def test_two_from_headers_are_never_proved(tmp_path, compose):
    store = Store(tmp_path / "desk.db", House(trusted_authserv="mx.connectica.cz"))
    directory.add_technician(store, "radek.vymazal", "Radek Vymazal", "radek@connectica.cz")
    raw = (
        b"Authentication-Results: mx.connectica.cz; dmarc=pass header.from=connectica.cz\r\n"
        b"From: radek@connectica.cz\r\n" + compose(sender="mallory@evil.example")
    )
    assert intake.receive(store, raw).outcome == "aside"


def test_an_employees_mail_that_nothing_proves_is_marked(store, compose, record):
    plain = record(intake.receive(store, compose()).ticket)
    proved = record(intake.receive(store, compose("Jiný"), trusted=True).ticket)
    assert plain["messages"][0]["sender_verified"] is False
    assert proved["messages"][0]["sender_verified"] is True


def test_the_order_is_ours_and_a_mails_own_date_is_shown_only_when_sane(store, compose, record, tag):
    start = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
    with clock.set_to(start):
        delayed = compose(headers={"Date": "Mon, 02 Nov 2026 09:30:00 +0000"})
        number = intake.receive(store, delayed).ticket
    dates = ["Tue, 01 Jan 2030 00:00:00 +0000", "Mon, 02 Nov 2026 09:00:00 +0000", "nonsense"]
    for hours, date in enumerate(dates, start=1):
        with clock.set_to(start + timedelta(hours=hours)):
            intake.receive(store, compose(f"{hours}", subject=tag(number), headers={"Date": date}))
    messages = record(number)["messages"]
    assert [message["text"] for message in messages[1:]] == ["1", "2", "3"]
    assert messages[0]["sent_at"].startswith("2026-11-02T09:30")
    assert [message["sent_at"][11:13] for message in messages[1:]] == ["11", "12", "13"]


def test_old_raw_mail_is_dropped_and_what_is_aside_stays(store, compose):
    with clock.set_to(datetime(2026, 1, 1, tzinfo=UTC)):
        intake.receive(store, compose())
        intake.receive(store, b"x")
    with clock.set_to(datetime(2026, 3, 1, tzinfo=UTC)):
        assert intake.forget_old(store) == 1
    assert count(store, "mail WHERE raw IS NOT NULL") == 1


def test_a_removed_ticket_is_a_tombstone_and_a_merged_one_goes_on_in_the_other(store, compose, opened, record, tag):
    other = intake.receive(store, compose("Jiná věc")).ticket
    tags = {number: tag(number) for number in (opened, other)}
    tickets.remove(store, opened, merged_into=other)
    assert record(opened) | {"at": ""} == {
        "type": "tombstone",
        "core_id": opened,
        "reason": "merged",
        "at": "",
        "merged_into": other,
    }
    assert len(record(other)["messages"]) == 2
    received = intake.receive(store, compose("Dodatek", subject=tags[opened]))
    assert received.ticket == other
    tickets.remove(store, other)
    assert record(other)["reason"] == "deleted"
    assert intake.receive(store, compose("Ještě", subject=tags[other])).outcome == "opened"


def test_every_sample_mail_goes_in_without_an_exception(store):
    for path in sorted(MAILS.glob("*.eml")):
        received = intake.receive(store, path.read_bytes(), trusted=True)
        assert received.outcome != "aside", f"{path.name}: {received.reason}"
