"""Adjustments: what became different of an invoiced entry, in money: a credit or a charge on a later invoice.

An invoice never changes. What its entries come to later waits for the next invoice, and is frozen with that one: so
every crown is on exactly one invoice, or waits for one.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, and_, case, func, select, union, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, Hours, db
from portal.domain.billing import invoice_snapshots, prices
from portal.domain.billing.invoice_snapshots import Invoice, InvoicedEntry
from portal.domain.billing.prices import PriceList
from portal.domain.billing.status import Billing
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.models import Company
from portal.domain.companies.pseudonyms import Calling, Naming
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality
from portal.domain.tickets.models import Message, Ticket
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryCorrection, TimeEntryVersion
from portal.lib.money import Bill, amount, bill
from portal.lib.periods import Period


class InvoiceAdjustment(Base):
    """One credit or charge, frozen with the invoice that has it. What is None in old or new was not there."""

    __tablename__ = "invoice_adjustment"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)  # that has it
    concerned_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)  # that the entry is on
    time_entry_id: Mapped[int] = mapped_column(ForeignKey("time_entry.id"), index=True)
    correction_id: Mapped[int | None] = mapped_column(ForeignKey("time_entry_correction.id"), unique=True)
    old_category: Mapped[str | None]
    old_hours: Mapped[Decimal | None] = mapped_column(Hours)
    old_day: Mapped[date | None]
    old_rate: Mapped[Decimal | None]
    new_category: Mapped[str | None]
    new_hours: Mapped[Decimal | None] = mapped_column(Hours)
    new_day: Mapped[date | None]
    new_rate: Mapped[Decimal | None]
    amount: Mapped[Decimal]  # new less old, without VAT
    vat_percent: Mapped[Decimal]  # of the invoice the entry is on
    frozen_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class BilledState:
    """What of an entry is billed, and at which rate; None while nobody knows it."""

    category: str
    hours: Decimal
    day: date
    rate: Decimal | None

    @property
    def amount(self) -> Decimal | None:
        return None if self.rate is None else amount(self.hours, self.rate)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A difference as it is shown. It has the columns of an entry, too: its hours and its amount are differences."""

    id: int  # of the entry
    number: str
    subject: str
    message_id: int | None
    what: str
    employee_id: int
    employee: str
    technician_id: int
    technician: str
    is_confidential: bool
    at: datetime
    concerns: date  # the period of the invoice the entry is on
    old: BilledState | None
    new: BilledState | None
    vat_percent: Decimal
    currency: str
    invoiced_on: date | None = None  # the period of the invoice that has it; None while it waits
    supplement: int = 0  # of that period
    by: str = ""  # who corrected it, and why, where the core says it
    reason: str = ""

    told = True  # what is invoiced is always told
    rate = None
    why_not = None

    @property
    def day(self) -> date:
        state = self.new or self.old
        assert state is not None
        return state.day

    @property
    def category(self) -> str:
        state = self.new or self.old
        assert state is not None
        return state.category

    @property
    def hours(self) -> Decimal:
        return (self.new.hours if self.new else Decimal(0)) - (self.old.hours if self.old else Decimal(0))

    @property
    def amount(self) -> Decimal | None:
        """Without VAT; None while one of the two has no price."""
        return difference(self.old, self.new)

    @property
    def bill(self) -> Bill:
        return bill(self.amount or Decimal(0), self.vat_percent)

    @property
    def billing(self) -> Billing:
        return Billing.INVOICED if self.invoiced_on else Billing.TO_BE_INVOICED


def difference(old: BilledState | None, new: BilledState | None) -> Decimal | None:
    """What became of the money of an entry; None while one of the two has no price."""
    amounts = [Decimal(0) if state is None else state.amount for state in (new, old)]
    return None if amounts[0] is None or amounts[1] is None else amounts[0] - amounts[1]


def waiting(reader: Reader, people: Naming = Naming.NAMES) -> list[Adjustment]:
    """Differences that no invoice has yet: they will be on the upcoming one."""
    return reader.once(_waiting, people)


def on_invoices(reader: Reader, month: Period, people: Naming = Naming.NAMES) -> list[Adjustment]:
    """The credits and charges that a month's invoices have."""
    return _frozen(reader, Invoice.period_end.between(month.since, month.until), people)


def of_invoices(reader: Reader, month: Period, people: Naming = Naming.NAMES) -> list[Adjustment]:
    """The differences of a month's entries, whatever invoice has them or will have them."""
    concerned = select(Invoice.id).where(
        Invoice.company_id == reader.company_id, Invoice.period_end.between(month.since, month.until)
    )
    settled = _frozen(reader, InvoiceAdjustment.concerned_id.in_(concerned), people)
    open_ones = [one for one in waiting(reader, people) if month.since <= one.concerns <= month.until]
    return [*settled, *open_ones]


