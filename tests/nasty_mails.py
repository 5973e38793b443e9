"""Mails made to be expensive, each of about a given number of letters: headers, parts, encodings, HTML, text."""

import base64
from collections.abc import Callable

PERSON = "Jan Novák <jan@strojirny-vltava.example>"


def _head(more: str = "", sender: str = PERSON) -> str:
    return f"From: {sender}\r\nTo: noc@connectica.cz\r\nSubject: Tisk\r\nMessage-ID: <n@test.example>\r\n{more}"


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


def _numbered(pattern: str, length: int) -> str:
    """The pattern with its number, again and again, up to about that length."""
    many = max(1, length // (len(pattern) + 3))
    return "".join(pattern.replace("#", str(at)) for at in range(many))


def _repeated(piece: str) -> Callable[[int], str]:
    return lambda n: piece * max(1, n // len(piece))


_FORMATS = "<p>" + "".join(f"<b lang=x{at}>" for at in range(100))

HEADERS: dict[str, Callable[[int], str]] = {
    "charset full of semicolons": lambda n: 'Content-Type: text/plain; charset="' + ";" * n,
    "file name full of semicolons": lambda n: 'Content-Disposition: inline; filename="' + ";" * n,
    "quotes in parameters": lambda n: "Content-Type: text/plain" + ';a="\\"' * (n // 6),
    "many parameters": lambda n: "Content-Type: text/plain" + _numbered("; a#=b", n),
    "pieces of a name": lambda n: "Content-Type: text/plain" + _numbered("; name*#*=x", n),
    "boundary": lambda n: "Content-Type: multipart/mixed; boundary=" + "-" * n,
    "many headers": lambda n: _numbered("X-#: a\r\n", n).rstrip(),
    "folds": lambda n: "X-Folded: a" + "\r\n b" * (n // 4),
    "encoded words": lambda n: "Subject: " + "=?utf-8?q?a?= " * (n // 14),
    "encoded words left open": lambda n: "Subject: " + "=?a?q?x" * (n // 7),
    "addresses": lambda n: "Cc: " + _numbered("a#@b.cz,", n),
    "comments in comments": lambda n: "Cc: " + "(" * n,
    "quotes in addresses": lambda n: "Cc: " + '"a\\' * (n // 3),
    "groups": lambda n: "Cc: " + "a:b@c.cz;" * (n // 9),
    "angles": lambda n: "Cc: " + "<a@b.cz" * (n // 7),
    "references": lambda n: "References: " + _numbered("<#@a.cz> ", n),
    "references left open": lambda n: "References: " + "<a@" * (n // 3),
    "date": lambda n: "Date: " + "(" * n,
    "proofs": lambda n: "Authentication-Results: mx; " + "dkim=pass (a) header.d=b.cz;" * (n // 28),
    "comments in proofs": lambda n: "Authentication-Results: mx; " + "(" * n,
    "automatic": lambda n: "Auto-Submitted: " + "auto;" * (n // 5),
    "content id": lambda n: "Content-ID: " + "<" * n,
    "language": lambda n: "Content-Language: " + "a," * (n // 2),
    "list": lambda n: "List-Id: " + "<a>" * (n // 3),
}
HTML: dict[str, Callable[[int], str]] = {
    "formatting left open": lambda n: _FORMATS + "<p>a" * (n // 4),
    "formatting around divisions": lambda n: _FORMATS + "<div>a</div>" * (n // 12),
    "formatting around lists": lambda n: _FORMATS + "<ul><li>a</ul>" * (n // 14),
    "formatting in tables": lambda n: "<table>" + "<b>x<p>" * (n // 7),
    "different formatting": lambda n: _numbered("<b x=#>", n),
    "links left open": lambda n: f"<a href='http://{'x' * 3900}'>" + "<div>a</div>" * (n // 12),
    "divisions and scripts": lambda n: "<div>" * 250 + "<script " * (n // 8),
    "a tag without end": lambda n: "<" + "a" * n,
    "tags without end": _repeated("<a "),
    "attributes": lambda n: "<a " + _numbered("x#=1 ", n) + ">a",
    "quotes without end": _repeated('<a b="'),
    "comments": _repeated("<!--"),
    "ends of comments": lambda n: "<!--" + "--!" * (n // 3),
    "ends": _repeated("</p>"),
    "foreign ends": lambda n: "<span>" * 190 + "</b>" * (n // 4),
    "ampersands": _repeated("&"),
    "entities": _repeated("&nbsp;"),
    "numbers": lambda n: "&#" + "1" * n,
    "instructions": _repeated("<?"),
    "declarations": _repeated("<!DOCTYPE "),
    "sections": _repeated("<svg><![CDATA["),
    "cells": lambda n: "<table><tr>" + "<td>x" * (n // 5),
    "rows": lambda n: "<table>" + "<tr><td>x" * (n // 9),
    "tables": _repeated("<table><tr><td>"),
    "text in tables": _repeated("<table>x"),
    "lists": _repeated("<ul><li>a"),
    "items": lambda n: "<ul>" + "<li>a" * (n // 5),
    "quotes": _repeated("<blockquote>a"),
    "quotes beside each other": _repeated("<blockquote>a</blockquote>b<br>"),
    "quotes of programs": _repeated('<div class="gmail_quote">a</div><p>b</p>'),
    "lines of Outlook": _repeated('<div style="border-top:solid #E1E1E1 1pt">Od: a</div>b'),
    "breaks": _repeated("<br>"),
    "empty paragraphs": _repeated("<p>&nbsp;</p>"),
    "empty ends": _repeated("<div><p></p></div>"),
    "styles": _repeated("<style>a{"),
    "style sheets": lambda n: "<style>" + "a{b:c}" * (n // 6) + "</style>a",
    "inline styles": _repeated('<p style="color:red;margin:0">a</p>'),
    "colours": _repeated('<font color="#ff0000">a</font>'),
    "pictures": _repeated('<img src="cid:a">'),
    "data": _repeated('<img src="data:image/png;base64,AAAA">'),
    "half data": _repeated("'data:\""),
    "links": _repeated('<a href="http://a.cz">a</a> '),
    "words": _repeated("slovo "),
    "one word": _repeated("a"),
    "spaces": _repeated(" "),
    "preformatted": lambda n: "<pre>" + "\n" * n,
    "forms": _repeated("<form><div></form>"),
    "selects": _repeated("<select><option>a"),
    "templates": _repeated("<template>a"),
    "buttons": _repeated("<button><p>a"),
    "headings": _repeated("<h1><h2>a"),
    "foreign names": _repeated("<o:p>a</o:p>"),
    "text areas": _repeated("<textarea><a"),
}
TEXT: dict[str, Callable[[int], str]] = {
    "quote marks": _repeated(">"),
    "quoted lines": _repeated("> a\n"),
    "deeply quoted": _repeated("> > > > > > > a\n"),
    "answers between": _repeated("> a\nb\n"),
    "blank lines": _repeated("\n"),
    "blank lines of spaces": _repeated(" \n"),
    "attributions": _repeated("Dne 1. 1. 2026 v 10:00 Jan Novák napsal(a):\n"),
    "half attributions": _repeated("Dne 1. 1. 2026 v 10:00 Jan\n"),
    "one long attribution": lambda n: "Dne 1. 1. 2026 " + "a " * (n // 2) + "napsal:",
    "separators": _repeated("-----Původní zpráva-----\n"),
    "rules": _repeated("_"),
    "dashes": _repeated("-"),
    "heads": _repeated("Od: a\nKomu: b\nPředmět: c\n"),
    "signatures": _repeated("-- \na\n"),
    "devices": _repeated("Odesláno z iPhonu\n"),
    "times": _repeated("PROGP85:1,00\n"),
    "half times": _repeated("PROGP85:"),
    "long time": lambda n: "PROGP85:" + "1" * n,
    "states": _repeated("STAV: be invoiced\n"),
    "dates": _repeated("TERMIN: 24.11.2027\n"),
    "questions": _repeated("SCHVALIT: Můžeme?\n"),
    "a long question": lambda n: "SCHVALIT: " + "a" * n,
    "corrections": _repeated("OPRAVA PROGP85:10,00 -> 1,00\n"),
    "cancellations": _repeated("STORNO PROGP85:1,00\n"),
    "moves": _repeated("PRESUN PROGP85:1,00 20260001\n"),
    "on behalf": _repeated("ZA: a@b.cz\n"),
    "admissions": _repeated("PRIDAT: a@b.cz\n"),
    "confidential": _repeated("DUVERNE\n"),
    "internal": _repeated("INTERNI\n"),
    "keyed lines": _repeated("Něco: jiného\n"),
    "stars": _repeated("*_"),
    "links": _repeated("http://a.cz/ "),
    "brackets after a link": lambda n: "http://a.cz/" + ")" * n,
    "dots after a link": lambda n: "http://a.cz/" + "." * n,
    "addresses": _repeated("a@b.cz "),
    "at signs": _repeated("@"),
    "half addresses": _repeated("a.b-c"),
    "angles": _repeated("<a@b.cz>"),
    "tags": _repeated("[Connectica #20260001] "),
    "accents": _repeated("a\u0301"),
    "controls": _repeated("\x01"),
    "returns": _repeated("a\r"),
    "directions": _repeated("\u202e"),
    "words": _repeated("slovo "),
    "one word": _repeated("a"),
    "tabs": _repeated("\t"),
    "digits": _repeated("1."),
    "colons": _repeated("a:"),
    "mailbox marks": _repeated(">From a\n"),
    "a word in brackets": lambda n: "(" + "a" * n,
    "spaces before a colon": lambda n: "a" + " " * n + ":a",
    "stars around a colon": lambda n: "a" + "* " * (n // 2) + ":a",
    "brackets of links": _repeated("a [a](http://"),
    "times in sentences": _repeated("Hotovo (PROGP85:1,00).\n"),
    "people": lambda n: "PRIDAT: " + _numbered("a#@b.cz, ", n),
    "many people": lambda n: _numbered("PRIDAT: a#@b.cz\n", n),
    "different questions": lambda n: _numbered("SCHVALIT: Můžeme # koupit?\n", n),
    "different states": _repeated("STAV: error\nSTAV: done\n"),
    "past dates": _repeated("TERMIN: 1.1.2020\n"),
    "unknown lines": _repeated("STAVV: done\n"),
    "wrapped questions": _repeated("SCHVALIT: " + "a" * 60 + "\n" + "b" * 60 + "\n"),
    "attributions and words": _repeated("Dne 1. 1. 2026 v 10:00 Jan Novák napsal(a):\n> a\nb\n"),
    "armour": _repeated("-----BEGIN PGP MESSAGE-----\n"),
    "signed armour": _repeated("-----BEGIN PGP SIGNATURE-----\n"),
    "footers": _repeated("Odpovědí se požadavku ujmete.\n· STAV: a\n"),
}
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
    }
)
