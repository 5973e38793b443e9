"""Companies: the clients; every other row belongs to exactly one."""

from collections.abc import Sequence

from sqlalchemy import false, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db
from portal.db.enums import EnumText
from portal.errors import NotFound
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled


class Shown(Labelled):
    """What is shown live, that is: before the core says it is invoiced. What is invoiced is always shown."""

    NOTHING = "nothing", msgid("nothing until it is invoiced")
    HOURS = "hours", msgid("hours")
    MONEY = "money", msgid("hours and money")


class Company(Base):
    __tablename__ = "company"

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    language: Mapped[str] = mapped_column(default="cs")
    shown_live: Mapped[Shown] = mapped_column(EnumText(Shown), default=Shown.MONEY, server_default=Shown.MONEY.value)
    ico: Mapped[str] = mapped_column(default="", server_default="")
    dic: Mapped[str] = mapped_column(default="", server_default="")
    requires_second_factor: Mapped[bool] = mapped_column(default=False, server_default=false())  # of all its people


def everyone() -> Sequence[Company]:
    """All of them, by name: for Connectica's eyes only."""
    return db.session.scalars(select(Company).order_by(Company.name, Company.id)).all()


def by_id(company_id: int) -> Company:
    """One of them, for Connectica's eyes only. Raises NotFound."""
    found = db.session.get(Company, company_id)
    if found is None:
        raise NotFound
    return found


def by_name(name: str) -> Company:
    """The company of that name, or of that id in the core: for an administrator. Raises NotFound."""
    found = db.session.scalar(
        select(Company).where(or_(Company.name == name, Company.core_id == name)).order_by(Company.id).limit(1)
    )
    if found is None:
        raise NotFound
    return found