def sums(invoices: Collection[Invoice]) -> dict[int, list[tuple[Decimal, Decimal]]]:
    """Of these invoices: VAT's percent and sum of their credits and charges, by percent; none is not there."""
    wanted = [invoice.id for invoice in invoices if invoice.adjustments]
    found: dict[int, list[tuple[Decimal, Decimal]]] = {}
    if wanted:
        summed = select(
            InvoiceAdjustment.invoice_id,
            InvoiceAdjustment.vat_percent,
            func.sum(InvoiceAdjustment.amount, type_=InvoiceAdjustment.amount.type).label("amount"),
        )
        by = (InvoiceAdjustment.invoice_id, InvoiceAdjustment.vat_percent)
        for row in db.session.execute(summed.where(InvoiceAdjustment.invoice_id.in_(wanted)).group_by(*by)):
            found.setdefault(row.invoice_id, []).append((row.amount, row.vat_percent))
    return found


def freeze(ticket_ids: Collection[int] | None = None) -> int:
    """Freeze what the core reports as invoiced, and with a new invoice what waited for it; how many entries were new.

    Runs in the caller's transaction. Where the core says which document settles a correction, that one's invoice has
    it; other differences are on the first invoice that is begun after them.
    """
    newest = db.session.scalar(select(func.max(Invoice.id))) or 0
    frozen = invoice_snapshots.freeze(ticket_ids)
    begun = {
        invoice.company_id: invoice
        for invoice in db.session.scalars(
            select(Invoice).where(Invoice.id > newest).order_by(Invoice.period_end, Invoice.supplement)
        )
    }
    for company_id in sorted(set(begun) | _companies_of(ticket_ids)):
        _settle(Reader.of(db.session.get_one(Company, company_id)), begun.get(company_id))
    return frozen


def _companies_of(ticket_ids: Collection[int] | None) -> set[int]:
    """Whose corrected entries stand on these tickets."""
    corrected = select(TimeEntry.company_id).join(
        TimeEntryCorrection, TimeEntryCorrection.time_entry_id == TimeEntry.id
    )
    found: set[int] = set()
    if ticket_ids is None:
        return set(db.session.scalars(corrected.distinct()))
    ids = sorted(ticket_ids)
    for start in range(0, len(ids), invoice_snapshots.TICKETS_AT_ONCE):
        part = ids[start : start + invoice_snapshots.TICKETS_AT_ONCE]
        found |= set(db.session.scalars(corrected.where(TimeEntry.ticket_id.in_(part)).distinct()))
    return found


def _settle(reader: Reader, begun: Invoice | None) -> None:
    """Put what waits on the invoice that has it by now."""
    price_list = prices.list_of(reader)
    for ledger in _ledgers(reader):
        for correction in ledger.corrections:
            settling = _of_document(reader, correction.document)
            if settling is not None and correction.id not in ledger.settled:
                ledger.book(settling, ledger.state_of(correction, price_list), correction.id)
        if begun is not None and not ledger.corrections and ledger.currency == begun.currency:
            ledger.book(begun, ledger.now(price_list), None)


def _of_document(reader: Reader, document: str) -> Invoice | None:
    if not document:
        return None
    return reader.once(_invoice_of, document)


def _invoice_of(reader: Reader, document: str) -> Invoice | None:
    return invoice_snapshots.of_document(reader, document)


