"""Time entries: what will be billed, and every earlier version of it."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Hours
from portal.db.enums import EnumText
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled


class Coverage(Labelled):
    """Where an entry stands to its company's agreement; none where there is no agreement for its day."""

    INSIDE = "inside", msgid("prepaid"), "ok"
    OVER = "over", msgid("above what is prepaid"), "warn"


class TimeEntry(Base):
    """Hours of one technician in one price category, under one message or an internal note."""

    __tablename__ = "time_entry"
    __table_args__ = (
        Index("ix_time_entry_in_order", "company_id", "worked_day", "worked_at", "id"),
        Index("ix_time_entry_invoiced", "company_id", "invoiced_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    technician_id: Mapped[int] = mapped_column(ForeignKey("technician.id"))
    category: Mapped[str]
    hours: Mapped[Decimal] = mapped_column(Hours)
    worked_at: Mapped[datetime]
    worked_day: Mapped[date]  # in Prague: the day it is billed
    invoiced_on: Mapped[date | None]  # the last day of the invoiced period
    document: Mapped[str] = mapped_column(default="", server_default="")  # the core's name of the issued invoice
    coverage: Mapped[Coverage | None] = mapped_column(EnumText(Coverage))  # see billing.agreements
    coverage_rate: Mapped[Decimal | None]  # per hour, by the agreement; None: as the price list says
    first_noticed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class TimeEntryVersion(Base):
    """An earlier state of an entry, written when its hours, category, day or existence changed."""

    __tablename__ = "time_entry_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    time_entry_id: Mapped[int] = mapped_column(ForeignKey("time_entry.id"), index=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    category: Mapped[str]
    hours: Mapped[Decimal] = mapped_column(Hours)
    worked_at: Mapped[datetime]
    worked_day: Mapped[date]
    invoiced_on: Mapped[date | None]
    was_withdrawn: Mapped[bool] = mapped_column(default=False)  # the entry did not exist before this change
    replaced_at: Mapped[datetime]  # when the mirror noticed the change


class TimeEntryCorrection(Base):
    """A correction as the core tells it: who, when and why. Of one entry, also of one that was removed by it."""

    __tablename__ = "time_entry_correction"

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    time_entry_id: Mapped[int] = mapped_column(ForeignKey("time_entry.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    old_category: Mapped[str | None]  # None, as hours and day: split from another entry
    old_hours: Mapped[Decimal | None] = mapped_column(Hours)
    old_day: Mapped[date | None]
    old_ticket: Mapped[str] = mapped_column(default="")  # core_ids, where it was moved from one ticket to another
    new_category: Mapped[str | None]  # None with the hours and the day: removed
    new_hours: Mapped[Decimal | None] = mapped_column(Hours)
    new_day: Mapped[date | None]
    new_ticket: Mapped[str] = mapped_column(default="")
    invoiced_on: Mapped[date | None]  # the period the entry was invoiced for when it was corrected
    document: Mapped[str] = mapped_column(default="")  # the issued invoice that settles it, by the core's name
    noticed_at: Mapped[datetime]  # when the mirror read it: the same as of the version it replaced
