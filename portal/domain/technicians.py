"""Technicians: Connectica's people who serve."""

from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class Technician(Base):
    __tablename__ = "technician"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)  # lower-case; the name stands in for it when the core has none
    name: Mapped[str]
