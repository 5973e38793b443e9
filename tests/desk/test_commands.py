"""connectica-portal desk, as an administrator types it."""

from datetime import UTC, datetime

import pytest

from portal import clock, create_app
from portal.cli.desk import open_store
from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.ticketing import directory
from portal.lib.smtp import NotDelivered


@pytest.fixture
def portal(tmp_path):
    return create_app(INSTANCE=tmp_path, DATABASE_URL="", CORE_TOKEN="c" * 40, TESTING=True)


@pytest.fixture
def desk(portal):
    """Type a command: desk("prices") -> what it said."""
    runner = portal.test_cli_runner()

    def type_in(*words, fails=False):
        result = runner.invoke(args=["desk", *words])
        assert (result.exit_code != 0) is fails, result.output
        return result.output

    return type_in


@pytest.fixture
def its_store(portal):
    return open_store(portal.config)


def test_companies_technicians_and_prices_are_added_and_listed(desk):
    said = desk("companies", "--add", "vltava", "Strojírny Vltava", "--domain", "a.example", "--domain", "b.example")
    assert "Strojírny Vltava  (a.example, b.example)" in said
    assert "Radek Vymazal  <radek@connectica.cz>" in desk(
        "technicians", "--add", "radek.vymazal", "Radek Vymazal", "radek@connectica.cz"
    )
    assert "1250.00 CZK  2026-01-01" in desk("prices", "--add", "PROGP85", "1250", "2026-01-01", "--name", "Práce")


