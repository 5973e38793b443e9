"""Reports on letters that were sent: failed, late, delivered or read, in the words of many mail servers. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

from portal.desk.inbound import mime
from portal.desk.inbound.delivery import phrases
from portal.desk.inbound.mime import Mail
from portal.desk.settings import House

_SEARCHED = 100_000  # characters of each part in which a report says what it is about
_MOST = 50  # parts that are looked into


class Fate(StrEnum):
    """What became of a letter."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    READ = "read"
    OTHER = "other"  # a complaint or a statistic


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """message_ids are those it names, ours first; recipients whom it did not reach; reason: one line."""

    fate: Fate
    message_ids: tuple[str, ...]
    recipients: tuple[str, ...]
    reason: str


def read(mail: Mail, house: House) -> DeliveryReport | None:
    """The report, or None for a mail that is none: whoever wrote it, and whatever it is wrapped in."""
    parts = _parts(mail)
    ours = _message_ids(parts.everything, house)
    if not _is_report(mail, parts, is_about_us=bool(ours)):
        return None
    named = dict.fromkeys((*ours, *mail.references, *mime.message_ids(parts.everything)[:100]))
    return DeliveryReport(_fate(mail, parts), tuple(named), _recipients(mail, parts), _reason(parts))


@dataclass(frozen=True, slots=True)
class _Parts:
    words: str  # for people
    status: str  # for machines: message/delivery-status and its like
    everything: str  # with the mail that is returned


def _parts(mail: Mail) -> _Parts:
    words, status, others = [mail.text[:_SEARCHED]], [], []
    for file in mail.files[:_MOST]:
        content = file.content[:_SEARCHED].decode("utf-8", "replace")
        if file.media_type in _STATUS or (file.media_type not in _RETURNED and _FIELDS.match(content)):
            status.append(content)
        else:
            others.append(content if file.media_type.startswith(("text/", "message/")) else "")
    return _Parts("\n".join(words), "\n".join(status), "\n".join((*words, *status, *others)))


_STATUS = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
    }
)
_RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})
_FIELDS = re.compile(r"\s{0,20}(?:Reporting-MTA|Original-Envelope-Id|Final-Recipient)\s?:", re.IGNORECASE)


def _is_report(mail: Mail, parts: _Parts, *, is_about_us: bool) -> bool:
    if _is_marked(mail, parts):
        return True
    by_system = bool(
        phrases.SYSTEM_ADDRESS.match(mail.sender.email.partition("@")[0])
        or phrases.SYSTEM_NAME.search(mail.sender.name)
    )
    nobody = bool(_NOBODY.match(mail.header("Return-Path").strip()))
    machine = mail.header("Auto-Submitted").strip().lower().startswith("auto-")
    subject = bool(phrases.FAILED_SUBJECT.match(mail.subject) or phrases.DELIVERED_SUBJECT.match(mail.subject))
    words = bool(phrases.FAILED_WORDS.search(parts.words) or phrases.DELAYED_WORDS.search(parts.words))
    read_notice = bool(phrases.READ_SUBJECT.match(mail.subject) and phrases.READ_WORDS.search(parts.words[:2000]))
    if _is_daemon(mail):
        return True
    returns = any(file.media_type in _RETURNED for file in mail.files) or phrases.COPY_OF_THE_MAIL.search(parts.words)
    if (by_system or nobody) and (subject or words):
        return nobody or machine or bool(returns) or is_about_us or bool(phrases.OF_MACHINES.search(parts.words))
    if words and returns and is_about_us and phrases.NO_PERSON.match(mail.sender.email):
        return True
    return read_notice or (subject and words and (is_about_us or machine or _begins_as_one(parts, bool(returns))))


_NOBODY = re.compile(r"<>$|<#@\[\]>$|<?mail(?:er)?[-._]?daemon[@>]|mailer-daemon$", re.IGNORECASE)


def _begins_as_one(parts: _Parts, has_copy: bool) -> bool:
    """Whether it begins with a machine's sentence, says of whom it speaks and asks nothing."""
    told = _above_the_copy(parts.words)[:1500]
    is_exact = has_copy or bool(_ANY_ADDRESS.search(told))
    return is_exact and bool(phrases.OPENING.match(parts.words[:1000])) and "?" not in told[:600]


def _is_marked(mail: Mail, parts: _Parts) -> bool:
    """Whether the mail says itself, in the way machines do, that it is a report."""
    kind = mail.headers.get_content_type()
    return kind == "multipart/report" or bool(parts.status) or bool(mail.header("X-Failed-Recipients").strip())


def _is_daemon(mail: Mail) -> bool:
    """Whether the address is one that no person ever has."""
    return bool(re.match(r"mail(?:er)?[-._]?daemon@|microsoftexchange\w{8,}@", mail.sender.email))


