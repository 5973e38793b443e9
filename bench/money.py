"""Money under load: workbooks of many entries beside openpyxl's own loop, and the upcoming invoice's page.

Each figure is measured in a process of its own, so that the peak of memory is its own, too; seconds are those of the
processor, which another program on the machine cannot lengthen. The entries are inserted in bulk with the columns the
mirror writes.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from flask_babel import force_locale
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from sqlalchemy import insert, select

from portal import clock, create_app
from portal.db import db
from portal.domain.billing.prices import Price
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.tickets.models import Message, Ticket
from portal.domain.tickets.time_entries import TimeEntry
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.permissions import MANAGER
from portal.exports import hours as hours_file
from portal.exports import report
from portal.exports.xlsx import CellKind

WORKBOOKS, PAGES = (1_000, 10_000, 100_000), (1_000, 20_000)
RATIO, MEMORY = 0.6, 30  # what we promised at the most entries: times openpyxl's own loop, and MB
AT_ONCE = 0.5  # what we promised at the fewest: seconds
A_TICKET = 4  # entries
FORMATS = {
    CellKind.HOURS: "#,##0.00",
    CellKind.MONEY: '#,##0.00\\ "Kč"',
    CellKind.DAY: "d\\.\\ m\\.\\ yyyy",
    CellKind.TIME: "h:mm",
}


def run() -> list[tuple[str, str, bool]]:
    """Rows of what was measured: name, figure, whether the promise is kept."""
    rows = []
    for entries in WORKBOOKS:
        ours, theirs = _apart("workbook", entries), _apart("openpyxl", entries)
        ratio = ours["seconds"] / theirs["seconds"]
        said = f"{ours['seconds']:.2f} s, {ratio:.2f} × openpyxl's own loop, +{ours['mb']:.0f} MB"
        kept = ours["seconds"] <= AT_ONCE if entries == WORKBOOKS[0] else ratio <= RATIO and ours["mb"] < MEMORY
        rows.append((f"workbook of {entries:,} entries", said, kept))
    for entries in PAGES:
        page = _apart("page", entries)
        rows.append((f"upcoming invoice, {entries:,} entries", f"{page['seconds'] * 1000:.0f} ms", True))
    return rows


def workbook(_entries: int, folder: str) -> dict[str, float]:
    """From the database to the file on disk; memory is the growth of the process's peak."""
    with _opened(folder) as (_app, company), tempfile.TemporaryFile() as file:
        report.write(
            hours_file.report(Reader.of(company), HoursFilter(period=None, category="WARM"), language="cs"), file
        )
        before, start = _peak_mb(), time.process_time()
        report.write(hours_file.report(Reader.of(company), HoursFilter(), language="cs"), file)
        return {"seconds": time.process_time() - start, "mb": _peak_mb() - before}


def openpyxl(_entries: int, folder: str) -> dict[str, float]:
    """The same cells with the same formats, as openpyxl's documentation writes them; nothing is read or summed."""
    with _opened(folder) as (_app, company), tempfile.TemporaryFile() as file:
        made = hours_file.report(Reader.of(company), HoursFilter(), language="cs")
        columns = report.entry_columns(made)
        table = [[(column.kind, column.value(row)) for column in columns] for row in made.rows]
        start = time.process_time()
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Zásahy")
        for row in table:
            sheet.append([_cell(sheet, kind, value) for kind, value in row])
        book.save(file)
        return {"seconds": time.process_time() - start, "mb": 0.0}


def page(_entries: int, folder: str) -> dict[str, float]:
    """The median of some requests for the whole page."""
    with _opened(folder) as (app, company):
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = _manager(company), True
        times = []
        for _ in range(7):
            start = time.process_time()
            answer = client.get("/invoices/upcoming")
            times.append(time.process_time() - start)
            assert answer.status_code == 200, answer.status
        return {"seconds": statistics.median(times), "mb": 0.0}


def _cell(sheet: Any, kind: CellKind, value: Any) -> Any:
    if value is None or value == "":
        return None
    cell = WriteOnlyCell(sheet, value)
    if kind in FORMATS:
        cell.number_format = FORMATS[kind]
    else:
        cell.data_type = "s"
    return cell