@dataclass(slots=True)
class _Ledger:
    """One invoiced entry: what was billed of it so far, and what it is now."""

    entry: TimeEntry
    concerned: Invoice
    billed: BilledState | None
    settled: set[int]  # corrections
    corrections: list[TimeEntryCorrection]  # made after it was invoiced, oldest first

    @property
    def currency(self) -> str:
        return self.concerned.currency

    def now(self, price_list: PriceList) -> BilledState | None:
        entry = self.entry
        if (
            entry.withdrawn_at is not None
            or entry.invoiced_on is None
            or entry.company_id != self.concerned.company_id
        ):
            return None
        return self._state(entry.category, entry.hours, entry.worked_day, price_list)

    def state_of(self, correction: TimeEntryCorrection, price_list: PriceList) -> BilledState | None:
        if correction.new_category is None or correction.new_hours is None or correction.new_day is None:
            return None
        return self._state(correction.new_category, correction.new_hours, correction.new_day, price_list)

    def differs(self, price_list: PriceList) -> bool:
        """Hours, category or money are others; another day alone is no difference in money."""
        now = self.now(price_list)
        if now is None or self.billed is None:
            return now is not self.billed
        return (now.category, now.hours, now.amount) != (self.billed.category, self.billed.hours, self.billed.amount)

    def book(self, invoice: Invoice, new: BilledState | None, correction_id: int | None) -> None:
        """Freeze the difference on an invoice; one that nobody can price waits."""
        step = difference(self.billed, new)
        if step is None or (self.billed == new and correction_id is None):
            return
        db.session.add(
            InvoiceAdjustment(
                company_id=invoice.company_id,
                invoice_id=invoice.id,
                concerned_id=self.concerned.id,
                time_entry_id=self.entry.id,
                correction_id=correction_id,
                **_columns("old", self.billed),
                **_columns("new", new),
                amount=step,
                vat_percent=self.concerned.vat_percent,
                frozen_at=clock.now(),
            )
        )
        more = update(Invoice).where(Invoice.id == invoice.id).values(adjustments=Invoice.adjustments + 1)
        db.session.execute(more, execution_options={"synchronize_session": "fetch"})
        db.session.flush()
        self.billed = new

    def _state(self, category: str, hours: Decimal, day: date, price_list: PriceList) -> BilledState:
        """It keeps the rate it was invoiced at, unless it moved to another category."""
        if self.billed is not None and self.billed.category == category:
            return BilledState(category, hours, day, self.billed.rate)
        known = price_list.rate_on(category, day) if price_list.currency == self.currency else None
        agreed = self.entry.coverage_rate
        return BilledState(category, hours, day, known if agreed is None else agreed)


def _columns(which: str, state: BilledState | None) -> dict[str, Any]:
    return {f"{which}_{name}": getattr(state, name, None) for name in ("category", "hours", "day", "rate")}


def _state_in(row: InvoiceAdjustment, which: str) -> BilledState | None:
    if getattr(row, f"{which}_category") is None:
        return None
    return BilledState(*(getattr(row, f"{which}_{name}") for name in ("category", "hours", "day", "rate")))


def _ledgers(reader: Reader) -> list[_Ledger]:
    """The company's invoiced entries that may differ from what was billed of them: few, however many there are."""
    wanted = (
        select(InvoicedEntry, TimeEntry, Invoice)
        .join(TimeEntry, TimeEntry.id == InvoicedEntry.time_entry_id)
        .join(Invoice, Invoice.id == InvoicedEntry.invoice_id)
        .where(InvoicedEntry.company_id == reader.company_id, InvoicedEntry.time_entry_id.in_(_candidates(reader)))
        .order_by(InvoicedEntry.worked_day, TimeEntry.worked_at, TimeEntry.id)
    )
    rows = db.session.execute(wanted).all()
    if not rows:
        return []
    adjusted = _by_entry(
        db.session.scalars(
            select(InvoiceAdjustment)
            .where(InvoiceAdjustment.company_id == reader.company_id)
            .order_by(InvoiceAdjustment.id)
        )
    )
    corrected = _by_entry(
        db.session.scalars(
            select(TimeEntryCorrection)
            .where(TimeEntryCorrection.time_entry_id.in_(_candidates(reader)))
            .where(TimeEntryCorrection.invoiced_on.is_not(None))
            .order_by(TimeEntryCorrection.at, TimeEntryCorrection.id)
        )
    )
    return [
        _ledger(
            row.InvoicedEntry,
            row.TimeEntry,
            row.Invoice,
            adjusted.get(row.TimeEntry.id, []),
            corrected.get(row.TimeEntry.id, []),
        )
        for row in rows
    ]


def _ledger(
    frozen: InvoicedEntry,
    entry: TimeEntry,
    invoice: Invoice,
    adjusted: list[InvoiceAdjustment],
    corrections: list[TimeEntryCorrection],
) -> _Ledger:
    first = BilledState(frozen.category, frozen.hours, frozen.worked_day, frozen.rate)
    return _Ledger(
        entry=entry,
        concerned=invoice,
        billed=_state_in(adjusted[-1], "new") if adjusted else first,
        settled={one.correction_id for one in adjusted if one.correction_id is not None},
        corrections=corrections,
    )


def _by_entry(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.time_entry_id, []).append(row)
    return found


