"""Whether a mail is from whom it says: believed only from our own mail server's word, and never from From alone."""

import email.utils

from portal.desk.inbound.mime import Mail
from portal.desk.inbound.senders import authentication_results
from portal.desk.inbound.senders.authentication_results import AuthenticationResults, NotUnderstood, Result
from portal.lib import domains

LONGEST_FROM = 2000  # characters; no person needs more, and reading more costs time
_HEADER = "authentication-results"
_SAID_BY = {  # method: the properties that name who was authenticated; all that are there have to agree
    "dmarc": ("header.from",),
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom",),
}
_BARE = frozenset({"header.from", "header.d"})  # a domain and nothing else
_NO_POLICY = "none"  # the domain publishes no DMARC: then a signature of its own still speaks for it


def proving_domain(mail: Mail, authserv: str) -> str:
    """The domain whose mail server vouches for the address in From, as our own server found; empty for nothing.

    Believed is the topmost Authentication-Results, when it is of the server we trust. That server has to take away
    headers that claim its name (RFC 8601, section 5); what is left of such below may only speak against the mail.
    """
    claims = [str(value) for key, value in mail.headers.raw_items() if key.lower() == _HEADER]
    domain = mail.sender.email.rpartition("@")[2]
    if not authserv or not claims or not _is_plainly_from(mail) or not domains.organisation(domain):
        return ""
    try:
        said = authentication_results.parse(claims[0])
        others = [_claim_of(text, authserv) for text in claims[1:]]
    except NotUnderstood:
        return ""
    if said.server != authserv.lower() or any(_speaks_against(one, domain) for one in (said, *others) if one):
        return ""
    return next(filter(None, (_vouching(result, mail.sender.email) for result in said.results)), "")


def _is_plainly_from(mail: Mail) -> bool:
    """Whether the sender is the one address of the one From, which is what our mail server examined."""
    written = [str(value) for key, value in mail.headers.raw_items() if key.lower() == "from"]
    if len(written) != 1 or len(written[0]) > LONGEST_FROM:
        return False
    return [address.lower() for _, address in email.utils.getaddresses(written)] == [mail.sender.email]


def _claim_of(text: str, authserv: str) -> AuthenticationResults | None:
    """A lower header of the server we trust; None for one of others. Raises NotUnderstood when it may be of ours."""
    try:
        said = authentication_results.parse(text)
    except NotUnderstood:
        if authserv.lower() in text.lower():
            raise
        return None
    return said if said.server == authserv.lower() else None


def _speaks_against(said: AuthenticationResults, domain: str) -> bool:
    """Whether DMARC did not pass, or was not asked of this domain alone."""
    verdicts = [result for result in said.results if result.method == "dmarc"]
    fine = {("pass", domain), (_NO_POLICY, domain), (_NO_POLICY, "")}
    return len(verdicts) > 1 or any((result.verdict, _named(result)) not in fine for result in verdicts)


def _vouching(result: Result, address: str) -> str:
    """The domain that this result authenticated, when it may speak for the sender's address."""
    domain = address.rpartition("@")[2]
    if result.method == "auth":
        return domain if result.verdict == "pass" and _signed_in_as(result) == address else ""
    named = _named(result)
    is_aligned = named == domain if result.method == "dmarc" else domains.are_aligned(named, domain)
    return named if result.verdict == "pass" and is_aligned else ""


def _signed_in_as(result: Result) -> str:
    """The whole address by which somebody signed in to our server to submit the mail (RFC 8601, section 2.7.4)."""
    login = result.properties.get("smtp.auth")
    return login.text.lower() if login else ""


def _named(result: Result) -> str:
    """The domain that was authenticated; empty when it is not plainly said."""
    names = [name for name in _SAID_BY.get(result.method, ()) if name in result.properties]
    said = [result.properties[name] for name in names]
    bare = [result.properties[name] for name in names if name in _BARE]
    if not said or any(value.text.lower() != value.domain for value in bare):
        return ""
    first, *others = [value.domain for value in said]
    return first if all(one == first or one.endswith(f".{first}") for one in others) else ""
