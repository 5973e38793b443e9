"""Mails as people's programs write them in Czech: Gmail, Outlook, Apple Mail, Thunderbird, Seznam, a telephone."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from portal import clock
from portal.demo import files, people
from portal.demo.people import Player
from portal.lib.smtp import SENT

_WEEKDAYS = ("pondělí", "úterý", "středa", "čtvrtek", "pátek", "sobota", "neděle")
_SHORT_WEEKDAYS = ("po", "út", "st", "čt", "pá", "so", "ne")
_MONTHS = (
    "ledna",
    "února",
    "března",
    "dubna",
    "května",
    "června",
    "července",
    "srpna",
    "září",
    "října",
    "listopadu",
    "prosince",
)
_CHARSETS = {people.OUTLOOK_OLD: "windows-1250", people.THUNDERBIRD: "iso-8859-2"}
_PLAIN_ONLY = {people.OUTLOOK_OLD, people.THUNDERBIRD, people.PHONE}
# What an old character set lacks is written as its owner would have typed it.
_TYPED = str.maketrans({"„": '"', "“": '"', "–": "-", "…": "...", "−": "-", "→": "->", "\u00a0": " "})


@dataclass(frozen=True, slots=True)
class Quoted:
    """The mail that is answered: who sent it, when, under which subject and Message-ID, and what it said."""

    name: str
    email: str
    at: datetime
    subject: str
    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """What one mail says; text is without signature and history."""

    sender: Player
    to: str
    at: datetime
    subject: str
    message_id: str
    text: str
    signature: str = ""
    files: tuple[str, ...] = ()
    inline: bool = False  # pictures stand in the text
    answers: Quoted | None = None


def written(letter: ComposedMail) -> bytes:
    """The mail's bytes, with the history its program adds."""
    mail = EmailMessage(policy=SENT)
    mail["From"] = Address(display_name=letter.sender.name, addr_spec=letter.sender.email)
    mail["To"] = letter.to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(clock.prague(letter.at))
    mail["Message-ID"] = letter.message_id
    if letter.answers:
        mail["In-Reply-To"] = letter.answers.message_id
        mail["References"] = letter.answers.message_id
    _write_body(mail, letter)
    for number, name in enumerate(_attached(letter), 1):
        _attach(mail, name, number)
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{letter.message_id.strip('<>').replace('@', '_')}")
    return mail.as_bytes()


def _write_body(mail: EmailMessage, letter: ComposedMail) -> None:
    program = letter.sender.program
    style = _STYLES.get(program, _outlook)
    text, rich = style(letter)
    charset = _CHARSETS.get(program, "utf-8")
    mail.set_content(*_in(charset, text))
    if program in _PLAIN_ONLY and not letter.inline:
        return
    pictures = _pictures(letter)
    shown = "".join(f'<p><img src="cid:obrazek{number}@demo"></p>' for number in range(1, len(pictures) + 1))
    mail.add_alternative(f"<html><body>{rich.replace(_HERE, shown)}</body></html>", subtype="html")
    related = list(mail.iter_parts())[1]
    for number, name in enumerate(pictures, 1):
        data, media_type = files.content(name)
        main, _, sub = media_type.partition("/")
        related.add_related(data, main, sub, cid=f"<obrazek{number}@demo>", filename=name, disposition="inline")


def _in(charset: str, text: str) -> tuple[str, str, str]:
    """The text, its subtype and a character set that can hold it."""
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        text = text.translate(_TYPED)
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    return text, "plain", charset


def _pictures(letter: ComposedMail) -> list[str]:
    return [name for name in letter.files if letter.inline and name.endswith(".png")]


def _attached(letter: ComposedMail) -> list[str]:
    pictures = _pictures(letter)
    return [name for name in letter.files if name not in pictures]


def _attach(mail: EmailMessage, name: str, number: int) -> None:
    data, media_type = files.content(name)
    main, _, sub = media_type.partition("/")
    if main == "message":  # a forwarded mail travels as itself
        main, sub = "application", "octet-stream"
    mail.add_attachment(data, main, sub, filename=name, cid=f"<soubor{number}@demo>")


_HERE = "<!-- pictures -->"
_Styled = tuple[str, str]  # plain text, HTML


def _gmail(letter: ComposedMail) -> _Styled:
    own, rich = _own(letter), f'<div dir="ltr">{_divs(_own(letter))}{_HERE}</div>'
    if not (old := letter.answers):
        return own, rich
    day = clock.prague(old.at)
    when = f"{_SHORT_WEEKDAYS[day.weekday()]} {_day(day)} v {_time(day)}"
    head = f"{when} odesílatel {old.name} <{old.email}>\nnapsal:\n"
    attribution = html.escape(head.replace("\n", " ").strip())
    quote = (
        '<br><div class="gmail_quote gmail_quote_container">'
        f'<div dir="ltr" class="gmail_attr">{attribution}<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
        f'padding-left:1ex">{_divs(old.text)}</blockquote></div>'
    )
    return f"{own}\n\n{head}\n{_with_marks(old.text)}", rich + quote


