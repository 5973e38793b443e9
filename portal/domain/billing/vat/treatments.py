"""Treatments: how a company's invoices are taxed from a day on, and what stands below one without Czech VAT."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, UniqueConstraint, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db
from portal.db.enums import EnumText
from portal.db.prepared import Prepared
from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.users.actor import Actor
from portal.lib import money
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled

NO_VAT = Decimal(0)


class Treatment(Labelled):
    """Its label is the note that an invoice has to have; the Czech rate needs none."""

    CZECH = "czech", ""
    REVERSE_CHARGE = "reverse_charge", msgid("Reverse charge: VAT is paid by the customer.")
    ABROAD = "abroad", msgid("The place of supply is abroad: no Czech VAT.")


class CompanyVat(Base):
    """A company's treatment from a day on; the newest row up to the end of an invoice's period is that invoice's."""

    __tablename__ = "company_vat"
    __table_args__ = (UniqueConstraint("company_id", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    valid_from: Mapped[date]
    treatment: Mapped[Treatment] = mapped_column(EnumText(Treatment))


@dataclass(frozen=True, slots=True)
class Vat:
    """What an invoice has: a percent, and why."""

    percent: Decimal
    treatment: Treatment


def on(reader: Reader, day: date) -> Vat:
    """VAT of this company's invoice for a period that ends on this day. The Czech rate unless somebody chose."""
    chosen = [treatment for since, treatment in reader.once(_rows) if since <= day]
    return _vat(chosen[-1] if chosen else Treatment.CZECH, day)


def of_company(company_id: int, day: date) -> Vat:
    """The same where nobody looks: for what is being frozen."""
    newest = (
        select(CompanyVat.treatment)
        .where(CompanyVat.company_id == company_id, CompanyVat.valid_from <= day)
        .order_by(CompanyVat.valid_from.desc())
        .limit(1)
    )
    return _vat(db.session.scalar(newest) or Treatment.CZECH, day)


@unit_of_work()
def choose(actor: Actor, company: Company, treatment: Treatment, since: date) -> None:
    """Connectica's choice for a company from a day on. What is frozen keeps its VAT. Commits."""
    same_day = (CompanyVat.company_id == company.id, CompanyVat.valid_from == since)
    db.session.execute(delete(CompanyVat).where(*same_day))
    db.session.add(CompanyVat(company_id=company.id, valid_from=since, treatment=treatment))
    audit.note(audit.VAT_CHOSEN, actor, company_id=company.id, about=f"{treatment.value} {since.isoformat()}")


def _vat(treatment: Treatment, day: date) -> Vat:
    return Vat(money.vat_percent(day) if treatment is Treatment.CZECH else NO_VAT, treatment)


_CHOSEN = Prepared(
    select(CompanyVat.valid_from, CompanyVat.treatment)
    .where(CompanyVat.company_id == bindparam("company"))
    .order_by(CompanyVat.valid_from)
)


def _rows(reader: Reader) -> list[tuple[date, Treatment]]:
    return [(since, Treatment(treatment)) for since, treatment in _CHOSEN(company=reader.company_id)]
