"""Sharing out: which entries are inside a company's agreement, which above it, and at what rate."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, null, or_, select, update

from portal import clock
from portal.db import db
from portal.domain.billing import prices
from portal.domain.billing.agreements import models
from portal.domain.billing.agreements.models import AgreedPeriod, AgreedTerms, Agreement, AgreementPeriod
from portal.domain.billing.budgets import Unit
from portal.domain.billing.invoice_snapshots import SETTLES_IN, SUMS, TICKETS_AT_ONCE, Invoice, InvoicedEntry
from portal.domain.billing.prices import PriceList
from portal.domain.billing.status import WORKED
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.tickets.models import State, Ticket
from portal.domain.tickets.time_entries import Coverage, TimeEntry
from portal.lib.money import NOTHING, Tally, amount


@dataclass(frozen=True, slots=True)
class Piece:
    """What sharing out looks at of an entry."""

    id: int
    day: date
    turn: tuple[Any, ...]  # among all entries of the company, the same on every machine
    category: str
    hours: Decimal
    kept: Coverage | None = None  # as an invoice that has settled says it


@dataclass(slots=True)
class Shared:
    """What came of it: of each entry whether it is inside and its rate (None: the price list's), and the periods."""

    coverage: dict[int, tuple[Coverage, Decimal | None]] = field(default_factory=dict)
    periods: list[AgreementPeriod] = field(default_factory=list)


def share_out(
    agreements: Sequence[AgreedTerms],
    pieces: Iterable[Piece],
    *,
    last: date,
    price_of: Callable[[str, date], Decimal | None] = lambda _category, _day: None,
) -> Shared:
    """Walk through the periods: an entry is inside as long as anything is left when its turn comes.

    Turns go as invoices do: by invoice, then what is to be invoiced, then what runs; within these by day, moment and
    the core's name. What a settled invoice says is kept. The entry that crosses the limit is inside whole, and what
    it took too much is missing in the next period: so every entry has one rate.
    """
    ordered = sorted(pieces, key=lambda piece: piece.turn)
    shared, carried, before = Shared(), NOTHING, None
    for agreed in models.periods(agreements, last):
        if before is not None and before.unit is not agreed.terms.unit:
            carried = NOTHING
        mine = [piece for piece in ordered if piece.day in agreed.period]
        row = _shared_period(shared, agreed, mine, carried, price_of)
        carried, before = _carried(agreed.terms, row.left), agreed.terms
    return shared


def _shared_period(
    shared: Shared,
    agreed: AgreedPeriod,
    pieces: Iterable[Piece],
    carried: Decimal,
    price_of: Callable[[str, date], Decimal | None],
) -> AgreementPeriod:
    terms = agreed.terms
    row = AgreementPeriod(
        since=agreed.period.since,
        until=agreed.period.until,
        unit=terms.unit,
        included=terms.amount,
        carried=carried,
        used=NOTHING,
        over_hours=NOTHING,
    )
    for piece in pieces:
        where = piece.kept or (Coverage.INSIDE if row.left > 0 else Coverage.OVER)
        rate = terms.rate_inside if where is Coverage.INSIDE else terms.rate_over
        shared.coverage[piece.id] = (where, rate)
        if where is Coverage.INSIDE:
            row.used += _measure(terms, piece, price_of)
        else:
            row.over_hours += piece.hours
    shared.periods.append(row)
    return row


def _measure(terms: AgreedTerms, piece: Piece, price_of: Callable[[str, date], Decimal | None]) -> Decimal:
    if terms.unit is Unit.HOURS:
        return piece.hours
    rate = terms.rate_inside if terms.rate_inside is not None else price_of(piece.category, piece.day)
    return NOTHING if rate is None else amount(piece.hours, rate)


def _carried(terms: AgreedTerms, left: Decimal) -> Decimal:
    """What goes to the next period; what was taken too much always does."""
    return left if left < 0 or terms.carries is None else min(left, terms.carries)


def begin_periods() -> int:
    """Begin the periods that have begun, in the caller's transaction; of how many companies: see meter.run."""
    now = select(AgreementPeriod.company_id).where(AgreementPeriod.until >= clock.today())
    due = select(Agreement.company_id).where(Agreement.company_id.not_in(now)).distinct()
    companies = sorted(db.session.scalars(due.where(Agreement.valid_from <= clock.today())))
    keep(companies)
    return len(companies)


def keep(company_ids: Collection[int]) -> None:
    """Share out the entries of those of these companies that have an agreement, in the caller's transaction."""
    have = select(Agreement.company_id).where(Agreement.company_id.in_(company_ids)).distinct()
    for company_id in sorted(set(db.session.scalars(have)) if company_ids else ()):
        _keep(db.session.get_one(Company, company_id))


def keep_changed(company_ids: Collection[int]) -> None:
    """The same where agreements have changed; a company that has none any more has no prepaid entries either."""
    keep(company_ids)
    have = set(db.session.scalars(select(Agreement.company_id).distinct()))
    for company_id in sorted(set(company_ids) - have):
        prepaid = update(TimeEntry).where(TimeEntry.company_id == company_id, TimeEntry.coverage.is_not(null()))
        db.session.execute(prepaid.where(TimeEntry.invoiced_on.is_(None)).values(coverage=None, coverage_rate=None))
        db.session.execute(delete(AgreementPeriod).where(AgreementPeriod.company_id == company_id))


def keep_all() -> None:
    """The same for every company: prices have changed."""
    keep(set(db.session.scalars(select(Agreement.company_id).distinct())))


def _keep(company: Company) -> None:
    agreements = models.of_company(company.id)
    price_list = prices.list_of(Reader.of(company))
    found = _found(company.id, min(terms.valid_from for terms in agreements))
    last = max([clock.today(), *(piece.day for piece in found.pieces)])
    shared = share_out(agreements, found.pieces, last=last, price_of=price_list.rate_on)
    _write(found, shared)
    _restate(found.settling, price_list)
    db.session.execute(delete(AgreementPeriod).where(AgreementPeriod.company_id == company.id))
    for row in shared.periods:
        row.company_id = company.id
    db.session.add_all(shared.periods)
    db.session.flush()


@dataclass(slots=True)
class _ToShare:
    """What is written down of each entry now, those to be shared out, and those whose invoice has settled or not."""

    had: dict[int, tuple[Coverage | None, Decimal | None]] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)
    settling: set[int] = field(default_factory=set)