def _candidates(reader: Reader) -> Any:
    """Every change leaves one of these behind."""
    mine = TimeEntry.company_id == reader.company_id
    return union(
        select(TimeEntryVersion.time_entry_id).where(TimeEntryVersion.company_id == reader.company_id),
        select(TimeEntry.id).where(mine, TimeEntry.invoiced_on.is_(None)),
        select(TimeEntryCorrection.time_entry_id)
        .join(TimeEntry, TimeEntry.id == TimeEntryCorrection.time_entry_id)
        .where(mine, TimeEntryCorrection.invoiced_on.is_not(None)),
        select(InvoiceAdjustment.time_entry_id).where(InvoiceAdjustment.company_id == reader.company_id),
    )


def _waiting(reader: Reader, people: Naming) -> list[Adjustment]:
    price_list = prices.list_of(reader)
    open_ones = [ledger for ledger in _ledgers(reader) if ledger.differs(price_list)]
    if not open_ones:
        return []
    about = {row.id: row for row in _about(reader, [ledger.entry.id for ledger in open_ones])}
    calling = Calling(reader, people)
    return [
        _adjustment(
            about[ledger.entry.id],
            calling,
            concerned=ledger.concerned,
            states=(ledger.billed, ledger.now(price_list)),
            correction=ledger.corrections[-1] if ledger.corrections else None,
        )
        for ledger in open_ones
    ]


def _frozen(reader: Reader, wanted: Any, people: Naming) -> list[Adjustment]:
    rows = db.session.execute(
        select(InvoiceAdjustment, Invoice, TimeEntryCorrection)
        .join(Invoice, Invoice.id == InvoiceAdjustment.invoice_id)
        .outerjoin(TimeEntryCorrection, TimeEntryCorrection.id == InvoiceAdjustment.correction_id)
        .where(InvoiceAdjustment.company_id == reader.company_id, wanted)
        .order_by(InvoiceAdjustment.id)
    ).all()
    if not rows:
        return []
    about = {row.id: row for row in _about(reader, [row.InvoiceAdjustment.time_entry_id for row in rows])}
    calling = Calling(reader, people)
    return [
        _adjustment(
            about[row.time_entry_id],
            calling,
            concerned=db.session.get_one(Invoice, row.concerned_id),
            states=(_state_in(row, "old"), _state_in(row, "new")),
            correction=correction,
            settled=invoice,
        )
        for row, invoice, correction in rows
    ]


def _adjustment(
    about: Any,
    calling: Calling,
    *,
    concerned: Invoice,
    states: tuple[BilledState | None, BilledState | None],
    correction: TimeEntryCorrection | None,
    settled: Invoice | None = None,
) -> Adjustment:
    employee_id = about.employee_id or 0
    return Adjustment(
        id=about.id,
        number=about.number,
        subject=calling.text(about.subject, employee_id),
        message_id=about.message_id,
        what=calling.text(about.what or "", employee_id),
        employee_id=employee_id,
        employee=calling.person(employee_id, about.employee or ""),
        technician_id=about.technician_id,
        technician=about.technician,
        is_confidential=about.is_confidential,
        at=about.at,
        concerns=concerned.period_end,
        old=states[0],
        new=states[1],
        vat_percent=concerned.vat_percent,
        currency=concerned.currency,
        invoiced_on=settled.period_end if settled else None,
        supplement=settled.supplement if settled else 0,
        by=correction.by if correction else "",
        reason=correction.reason if correction else "",
    )


def _about(reader: Reader, entry_ids: Sequence[int]) -> Iterator[Any]:
    """What is shown beside entries. A ticket that went to another company takes its words and people along."""
    ours = Ticket.company_id == reader.company_id
    employee_id, employee, what = confidentiality.seen(reader, Employee.id, Employee.name, Message.excerpt)
    wanted = (
        select(
            TimeEntry.id,
            TimeEntry.worked_at.label("at"),
            TimeEntry.message_id,
            Ticket.number,
            case((and_(ours, confidentiality.tells(reader)), Ticket.subject), else_="").label("subject"),
            Ticket.is_confidential,
            employee_id.label("employee_id"),
            employee.label("employee"),
            what.label("what"),
            Technician.id.label("technician_id"),
            Technician.name.label("technician"),
        )
        .select_from(TimeEntry)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .join(Technician, Technician.id == TimeEntry.technician_id)
        .outerjoin(Employee, and_(Employee.id == Ticket.requester_id, Employee.company_id == reader.company_id))
        .outerjoin(Message, and_(Message.id == TimeEntry.message_id, ours))
    )
    ids = sorted(set(entry_ids))
    for start in range(0, len(ids), invoice_snapshots.TICKETS_AT_ONCE):
        yield from db.session.execute(
            wanted.where(TimeEntry.id.in_(ids[start : start + invoice_snapshots.TICKETS_AT_ONCE]))
        )
