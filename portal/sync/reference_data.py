"""Companies and prices: short lists that are read whole at every run and mirrored when they changed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import select

from portal.cores.records import (
    AgreementRecord,
    CompanyRecord,
    IssuedInvoiceRecord,
    IssuedInvoices,
    PriceRecord,
    SupplierRecord,
    Unreadable,
)
from portal.db import db
from portal.domain.billing import invoice_snapshots
from portal.domain.billing.agreements import sharing
from portal.domain.billing.agreements.models import Agreement
from portal.domain.billing.budgets import Every, Unit
from portal.domain.billing.issued_invoices import IssuedInvoice, Supplier
from portal.domain.billing.prices import Price
from portal.domain.companies.models import Company
from portal.lib.periods import EARLIEST, LATEST
from portal.lib.text import line
from portal.sync.rows import LONGEST_KEY

DEAREST = Decimal(10_000_000)  # an hourly rate above it is a mistake, and would overflow sums
LARGEST = Decimal(1_000_000_000_000)  # a document's total above it would overflow sums
MOST_SUPPLEMENTS = 10_000  # of one period
LONGEST_LINK = 2000  # letters
MOST_PREPAID = Decimal(100_000_000)  # of a period, in hours or money
PRICE = "price: "  # begins the name of a price that is set aside
AGREEMENT = "agreement: "  # and of an agreement
LANGUAGES = ("cs", "en")

PriceKey = tuple[int | None, str, date]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What came of a list: whether anything changed, and what of it could not be taken, by a name for staff."""

    changed: bool = False
    aside: dict[str, Unreadable] = field(default_factory=dict)


def mirror_companies(told: Iterable[CompanyRecord]) -> Mirrored:
    """New companies, new names. A company that is told no more keeps its tickets. Does not commit."""
    known = {company.core_id: company for company in db.session.scalars(select(Company))}
    changed = False
    for record in told:
        name = line(record.name) or record.core_id
        language = record.language if record.language in LANGUAGES else LANGUAGES[0]
        ico, dic = line(record.ico, longest=20), line(record.dic, longest=20)
        company = known.get(record.core_id)
        if company is None:
            company = known[record.core_id] = Company(core_id=record.core_id)
            db.session.add(company)
        elif (company.name, company.language, company.ico, company.dic) == (name, language, ico, dic):
            continue
        company.name, company.language, company.ico, company.dic, changed = name, language, ico, dic, True
    db.session.flush()
    return Mirrored(changed)


def mirror_agreements(told: Iterable[CompanyRecord]) -> Mirrored:
    """Exactly the agreements the core tells, beside those of staff. Does not commit.

    One that makes no sense is set aside, and then none that was known is dropped. Entries are shared out anew.
    """
    told = list(told)
    companies = {company.core_id: company.id for company in db.session.scalars(select(Company))}
    mine = select(Agreement).where(Agreement.from_core.is_(True))
    known = {(row.company_id, row.valid_from): row for row in db.session.scalars(mine)}
    wanted: dict[tuple[int, date], AgreementRecord] = {}
    aside: dict[str, Unreadable] = {}
    for whose, record in ((company.core_id, record) for company in told for record in company.agreements):
        if fault := _fault_of(record):
            name = f"{AGREEMENT}{line(whose, longest=80)} {record.valid_from}"
            aside[name] = Unreadable(core_id=name, raw=msgspec.json.encode(record).decode(), reason=fault)
        else:
            wanted[companies[whose], record.valid_from] = record
    gone = set() if aside else known.keys() - wanted.keys()
    touched = {key[0] for key, record in wanted.items() if _set_agreement(known.get(key), key, record)}
    for key in gone:
        db.session.delete(known[key])
    db.session.flush()
    sharing.keep_changed(touched | {company_id for company_id, _day in gone})
    return Mirrored(bool(touched or gone), aside)


def _fault_of(record: AgreementRecord) -> str:
    """Why an agreement is none; empty when it is one."""
    said = (record.amount, record.carries, record.rate_inside, record.rate_over)
    if record.unit not in set(Unit) or record.every not in set(Every):
        return f"an agreement of {line(record.unit, longest=20)} a {line(record.every, longest=20)} is not known"
    if record.valid_from.day != 1 or not EARLIEST <= record.valid_from <= LATEST:
        return "an agreement begins on the first of a month"
    if not all(_is_amount(one) for one in said if one is not None):
        return "an amount is not one, or below zero, or too large"
    return ""


def _is_amount(value: Decimal) -> bool:
    return value.is_finite() and 0 <= value <= MOST_PREPAID and value == value.quantize(Decimal("0.01"))


def _set_agreement(known: Agreement | None, key: tuple[int, date], record: AgreementRecord) -> bool:
    """Whether it had to be written."""
    row = known or Agreement(company_id=key[0], valid_from=key[1], from_core=True)
    values = {name: getattr(record, name) for name in _AGREED}
    if known is not None and all(getattr(known, name) == value for name, value in values.items()):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    db.session.add(row)
    return True


_AGREED = ("unit", "amount", "every", "carries", "rate_inside", "rate_over")


