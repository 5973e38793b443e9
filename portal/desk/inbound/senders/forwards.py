"""Whose mail a mail hands on: by the headers copied into it, or by the mail attached to it."""

import re

from portal.desk.inbound import mime
from portal.desk.inbound.mime import Address, Mail, UnreadableMail
from portal.lib.mail_quotes import attributions
from portal.lib.mail_quotes.reading import About

_PREFIX = re.compile(r"(?:fwd?|wg|pd|předáno|přeposláno|přep)\s*:\s*", re.IGNORECASE)
_FARTHEST = 500  # lines; what is handed on begins near the top


def original_sender(mail: Mail) -> Address | None:
    """Who wrote what this mail forwards; None when it is no forward, or does not say their address."""
    is_forward = About(subject=mail.subject).is_forward
    lines = mail.text.split("\n")[:_FARTHEST]
    for at in range(len(lines)):
        found = attributions.announcement(lines, at)
        if found and (found.is_forward or (found.is_header and is_forward)):
            sender = _address(attributions.sender_of(found))
            if sender:
                return sender
    return _attached(mail) if is_forward else None


def original_subject(subject: str) -> str:
    """The subject without the sign that it was handed on."""
    found = _PREFIX.match(subject)
    return subject[found.end() :] if found else subject


def _address(said: str) -> Address | None:
    """The address in "Věra Pospíšilová <vera@firma.cz>", also doubled or in square brackets."""
    found = [address for address in attributions.addresses(said) if mime.is_address(address)]
    if not found:
        return None
    name = mime.one_line(re.split(r"[<\[(]", said)[0].strip(" \t\"'*_"), 120)
    return Address(found[0] if not name or "@" in name else name, found[0])


def _attached(mail: Mail) -> Address | None:
    for file in mail.files:
        if file.media_type == "message/rfc822":
            try:
                return mime.read(file.content).sender
            except UnreadableMail:
                return None
    return None
