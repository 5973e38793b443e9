"""Whom the desk knows: client companies by their mail domains, and technicians by their login."""

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from portal.desk.database import Store
from portal.desk.inbound.mime import is_address
from portal.desk.ticketing import agreements
from portal.errors import NotFound, Refused
from portal.lib import domains as mail_domains

# Addresses anybody can have say nothing about a company.
_FREEMAIL = """
    seznam.cz email.cz post.cz spoluzaci.cz stream.cz centrum.cz atlas.cz volny.cz tiscali.cz quick.cz azet.sk
    zoznam.sk centrum.sk gmail.com googlemail.com outlook.com outlook.cz hotmail.com hotmail.cz live.com msn.com
    yahoo.com icloud.com me.com mac.com proton.me protonmail.com gmx.com gmx.de gmx.net web.de mail.com aol.com
    yandex.com yandex.ru mail.ru tutanota.com zoho.com fastmail.com
"""
FREEMAIL = frozenset(_FREEMAIL.split())
_COMPANY_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,59}", re.ASCII)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_REMOVED = "@removed.invalid"  # the address of a technician who left: nobody can write to it, or from it (RFC 2606)
_DOMAIN = re.compile(r"^(?=.{3,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$")


@dataclass(frozen=True, slots=True)
class DeskTechnician:
    login: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class DeskCompany:
    core_id: str
    name: str
    language: str


NO_COMPANY = DeskCompany("", "", "cs")


def add_company(store: Store, core_id: str, name: str, domains: list[str], language: str = "cs") -> None:
    """Know a client company, or change what is known. Its people's earlier tickets without a company become its own.

    What is below a domain belongs to the company, too; "=firma.cz" is that domain alone.
    Raises Refused for a freemail domain, a public suffix, a domain of another company, and what is no domain at all.
    """
    with store.write() as db:
        _set_company(db, core_id, name, domains, language)


def change_company(
    store: Store, core_id: str, name: str, *, add: Iterable[str] = (), drop: Iterable[str] = (), language: str = ""
) -> None:
    """Know a client company, or change what is named here alone: other domains of it, and its language, stay.

    Raises Refused like add_company, and for a domain to drop that is none of its own.
    """
    with store.write() as db:
        known = company(db, core_id)
        rows = db.execute("SELECT domain, alone FROM domain WHERE company = ?", (core_id,)).fetchall()
        domains = {row["domain"]: ("=" if row["alone"] else "") + row["domain"] for row in rows}
        for domain in drop:
            if domains.pop(_bare(domain), None) is None:
                raise Refused(f"{domain} is no domain of {core_id}")
        domains |= {_bare(domain): domain for domain in add}
        _set_company(db, core_id, name, list(domains.values()), language or known.language)


def _bare(domain: str) -> str:
    return domain.strip().lower().removeprefix("=")


def _set_company(db: sqlite3.Connection, core_id: str, name: str, domains: list[str], language: str) -> None:
    if not _COMPANY_ID.fullmatch(core_id):
        raise Refused(f"{core_id!r} is no id of a company: letters, digits, . - _; for example  vltava {name!r}")
    if not name.strip():
        raise Refused("a company needs a name")
    wanted = {_bare(domain): domain.strip().startswith("=") for domain in domains}
    for domain in wanted:
        _check_domain(db, core_id, domain)
    db.execute(
        "INSERT INTO company (core_id, name, language) VALUES (?, ?, ?)"
        " ON CONFLICT (core_id) DO UPDATE SET name = excluded.name, language = excluded.language",
        (core_id, name, language),
    )
    db.execute("DELETE FROM domain WHERE company = ?", (core_id,))
    db.executemany(
        "INSERT INTO domain VALUES (?, ?, ?)", [(domain, core_id, alone) for domain, alone in wanted.items()]
    )
    _adopt(db, core_id)


def set_numbers(store: Store, core_id: str, *, ico: str | None, dic: str | None) -> None:
    """A company's number and tax number; None leaves what is known."""
    with store.write() as db:
        db.execute(
            "UPDATE company SET ico = coalesce(?, ico), dic = coalesce(?, dic) WHERE core_id = ?", (ico, dic, core_id)
        )


def add_technician(store: Store, login: str, name: str, email: str) -> None:
    """Know a technician, or change what is known; the login (radek.vymazal) is what `RESI:` takes."""
    login, name, email = login.strip().lower(), name.strip(), email.strip().lower()
    if not is_address(email) or email.endswith(_REMOVED):
        raise Refused(f"{email!r} is not an address; the order is LOGIN NAME EMAIL")
    if not _LOGIN.fullmatch(login):
        raise Refused(f"{login!r} is no login: a-z, 0-9, . - _; the order is LOGIN NAME EMAIL")
    if not name or "@" in name:
        raise Refused(f"{name!r} is no name; the order is LOGIN NAME EMAIL")
    with store.write() as db:
        try:
            db.execute(
                "INSERT INTO technician VALUES (?, ?, ?)"
                " ON CONFLICT (login) DO UPDATE SET name = excluded.name, email = excluded.email",
                (login, name, email),
            )
        except sqlite3.IntegrityError as error:
            raise Refused(f"{email} is the address of another technician") from error