def mirror_prices(told: Iterable[PriceRecord] | None) -> Mirrored:
    """Exactly the rows the core lists; None leaves the portal's own list alone. Does not commit.

    A row that makes no sense is left out and set aside, and an empty list never empties a full one. Invoices
    do not depend on it: they keep the rates they were frozen with.
    """
    if told is None:
        return Mirrored()
    known: dict[PriceKey, Price] = {
        (price.company_id, price.category, price.valid_from): price for price in db.session.scalars(select(Price))
    }
    companies = {company.core_id: company.id for company in db.session.scalars(select(Company))}
    wanted: dict[PriceKey, PriceRecord] = {}
    aside: dict[str, Unreadable] = {}
    for record in told:
        fault = _fault(record, companies)
        if fault:
            name = f"{PRICE}{line(f'{record.company} {record.category}', longest=80)} {record.valid_from}"
            aside[name] = Unreadable(core_id=name, raw=msgspec.json.encode(record).decode(), reason=fault)
        else:
            wanted[companies.get(record.company), record.category, record.valid_from] = record
    if known and not wanted:
        reason = "the core's price list is empty: the one that was known is kept"
        return Mirrored(aside=aside | {PRICE: Unreadable(core_id=PRICE, raw="[]", reason=reason)})
    changed = _make_it_so(known, wanted, drop=not aside)
    if changed:
        invoice_snapshots.fill_in_rates()
        sharing.keep_all()  # money that is prepaid is measured by them
    return Mirrored(changed, aside)


def mirror_invoices(told: IssuedInvoices | None) -> Mirrored:
    """The documents and the supplier as the core lists them; None, or an empty list, leaves what is known. Does not
    commit. A document that makes no sense, or of a company nobody knows, is left out."""
    if told is None:
        return Mirrored()
    known = {one.core_id: one for one in db.session.scalars(select(IssuedInvoice))}
    companies = {company.core_id: company.id for company in db.session.scalars(select(Company))}
    changed = _mirror_supplier(told.supplier) if told.supplier else False
    wanted = {one.core_id: one for one in told.invoices if one.company in companies and _makes_sense(one)}
    for name, record in wanted.items():
        values = _values_of(record) | {"company_id": companies[record.company]}
        document = known.get(name) or IssuedInvoice(core_id=name)
        if any(getattr(document, column) != value for column, value in values.items()):
            for column, value in values.items():
                setattr(document, column, value)
            db.session.add(document)
            changed = True
    for name in known.keys() - {one.core_id for one in told.invoices} if wanted else ():
        db.session.delete(known[name])
        changed = True
    db.session.flush()
    return Mirrored(changed)


def _values_of(record: IssuedInvoiceRecord) -> dict[str, Any]:
    link = record.link.strip()
    return {
        "period_end": record.period_end,
        "supplement": record.supplement,
        "number": line(record.number, longest=50),
        "issued_on": record.issued_on,
        "taxable_on": record.taxable_on,
        "due_on": record.due_on,
        "total": record.total,
        "currency": record.currency,
        "link": link if link.startswith(("https://", "http://")) and len(link) <= LONGEST_LINK else "",
    }


def _makes_sense(record: IssuedInvoiceRecord) -> bool:
    total = record.total
    fits = total is None or (total.is_finite() and abs(total) <= LARGEST and total == total.quantize(Decimal("0.01")))
    is_named = 0 < len(record.core_id) <= LONGEST_KEY and record.core_id.isprintable()
    return fits and is_named and 0 <= record.supplement <= MOST_SUPPLEMENTS and _is_currency(record.currency)


def _mirror_supplier(told: SupplierRecord) -> bool:
    values = {
        "name": line(told.name, longest=200),
        "ico": line(told.ico, longest=20),
        "dic": line(told.dic, longest=20),
        "address": line(told.address, longest=300),
    }
    supplier = db.session.scalar(select(Supplier).order_by(Supplier.id).limit(1)) or Supplier()
    if all(getattr(supplier, name) == value for name, value in values.items()):
        return False
    for name, value in values.items():
        setattr(supplier, name, value)
    db.session.add(supplier)
    return True


def _make_it_so(known: dict[PriceKey, Price], wanted: dict[PriceKey, PriceRecord], *, drop: bool) -> bool:
    changed = False
    for key, record in wanted.items():
        price = known.get(key)
        name, currency = line(record.name) or record.category, record.currency
        if price is None:
            price = Price(company_id=key[0], category=key[1], valid_from=key[2])
            db.session.add(price)
        elif (price.name, price.rate, price.currency) == (name, record.rate, currency):
            continue
        price.name, price.rate, price.currency, changed = name, record.rate, currency, True
    for key in known.keys() - wanted.keys() if drop else ():  # what could not be read may be one of those
        db.session.delete(known[key])
        changed = True
    db.session.flush()
    return changed


def _fault(record: PriceRecord, companies: dict[str, int]) -> str:
    """Why a row cannot be taken; empty when it can."""
    rate = record.rate
    if not record.category or len(record.category) > 50 or not record.category.isprintable():
        return "it names no category"
    if not rate.is_finite() or not 0 <= rate <= DEAREST or rate != rate.quantize(Decimal("0.01")):
        return f"{rate} is no hourly rate"
    if not _is_currency(record.currency):
        return f"{record.currency[:10]!r} is no currency"
    if record.company and record.company not in companies:
        return f"the company {record.company[:50]!r} is unknown"
    return ""


def _is_currency(written: str) -> bool:
    return len(written) == 3 and written.isascii() and written.isupper()