@pytest.mark.parametrize(
    "words",
    [
        ("companies", "--add", "x", "X", "--domain", "gmail.com"),
        ("prices", "--add", "PROGP85", "x", "2026-01-01"),
        ("prices", "--add", "PROGP85", "1", "1. 1. 2026"),
        ("aside", "take", "7"),
        ("aside", "show", "7"),
        ("aside", "drop", "7"),
        ("aside", "send", "7"),
        ("remove", "20260001"),
        ("move", "20260001", "x"),
        ("invoice", "October"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(desk, words):
    said = desk(*words, fails=True)
    assert "Error: " in said
    assert "Traceback" not in said


def test_mail_aside_is_listed_shown_taken_and_dropped(desk, its_store, compose):
    desk("technicians", "--add", "radek.vymazal", "Radek Vymazal", "radek@connectica.cz")
    assert desk("aside") == "Nothing is aside.\n"
    intake.receive(its_store, compose("Ahoj", sender="radek@connectica.cz"))
    intake.receive(its_store, b"x: y\r\n\r\nz")
    intake.receive(its_store, compose(headers={"Auto-Submitted": "auto-replied"}))
    listed = desk("aside")
    assert "radek@connectica.cz" in listed
    assert "nothing proves it" in listed
    assert "ignored" not in listed
    assert "ignored" in desk("aside", "--ignored")
    assert desk("aside", "show", "2").split() == ["x:", "y", "z"]
    assert "opened 2" in desk("aside", "take", "1", "--trust")
    desk("aside", "drop", "2")
    assert desk("aside") == "Nothing is aside.\n"


def test_letters_that_do_not_leave_are_listed_and_sent_again(desk, its_store, compose):
    class Nobody:
        def carry(self, letter, raw):
            raise NotDelivered("550 no such mailbox", for_good=True)

    intake.receive(its_store, compose())
    outbox.deliver(its_store, Nobody())
    assert "given up" in desk("aside")
    assert "550 no such mailbox" in desk("aside")
    desk("aside", "send", "1")
    assert outbox.waiting(its_store) == 1


def test_a_month_is_invoiced_dry_first_and_then_for_real(desk, its_store, compose):
    desk("technicians", "--add", "radek.vymazal", "Radek Vymazal", "radek@connectica.cz")
    desk("prices", "--add", "PROGP85", "1250", "2026-01-01")
    with clock.set_to(datetime(2026, 10, 5, 10, tzinfo=UTC)):
        raw = compose("PROGP85:1,50\nNOVA70:1\nSTAV: be invoiced", sender="radek@connectica.cz")
        intake.receive(its_store, raw, trusted=True)
    dry = desk("invoice", "2026-10")
    assert "1 875.00 CZK" in dry
    assert "no price!" in dry
    assert "dry run" in dry
    assert "2 entries, 2.50 h; 1 tickets done" in desk("invoice", "2026-10", "--for-real")
    assert "0 entries" in desk("invoice", "2026-10", "--for-real")


def test_a_month_that_has_not_ended_is_not_invoiced_for_real(desk):
    with clock.set_to(datetime(2026, 10, 31, 22, 59, tzinfo=UTC)):
        assert "not ended" in desk("invoice", "2026-10", "--for-real", fails=True)
    with clock.set_to(datetime(2026, 10, 31, 23, 1, tzinfo=UTC)):
        desk("invoice", "2026-10", "--for-real")


def test_a_strangers_ticket_is_given_to_a_company_and_a_ticket_is_merged(desk, its_store, compose):
    desk("companies", "--add", "vltava", "Strojírny Vltava", "--domain", "a.example")
    first, second = (intake.receive(its_store, compose(text, sender="x@seznam.cz")).ticket for text in "ab")
    desk("remove", second, "--into", first)
    desk("move", first, "vltava")
    with its_store.read() as db:
        rows = db.execute("SELECT company, merged_into FROM ticket ORDER BY id").fetchall()
    assert [tuple(row) for row in rows] == [("vltava", ""), ("", first)]


def test_a_person_is_forgotten_when_it_was_said_twice(desk, its_store, compose):
    intake.receive(its_store, compose("Jsem Jana", sender="Jana Nováková <jana@a.example>"))
    assert "Jana Nováková wrote in 1 tickets" in desk("forget", "jana@a.example")
    assert "messages: 1" in desk("forget", "jana@a.example", "--yes")
    assert "nobody here has the address" in desk("forget", "jana@a.example", fails=True)


def test_the_tokens_are_told_and_stay(desk):
    said = desk("token")
    assert "c" * 40 in said
    assert said == desk("token")


def test_dispatch_lists_corrects_moves_splits_and_removes_entries(desk, its_store, compose):
    desk("prices", "--add", "PROGP85", "1250", "2026-01-01")
    desk("prices", "--add", "SPRAVA60", "900", "2026-01-01")
    desk("technicians", "--add", "radek", "Radek Vymazal", "radek@connectica.cz")
    raw = compose("Hotovo.\nSPRAVA60:10,00", sender="radek@connectica.cz", subject="Tiskárna")
    number = intake.receive(its_store, raw, trusted=True).ticket
    assert "SPRAVA60:10,00" in desk("entries", "list", number)
    assert "--reason" in desk("entries", "correct", "1", "--hours", "4", fails=True)
    assert "SPRAVA60:4,00" in desk("entries", "correct", "1", "--hours", "4", "--reason", "překlep")
    assert "PROGP85:1,50" in desk("entries", "split", "1", "1,5", "PROGP85", "--reason", "jiná práce")
    assert "2026-01-05" not in desk("entries", "list", number)
    desk("entries", "correct", "2", "--day", "2026-01-05", "--reason", "jiný den")
    desk("entries", "move", "1", "progp85", "--reason", "jiná kategorie")
    listed = desk("entries", "list", number)
    assert "PROGP85:2,50" in listed
    assert "SPRAVA60:10,00" in listed
    assert "překlep" in listed
    desk("entries", "remove", "1", "--reason", "nebylo")
    assert "PROGP85:2,50 (" not in desk("entries", "list", number)
    for words in (
        ("correct", "2", "--hours", "1,5"),
        ("correct", "2", "--hours", "x"),
        ("remove", "1"),
        ("move", "2", number),
        ("split", "2", "2"),
        ("move", "2", "NIC"),
    ):
        assert "Error" in desk("entries", *words, "--reason", "x", fails=True)


def test_an_agreement_is_added_listed_told_and_ended(desk, its_store):
    desk("companies", "--add", "vltava", "Strojírny Vltava", "--domain", "a.example")
    said = desk("agreements", "--add", "vltava", "20", "2026-01-01", "--carries", "all", "--rate-over", "1400")
    assert "2026-01-01  20.00 hours a month, carries all, inside by the prices, over 1400.00" in said
    desk("agreements", "--add", "vltava", "0", "2026-06-01")
    with its_store.read() as db:
        (company,) = directory.companies(db)
    assert [(one["amount"], one["carries"], one["rate_over"]) for one in company["agreements"]] == [
        ("20.00", None, "1400.00"),
        ("0.00", "0.00", None),
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("nobody", "20", "2026-01-01"),
        ("vltava", "-1", "2026-01-01"),
        ("vltava", "moc", "2026-01-01"),
        ("vltava", "20", "2026-01-15"),
        ("vltava", "20", "leden"),
    ],
)
def test_a_nonsensical_agreement_is_refused(desk, words):
    desk("companies", "--add", "vltava", "Strojírny Vltava", "--domain", "a.example")
    assert "Traceback" not in desk("agreements", "--add", *words, fails=True)
