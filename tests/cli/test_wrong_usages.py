"""Fifty ways to type a command wrongly: each is answered in plain words, and none of them changes anything."""

import shlex
from datetime import date

import pytest

from portal.cli.desk import open_store
from portal.db import db
from portal.desk.ticketing import directory, prices

WRONG = [
    # the embedded core: companies
    "desk companies --add vltava",
    "desk companies --domain nova.example",
    "desk companies --drop-domain vltava.example",
    "desk companies --language en",
    "desk companies --language de",
    "desk companies --add 'Strojírny Vltava' vltava",
    "desk companies --add vltava ''",
    "desk companies --add '' Vltava",
    "desk companies --add nova Nová --domain vltava.example",
    "desk companies --add nova Nová --domain =vltava.example",
    "desk companies --add nova Nová --domain VLTAVA.example",
    "desk companies --add nova Nová --domain gmail.com",
    "desk companies --add nova Nová --domain co.uk",
    "desk companies --add nova Nová --domain jan@nova.example",
    "desk companies --add nova Nová --domain https://nova.example",
    "desk companies --add vltava Vltava --drop-domain jina.example",
    "desk companies vltava",
    # technicians
    "desk technicians --add petra.mala petra@connectica.cz 'Petra Malá'",
    "desk technicians --add petra@connectica.cz 'Petra Malá' petra.mala",
    "desk technicians --add 'Petra Malá' petra.mala petra@connectica.cz",
    "desk technicians --add petra.mala '' petra@connectica.cz",
    "desk technicians --add petra.mala 'Petra Malá' petra",
    "desk technicians --add petra.mala 'Petra Malá' radek@connectica.cz",
    "desk technicians --add petra.mala 'Petra Malá' x@removed.invalid",
    "desk technicians --add petra.mala 'Petra Malá'",
    "desk technicians --remove nobody",
    "desk technicians --remove 'Radek Vymazal'",
    "desk technicians --remove radek.vymazal --add p P p@connectica.cz",
    # prices
    "desk prices --add PROGP85 drahá 2026-01-01",
    "desk prices --add 1250 PROGP85 2026-01-01",
    "desk prices --add PROGP85 -5 2026-01-01",
    "desk prices --add PROGP85 1250 1.1.2026",
    "desk prices --add 'PROG P85' 1250 2026-01-01",
    "desk prices --add PROGP85 1250 2026-01-01 --company nikdo",
    "desk prices --add PROGP85 1250 2026-01-01 --currency koruna",
    "desk prices --add PROGP85 12,505 2026-01-01",
    "desk prices --company vltava",
    # the month's end, tickets, mails aside
    "desk invoice 10/2026",
    "desk invoice 2026-13",
    "desk invoice 2026-10-01",
    "desk invoice October",
    "desk invoice 2999-01 --for-real",
    "desk invoice",
    "desk remove 20260001",
    "desk remove 20260001 --into 20260002",
    "desk move 20260001 vltava",
    "desk aside take mail",
    "desk aside drop 99",
    "desk aside send 99",
    "desk forget nobody",
    # accounts and the mirror
    "people add ivana --name Ivana --role staff",
    "people add Ivana --name ivana@connectica.cz --role staff",
    "people add ivana@connectica.cz --name '' --role staff",
    "people add ivana@connectica.cz --name Ivana --role admin",
    "people add ivana@client.example --name Ivana --role manager --company Nikdo",
    "people add ivana@client.example --name Ivana --role manager",
    "people password nobody@connectica.cz",
    "people second-factor nobody@connectica.cz off",
    "people second-factor nobody@connectica.cz on",
    "people deactivate nobody@connectica.cz",
    "people forget nobody@connectica.cz --yes",
    "companies show-live Nikdo money",
    "companies second-factor Nikdo on",
    "prices import nowhere.csv",
    "sync status now",
    "serve --port http",
]


@pytest.fixture
def store(app):
    """The desk beside the portal, with something in it that could be broken."""
    opened = open_store(app.config)
    directory.add_company(opened, "vltava", "Strojírny Vltava", ["vltava.example"])
    directory.add_technician(opened, "radek.vymazal", "Radek Vymazal", "radek@connectica.cz")
    prices.add_price(opened, "PROGP85", "Práce", 1000, date(2025, 1, 1))
    yield opened
    opened.close()


def _everything(store):
    with store.read() as desk:
        tables = [row["name"] for row in desk.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        ours = {name: [tuple(row) for row in desk.execute(f"SELECT * FROM {name}")] for name in sorted(tables)}
    theirs = {table.name: db.session.execute(table.select()).all() for table in db.metadata.sorted_tables}
    db.session.rollback()
    return ours, theirs


def test_there_are_fifty():
    assert len(set(WRONG)) == len(WRONG) >= 50


def test_a_wrong_usage_is_answered_plainly_and_changes_nothing(app, store):
    runner = app.test_cli_runner()
    before = _everything(store)
    for usage in WRONG:
        answer = runner.invoke(args=shlex.split(usage))
        assert answer.exit_code in (1, 2), f"{usage}: {answer.exit_code} {answer.output} {answer.exception!r}"
        assert isinstance(answer.exception, SystemExit), f"{usage}: {answer.exception!r}"
        assert "Error: " in answer.output and "Traceback" not in answer.output, f"{usage}: {answer.output}"
        assert _everything(store) == before, usage


def _type(app, usage):
    answer = app.test_cli_runner().invoke(args=shlex.split(usage))
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_what_is_not_named_stays(app, store):
    _type(app, "desk companies --add vltava Vltava --domain =druha.example --language en")
    said = _type(app, "desk companies --add vltava 'Vltava, a. s.'")
    assert said.startswith("vltava is known as Vltava, a. s..\n")
    assert "en  Vltava, a. s.  (druha.example, vltava.example)" in said
    with store.read() as desk:
        assert directory.Homes.of(desk).alone == {"druha.example"}
    assert "(druha.example)" in _type(app, "desk companies --add vltava Vltava --drop-domain vltava.example")


def test_a_month_written_otherwise_is_answered_with_the_right_way(app, store):
    for written in ("10/2026", "10.2026", "2026/10"):
        answer = app.test_cli_runner().invoke(args=["desk", "invoice", written])
        assert f"'{written}' is not a month; write 2026-10" in answer.output


def test_a_technician_who_left_is_nobody_and_may_come_back(app, store):
    assert "is no technician any more" in _type(app, "desk technicians --remove radek.vymazal")
    with store.read() as desk:
        assert directory.technicians(desk) == []
        assert directory.technician_by_email(desk, "radek@connectica.cz") is None
        assert directory.technician_by_email(desk, "radek.vymazal@removed.invalid") is None
        assert directory.technician_by_login(desk, "radek.vymazal") is None
    _type(app, "desk technicians --add radek.vymazal 'Radek Vymazal' radek@connectica.cz")
    with store.read() as desk:
        assert directory.technician_by_email(desk, "radek@connectica.cz").login == "radek.vymazal"
