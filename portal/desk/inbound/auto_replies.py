"""Mail that no person wrote: it makes no ticket and gets no answer, because answering it makes loops."""

from collections.abc import Callable

from portal.desk.inbound.mime import Mail
from portal.desk.settings import House

OURS = "X-Connectica-Desk"  # on every mail the desk sends


def reason(mail: Mail, house: House) -> str:
    """Why the mail is not a person's; empty when it is."""
    return next((why for why, is_so in _SIGNS if is_so(mail, house)), "")


def is_bounce(mail: Mail) -> bool:
    """Whether the mail reports on a mail that was sent."""
    return mail.headers.get_content_type() == "multipart/report" or mail.sender.email.startswith("mailer-daemon@")


def _header(mail: Mail, name: str) -> str:
    return mail.header(name).strip().lower()


_SIGNS: tuple[tuple[str, Callable[[Mail, House], bool]], ...] = (
    ("the desk's own mail came back", lambda mail, house: bool(_header(mail, OURS))),
    ("the sender is the desk's own address", lambda mail, house: mail.sender.email == house.address.lower()),
    ("a report of a mail server", lambda mail, house: is_bounce(mail)),
    ("nobody can be answered (empty return path)", lambda mail, house: _header(mail, "Return-Path") == "<>"),
    ("an automatic mail (Auto-Submitted)", lambda mail, house: _header(mail, "Auto-Submitted") not in {"", "no"}),
    (
        "bulk mail (Precedence)",
        lambda mail, house: _header(mail, "Precedence") in {"bulk", "junk", "list", "auto_reply"},
    ),
    ("an automatic reply", lambda mail, house: bool(_header(mail, "X-Autoreply") or _header(mail, "X-Autorespond"))),
    (
        "an automatic mail (X-Auto-Response-Suppress)",
        lambda mail, house: _header(mail, "X-Auto-Response-Suppress") not in {"", "none"},
    ),
    ("a mailing list", lambda mail, house: bool(_header(mail, "List-Id"))),
)
