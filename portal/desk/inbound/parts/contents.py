"""What a mail says and what files it brings: every part, in order, and of alternatives what says most."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import Message
from html import escape

from portal.desk.inbound import headers as bounded
from portal.desk.inbound import html_mail
from portal.desk.inbound.parts import flowed, invitations, parameters, pictures, signed, tnef
from portal.desk.inbound.parts.files import (
    MailFile,
    bytes_of,
    harmless,
    inner_parts,
    media_type,
    of_part,
    stated_name,
)
from portal.desk.inbound.parts.words import plain, raw_text
from portal.lib import charsets
from portal.lib.html import styles

MOST_FILES = 500
_MOST_REPAIRS = 5  # parts without a usable boundary that are read by the one they use
_COMPARED = 30_000  # characters of two alternatives by which it is told whether they say the same
_PLAIN = frozenset(
    {"text/plain", "text/markdown", "text/x-markdown", "text/enriched", "text/richtext", "text/x-plain"}
)
_FOR_NOBODY = frozenset({"text/x-amp-html", "text/watch-html", "text/x-watch-html"})  # what else is always there, too
_CALENDARS = frozenset({"text/calendar", "application/ics"})
_RTF = frozenset({"application/rtf", "text/rtf", "application/x-rtf"})
_TABLES = frozenset({"text/csv", "text/vcard", "text/x-vcard", "text/directory", "text/xml", "text/css"})
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})

SEALED = (
    "[Tento e-mail je zašifrovaný nebo uzavřený v podpisu (S/MIME) a nelze ho zobrazit. "
    "Pošlete ho prosím znovu bez šifrování; původní zpráva je v příloze.]"
)
ENCRYPTED = (
    "[Tento e-mail je zašifrovaný (PGP) a nelze ho zobrazit. "
    "Pošlete ho prosím znovu bez šifrování; původní zpráva je v příloze.]"
)


class TooManyFiles(Exception):
    """More than any person sends."""


@dataclass(frozen=True, slots=True)
class Contents:
    """text holds every word; html is empty when plain text is all there is. Pictures in html go by cid:."""

    text: str
    html: str
    files: tuple[MailFile, ...]


@dataclass(frozen=True, slots=True)
class _Words:
    """A stretch of the mail: its text, and its HTML when it was written as such."""

    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture between words: the place of its file among the files."""

    at: int


@dataclass(slots=True)
class _Reading:
    """What was read so far, in order."""

    said: list[_Words | _Picture] = field(default_factory=list)
    files: list[MailFile] = field(default_factory=list)
    meetings: list[str] = field(default_factory=list)  # calendars, whole
    packed: list[_Words] = field(default_factory=list)  # bodies in winmail.dat
    has_body: bool = False  # an unnamed part is the body: what has a name is a file
    repairs: int = 0

    def add(self, file: MailFile) -> int:
        """The file's place among the files. Raises TooManyFiles."""
        if len(self.files) >= MOST_FILES:
            raise TooManyFiles(f"it has more than {MOST_FILES} files")
        self.files.append(file)
        return len(self.files) - 1


def read(message: Message) -> Contents:
    """The contents of a whole mail. Raises TooManyFiles."""
    reading = _Reading(has_body=any(_is_body(part) for part in _texts(message)))
    _read(message, reading, is_related=False)
    said = _with_the_rest(reading)
    html, files = pictures.placed(_html(said, reading.files), reading.files)
    html = styles.resolved(html)
    text = _join(_shown(stretch, reading.files) for stretch in _trimmed(said))
    return Contents(text, html, tuple(files))


def _texts(part: Message) -> list[Message]:
    """The parts that are text, but for those of attached mails."""
    if part.get_content_maintype() == "message":
        return []
    if part.is_multipart():
        return [text for inner in inner_parts(part) for text in _texts(inner)]
    return [part] if media_type(part) in {*_PLAIN, "text/html"} else []


def _is_body(part: Message) -> bool:
    """Whether a text is shown as a body whatever stands before it: nothing calls it a file."""
    return part.get_content_disposition() != "attachment" and not stated_name(part)


