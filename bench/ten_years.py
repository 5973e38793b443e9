"""python -m bench.ten_years: what pages cost at ten years, beside one year, no neighbours and a bare response.

Three mirrors on each database, made by the real sync and kept between runs: "ten" is 40 companies of ten years, "one"
the newest of these years, "alone" all ten of the large company without the others. Whatever is looked at is the same
in all three. A cost is the processor time of server and database for one request; the servers take turns, so that a
slow moment of the machine meets them all.
"""

import os
import random
import re
import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import flask_migrate
import psutil
from flask import Flask
from sqlalchemy import create_engine, select

from bench import load, served
from bench.load import Request
from bench.mirrors import (
    ANSWERED,
    FOLDER,
    MANAGER,
    NAMES,
    NEWEST,
    PASSWORD,
    TECHNICIANS,
    WORDS,
    MadeUpCore,
    message,
    settings,
    take,
)
from portal import create_app
from portal.cores.records import (
    ChangesPage,
    CompanyRecord,
    EventRecord,
    PersonRecord,
    PriceRecord,
    TicketRecord,
    TimeEntryRecord,
)
from portal.db import db
from portal.demo import postgres
from portal.demo.processes import Children
from portal.domain.companies.models import Company
from portal.domain.users import models as people
from portal.domain.users import passwords, permissions
from portal.lib.periods import month_of
from portal.sync.engine import AT_ONCE

YEARS, COMPANIES = 10, 40
A_YEAR, LARGE = 5_400, 16  # tickets; how many of 54 are the large company's
CATEGORIES = ("PROGP85", "SPRAVA60", "SERVIS70", "KONZUL90", "VYJEZD50", "SKOLENI40")
SMALL = "manager@small.example"
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
GROWTH, NEIGHBOURS = 1.2, 1.1  # what we promised: of one year's cost, and of the cost without other companies
ROUNDS, ENOUGH = 5, 0.25  # turns, and seconds of processor for one


@dataclass(frozen=True, slots=True)
class Looked:
    """One thing to look at; at_most is the promise, in bare responses."""

    name: str
    path: str
    at_most: int | None = None
    is_part: bool = False
    is_small: bool = False  # the small company's manager looks

    @property
    def headers(self) -> dict[str, str]:
        return PART if self.is_part else {}


LOOKED = (
    Looked("list part", "/tickets?state=done", 8, is_part=True),
    Looked("whole list", "/tickets", 30),
    Looked("ticket page", "/tickets/{number}", 36),
    Looked("overview", "/", 100),
    Looked("search part, a common word", "/tickets?q=tisk%C3%A1rna", 30, is_part=True),
    Looked("search part, two words", "/tickets?q=tisk%C3%A1rna+helios", 30, is_part=True),
    Looked("search part, no match", "/tickets?q=nesmysl", 30, is_part=True),
    Looked("hours of a month", "/hours?month=2026-10", 200),
    Looked("hours of a month, by ticket", "/hours?month=2026-10&by=ticket", 200),
    Looked("hours of eleven months", "/hours?since=2026-01-01&until=2026-11-20"),
    Looked("changes of hours", "/hours/changes"),
    Looked("invoices", "/invoices", 50),
    Looked("upcoming invoice", "/invoices/upcoming", 150),
    Looked("a month's invoice", "/invoices/2026-10", 150),
    Looked("a line of it, unfolded", "/invoices/2026-10?unfold=PROGP85_{rate}", is_part=True),
    Looked("approvals", "/approvals"),
    Looked("questions", "/questions"),
    Looked("audit log", "/log"),
    Looked("colleagues", "/people"),
    Looked("small: whole list", "/tickets", 30, is_small=True),
    Looked("small: overview", "/", 100, is_small=True),
    Looked("small: hours of a month", "/hours?month=2026-10", 200, is_small=True),
    Looked("small: upcoming invoice", "/invoices/upcoming", 150, is_small=True),
    Looked("small: search part", "/tickets?q=tisk%C3%A1rna", 30, is_part=True, is_small=True),
)


class TenYears(MadeUpCore):
    """So many years of 40 companies, or of the large one alone; then some changes of what is invoiced already."""

    def __init__(self, *, years: int = YEARS, alone: bool = False) -> None:
        super().__init__(A_YEAR * years)
        self._alone = alone

    def changes(self, cursor: str | None) -> Iterator[ChangesPage]:
        ages = [age for age in reversed(range(self.tickets)) if not self._alone or not _company(age)]
        if cursor is not None:
            ages = [age for age in ages if age < A_YEAR and age % 100 == 0]
        for start in range(0, len(ages), AT_ONCE):
            page = tuple(_ticket(age, is_changed=cursor is not None) for age in ages[start : start + AT_ONCE])
            yield ChangesPage(changes=page, cursor=str(start), more=start + AT_ONCE < len(ages))

    def companies(self) -> list[CompanyRecord]:
        return [CompanyRecord(core_id=f"c{number}", name=f"Společnost {number}") for number in range(COMPANIES)]

    def price_list(self) -> list[PriceRecord]:
        return [
            PriceRecord(
                category=category, name=f"Práce {category}", rate=_rate(place, year), valid_from=date(year, 1, 1)
            )
            for place, category in enumerate(CATEGORIES)
            for year in range(NEWEST.year - YEARS, NEWEST.year + 1)
        ]