@contextmanager
def _opened(folder: str) -> Iterator[tuple[Flask, Company]]:
    """An application on the database that was filled."""
    app = create_app(INSTANCE=Path(folder), DATABASE_URL="", TESTING=True)
    with app.app_context(), app.test_request_context(), force_locale("cs"):
        yield app, db.session.scalars(select(Company)).one()


def fill(entries: int, folder: str) -> dict[str, float]:
    """So many entries to be invoiced to one company, on a fresh database."""
    app = create_app(INSTANCE=Path(folder), DATABASE_URL="", TESTING=True)
    with app.app_context():
        flask_migrate.upgrade()
        _fill(entries)
    return {}


def _fill(entries: int) -> None:
    company = Company(core_id="c", name="Velká společnost, a. s.")
    technicians = [Technician(email=f"t{number}@connectica.example", name=f"Technik {number}") for number in range(9)]
    db.session.add_all([company, *technicians])
    db.session.flush()
    employees = [
        Employee(company_id=company.id, email=f"e{number}@x.example", name=f"Zaměstnanec Číslo {number}")
        for number in range(200)
    ]
    categories = [f"PRACE{number}" for number in range(6)]
    db.session.add_all(employees)
    db.session.add_all(
        Price(company_id=None, category=name, name=f"Práce {name}", rate=Decimal(850), valid_from=date(2020, 1, 1))
        for name in categories
    )
    db.session.flush()
    now, first = clock.now(), date(2025, 12, 1)
    tickets = [
        dict(  # noqa: C408 - keywords read as columns
            id=number,
            core_id=f"t{number}",
            company_id=company.id,
            number=f"2026{number:06}",
            kind="IT",
            subject=f"Tiskárna v účtárně číslo {number} netiskne faktury",
            state="to_be_invoiced",
            opened_at=now,
            requester_id=employees[number % 200].id,
            changed_at=now,
            hours=Decimal(1),
            version=1,
            record_hash="",
        )
        for number in range(1, entries // A_TICKET + 2)
    ]
    db.session.execute(insert(Ticket), tickets)
    messages, rows = [], []
    for number in range(1, entries + 1):
        day = first + timedelta(days=number * 350 // entries)
        at = clock.start_of(day) + timedelta(hours=8, minutes=number % 480)
        messages.append(
            dict(  # noqa: C408 - the same
                id=number,
                core_id=f"m{number}",
                ticket_id=number // A_TICKET + 1,
                side="technician",
                sent_at=at,
                author_name="Technik",
                author_email="t@connectica.example",
                sender_verified=True,
                body="",
                quoted="",
                excerpt=f"Dobrý den, ovladač tiskárny jsem přeinstaloval a zkusil vytisknout stránku {number}.",
            )
        )
        rows.append(
            dict(  # noqa: C408 - the same
                id=number,
                core_id=f"e{number}",
                company_id=company.id,
                ticket_id=number // A_TICKET + 1,
                message_id=number,
                technician_id=technicians[number % 9].id,
                category=categories[number % 6],
                hours=Decimal(number % 16 + 1) / 4,
                worked_at=at,
                worked_day=day,
                first_noticed_at=now,
            )
        )
    db.session.execute(insert(Message), messages)
    db.session.execute(insert(TimeEntry), rows)
    db.session.commit()


def _manager(company: Company) -> str:
    """The key of a session that a manager of the company has."""
    manager = people.add(
        email="m@x.example", name="Jan", company=company, role=MANAGER, language="cs", password_hash=None
    )
    return sessions.start(manager.id, how="password")


def _apart(what: str, entries: int) -> dict[str, float]:
    """One process fills the database, another one measures: the peak of the first is not the second's."""
    with tempfile.TemporaryDirectory() as folder:
        for step in ("fill", what):
            command = [sys.executable, "-m", "bench.money", step, str(entries), folder]
            made = subprocess.run(command, check=True, capture_output=True)
    return json.loads(made.stdout.splitlines()[-1])


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """One measurement as JSON for run(), or all of them as a table."""
    steps = {"fill": fill, "workbook": workbook, "openpyxl": openpyxl, "page": page}
    if len(sys.argv) == 4:
        print(json.dumps(steps[sys.argv[1]](int(sys.argv[2]), sys.argv[3])))
        return
    for name, figure, kept in run():
        print(f"{name:<36} {figure}{'' if kept else '   MISSED'}", flush=True)


if __name__ == "__main__":
    main()