def _outlook(letter: ComposedMail) -> _Styled:
    own, rich = _own(letter), f'<div class="WordSection1">{_paragraphs(_own(letter))}{_HERE}</div>'
    if not (old := letter.answers):
        return own, rich
    rows = _header_rows(letter, old, sent="Odesláno", long=True)
    marked = "<br>".join(f"<b>{html.escape(name)}:</b> {html.escape(value)}" for name, value in rows)
    quote = (
        '<div id="divRplyFwdMsg"><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        f'<p class="MsoNormal">{marked}</p></div></div>{_paragraphs(old.text)}'
    )
    plain = "\n".join(f"{name}: {value}" for name, value in rows)
    return f"{own}\n\n________________________________\n{plain}\n\n{old.text}", rich + quote


def _outlook_old(letter: ComposedMail) -> _Styled:
    own = _own(letter)
    if not (old := letter.answers):
        return own, f"{_paragraphs(own)}{_HERE}"
    rows = _header_rows(letter, old, sent="Odesláno", long=True)
    head = "\n".join(f"{name}: {value}" for name, value in rows)
    return f"{own}\n\n-----Původní zpráva-----\n{head}\n\n{old.text}", f"{_paragraphs(own)}{_HERE}"


def _seznam(letter: ComposedMail) -> _Styled:
    own, rich = _own(letter), f"{_paragraphs(_own(letter))}{_HERE}"
    if not (old := letter.answers):
        return own, rich
    rows = _header_rows(letter, old, sent="Datum", long=False)
    head = "\n".join(f"{name}: {value}" for name, value in rows)
    lines = "<br>".join(html.escape(line) for line in ("---------- Původní e-mail ----------", *head.splitlines()))
    quoted = f'<blockquote data-email="{html.escape(old.email)}">{_divs(old.text)}</blockquote>'
    quote = f"<br><aside>{lines}</aside><br>{quoted}"
    return f"{own}\n\n---------- Původní e-mail ----------\n{head}\n\n{_with_marks(old.text)}", rich + quote


def _apple(letter: ComposedMail) -> _Styled:
    own, rich = _own(letter), f"{_divs(_own(letter))}{_HERE}"
    if not (old := letter.answers):
        return own, rich
    day = clock.prague(old.at)
    head = f"{_day(day)} v {_time(day)}, {old.name} <{old.email}>:"
    quote = (
        f'<br><div><blockquote type="cite"><div>{html.escape(head)}</div><br>'
        f"<div>{_divs(old.text)}</div></blockquote></div>"
    )
    return f"{own}\n\n> {head}\n>\n{_with_marks(old.text)}", rich + quote


def _phone(letter: ComposedMail) -> _Styled:
    own = f"{letter.text}\n\nOdesláno z iPhonu"
    if not (old := letter.answers):
        return own, f"{_divs(own)}{_HERE}"
    day = clock.prague(old.at)
    head = f"{_day(day)} v {_time(day)}, {old.name} <{old.email}>:"
    return f"{own}\n\n{head}\n\n{_with_marks(old.text)}", f"{_divs(own)}{_HERE}"


def _thunderbird(letter: ComposedMail) -> _Styled:
    own = _own(letter)
    if not (old := letter.answers):
        return own, f"{_paragraphs(own)}{_HERE}"
    day = clock.prague(old.at)
    head = f"Dne {_day(day)} v {_time(day)} {old.name} napsal(a):"
    cited = f'<blockquote type="cite">{_divs(old.text)}</blockquote>'
    quote = f'<div class="moz-cite-prefix">{html.escape(head)}<br></div>{cited}'
    return f"{own}\n\n{head}\n{_with_marks(old.text)}", f"{_paragraphs(own)}{_HERE}{quote}"


_STYLES: dict[str, Callable[[ComposedMail], _Styled]] = {
    people.GMAIL: _gmail,
    people.OUTLOOK: _outlook,
    people.OUTLOOK_OLD: _outlook_old,
    people.SEZNAM: _seznam,
    people.APPLE: _apple,
    people.PHONE: _phone,
    people.THUNDERBIRD: _thunderbird,
}


def _own(letter: ComposedMail) -> str:
    return f"{letter.text}\n\n-- \n{letter.signature}" if letter.signature else letter.text


def _header_rows(letter: ComposedMail, old: Quoted, *, sent: str, long: bool) -> list[tuple[str, str]]:
    day = clock.prague(old.at)
    when = f"{_WEEKDAYS[day.weekday()]} {day.day}. {_MONTHS[day.month - 1]} {day.year} {_time(day)}"
    return [
        ("Od", f"{old.name} <{old.email}>"),
        (sent, when if long else f"{_day(day)} {_time(day)}:{day.second:02}"),
        ("Komu", f"{letter.sender.name} <{letter.sender.email}>"),
        ("Předmět", old.subject),
    ]


def _with_marks(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _divs(text: str) -> str:
    return "".join(f"<div>{_linked(line) or '<br>'}</div>" for line in text.splitlines())


def _paragraphs(text: str) -> str:
    blocks = re.split(r"\n{2,}", text)
    return "".join(f'<p class="MsoNormal">{"<br>".join(map(_linked, block.splitlines()))}</p>' for block in blocks)


def _linked(line: str) -> str:
    return re.sub(
        r"\bhttps?://[^\s<>\"]+", lambda url: f'<a href="{url.group()}">{url.group()}</a>', html.escape(line)
    )


def _day(day: datetime) -> str:
    return f"{day.day}. {day.month}. {day.year}"


def _time(day: datetime) -> str:
    return f"{day.hour}:{day.minute:02}"
