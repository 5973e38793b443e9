"""Whether a mail is from whom it says: believed only from our own mail server's word, and never from From alone."""

import re

from portal.desk.inbound.mime import Mail, plain

_COMMENT = re.compile(r"\([^()]*\)")
_PROPERTY = re.compile(r"([a-z]+(?:\.[a-z0-9_-]+)?)\s*=\s*\"?([^\s;\"]+)\"?", re.IGNORECASE)
_SAID_BY = {  # method that passed: the property whose domain has to be the sender's
    "dmarc": ("header.from",),
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom",),
}
_SHARED = frozenset({"cz", "com", "eu", "net", "org", "sk", "co.uk"})  # no organisation, whoever signs for it


def is_proved(mail: Mail, authserv: str) -> bool:
    """Whether the topmost Authentication-Results is of the server we trust and vouches for the From domain.

    That server has to take away headers that claim its name (RFC 8601, section 5); only then is the topmost its own.
    """
    claims = [str(value) for key, value in mail.headers.raw_items() if key.lower() == "authentication-results"]
    senders = [key for key in mail.headers if key.lower() == "from"]
    if not authserv or not claims or len(senders) != 1:
        return False
    claim = _COMMENT.sub(" ", plain(claims[0][:5000].encode("utf-8", "replace").decode()))
    server, _, results = claim.partition(";")
    if (server.split() or [""])[0].lower() != authserv.lower():
        return False
    domain = mail.sender.email.rpartition("@")[2]
    return any(_vouches(result, domain) for result in results.split(";"))


def _vouches(result: str, domain: str) -> bool:
    found = _PROPERTY.findall(result)
    if not found:
        return False
    method, verdict = found[0][0].lower(), found[0][1].lower()
    if method not in _SAID_BY or verdict != "pass":
        return False
    properties = {name.lower(): value.lower().rpartition("@")[2] for name, value in found[1:]}
    return any(_is_aligned(properties.get(name, ""), domain) for name in _SAID_BY[method])


def _is_aligned(signer: str, domain: str) -> bool:
    return bool(signer) and signer not in _SHARED and (domain == signer or domain.endswith(f".{signer}"))
