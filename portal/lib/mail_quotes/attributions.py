"""The lines by which mail programs announce what they quote: attributions, separators, copied headers. Pure.

Czech, Slovak, English, German and Polish (and French, where it is free), as Gmail, Outlook, Apple Mail, Thunderbird,
Seznam, Yahoo, Evolution, Samsung, eM Client, Proton, Zoho, HCL Notes, K-9, Tutanota and Roundcube write them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

MOST_LINES = 4  # an attribution is wrapped by narrow programs
_LONGEST = 600  # letters of one attribution


@dataclass(frozen=True, slots=True)
class Announcement:
    """Lines start … end - 1 announce a quote. words: all they say; is_forward: the quote is content, not history."""

    start: int
    end: int
    words: str
    is_forward: bool = False
    is_header: bool = False  # copied headers: whether it is a reply or a forward, only the subject may tell
    needs_marks: bool = False  # "Petr wrote on 27. 11. 2026 at 9:15:" is a sentence, too, unless marked lines follow


_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|led|únor|břez|dub|květ|červ|srp|září|říj|list|pros"
    r"|máj|jún|júl|okt|mär|dez|mai|sty|lut|kwi|maj|cze|lip|lis|sie|wrz|paź|paz|gru|janv|févr|avr|juin|juil|août|déc)"
)
_DATE = re.compile(
    rf"(?:\b\d{{1,2}}\.\s?\d{{1,2}}\.\s?\d{{2,4}}\b|\b\d{{1,2}}/\d{{1,2}}/\d{{2,4}}\b|\b\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}\b"
    rf"|\b\d{{1,2}}-\d{{1,2}}-\d{{4}}\b|\b\d{{1,2}}\.?\s{_MONTH}\w{{0,9}}\.?,?\s\d{{4}}\b"
    rf"|\b{_MONTH}\w{{0,9}}\.?\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}}\b)",
    re.IGNORECASE,
)
_TIME = re.compile(r"\b\d{1,2}[:.∶]\d\d(?:[:.∶]\d\d)?(?!\.?\d)")
_ADDRESS = re.compile(r"[<\[(]?\s?(?:mailto:)?[\w.+%-]{1,80}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\s?[>\])]?")
_VERB = re.compile(
    r"\b(?:napsala?|napsal\(a\)|napsal/a|píše|napísala?|napísal\(a\)|napísal/a|wrote|writes|schrieb|geschrieben"
    r"|pisze|napisała?|napisał\(a\)|napisał/a|napisana przez|a écrit)(?!\w)",
    re.IGNORECASE,
)
_MADE_BY_A_PROGRAM = re.compile(r"(?:napsal|napísal|napisał)(?:\(a\)|/a)", re.IGNORECASE)
_SENDER_NAMED = re.compile(r"\b(?:odesílatel|uživatel|odosielateľ|používateľ|użytkownik)\s", re.IGNORECASE)
_ADDRESS_LAST = re.compile(rf"<\s?[\w.+%-]+@[\w.-]+\s?>,?\s+{_VERB.pattern}\s?:$", re.IGNORECASE)
_DAY = (
    r"(?:po|út|st|čt|pá|so|ne|ut|št|pi|pondělí|úterý|středa|středu|čtvrtek|pátek|sobota|sobotu|neděle|neděli"
    r"|pondelok|utorok|streda|stredu|štvrtok|piatok|sobota|nedeľa|nedeľu|mon|tue|wed|thu|fri|sat|sun|\w{3,6}day"
    r"|mo|di|mi|do|fr|sa|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
    r"|pon|wt|śr|czw|pt|pią|sob|niedz|nie|poniedziałek|wtorek|środa|środę|czwartek|piątek|niedziela|niedzielę"
    r"|lun|mar|mer|jeu|ven|sam|dim)"
)
_OPENING = re.compile(
    rf"^[\s\"'„“*_-]{{0,8}}(?:(?:dne|dňa|dnia|w\s+dniu|on|at|am|le|v|ve|vo|den)\b.{{0,400}}"
    rf"|{_DAY}\b[.,]{{0,2}}\s.{{0,400}})?(?:\d|@)|^wiadomość\s+napisana\s+przez\b",
    re.IGNORECASE | re.DOTALL,
)
# Words of an attribution that are neither a name nor a date. Whatever else is written small is a sentence.
_SMALL = frozenset(
    re.findall(
        r"\S+",
        "dne dňa dnia dniu w v ve vo o at on am um uhr le à den dem der die odesílatel uživatel użytkownik osoba user"
        " používateľ hat folgendes godz godzinie hodin hod h gmt utc cet cest mez mesz seč selč cst pm a p od von"
        " van de di da by przez na the and přes wiadomość napisana via z za dnem",
    )
)
_SEPARATED = re.compile(
    r"^[\s*]{0,4}[-_–—=]{2,60}\s?(?P<label>[^\n]{4,200}?)\s?[-_–—=]{2,60}[\s*]{0,4}:?$",
)
_REPLY_LABEL = re.compile(
    r"^(?:původní (?:e-?mail|zpráva)|pôvodná správa|pôvodný e-?mail|original (?:message|e-?mail|appointment)"
    r"|ursprüngliche (?:nachricht|mail)|original-?nachricht|wiadomość oryginalna|oryginalna wiadomość"
    r"|pierwotna wiadomość|původní událost|message d'origine)$",
    re.IGNORECASE,
)
_FORWARD_LABEL = re.compile(
    r"^(?:přeposlan[áý] (?:zpráva|e-?mail)|přeposílan[áý] (?:zpráva|e-?mail)|předan[áý] (?:zpráva|e-?mail)"
    r"|preposlan[áý] (?:správa|e-?mail)|forwarded (?:message|e-?mail)(?: from .{1,80})?"
    r"|weitergeleitete (?:nachricht|mail|e-?mail)"
    r"|(?:przekazana|przesłana dalej|przekazywana) wiadomość|wiadomość przekazana|treść przekazanej wiadomości"
    r"|fwd|message transféré|message transmis)$",
    re.IGNORECASE,
)
_FORWARD_LINE = re.compile(
    r"^(?:začátek přeposílané zprávy|začátek přeposlané zprávy|začiatok preposlanej správy|begin forwarded message"
    r"|anfang der weitergeleiteten (?:nachricht|e-?mail)|początek przekazywanej wiadomości"
    r"|début du message (?:transféré|réexpédié))\s?:$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*[_-]{10,200}\s*$|^\s*[_-]{5,}[ ]*$")

# Copied headers: what each name says. "strong": only mail programs call the time like that.
_NAMES = {
    "from": "od from von de odesílatel odosielateľ nadawca absender expéditeur",
    "sent": "odesláno odoslané odoslaná odoslať sent gesendet wysłano wysłane envoyé",
    "date": "datum date dátum data",
    "to": "komu to an do pro adresát adresat empfänger příjemce adresát: à",
    "copy": "kopie cc kópia dw kopia skrytá bcc",
    "subject": "předmět predmet subject betreff temat objet",
    "other": "příloha přílohy prílohy attachments anlagen załączniki důležitost dôležitosť importance wichtigkeit"
    " priorita priority reply-to odpovědět",
}
_ROLE = {name: role for role, names in _NAMES.items() for name in names.split()}
_HEADER = re.compile(
    r"^[\s*_>]{0,8}(?P<name>[^\W\d_][\w-]{0,14})[ \u00a0]?[*_]{0,2}:[*_]{0,2}(?P<value>\s.{0,1000}|)$"
)
_BOLD = re.compile(r"^\s{0,8}\*{1,2}[^\W\d_][\w-]{0,14}[ \u00a0]?:?\*{1,2}")
_DATED = re.compile(rf"^\s*(?:{_DAY}\b|.{{0,60}}?(?:\d{{4}}|\d{{1,2}}[:.]\d\d))", re.IGNORECASE)
_LONG_DATE = re.compile(rf"^(?:{_DAY}[.,]{{0,2}}\s|\d{{1,2}}\.?\s{_MONTH}|{_MONTH}\w*\s\d)", re.IGNORECASE)
_FIRST = frozenset({"from", "sent", "date", "to"})
MOST_CONTINUED = 3  # lines of one header, for To with many people


def announcement(lines: Sequence[str], at: int) -> Announcement | None:
    """What the line at that place announces, with the rule before a header as its start; None for ordinary text."""
    line = lines[at].strip()
    if not line:
        return None
    if _RULE.match(line):
        after = next((place for place in range(at + 1, min(at + 3, len(lines))) if lines[place].strip()), None)
        below = _header(lines, after) if after is not None else None
        return Announcement(at, below.end, below.words, is_header=True) if below else None
    return _separator(lines, at) or _header(lines, at) or _attribution(lines, at)


def _separator(lines: Sequence[str], at: int) -> Announcement | None:
    line = lines[at].strip()
    if _FORWARD_LINE.match(line.strip("*").strip()):
        return _with_headers(lines, at, is_forward=True)
    found = _SEPARATED.match(line[:300])
    label = found["label"].strip(" *") if found else ""
    if _FORWARD_LABEL.match(label):
        return _with_headers(lines, at, is_forward=True)
    if _REPLY_LABEL.match(label):
        return _with_headers(lines, at, is_forward=False)
    # HCL Notes: "-----Petra Malá napsal(a): -----"; Zoho: "---- On Fri, 27 Nov 2026 … wrote ---"
    if label and _VERB.search(label) and (label.endswith(":") or _DATE.search(label)):
        return _with_headers(lines, at, is_forward=False)
    return None


def _with_headers(lines: Sequence[str], at: int, *, is_forward: bool) -> Announcement:
    """The separator with the headers that stand below it, in whatever order and spelling."""
    end = at + 1
    while end < len(lines) and end - at <= 12 and _is_below(lines[end], is_first=end == at + 1):
        end += 1
    if not lines[end - 1].strip():
        end -= 1  # it was not followed by headers
    return Announcement(at, end, "\n".join(lines[at:end]), is_forward=is_forward)


def _is_below(line: str, *, is_first: bool) -> bool:
    """Whether a line is a header; eM Client leaves the colons out."""
    return (
        (is_first and not line.strip())
        or _role(line) != ""
        or bool(re.match(r"^\s*\w{2,10}\s+\"?[^\n]{0,200}<\S+@\S+>", line))
    )


def _header(lines: Sequence[str], at: int) -> Announcement | None:
    """Headers copied into the text: a sender, a time that a program wrote, and whom or what it was about."""
    first = _role(lines[at])
    is_subject_first = first == "subject" and at + 1 < len(lines) and _role(lines[at + 1]) in _FIRST
    if first not in _FIRST and not is_subject_first:
        return None
    roles: dict[str, str] = {}
    end, continued, is_bold = at, 0, False
    while end < len(lines) and end - at < 16:
        role = _role(lines[end])
        if role:
            roles.setdefault(role, _value(lines[end]))
            is_bold = is_bold or bool(_BOLD.match(lines[end]))
            continued = 0
        elif not lines[end].strip() or continued == MOST_CONTINUED or not _goes_on(lines, end):
            break
        else:
            continued += 1
        end += 1
    if not _is_a_mails(roles, is_bold=is_bold):
        return None
    is_dated = bool({"sent", "date"} & roles.keys())  # without a date it is a rule, a form, an example: content
    return Announcement(at, end, "\n".join(lines[at:end]), is_forward=not is_dated, is_header=True)


def _goes_on(lines: Sequence[str], at: int) -> bool:
    """Whether a line without a name goes on with the header before it: then another header follows soon."""
    return any(_role(line) for line in lines[at + 1 : at + 1 + MOST_CONTINUED])


def _is_a_mails(roles: dict[str, str], *, is_bold: bool) -> bool:
    if "from" not in roles or not roles["from"].strip(" *_"):
        return False
    has_address = bool(_ADDRESS.search(roles["from"]))
    others = len({"to", "subject", "copy"} & roles.keys())
    if "sent" in roles and _DATED.match(roles["sent"].strip(" *_")):
        return True
    if "date" in roles and _DATED.match(roles["date"].strip(" *_")):
        is_long = bool(_LONG_DATE.match(roles["date"].strip(" *_"))) and bool(_TIME.search(roles["date"]))
        return bool(others) and (has_address or is_bold or is_long)
    return has_address and others >= 2


def _role(line: str) -> str:
    return _role_and_value(line[:1100])[0]


def _value(line: str) -> str:
    return _role_and_value(line[:1100])[1]


@lru_cache(maxsize=100)  # every line is looked at again for each of the lines above it
def _role_and_value(line: str) -> tuple[str, str]:
    found = _HEADER.match(line)
    return (_ROLE.get(found["name"].casefold(), ""), found["value"]) if found else ("", "")


def _attribution(lines: Sequence[str], at: int) -> Announcement | None:
    """ "On … wrote:", on up to four lines."""
    joined = ""
    for end in range(at + 1, min(at + 1 + MOST_LINES, len(lines) + 1)):
        line = lines[end - 1].strip().strip("*").strip()
        if not line:
            return None
        joined = f"{joined} {line}".strip()
        if len(joined) > _LONGEST:
            return None
        if _ends(joined) and (end == at + 1 or _OPENING.match(lines[at].strip())) and _says_who_and_when(joined):
            is_plain = bool(_OPENING.match(joined)) and (_is_a_programs(joined) or _names_only(joined))
            return Announcement(at, end, joined, needs_marks=not is_plain)
    return None


def _ends(joined: str) -> bool:
    return joined.endswith(":") or (joined.endswith("---") and bool(_VERB.search(joined[-30:])))


def _says_who_and_when(joined: str) -> bool:
    date = _DATE.search(joined)
    if not date:
        return False
    address = _ADDRESS.search(joined)
    moment = _TIME.search(joined[: date.start()]) or _TIME.search(joined[date.end() :])
    verb = _VERB.search(joined)
    if verb:
        tail = joined[verb.end() :]
        if len(tail) > 1 and not (address or moment):
            return False
        return bool(address or moment) and (
            _is_a_programs(joined)
            or _names_only(joined)
            or _is_brief(joined, verb.start())
            or (moment is not None and bool(_ADDRESS_LAST.search(joined)))
        )
    starts = bool(re.match(rf"^(?:{_DAY}[.,]{{0,2}}\s)?.{{0,12}}$", joined[: date.start()], re.IGNORECASE))
    return starts and bool(address) and moment is not None and _names_only(joined)


def _is_brief(joined: str, until: int) -> bool:
    """Whether no more than a name stands between the time and the verb: logins are written small."""
    times = list(_TIME.finditer(joined[:until]))
    between = joined[times[-1].end() : until] if times else ""
    name = re.match(r"\s?(?:[ap]\.?m\.?)?\s?,(.*)", between, re.IGNORECASE)
    words = re.findall(r"[^\W\d_][\w.'’-]*", _ADDRESS.sub(" ", name[1])) if name else []
    return bool(name) and len(words) <= 3 and _names_only(joined[: times[-1].end()])


def _is_a_programs(joined: str) -> bool:
    """Whether its words are a program's, whatever small words the name between them has."""
    return bool(_MADE_BY_A_PROGRAM.search(joined) or (_SENDER_NAMED.search(joined) and _ADDRESS_LAST.search(joined)))