def _rate(place: int, year: int) -> Decimal:
    return Decimal(500 + 50 * place + 20 * (year - 2010)).quantize(Decimal("0.01"))


def _company(age: int) -> int:
    """Of 54 tickets that follow each other 16 are the large company's, the others' by turns."""
    return 0 if age % 54 < LARGE else 1 + age % (COMPANIES - 1)


def _ticket(age: int, *, is_changed: bool) -> TicketRecord:
    """The ticket that so many newer ones follow: the same in every mirror."""
    rng = random.Random(age)  # noqa: S311 - the same ticket at every run
    opened = NEWEST - timedelta(minutes=age * 365 * 24 * 60 // A_YEAR)
    company, technician = _company(age), rng.choice(TECHNICIANS)
    requester = PersonRecord(name=f"Zaměstnanec {rng.choice(NAMES)}", email=f"{rng.randrange(60)}@c{company}.example")
    messages = tuple(
        message(f"{age}-{at}", author=technician if at % 2 else requester, sent_at=opened + at * ANSWERED, rng=rng)
        for at in range(rng.randint(3, 6))
    )
    waits = month_of(opened.date()) == month_of(NEWEST.date())
    state = ("open" if age % 5 == 0 else "to_be_invoiced") if waits else "done"
    entries = tuple(
        TimeEntryRecord(
            core_id=f"e{age}-{at}",
            category=CATEGORIES[0] if rng.random() < 0.5 else rng.choice(CATEGORIES),
            hours=Decimal(rng.randint(1, 16) + is_changed) / 4,
            technician=technician,
            worked_at=messages[1].sent_at,
            message=messages[1].core_id,
            invoiced_on=None if waits else month_of(opened.date()).until,
        )
        for at in range(rng.randint(1, 4))
    )
    return TicketRecord(
        core_id=f"t{age}",
        number=f"{opened.year}{age:06}",
        company=f"c{company}",
        subject=" ".join(rng.sample(WORDS, 4)).capitalize(),
        state=state,
        requester=requester,
        technician=technician,
        opened_at=opened,
        changed_at=messages[-1].sent_at,
        done_at=messages[-1].sent_at if state == "done" else None,
        messages=messages,
        time_entries=entries,
        events=(EventRecord(core_id=f"v{age}", kind="state", at=messages[-1].sent_at, old="open", new=state),),
    )


MIRRORS = {
    "ten": TenYears,
    "one": lambda: TenYears(years=1),
    "alone": lambda: TenYears(alone=True),
}


def mirror(folder: Path, name: str, url: str) -> None:
    """The mirror of this name at that address of a database; made when it is not there yet, else migrated."""
    is_whole = (folder / "whole").exists()
    if not is_whole:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    app = create_app(**settings(folder) | {"DATABASE_URL": url})
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()
    if not is_whole:
        _fill(app, MIRRORS[name]())
        (folder / "whole").touch()


def _fill(app: Flask, core: TenYears) -> None:
    """By the sync: everything, then the changes; and those who look."""
    for _ in ("first", "changes"):
        take(app, core)
    with app.app_context():
        for core_id, email in (("c0", MANAGER), ("c1", SMALL)):
            people.add(
                email=email,
                name="Jana Manažerová",
                company=db.session.scalars(select(Company).where(Company.core_id == core_id)).one(),
                role=permissions.MANAGER,
                language="cs",
                password_hash=passwords.hash_of(PASSWORD),
            )
        db.session.remove()
        if db.engine.dialect.name == "postgresql":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        db.engine.dispose()


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs, with its visitors' cookies; database names the PostgreSQL one whose work counts, too."""

    port: int
    cookies: dict[bool, str]
    database: str = ""

    def processor_time(self) -> float:
        backends = [one for one in psutil.process_iter(["cmdline"]) if self._is_backend(one)] if self.database else []
        return served.processor_time(self.port) + sum(sum(one.cpu_times()[:2]) for one in backends)

    def _is_backend(self, process: psutil.Process) -> bool:
        return f"portal {self.database} [local]" in " ".join(process.info["cmdline"] or [])

    def request(self, looked: Looked, words: dict[str, str]) -> Request:
        headers = {"Cookie": self.cookies[looked.is_small], "Accept-Encoding": "gzip"}
        return Request(self.port, looked.path.format(**words), headers | looked.headers)


def cost(server: Served, request: Request) -> float:
    """Milliseconds of processor for one answer."""
    times, used, step = 0, 0.0, 1
    before = server.processor_time()
    while used < ENOUGH:
        for _ in range(step):
            head, _body = load.answer(request)
            assert head.startswith(b"HTTP/1.1 200"), f"{request.path}: {head[:200]!r}"
        times += step
        used = server.processor_time() - before
        step = max(1, min(200, int(times * (ENOUGH / max(used, 0.02) - 1))))
    return used / times * 1000


def figures(database: str, wanted: str = "") -> Iterator[tuple[Looked, dict[str, float]]]:
    """Of everything that is looked at: milliseconds of processor by mirror, and the bare response's."""
    with _mirrors(database) as servers:
        words = _words(servers["ten"])
        for looked in LOOKED:
            if wanted in looked.name:
                yield looked, _costs(servers, looked, words)


def _costs(servers: dict[str, Served], looked: Looked, words: dict[str, str]) -> dict[str, float]:
    requests = {
        name: Request(one.port, "/hello") if name == "bare" else one.request(looked, words)
        for name, one in servers.items()
        if not (looked.is_small and name == "alone")
    }
    for request in requests.values():
        load.answer(request)
    turns = [{name: cost(servers[name], request) for name, request in requests.items()} for _ in range(ROUNDS)]
    return {name: statistics.median(turn[name] for turn in turns) for name in requests}


@contextmanager
def _mirrors(database: str) -> Iterator[dict[str, Served]]:
    folder = FOLDER / "ten_years" / database
    with ExitStack() as stack:
        address = ""
        if database == "postgresql":
            folder.mkdir(parents=True, exist_ok=True)
            children = stack.enter_context(Children(folder, os.environ))
            address = stack.enter_context(postgres.running(children, folder / "cluster"))
        urls = {name: _database(address, name) if address else "" for name in MIRRORS}
        for name, url in urls.items():
            mirror(folder / name, name, url)
        servers = {"bare": Served(stack.enter_context(served.served("bench.bare:app")), {})}
        for name, url in urls.items():
            port = stack.enter_context(served.served("app:app", folder / name, DATABASE_URL=url))
            cookies = {is_small: served.cookie(port, SMALL if is_small else MANAGER) for is_small in (False, True)}
            servers[name] = Served(port, cookies, name if url else "")
        yield servers


def _database(address: str, name: str) -> str:
    """The address of the cluster's database of that name, which is made when it is not there."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if name not in connection.exec_driver_sql("SELECT datname FROM pg_database").scalars().all():
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return address.replace("/postgres?", f"/{name}?")


def _words(server: Served) -> dict[str, str]:
    """What stands in addresses: the newest ticket, and this year's rate."""
    page = load.answer(Request(server.port, "/tickets", {"Cookie": server.cookies[False]}))[1].decode()
    number = re.search(r"/tickets/(\d+)", page)
    assert number, "the list shows no ticket"
    return {"number": number[1], "rate": str(_rate(0, NEWEST.year))}


def run(wanted: str = "", databases: tuple[str, ...] = ("sqlite", "postgresql")) -> Iterator[tuple[str, str, bool]]:
    """Name, figure and whether the promises are kept, on each database."""
    for database in databases:
        for looked, found in figures(database, wanted):
            growth, share = found["ten"] / found["one"], found["ten"] / found["bare"]
            beside = found["ten"] / found.get("alone", found["ten"])
            said = f"{found['ten']:6.1f} ms, {growth:.2f} × a year's, {beside:.2f} × alone, {share:4.0f} × bare"
            kept = growth <= GROWTH and beside <= NEIGHBOURS and share <= (looked.at_most or share)
            yield f"{database}: {looked.name}", f"{said}{f' (≤ {looked.at_most})' if looked.at_most else ''}", kept


def main(*words: str) -> int:
    """All of them, or those whose name holds a word; a database's name narrows to it."""
    databases: Any = tuple(word for word in words if word in ("sqlite", "postgresql")) or ("sqlite", "postgresql")
    wanted = " ".join(word for word in words if word not in databases)
    missed = 0
    for name, figure, kept in run(wanted, databases):
        print(f"  {'kept  ' if kept else 'MISSED'}  {name:<42} {figure}", flush=True)
        missed += not kept
    return missed


if __name__ == "__main__":
    sys.exit(min(main(*sys.argv[1:]), 1))
