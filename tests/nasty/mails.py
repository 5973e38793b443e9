"""Mails made to be expensive, each of about a given number of letters: headers, parts, encodings, HTML, text."""

import base64
import struct
from collections.abc import Callable

from tests.nasty.headers import HEADERS
from tests.nasty.html import HTML
from tests.nasty.pieces import numbered
from tests.nasty.text import TEXT

PERSON = "Jan Novák <jan@strojirny-vltava.example>"
_USUAL = {
    "From": PERSON,
    "To": "noc@connectica.cz",
    "Subject": "Tisk",
    "Message-ID": "<n@test.example>",
    "Date": "Mon, 2 Nov 2026 10:00:00 +0100",
}


def _head(more: str = "", sender: str = PERSON) -> str:
    """The head of a mail but for its end; a header of `more` stands there instead of the usual one."""
    usual = {**_USUAL, "From": sender}
    first = more.partition(":")[0]
    return "".join(f"{name}: {value}\r\n" for name, value in usual.items() if name != first) + more


def _headed(more: str) -> bytes:
    return f"{_head(more)}\r\n\r\nAhoj\r\n".encode()


def _text(body: str) -> bytes:
    return f"{_head()}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()


def _html(body: str) -> bytes:
    return f"{_head()}Content-Type: text/html; charset=utf-8\r\n\r\n{body}\r\n".encode()


def _parts(part: str, many: int, kind: str = "mixed") -> bytes:
    parts = f"--x\r\n{part}\r\n" * many
    return f'{_head()}Content-Type: multipart/{kind}; boundary="x"\r\n\r\n{parts}--x--\r\n'.encode()


def _nested(levels: int, body: str) -> bytes:
    nest = "".join(f'Content-Type: multipart/mixed; boundary="b{at}"\r\n\r\n--b{at}\r\n' for at in range(levels))
    return f"{_head()}{nest}Content-Type: text/plain\r\n\r\n{body}".encode()


def _encoded(how: str, body: bytes, kind: str = "text/plain") -> bytes:
    head = f"{_head()}Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: {how}\r\n\r\n"
    return head.encode() + body


def _charset(name: str, body: bytes) -> bytes:
    return f"{_head()}Content-Type: text/plain; charset={name}\r\n\r\n".encode() + body


def _text_of(kind: str, body: str) -> bytes:
    return f"{_head()}Content-Type: {kind}\r\n\r\n{body}".encode()


def _text_from(sender: str, body: str) -> bytes:
    return f"{_head(sender=sender)}Content-Type: text/plain\r\n\r\n{body}".encode()


def _boundary(name: str, body: str) -> bytes:
    return f'{_head()}Content-Type: multipart/mixed; boundary="{name}"\r\n\r\n{body}'.encode()


def _alternatives(text: str, html: str) -> bytes:
    parts = (("plain", text), ("html", html))
    body = "".join(f"--x\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{said}\r\n" for kind, said in parts)
    return f"{_head()}Content-Type: multipart/alternative; boundary=x\r\n\r\n{body}--x--\r\n".encode()


def _levels(length: int, kind: str) -> bytes:
    """Twenty of the kind in each other, and in the innermost many parts."""
    nest = "".join(f"Content-Type: {kind}; boundary=b{at}\r\n\r\n--b{at}\r\n" for at in range(20))
    part = "Content-Type: text/html\r\n\r\n<p>a\r\n--b19\r\n"
    return f"{_head()}{nest}{part * (length // len(part))}".encode()


def _rfc822(length: int, between: str) -> bytes:
    piece = f"Content-Type: message/rfc822\r\n\r\nSubject: a\r\n{between}"
    return (_head() + numbered(piece, length)).encode()


