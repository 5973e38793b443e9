"""Companies: the clients; every other row belongs to exactly one."""

from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class Company(Base):
    __tablename__ = "company"

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    language: Mapped[str] = mapped_column(default="cs")
    shown_live: Mapped[str] = mapped_column(default="money", server_default="money")  # see disclosure.Shown