def _found(company_id: int, since: date) -> _ToShare:
    counts = or_(*(billing.condition for billing in WORKED)) & TimeEntry.withdrawn_at.is_(None)
    wanted = (
        select(
            TimeEntry, Ticket.state, InvoicedEntry.coverage.label("kept"), Invoice.frozen_at, counts.label("counts")
        )
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .outerjoin(
            InvoicedEntry,
            (InvoicedEntry.time_entry_id == TimeEntry.id) & (InvoicedEntry.company_id == TimeEntry.company_id),
        )
        .outerjoin(Invoice, Invoice.id == InvoicedEntry.invoice_id)
        .where(TimeEntry.company_id == company_id)
        .where(or_(TimeEntry.worked_day >= since, TimeEntry.coverage.is_not(null())))
    )
    found, now = _ToShare(), clock.now()
    for row in db.session.execute(wanted):
        entry, is_settled = row.TimeEntry, row.frozen_at is not None and now > row.frozen_at + SETTLES_IN
        found.had[entry.id] = (entry.coverage, entry.coverage_rate)
        if is_settled:
            found.settled.add(entry.id)
        elif row.frozen_at is not None:
            found.settling.add(entry.id)
        if row.counts and entry.worked_day >= since and not (is_settled and row.kept is None):
            found.pieces.append(_piece(entry, row.state, row.kept if is_settled else None))
    return found


def _piece(entry: TimeEntry, state: State, kept: Coverage | None) -> Piece:
    return Piece(
        id=entry.id,
        day=entry.worked_day,
        turn=(
            entry.invoiced_on or date.max,
            state is State.OPEN,
            entry.worked_day,
            entry.worked_at,
            len(entry.core_id),  # as numbers are counted: 9 before 10
            entry.core_id,
        ),
        category=entry.category,
        hours=entry.hours,
        kept=kept,
    )


def _write(found: _ToShare, shared: Shared) -> None:
    """What has become different; an entry of a settled invoice keeps what was written when it was invoiced."""
    changed: dict[tuple[Coverage | None, Decimal | None], list[int]] = {}
    for entry_id, before in found.had.items():
        now = shared.coverage.get(entry_id, (None, None))
        if before != now and entry_id not in found.settled:
            changed.setdefault(now, []).append(entry_id)
    for (coverage, rate), ids in changed.items():
        for start in range(0, len(ids), TICKETS_AT_ONCE):
            some = update(TimeEntry).where(TimeEntry.id.in_(ids[start : start + TICKETS_AT_ONCE]))
            db.session.execute(some.values(coverage=coverage, coverage_rate=rate))


def _restate(settling: Collection[int], price_list: PriceList) -> None:
    """An invoice that still settles says what its entries are now: the order they came in makes no difference."""
    ids = sorted(settling)
    touched: set[int] = set()
    for start in range(0, len(ids), TICKETS_AT_ONCE):
        some = select(InvoicedEntry, TimeEntry).join(TimeEntry, TimeEntry.id == InvoicedEntry.time_entry_id)
        for frozen, entry in db.session.execute(
            some.where(InvoicedEntry.time_entry_id.in_(ids[start : start + TICKETS_AT_ONCE]))
        ).all():
            if frozen.coverage != entry.coverage:
                rate = entry.coverage_rate
                frozen.coverage = entry.coverage
                frozen.rate = rate if rate is not None else price_list.rate_on(frozen.category, frozen.worked_day)
                touched.add(frozen.invoice_id)
    db.session.flush()
    for invoice_id in sorted(touched):
        _sum_up(invoice_id)


def _sum_up(invoice_id: int) -> None:
    tally = Tally()
    mine = select(InvoicedEntry.hours, InvoicedEntry.rate, func.count().label("times"))
    grouped = mine.where(InvoicedEntry.invoice_id == invoice_id).group_by(InvoicedEntry.hours, InvoicedEntry.rate)
    for row in db.session.execute(grouped):
        tally.add(row.hours, row.rate, times=row.times)
    sums = {name: getattr(tally, name) for name in SUMS}
    db.session.execute(update(Invoice).where(Invoice.id == invoice_id).values(**sums))