def _read(part: Message, reading: _Reading, *, is_related: bool) -> None:
    kind = media_type(part)
    inner = inner_parts(part) if part.is_multipart() else []
    if kind == "multipart/encrypted":
        reading.said.append(_Words(ENCRYPTED))
        for each in inner:
            reading.add(of_part(each, media_type(each), len(reading.files) + 1))
    elif kind == "multipart/alternative" and inner:
        _read_alternatives(inner, reading)
    elif kind.startswith("multipart/") and inner:
        for each in inner:
            _read(each, reading, is_related=is_related or kind == "multipart/related")
    elif kind.startswith("multipart/"):
        _read_repaired(part, reading)
    else:
        _read_leaf(part, kind, reading, is_related=is_related)


def _read_repaired(part: Message, reading: _Reading) -> None:
    """What calls itself a multipart and has no parts: read by the boundary that it uses, else as text."""
    reading.repairs += 1
    body = bytes_of(part)
    found = _BOUNDARY.search(body[:200_000])
    if found is None or reading.repairs > _MOST_REPAIRS:
        reading.said.append(_Words(plain(charsets.decoded(body, _charset(part))).strip()))
        return
    kind = media_type(part).encode()
    head = b"Content-Type: " + kind + b'; boundary="' + found[1].replace(b'"', b"") + b'"\r\n\r\n'
    mended = bounded.parse(head + body)
    if mended.is_multipart():
        reading.has_body = reading.has_body or any(_is_body(text) for text in _texts(mended))
        _read(mended, reading, is_related=False)
    else:
        reading.said.append(_Words(plain(charsets.decoded(body, None)).strip()))


_BOUNDARY = re.compile(rb"(?im)^--(\S[^\r\n]{0,180}?)[ \t]*\r?\n(?=(?:[ \t]*\r?\n)?content-[a-z-]{2,30}[ \t]*:)")


def _read_leaf(part: Message, kind: str, reading: _Reading, *, is_related: bool) -> None:
    if kind in _FOR_NOBODY:
        return
    if kind in _CALENDARS:
        reading.meetings.append(plain(charsets.decoded(bytes_of(part), _charset(part))))
    elif kind in _SEALED or stated_name(part).lower() == "smime.p7m":
        _read_sealed(part, reading)
    elif kind in _TNEF or stated_name(part).lower() == "winmail.dat":
        if _read_packed(part, reading):
            return
    elif (kind in _PLAIN or kind == "text/html") and _is_shown_text(part, reading):
        _read_text(part, kind, reading)
        return
    elif _is_unnamed_text(part, kind, reading):
        reading.said.append(_Words(plain(charsets.decoded(bytes_of(part), _charset(part))).strip("\n")))
        return
    elif kind in _RTF:
        reading.packed.append(_Words(plain(tnef.words_of_rtf(bytes_of(part), _charset(part) or "cp1250")).strip()))
    at = reading.add(of_part(part, kind, len(reading.files) + 1))
    if kind.startswith("image/") and not is_related and part.get_content_disposition() != "attachment":
        reading.said.append(_Picture(at))


def _is_unnamed_text(part: Message, kind: str, reading: _Reading) -> bool:
    """Whether it is a text of a kind we do not know and stands where a body does: RFC 2046 calls it plain."""
    is_unknown = kind.startswith("text/") and kind not in {*_PLAIN, *_RTF, *_TABLES, "text/html"}
    return is_unknown and _is_body(part) and not reading.has_body


def _read_sealed(part: Message, reading: _Reading) -> None:
    """Open what is only wrapped in its signature; say of the rest that it is encrypted."""
    inner = signed.opened(bytes_of(part))
    reading.repairs += 1
    if not inner or reading.repairs > _MOST_REPAIRS:
        reading.said.append(_Words(SEALED))
        return
    mail = bounded.parse(inner)
    reading.has_body = reading.has_body or any(_is_body(text) for text in _texts(mail))
    _read(mail, reading, is_related=False)


def _is_shown_text(part: Message, reading: _Reading) -> bool:
    """Whether a text is a body: one without a name, or the first one where none is without."""
    if _is_body(part):
        return True
    is_first = not any(isinstance(stretch, _Words) for stretch in reading.said)
    return part.get_content_disposition() != "attachment" and is_first and not reading.has_body


def _read_text(part: Message, kind: str, reading: _Reading) -> None:
    if kind == "text/html":
        html = plain(charsets.of_html(bytes_of(part), _charset(part)))
        reading.said.append(_of_html(html))
        return
    text = plain(charsets.decoded(bytes_of(part), _charset(part)))
    facts = parameters.read(raw_text(part, "Content-Type"))
    if facts.get("format", "").lower() == "flowed":
        text = flowed.joined(text, delsp=facts.get("delsp", "").lower() == "yes")
    if kind in {"text/enriched", "text/richtext"}:
        text = _without_marks(text, kind)
    text, sealed = _without_armour(flowed.without_escapes(text))
    reading.said.append(_Words(text.strip("\n")))
    if sealed:
        reading.add(MailFile(f"zasifrovana-zprava-{len(reading.files) + 1}.asc", "text/plain", sealed.encode()))


