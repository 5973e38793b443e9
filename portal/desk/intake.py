"""Mail in: every raw mail is kept first, then becomes a ticket, a message, or is set aside with its reason."""

from dataclasses import dataclass

from portal.desk.store import Store


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a mail. outcome: opened | answered | duplicate | ignored | aside."""

    outcome: str
    ticket: str = ""  # its number, when the mail belongs to one
    reason: str = ""


def receive(store: Store, raw: bytes, *, trusted: bool = False, sent_to: str = "") -> Received:
    """Take one raw mail. trusted: it came through the submission token, so its sender may be a technician."""
    raise NotImplementedError
