"""Messages: the public conversation of a ticket."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class Message(Base):
    """One contribution; body and quoted are clean HTML, safe to show as they are."""

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    side: Mapped[str]  # employee | technician
    author_name: Mapped[str]
    author_email: Mapped[str]
    sent_at: Mapped[datetime]
    sender_verified: Mapped[bool] = mapped_column(default=True)
    body: Mapped[str]
    quoted: Mapped[str] = mapped_column(default="")  # folded history and signature; never dropped
    excerpt: Mapped[str] = mapped_column(default="")  # the first words, plain: what was done
    withdrawn_at: Mapped[datetime | None]