def _of_html(html: str) -> _Words:
    seen = styles.resolved(pictures.without_data(html))
    return _Words(plain(html_mail.to_text(seen)).strip("\n"), html)


def _without_marks(text: str, kind: str) -> str:
    """The words of text/enriched, where a line break alone is a space, and of its ancestor text/richtext."""
    if kind == "text/richtext":
        text = "\n\n".join(piece.strip() for piece in re.split(r"(?i)<nl>", text))
    text = re.sub(r"(?i)<param>[^<>]{0,500}</param>", "", text)
    text = re.sub(r"</?[a-zA-Z][a-zA-Z0-9-]{0,59}>", "", text).replace("<<", "<")
    return re.sub(r"\n+", lambda ends: " " if len(ends[0]) == 1 else ends[0][1:], text)


_ARMOUR = "-----BEGIN PGP MESSAGE-----"
_ARMOUR_END = "-----END PGP MESSAGE-----"
_CLEAR = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]{1,40}: [^\n]{0,200}\n){0,10}\n?", re.MULTILINE
)
_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----\n[^-]{0,20000}-----END PGP SIGNATURE-----\n?", re.MULTILINE)


def _without_armour(text: str) -> tuple[str, str]:
    """The text with what is encrypted in it said, and the encrypted part; of what is only signed the words."""
    if "-----BEGIN PGP" not in text:
        return text, ""
    start = text.find(_ARMOUR)
    if start < 0:
        return _SIGNATURE.sub("", _CLEAR.sub("", text)).replace("\n- -", "\n-"), ""
    end = text.find(_ARMOUR_END, start)
    end = end + len(_ARMOUR_END) if end >= 0 else len(text)
    return f"{text[:start]}{ENCRYPTED}{text[end:]}", text[start:end]


def _read_packed(part: Message, reading: _Reading) -> bool:
    """Open a winmail.dat; whether there was anything in it."""
    try:
        found = tnef.unpack(bytes_of(part))
    except tnef.Broken:
        return False
    for number, file in enumerate(found.files, start=1):
        name = harmless(plain(file.name)) or f"priloha-{number}"
        kind = file.media_type if re.fullmatch(r"[a-z]+/[a-z0-9.+-]{1,100}", file.media_type) else _kind_of(name)
        reading.add(MailFile(name, kind, file.content, plain(file.content_id).strip("<>")))
    if found.meeting:
        reading.meetings.append(plain(found.meeting))
    if found.html.strip() or found.text.strip():
        html = plain(found.html)
        reading.packed.append(_of_html(html) if html.strip() else _Words(plain(found.text).strip()))
    return True


def _kind_of(name: str) -> str:
    endings = {
        "pdf": "application/pdf",
        "png": "image/png",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "gif": "image/gif",
    }
    return endings.get(name.lower().rpartition(".")[2], "application/octet-stream")


def _charset(part: Message) -> str | None:
    return parameters.read(raw_text(part, "Content-Type")).get("charset")


def _read_alternatives(inner: list[Message], reading: _Reading) -> None:
    """Of alternatives: what each says, once. The text of the plain one, the looks of the other."""
    plain_one: _Words | None = None
    rich: list[_Words | _Picture] = []
    for part in inner:
        before, reading.said = reading.said, []
        is_first, had_body = not before, reading.has_body
        reading.has_body = reading.has_body and not (is_first and media_type(part) in {*_PLAIN, "text/html"})
        _read(part, reading, is_related=media_type(part) == "multipart/related")
        found, reading.said, reading.has_body = reading.said, before, had_body
        words = [stretch for stretch in found if isinstance(stretch, _Words)]
        if any(stretch.html for stretch in words):
            rich = found
        elif words and plain_one is None:
            plain_one = _Words(_join(stretch.text for stretch in words))
        elif words and not rich and not plain_one:
            rich = found
    reading.said += _chosen(plain_one, rich)


