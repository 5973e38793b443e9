"""Attachments: files of messages, mirrored in the background under the hash of their bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality
from portal.domain.tickets.models import Message, Ticket, _visible_to
from portal.errors import NotFound

ARRIVING = "arriving"  # the folder of files that are not whole yet


class Attachment(Base):
    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]  # bytes
    content_id: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str | None]  # of the mirrored bytes; None until they are here
    fetch_tries: Mapped[int] = mapped_column(default=0)
    fetch_after: Mapped[datetime | None]
    fetch_error: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]


def path_of(folder: Path, sha256: str) -> Path:
    """Where the bytes with this hash are kept, in a folder of attachments: ab/abcd…"""
    return folder / sha256[:2] / sha256


def remove_unneeded(folder: Path, hashes: Iterable[str]) -> None:
    """Remove files that no attachment has any more, with the pictures drawn from them. The caller committed."""
    for sha256 in hashes:
        if db.session.scalar(select(Attachment.id).where(Attachment.sha256 == sha256).limit(1)) is None:
            for path in path_of(folder, sha256).parent.glob(f"{sha256}*"):
                path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Download:
    """An attachment somebody may have, and where its bytes are once they are mirrored."""

    id: int
    name: str
    media_type: str
    size: int  # bytes
    sha256: str | None
    ticket_number: str

    def path_in(self, folder: Path) -> Path | None:
        """The file with its bytes; None while they are on their way."""
        path = path_of(folder, self.sha256) if self.sha256 else None
        return path if path and path.is_file() else None


def find(reader: Reader, attachment_id: int) -> Download:
    """An attachment of one of the company's tickets. Raises NotFound for anybody else's, or a withdrawn one."""
    query = (
        _visible_to(reader)
        .join(Message, Message.ticket_id == Ticket.id)
        .join(Attachment, Attachment.message_id == Message.id)
        .where(confidentiality.tells(reader))
        .where(Attachment.id == attachment_id, Attachment.withdrawn_at.is_(None), Message.withdrawn_at.is_(None))
    )
    row = db.session.execute(
        query.with_only_columns(
            Attachment.id,
            Attachment.name,
            Attachment.media_type,
            Attachment.size,
            Attachment.sha256,
            Ticket.number.label("ticket_number"),
        )
    ).first()
    if row is None:
        raise NotFound
    return Download(**row._mapping)
