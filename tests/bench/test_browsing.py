"""The short form of `make bench`'s people who browse while a full sync runs: no error, however slow the machine."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from bench import browsing, year
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.ticketing import directory

MAILS, TIMES, COMPANY = 20, 100, "Strojírny Vltava, a. s."


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A real desk with two thousand tickets."""
    folder = tmp_path / "desk"
    store = Store(folder / "desk.db")
    directory.add_company(store, "vltava", COMPANY, ["vltava.example"])
    for number in range(MAILS):
        mail = EmailMessage()
        mail["From"], mail["To"] = "Jana Nová <jana@vltava.example>", "noc@connectica.cz"
        mail["Subject"], mail["Message-ID"] = f"Tiskárna {number}", f"<{number}@vltava.example>"
        mail.set_content("Dobrý den,\n\ntiskárna netiskne, prosím o pomoc.\n" * 5)
        intake.receive(store, mail.as_bytes())
    store.close()
    year.multiply(folder / "desk.db", TIMES - 1)
    return folder


def test_people_who_browse_while_a_full_sync_runs_meet_no_error_and_the_sync_comes_to_its_end(
    tmp_path, database_url, desk
):
    report = browsing.run(
        tmp_path, database_url, desk, crowd=20, seconds=5, there=200, thinking=(0.2, 0.8), rounds=1, to_the_end=True
    )
    assert not report.idle.errors
    assert not report.busy.errors
    assert report.has_ended
    assert report.tickets > 0
    assert report.busy.times[browsing.PART], "nobody asked for the list while the sync ran"