def _fate(mail: Mail, parts: _Parts) -> Fate:
    kinds = {file.media_type for file in mail.files}
    report_type = mail.header("Content-Type").lower()
    if "feedback-report" in report_type or "message/feedback-report" in kinds:
        return Fate.OTHER
    if "disposition-notification" in report_type or any("disposition-notification" in kind for kind in kinds):
        return Fate.READ
    return _stated_fate(parts.status) or _told_fate(mail, parts)


_ACTION = re.compile(r"^[ \t]*Action[ \t]*:[ \t]*\W{0,2}([a-z]+)", re.IGNORECASE | re.MULTILINE)
_STATUS_CODE = re.compile(r"^[ \t]*Status[ \t]*:[ \t]*\W{0,2}([245])\.\d", re.IGNORECASE | re.MULTILINE)
_ACTIONS = (
    (Fate.FAILED, ("fail", "undeliv", "bounc", "reject")),
    (Fate.DELAYED, ("delay", "defer")),
    (Fate.DELIVERED, ("deliver", "relay", "expand", "success")),
)


def _stated_fate(status: str) -> Fate | None:
    """The worst of what machines were told about its recipients."""
    actions = [found.lower() for found in _ACTION.findall(status)[:500]]
    for fate, words in _ACTIONS:
        if any(action.startswith(words) for action in actions):
            return fate
    codes = set(_STATUS_CODE.findall(status)[:500])
    return Fate.FAILED if "5" in codes else Fate.DELIVERED if codes == {"2"} else None


def _told_fate(mail: Mail, parts: _Parts) -> Fate:
    """What people are told: by the subject, else by the words above the mail that is returned."""
    if phrases.READ_SUBJECT.match(mail.subject) and phrases.READ_WORDS.search(parts.words[:2000]):
        return Fate.READ
    if phrases.DELIVERED_SUBJECT.match(mail.subject):
        return Fate.DELIVERED
    told = f"{mail.subject}\n{_above_the_copy(parts.words)}"
    is_late = bool(phrases.DELAYED_WORDS.search(told)) and not phrases.GIVEN_UP_WORDS.search(told)
    return Fate.DELAYED if is_late else Fate.FAILED


def _above_the_copy(words: str) -> str:
    found = phrases.COPY_OF_THE_MAIL.search(words)
    return words[: found.start()] if found and found.start() > 40 else words[:3000]


_RECIPIENT = re.compile(
    r"^[ \t]*(?:Final|Original)-Recipient[ \t]*:[ \t]*(?:[\w-]{1,20}[ \t]*;)?[ \t]*"
    r"<?([^\s<>;,\"]{1,200}@[^\s<>;,\"]{1,200})",
    re.IGNORECASE | re.MULTILINE,
)
_ANY_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")


def _recipients(mail: Mail, parts: _Parts) -> tuple[str, ...]:
    """Whom it could not reach, as far as it says; at most twenty addresses."""
    stated = _RECIPIENT.findall(parts.status)[:20] or _ANY_ADDRESS.findall(mail.header("X-Failed-Recipients"))[:20]
    told = stated or _ANY_ADDRESS.findall(_above_the_copy(parts.words)[:5000])[:20]
    return tuple(dict.fromkeys(address.lower().rstrip(".") for address in told))


_DIAGNOSTIC = re.compile(
    r"^[ \t]*Diagnostic-Code[ \t]*:[ \t]*([^\n]{1,500}(?:\n[ \t][^\n]{0,300}){0,3})", re.IGNORECASE | re.MULTILINE
)
_CODED = re.compile(
    r"^[^\n]{0,300}\b[45]\d\d[ -][^\n]{3,300}|^[^\n]{0,200}\b[45]\.\d\.\d{1,3}\b[^\n]{0,200}", re.MULTILINE
)


def _reason(parts: _Parts) -> str:
    """Why, as the server says it, on one line."""
    words = _above_the_copy(parts.words)[:20_000]
    found = _DIAGNOSTIC.search(parts.status) or _CODED.search(words)
    told = next((line for line in words.split("\n") if phrases.FAILED_WORDS.search(line[:500])), "")
    return mime.one_line((found[found.lastindex or 0] if found else told), 300)


def _message_ids(text: str, house: House) -> list[str]:
    """The Message-IDs of our letters in a text, with brackets or without."""
    pattern = rf"\b\d{{8,10}}\.[a-z_]{{3,30}}\.[0-9a-f]{{16}}@{re.escape(house.domain)}\b"
    return [f"<{found}>" for found in dict.fromkeys(re.findall(pattern, text, re.IGNORECASE)[:50])]
