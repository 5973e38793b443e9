"""Attachments: files of messages, mirrored in the background under the hash of their bytes."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


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