def _calendar(lines: str) -> bytes:
    return _text_of("text/calendar; method=REQUEST", f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\n")


def _report(fields: str, length: int) -> bytes:
    status = f"--x\r\nContent-Type: message/delivery-status\r\n\r\n{fields * (length // len(fields))}\r\n--x--"
    head = "Content-Type: multipart/report; report-type=delivery-status; boundary=x"
    return f"{_head()}{head}\r\n\r\n{status}".encode()


def _tnef(attribute: bytes, length: int) -> bytes:
    packed = struct.pack("<IH", 0x223E9F78, 1) + attribute * max(1, length * 3 // 4 // len(attribute))
    return _encoded("base64", base64.b64encode(packed), "application/ms-tnef")


def _properties(properties: bytes, many: int) -> bytes:
    data = struct.pack("<I", many) + properties
    return struct.pack("<BII", 1, 0x00069003, len(data)) + data + b"\0\0"


def _rtf(piece: bytes, length: int) -> bytes:
    packed = piece * (length * 3 // 4 // len(piece))
    rtf = struct.pack("<IIII", len(packed) + 12, 0x7FFFFFFF, 0x75465A4C, 0) + packed
    padded = rtf + b"\0" * (-len(rtf) % 4)
    return _tnef(_properties(struct.pack("<HHII", 0x0102, 0x1009, 1, len(rtf)) + padded, 1), 1)


MAILS: dict[str, Callable[[int], bytes]] = (
    {f"header: {name}": (lambda n, made=made: _headed(made(n))) for name, made in HEADERS.items()}
    | {f"html: {name}": (lambda n, made=made: _html(made(n))) for name, made in HTML.items()}
    | {f"text: {name}": (lambda n, made=made: _text(made(n))) for name, made in TEXT.items()}
    | {
        "from: a word": lambda n: f"From: {'a' * n}\r\n\r\nx".encode(),
        "from: at signs": lambda n: f"From: {'a@' * (n // 2)}\r\n\r\nx".encode(),
        "from: a name": lambda n: f"{_head(sender='a ' * (n // 2) + '<jan@strojirny-vltava.example>')}\r\nx".encode(),
        "head without end": lambda n: _head("a" * n).encode(),
        "head of colons": lambda n: _head(":\r\n" * (n // 3)).encode(),
        "parts": lambda n: _parts("\r\na", n // 10),
        "parts with heads": lambda n: _parts("Content-Type: text/plain; charset=utf-8\r\n\r\na", n // 55),
        "alternatives": lambda n: _parts("Content-Type: text/html\r\n\r\n<p>a", n // 45, "alternative"),
        "files": lambda n: _parts('Content-Disposition: attachment; filename="a"\r\n\r\na', n // 60),
        "mails in mails": lambda n: _parts("Content-Type: message/rfc822\r\n\r\nSubject: a\r\n\r\nb", n // 60),
        "calendars": lambda n: _parts("Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n", n // 60),
        "parts in parts, many lines": lambda n: _nested(20, "\r\n" * (n // 2)),
        "parts in parts, dashes": lambda n: _nested(20, "--b\r\n" * (n // 5)),
        "parts in parts without end": lambda n: _nested(n // 60, "x"),
        "mails in mails in mails": lambda n: (_head() + "Content-Type: message/rfc822\r\n\r\n" * (n // 31)).encode(),
        "base64 of nothing": lambda n: _encoded("base64", b"=" * n),
        "base64 of HTML": lambda n: _encoded("base64", base64.b64encode(b"<b x=1><p>" * (n // 14)), "text/html"),
        "quoted printable": lambda n: _encoded("quoted-printable", b"=" * n),
        "quoted printable lines": lambda n: _encoded("quoted-printable", b"=\r\n" * (n // 3)),
        "uuencode": lambda n: _encoded("x-uuencode", b"begin 666 a\n" + b"M\n" * (n // 2)),
        "bytes": lambda n: _encoded("8bit", bytes(range(128, 256)) * (n // 128)),
        "escapes of Japanese": lambda n: _encoded("8bit", b"\x1b$B" * (n // 3)),
        "report": lambda n: _parts(
            "Content-Type: message/delivery-status\r\n\r\n" + "Action: failed\r\n\r\n", n // 70
        ),
        "TNEF": lambda n: _encoded("base64", base64.b64encode(b"\x78\x9f\x3e\x22" * (n // 6)), "application/ms-tnef"),
        "uuencode of a line": lambda n: _encoded("x-uuencode", b"begin 666 a\n" + b"M" * n),
        "uuencode whole": lambda n: _encoded("x-uuencode", b"begin 666 a\n" + (b"M" + b"A" * 60 + b"\n") * (n // 62)),
        "uuencode begun again": lambda n: _encoded("x-uuencode", b"begin 666 a\n" * (n // 12)),
        "uuencode in text": lambda n: _text("begin 666 a\n" + ("M" + "A" * 60 + "\n") * (n // 62) + "end"),
        "yEnc": lambda n: _encoded("x-yenc", b"=ybegin line=128 size=9 name=a\r\n" + b"=}" * (n // 2)),
        "BinHex": lambda n: _encoded("binhex", b"(This file must be converted with BinHex 4.0)\r\n:" + b"!" * n),
        "an unknown encoding": lambda n: _encoded("x-" + "a" * 100, b"a" * n),
        "base64 lines of a letter": lambda n: _encoded("base64", b"Q\r\n" * (n // 3)),
        "base64 and nonsense": lambda n: _encoded("base64", b"QQ==\xff" * (n // 5)),
        "base64 ends": lambda n: _encoded("base64", b"QQ==" * (n // 4)),
        "quoted printable letters": lambda n: _encoded("quoted-printable", b"=C5=A1" * (n // 6)),
        "quoted printable blanks": lambda n: _encoded("quoted-printable", b" \t" * (n // 2)),
        "quoted printable ends": lambda n: _encoded("quoted-printable", b"a =\r\n" * (n // 5)),
        "utf-7": lambda n: _charset("utf-7", b"+AGE-" * (n // 5)),
        "utf-7 left open": lambda n: _charset("utf-7", b"+AGE" * (n // 4)),
        "utf-16": lambda n: _charset("utf-16", "a\n".encode("utf-16-le") * (n // 4)),
        "utf-32": lambda n: _charset("utf-32", "a\n".encode("utf-32-le") * (n // 8)),
        "hz": lambda n: _charset("hz", b"~{<:Ky~}" * (n // 8)),
        "hz left open": lambda n: _charset("hz", b"~{" * (n // 2)),
        "gb18030": lambda n: _charset("gb18030", b"\x81\x30\x81\x30" * (n // 4)),
        "gb18030 halves": lambda n: _charset("gb18030", b"\x81" * n),
        "big5": lambda n: _charset("big5", b"\xa4\x40" * (n // 2)),
        "Shift JIS": lambda n: _charset("shift_jis", b"\x82" * n),
        "Korean": lambda n: _charset("iso-2022-kr", b"\x1b$)C\x0e" * (n // 5)),
        "Japanese lines": lambda n: _charset("iso-2022-jp", b'\x1b$B$"\n' * (n // 6)),
        "Japanese on one line": lambda n: _charset("iso-2022-jp", b"\x1b$B" + b'$"' * (n // 2)),
        "punycode": lambda n: _charset("punycode", b"a-" * (n // 2)),
        "idna": lambda n: _charset("idna", b"a." * (n // 2)),
        "escapes of Unicode": lambda n: _charset("unicode_escape", b"\\u0161" * (n // 6)),
        "a codec of bytes": lambda n: _charset("zlib_codec", b"a" * n),
        "bytes of no charset": lambda n: _charset("x-none", bytes(range(128, 256)) * (n // 128)),
        "broken UTF-8": lambda n: _charset("utf-8", b"\xf0\x9f\xa4" * (n // 3)),
        "UTF-8 and cp1250": lambda n: _charset("utf-8", "š".encode() * (n // 4) + b"\x9a" * (n // 2)),
        "flowed": lambda n: _text_of("text/plain; format=flowed", "a \n" * (n // 3)),
        "flowed quotes": lambda n: _text_of("text/plain; format=flowed; delsp=yes", "> a \n>> b \n" * (n // 11)),
        "flowed keys": lambda n: _text_of("text/plain; format=flowed", "PROGP85:1,00 \n" * (n // 14)),
        "enriched": lambda n: _text_of("text/enriched", "<bold><param>" * (n // 13)),
        "enriched angles": lambda n: _text_of("text/enriched", "<" * n),
        "rich": lambda n: _text_of("text/richtext", " <nl> " * (n // 6)),
        "rich blanks": lambda n: _text_of("text/richtext", " " * n),
        "alternatives that differ": lambda n: _alternatives(numbered("a# ", n // 2), numbered("<p>b#", n // 2)),
        "alternatives that agree": lambda n: _alternatives("slovo\n" * (n // 14), "<p>slovo" * (n // 14)),
        "quoted alternatives": lambda n: _alternatives("> a\n" * (n // 30), "<blockquote>a</blockquote>" * (n // 30)),
        "keys in alternatives": lambda n: _alternatives(
            "PROGP85:1,00\n" * (n // 33), "<p>PROGP85:1,00</p>" * (n // 33)
        ),
        "links in alternatives": lambda n: _alternatives(
            numbered("a <http://a.cz/#>\n", n // 2), numbered('<a href="http://a.cz/#">a</a><br>', n // 2)
        ),
        "alternatives in alternatives": lambda n: _levels(n, "multipart/alternative"),
        "related in related": lambda n: _levels(n, "multipart/related"),
        "empty parts": lambda n: _parts("", n // 7),
        "parts without an end": lambda n: _parts("Content-Type: multipart/mixed; boundary=y\r\n\r\n--y", n // 50),
        "prefixes of a boundary": lambda n: _boundary("x" * 60, ("--" + "x" * 59 + "\r\n") * (n // 63)),
        "beginnings of a boundary": lambda n: _boundary("x", "--xx\r\n" * (n // 6)),
        "a boundary of signs": lambda n: _boundary("(.*)+'", "--(.*)+'\r\n\r\na\r\n" * (n // 15)),
        "an unused boundary": lambda n: _boundary("y", "--x\r\nContent-Type: text/plain\r\n\r\na\r\n" * (n // 36)),
        "a preamble": lambda n: _boundary("x", "a\r\n" * (n // 3) + "--x\r\n\r\nb\r\n--x--\r\n"),
        "an epilogue": lambda n: _boundary("x", "--x\r\n\r\nb\r\n--x--\r\n" + "a\r\n" * (n // 3)),
        "dashes in a body": lambda n: _boundary("x", "--x\r\n\r\n" + "--\r\n" * (n // 4)),
        "mails in mails with parts": lambda n: _rfc822(n, "Content-Type: multipart/mixed; boundary=#\r\n\r\n--#\r\n"),
        "digests": lambda n: _parts("\r\nSubject: a\r\n\r\nb", n // 24, "digest"),
        "partial": lambda n: _text_of("message/partial; id=a; number=1; total=9", "a" * n),
        "external": lambda n: _text_of("message/external-body; access-type=url; url=http://a.cz", "a\r\n" * (n // 3)),
        "pictures": lambda n: _parts("Content-Type: image/png; name=a.png\r\nContent-ID: <a>\r\n\r\na", n // 70),
        "pictures and a text": lambda n: _parts(
            'Content-Type: image/png; name="a.png"\r\nContent-ID: <a>\r\n\r\na\r\n--x\r\n'
            'Content-Type: text/html\r\n\r\n<img src="cid:a">',
            n // 130,
        ),
        "files of long names": lambda n: _parts(
            'Content-Disposition: attachment; filename="' + "a/" * 150 + '"\r\n\r\na', n // 360
        ),
        "files that are one": lambda n: _boundary(
            "x", '--x\r\nContent-Disposition: attachment; filename="a.zip"\r\n\r\n' + "a" * n + "\r\n--x--"
        ),
        "encrypted": lambda n: _parts("Content-Type: application/octet-stream\r\n\r\na", n // 50, "encrypted"),
        "signed": lambda n: _parts("Content-Type: application/pgp-signature\r\n\r\na", n // 50, "signed"),
        "a calendar": lambda n: _calendar("ATTENDEE;CN=a:mailto:a@b.cz\r\n" * (n // 29)),
        "events": lambda n: _calendar("END:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\n" * (n // 37)),
        "a line of a calendar": lambda n: _calendar("SUMMARY:" + "a\r\n " * (n // 4)),
        "parameters of a calendar": lambda n: _calendar("SUMMARY" + ';A="b"' * (n // 6) + ":a"),
        "quotes of a calendar": lambda n: _calendar('SUMMARY;A="' + '";"' * (n // 3)),
        "escapes of a calendar": lambda n: _calendar("DESCRIPTION:" + "\\n" * (n // 2)),
        "repeats of a calendar": lambda n: _calendar("RRULE:FREQ=SECONDLY;COUNT=999999999\r\n" * (n // 36)),
        "reports": lambda n: _report("Final-Recipient: rfc822; a@b.cz\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n", n),
        "fields of a report": lambda n: _report("Diagnostic-Code: smtp; 550 a\r\n", n),
        "TNEF attributes": lambda n: _tnef(struct.pack("<BII", 2, 0x00069002, 0) + b"\0\0", n),
        "TNEF files": lambda n: _tnef(
            struct.pack("<BII", 2, 0x00069002, 0) + b"\0\0" + struct.pack("<BII", 2, 0x0006800F, 4) + b"abcd\0\0", n
        ),
        "TNEF properties": lambda n: _tnef(
            _properties(struct.pack("<HHI", 3, 0x1234, 0) * (n * 3 // 4 // 8), n * 3 // 4 // 8), 1
        ),
        "TNEF RTF": lambda n: _rtf(b"\xff" + b"\x00\x0f" * 8, n),
        "TNEF RTF of words": lambda n: _rtf(b"\0{\\par a}", n),
        "TNEF RTF of groups": lambda n: _rtf(b"\0{{{{{{{{", n),
        "TNEF RTF of escapes": lambda n: _rtf(b"\0\\'9a\\'9a", n),
        "a delivery notice in words": lambda n: _text_from(
            "Mail Delivery System <mailer-daemon@a.cz>", "550 5.1.1 <a@b.cz>: User unknown\n" * (n // 34)
        ),
        "a subject and a text": lambda n: (
            _head("Subject: Re: [Connectica #20260001]\r\nContent-Type: text/plain\r\n\r\n") + "a" * n
        ).encode(),
    }
)