def _chosen(plain_one: _Words | None, rich: list[_Words | _Picture]) -> list[_Words | _Picture]:
    words = [stretch for stretch in rich if isinstance(stretch, _Words)]
    if plain_one is None or not words:
        return rich or ([plain_one] if plain_one else [])
    rich_text = _join(stretch.text for stretch in words)
    if _is_stand_in(plain_one.text, rich_text):
        return rich
    if not rich_text.strip() and not any("<img" in stretch.html.lower() for stretch in words):
        return [plain_one]
    if not _say_the_same(plain_one.text, rich_text):
        return [plain_one, *rich]
    looks = [stretch for stretch in rich if isinstance(stretch, _Picture) or stretch.html or stretch.text]
    first = next(at for at, stretch in enumerate(looks) if isinstance(stretch, _Words))
    return [
        _Words(plain_one.text if at == first else "", stretch.html or _as_html(stretch.text))
        if isinstance(stretch, _Words)
        else stretch
        for at, stretch in enumerate(looks)
    ]


_STAND_IN = re.compile(
    r"html|(?:zobraz|prohlíž|otevř)\w* .{0,60}(?:prohlíže|program|klient|zde|odkaz)|view (?:this|it|the) .{0,40}"
    r"(?:online|browser|email|message)|(?:e-?mail|mail) (?:client|program|reader)|webov\w+ verz|im browser"
    r"|multi-?part",
    re.IGNORECASE | re.DOTALL,
)


def _is_stand_in(text: str, rich_text: str) -> bool:
    """Whether the plain part only says that there is another one."""
    words, others = _set_of(text), _set_of(rich_text)
    if not words:
        return bool(others) or not text.strip()
    is_short = len(words) <= 40 and not words <= others
    return is_short and bool(_STAND_IN.search(text[:2000])) and len(words & others) * 2 <= len(words)


def _say_the_same(text: str, rich_text: str) -> bool:
    """Whether one of two alternatives holds, by and large, the words of the other."""
    words, others = _set_of(text), _set_of(rich_text)
    return len(words & others) * 2 >= min(len(words), len(others))


def _set_of(text: str) -> set[str]:
    return set(re.findall(r"\w{2,40}", text[:_COMPARED].lower()))


def _with_the_rest(reading: _Reading) -> list[_Words | _Picture]:
    """What was said, with what only winmail.dat holds, and with meetings in words."""
    said = list(reading.said)
    if not any(isinstance(stretch, _Words) and stretch.text.strip() for stretch in said):
        said += reading.packed
    has_words = any(isinstance(stretch, _Words) and stretch.text.strip() for stretch in said)
    told = (invitations.in_words(meeting, briefly=has_words) for meeting in reading.meetings)
    return said + [_Words(words) for words in dict.fromkeys(told) if words]


def _trimmed(said: list[_Words | _Picture]) -> list[_Words | _Picture]:
    """Without pictures behind the last words: they are files as any other."""
    end = len(said)
    while end and isinstance(said[end - 1], _Picture):
        end -= 1
    return said[:end]


def _shown(stretch: _Words | _Picture, files: list[MailFile]) -> str:
    return stretch.text if isinstance(stretch, _Words) else f"[obrázek: {files[stretch.at].name}]"


def _join(texts: Iterable[str]) -> str:
    kept = [text.strip("\n") for text in texts if text.strip()]
    return "\n\n".join(kept)


def _html(said: list[_Words | _Picture], files: list[MailFile]) -> str:
    """The stretches as HTML; empty when all of them are plain text. Gives pictures between them a Content-ID."""
    trimmed = _trimmed(said)
    written = "".join(stretch.html for stretch in trimmed if isinstance(stretch, _Words))
    has_pictures = any(isinstance(stretch, _Picture) for stretch in trimmed)
    if not written and not has_pictures:
        return ""
    shown, shown_files = pictures.placed(written, files) if has_pictures else ("", files)
    parts = []
    for stretch in trimmed:
        if isinstance(stretch, _Words):
            parts.append(stretch.html or _as_html(stretch.text))
        elif not pictures.is_shown(shown, shown_files[stretch.at]):
            files[stretch.at] = pictures.with_content_id(files[stretch.at], stretch.at)
            parts.append(f'<p><img src="cid:{files[stretch.at].content_id}"></p>')
    return "\n".join(part for part in parts if part)


def _as_html(text: str) -> str:
    return f"<div>{escape(text, quote=False).replace(chr(10), '<br>')}</div>" if text.strip() else ""
