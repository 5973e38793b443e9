"""People: who signs in to the portal, and what they may do there."""

from datetime import datetime

from flask_security import RoleMixin, UserMixin
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base

MANAGER, VIEWER, STAFF = "manager", "viewer", "staff"


class PersonRole(Base):
    __tablename__ = "person_role"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True)


class Role(Base, RoleMixin):
    """manager decides, asks and exports; viewer reads; staff serves all companies."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="")


class Person(Base, UserMixin):
    """A portal account: a company's manager or viewer, or Connectica's staff (no company)."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"), index=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str] = mapped_column(default="cs")
    theme: Mapped[str] = mapped_column(default="")  # light | dark | empty: as the system says
    created_at: Mapped[datetime]

    company = relationship("Company")
    roles = relationship("Role", secondary="person_role")