def remove_technician(store: Store, login: str) -> None:
    """Nobody writes as them, or to them, any more; what they did keeps their name. Raises NotFound, Refused.

    Refused while tickets that are not done are theirs: an employee's answer would reach nobody.
    """
    with store.write() as db:
        if technician_by_login(db, login) is None:
            raise NotFound(f"there is no technician {login}")
        theirs = "SELECT number FROM ticket WHERE technician = ? AND gone = '' AND state != 'done' ORDER BY number"
        waiting = [row["number"] for row in db.execute(theirs, (login,))]
        if waiting:
            few = ", ".join(waiting[:10]) + (" …" if len(waiting) > 10 else "")
            raise Refused(f"{login} still has tickets; give them to somebody by RESI: first: {few}")
        db.execute("UPDATE technician SET email = ? WHERE login = ?", (login + _REMOVED, login))


_LEFT = f"%{_REMOVED}"
_WORKING = "SELECT login, name, email FROM technician WHERE email NOT LIKE ?"


def companies(db: sqlite3.Connection) -> list[dict]:
    """All client companies as the Core API writes them."""
    domains: dict[str, list[str]] = {}
    for row in db.execute("SELECT domain, company FROM domain ORDER BY domain"):
        domains.setdefault(row["company"], []).append(row["domain"])
    agreed = agreements.every(db)
    return [
        {
            **dict(row),
            "domains": domains.get(row["core_id"], []),
            "agreements": agreed.get(row["core_id"], []),
        }
        for row in db.execute("SELECT core_id, name, language, ico, dic FROM company ORDER BY name")
    ]


def technicians(db: sqlite3.Connection) -> list[DeskTechnician]:
    """All technicians, by name."""
    return [DeskTechnician(**row) for row in db.execute(f"{_WORKING} ORDER BY name", (_LEFT,))]


def company_of(db: sqlite3.Connection, email: str) -> DeskCompany:
    """The company whose domain the address has, or one below it; NO_COMPANY for strangers."""
    return company(db, Homes.of(db, email).company_of(email))


@dataclass(frozen=True, slots=True)
class Homes:
    """The companies' mail domains: domain → core_id, and which of them stand for themselves alone."""

    companies: dict[str, str]
    alone: set[str]

    @classmethod
    def of(cls, db: sqlite3.Connection, email: str = "") -> "Homes":
        """All domains, or those an address may belong to."""
        names = _with_parents(email)
        wanted = f" WHERE domain IN ({', '.join('?' for _ in names)})" if email else ""
        rows = db.execute(f"SELECT domain, company, alone FROM domain{wanted}", names if email else ()).fetchall()  # noqa: S608 - only question marks
        return cls({row["domain"]: row["company"] for row in rows}, {row["domain"] for row in rows if row["alone"]})

    def company_of(self, email: str) -> str:
        """core_id of the company the address belongs to, by the nearest domain; empty for strangers."""
        nearest, *parents = _with_parents(email)
        found = [nearest, *(domain for domain in parents if domain not in self.alone)]
        return next((self.companies[domain] for domain in found if domain in self.companies), "")


def _with_parents(email: str) -> list[str]:
    """The domain of an address and those above it, nearest first; of endless ones the last few."""
    labels = email.rpartition("@")[2].lower().split(".")
    return [".".join(labels[at:]) for at in (0, *range(max(1, len(labels) - 8), len(labels)))]


def company(db: sqlite3.Connection, core_id: str) -> DeskCompany:
    """The company of that name; NO_COMPANY when there is none."""
    row = db.execute("SELECT core_id, name, language FROM company WHERE core_id = ?", (core_id,)).fetchone()
    return DeskCompany(**row) if row else NO_COMPANY


def technician_by_email(db: sqlite3.Connection, email: str) -> DeskTechnician | None:
    row = db.execute(f"{_WORKING} AND email = ?", (_LEFT, email.lower())).fetchone()
    return DeskTechnician(**row) if row else None


def technician_by_login(db: sqlite3.Connection, login: str | None) -> DeskTechnician | None:
    row = db.execute(f"{_WORKING} AND login = ?", (_LEFT, login)).fetchone()
    return DeskTechnician(**row) if row else None


def _check_domain(db: sqlite3.Connection, core_id: str, domain: str) -> None:
    if domain in FREEMAIL:
        raise Refused(f"{domain} is a freemail domain: anybody can have an address there, it makes no company")
    if not _DOMAIN.match(domain):
        raise Refused(f"{domain!r} is not a mail domain; write for example firma.cz")
    if not mail_domains.organisation(domain):
        raise Refused(f"{domain} is a public suffix: anybody can register a domain below it, it makes no company")
    row = db.execute("SELECT company FROM domain WHERE domain = ?", (domain,)).fetchone()
    if row and row["company"] != core_id:
        raise Refused(f"{domain} belongs to the company {row['company']}")


def _adopt(db: sqlite3.Connection, core_id: str) -> None:
    """Give the company the tickets its people opened before the desk knew it."""
    homes = Homes.of(db)
    for row in db.execute("SELECT id, requester_email FROM ticket WHERE company = ''").fetchall():
        if homes.company_of(row["requester_email"]) == core_id:
            db.execute("UPDATE ticket SET company = ? WHERE id = ?", (core_id, row["id"]))
            db.execute("DELETE FROM change WHERE ticket = ?", (row["id"],))
            db.execute("INSERT INTO change (ticket) VALUES (?)", (row["id"],))