def _names_only(joined: str) -> bool:
    """Whether nothing but a date, names, an address and the words between them is said."""
    rest = joined
    for pattern in (_ADDRESS, _DATE, _TIME, _VERB):
        rest = pattern.sub(" ", rest)
    words = re.findall(r"[^\W\d_][\w.'’-]*", rest)
    return all(_may_be_said(word) for word in words)


def _may_be_said(word: str) -> bool:
    bare = word.strip(".'’-")
    if not bare or not bare[0].islower() or "." in bare or "_" in bare or "-" in bare:
        return True
    return (
        bare in _SMALL or bool(re.fullmatch(_DAY, bare, re.IGNORECASE)) or bool(re.match(_MONTH, bare, re.IGNORECASE))
    )


def looks_like_headers(lines: Sequence[str]) -> bool:
    """Whether lines below Outlook's rule are headers in a language that is not ours."""
    named = [line for line in lines[:8] if _HEADER.match(line[:1100])]
    return len(named) >= 3 and any(_ADDRESS.search(line) or _TIME.search(line) for line in named)


def sender_of(found: Announcement) -> str:
    """Who is said to have written what is quoted, name and address as they stand."""
    if not found.words:
        return ""
    headers = [line for line in found.words.split("\n") if _role(line) == "from"]
    if headers:
        return _value(headers[0])
    return found.words.split("\n")[0] if "\n" in found.words else found.words


def addresses(words: str) -> list[str]:
    """The e-mail addresses in an announcement, in small letters."""
    return [found.strip("<>[]() ").removeprefix("mailto:").lower() for found in _ADDRESS.findall(words)]
