"""Contacts: the employees of a company who write in, and the technicians who serve them."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class Employee(Base):
    """One sender of one company; the e-mail is lower-case and identifies them within it."""

    __tablename__ = "employee"
    __table_args__ = (UniqueConstraint("company_id", "email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    email: Mapped[str]
    name: Mapped[str]


class Technician(Base):
    __tablename__ = "technician"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)  # lower-case; the name stands in for it when the core has none
    name: Mapped[str]
