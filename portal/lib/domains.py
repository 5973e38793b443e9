"""Mail domains: which of them one organisation owns, by the public suffix list that is part of its package."""

from functools import cache

from publicsuffixlist import PublicSuffixList


def organisation(domain: str) -> str:
    """The domain an organisation registered, as "firma.cz" of "mail.firma.cz"; empty for a suffix ("co.uk")."""
    if not domain.isascii() or not all(0 < len(label) < 64 for label in domain.split(".")):
        return ""
    return _suffixes().privatesuffix(domain.lower()) or ""


def are_aligned(one: str, other: str) -> bool:
    """Whether both are of one organisation, as DMARC's relaxed alignment has it (RFC 7489, section 3.1)."""
    return bool(organisation(one)) and organisation(one) == organisation(other)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
