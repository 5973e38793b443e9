"""Mails of kinds that once went wrong and are told by their looks: what is in them, and what is seen."""

import base64
from dataclasses import dataclass

STRANGER, EMPLOYEE, TECHNICIAN = "a first mail", "an answer of the employee", "an answer of the technician"
_FONT = '<span style="font-size:11.0pt;font-family:Calibri,sans-serif">'
_ATTRIBUTION = "po 2. 11. 2026 v 10:22 odesílatel Connectica <noc@connectica.cz> napsal:"
_QUOTED = (
    f'<div class="gmail_quote"><div class="gmail_attr">{_ATTRIBUTION.replace("<", "&lt;")}<br></div>'
    '<blockquote class="gmail_quote">Máme přijít v úterý?</blockquote></div>'
)
QUESTION = "Souhlasíte s nákupem dvou licencí Acrobat Standard pro účtárnu za 2 400 Kč ročně?"


@dataclass(frozen=True, slots=True)
class Sibling:
    """text and html are two forms of the body; content, with its headers, stands instead of both.

    seen: words that stand open, in this order, on the page and in the letter. told: words of the letter alone.
    hidden: words that are in neither. folded: words that are folded on the page. hours: what is booked.
    """

    text: str = ""
    html: str = ""
    content: str = ""
    by: str = STRANGER
    sender: str = "Jan Novák <jan@strojirny-vltava.example>"
    seen: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    hours: str = ""
    name: str = ""
    question: str = ""
    files: tuple[str, ...] = ()


def _indented(html: str) -> Sibling:
    return Sibling(html=html, seen=("Prosím", "AutoCAD 2026", "7-Zip"))


def _by_location(location: str, source: str, head: str = "") -> Sibling:
    picture = f"{head}Content-Location: {location}\nContent-Transfer-Encoding: base64\n\niVBORw0KGgp4\n"
    html = f'<p>Hlásí to toto:</p><p><img src="{source}"></p><p>Co s tím?</p>'
    return Sibling(
        content='Content-Type: multipart/related; boundary="b1"\n\n--b1\nContent-Type: text/html; charset=utf-8\n\n'
        f"{html}\n--b1\nContent-Type: image/png\n{picture}--b1--\n",
        seen=("Hlásí to toto:", "Co s tím?"),
        files=("image/png",),
    )


def _preheader(html: str) -> Sibling:
    return Sibling(html=html, seen=("Tiskárna nejde.",), hidden=("XQZ",))


def _amp(*kinds: str) -> Sibling:
    bodies = {"plain": "Objednávka 114", "html": "<p>Objednávka 114</p>"}
    parts = "".join(
        f"--b1\nContent-Type: text/{kind}; charset=utf-8\n\n{bodies.get(kind, '<i>XQZ</i>')}\n" for kind in kinds
    )
    content = f'Content-Type: multipart/alternative; boundary="b1"\n\n{parts}--b1--\n'
    return Sibling(content=content, seen=("Objednávka 114",), hidden=("XQZ",))


def _sealed(head: str) -> Sibling:
    head = f"{head}\nContent-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHA6CAMIACAQAxggE=\n"
    return Sibling(content=f"Content-Type: {head}", seen=("S/MIME", "nelze ho zobrazit"), files=("smime",))


def _wrapped(
    words: str, seen: str, head: str = "Content-Type: application/pkcs7-mime; smime-type=signed-data"
) -> Sibling:
    """A mail within its signature as DER: what is signed, and no certificates."""
    inner = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n".encode()
    data = _der(0x06, bytes.fromhex("2a864886f70d010701")) + _der(0xA0, _der(0x04, inner))
    signed = _der(0x02, b"\1") + _der(0x31, b"") + _der(0x30, data) + _der(0x31, b"")
    whole = _der(0x30, _der(0x06, bytes.fromhex("2a864886f70d010702")) + _der(0xA0, _der(0x30, signed)))
    content = f"{head}; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n{base64.encodebytes(whole).decode()}"
    return Sibling(content=content, seen=(seen,), hidden=("S/MIME",))


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    return bytes((tag,)) + (bytes((length,)) if length < 128 else b"\x82" + length.to_bytes(2, "big")) + content


def _calendar(head: str, method: str = "REQUEST", more: str = "") -> Sibling:
    ics = (
        f"BEGIN:VCALENDAR\nMETHOD:{method}\nBEGIN:VEVENT\nDTSTART;TZID=Europe/Prague:20261203T133000\n"
        f"DTEND;TZID=Europe/Prague:20261203T143000\nSUMMARY:Výměna switche\n{more}END:VEVENT\nEND:VCALENDAR\n"
    )
    return Sibling(content=f"{head}\n\n{ics}", seen=("Výměna switche", "3. 12. 2026 13:30"), files=("ics",))


def _inside(encoding: str, body: str, kind: str = "message/rfc822") -> Sibling:
    return Sibling(
        content='Content-Type: multipart/mixed; boundary="b1"\n\n--b1\nContent-Type: text/plain; charset=utf-8\n\n'
        f"Přeposílám.\n--b1\nContent-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n{body}\n--b1--\n",
        seen=("Přeposílám.",),
        files=("Cena toneru.eml",),
    )


_MAIL = "RnJvbTogYUBiLmV4YW1wbGUNClN1YmplY3Q6IENlbmEgdG9uZXJ1DQoNClRvbmVyIHN0b2rtIDkwMCBL6C4NCg=="
_MAIL_QP = (
    "From: a@b.example\nSubject: Cena toneru\nContent-Type: text/plain; charset=3Dutf-8\n\nToner =3D 900 K=C4=8D"
)


def _emoji(sign: str, html: str, quoted: str = _QUOTED) -> Sibling:
    return Sibling(sign, html + quoted, by=EMPLOYEE, seen=(sign,), folded=("Máme přijít v úterý?",))


def _asked(text: str, html: str = "") -> Sibling:
    return Sibling(
        text, html, by=TECHNICIAN, seen=("Docházejí licence.",), hidden=("ročně", "SCHVALIT"), question=QUESTION
    )


def _wrapped_at(*words: str) -> str:
    wrapped = QUESTION
    for word in words:
        wrapped = wrapped.replace(f" {word}", f"\n{word}")
    return f"Docházejí licence.\n\nSCHVALIT: {wrapped}\n"


def _linked(html: str, *told: str) -> Sibling:
    return Sibling(html=f"{html}<p>PROGP85: 0,25</p>", by=TECHNICIAN, told=told, hidden=("PROGP85",), hours="0.25")


def _named(sender: str, name: str) -> Sibling:
    return Sibling("Nejde tisk.", sender=sender, name=name, seen=("Nejde tisk.",))


def _of_kind(kind: str, body: str, *seen: str, hidden: tuple[str, ...] = ()) -> Sibling:
    return Sibling(content=f"Content-Type: {kind}; charset=utf-8\n\n{body}", seen=seen, hidden=hidden)


_COMMANDS = ("ipconfig /release\n", "ipconfig /renew")

SIBLINGS: dict[str, tuple[Sibling, ...]] = {
    "XML declaration": (
        Sibling(
            html='<?xml version="1.0" encoding="UTF-8"?><html><body><p>Nejde tisk.</p></body></html>',
            seen=("Nejde tisk.",),
        ),
        Sibling(
            html='<?xml version="1.0" encoding="windows-1250" standalone="yes"?><p>Nejde tisk.</p>',
            seen=("Nejde tisk.",),
        ),
        Sibling(html='<?XML version=1.0 ENCODING="utf-8" ?><!DOCTYPE html><p>Nejde tisk.</p>', seen=("Nejde tisk.",)),
        Sibling(
            html='<?xml version="1.0"?><?xml version="1.0" encoding="utf-8"?><p>Nejde tisk.</p>',
            seen=("Nejde tisk.",),
        ),
    ),
    "s39": (
        _indented(
            '<div>Prosím:</div><blockquote style="margin:0 0 0 40px;border:none;padding:0px"><div>AutoCAD 2026</div>'
            "<div>7-Zip</div></blockquote>"
        ),
        _indented("<p>Prosím</p><blockquote><ul><li>AutoCAD 2026</li><li>7-Zip</li></ul></blockquote><p>Díky</p>"),
        _indented(
            '<div dir="ltr">Prosím<blockquote style="margin-left:40px"><blockquote style="margin-left:40px">'
            "AutoCAD 2026<br></blockquote>7-Zip<br></blockquote></div>"
        ),
        _indented(
            "<blockquote dir=ltr style='MARGIN-RIGHT: 0px'><p>Prosím AutoCAD 2026</p><p>7-Zip</p></blockquote>"
        ),
        _indented(
            f'<p class="MsoNormal">{_FONT}Prosím</span></p><blockquote>{_FONT}AutoCAD 2026, 7-Zip</span></blockquote>'
        ),
    ),
    "h10": (
        Sibling("Dobrý den,\n\n>From zítřka nejde VPN.", seen=("From zítřka nejde VPN.",), hidden=(">From",)),
        Sibling("Dobrý den,\n>From: kancelář 3 nejde tisk.", seen=("From: kancelář 3",)),
        Sibling(">From zítřka nejde VPN.\nDíky", seen=("From zítřka nejde VPN.", "Díky"), hidden=(">From",)),
        Sibling("Ahoj\n>From dnes\nnejde tisk\n>From včera\nani síť", seen=("From dnes", "From včera", "ani síť")),
    ),
    "h05": (
        Sibling(
            html='<div style="white-space:pre-wrap">Nejde:\n  tisk\n  VPN\nDíky</div>',
            seen=("Nejde:\n", "tisk\n", "VPN\n", "Díky"),
            told=("Nejde:\n  tisk\n  VPN\nDíky",),
        ),
        Sibling(
            html="<pre>Nejde:\n    tisk\nDíky</pre>", seen=("Nejde:\n", "tisk\n"), told=("Nejde:\n    tisk\nDíky",)
        ),
        Sibling(
            html="<style>.x{white-space:pre-line}</style><p class=x>Nejde:\ntisk\nDíky</p>",
            seen=("Nejde:\n", "tisk\n", "Díky"),
            told=("Nejde:\ntisk\nDíky",),
        ),
        Sibling(
            html='<p>Chyba:</p><pre class="code">if x:\n    if y:\n        z()\n</pre><p>Co s tím?</p>',
            seen=("if x:\n", "if y:\n", "z()", "Co s tím?"),
            told=("if x:\n    if y:\n        z()",),
        ),
        Sibling(
            html='<span style="WHITE-SPACE: pre-wrap">Nejde:\n\n  - tisk\n  - VPN</span>',
            seen=("Nejde:\n", "- tisk\n", "- VPN"),
            told=("Nejde:\n\n  - tisk\n  - VPN",),
        ),
    ),
    "s08": (
        _by_location("obr/snimek.png", "obr/snimek.png"),
        _by_location("http://intranet.example/a/1.png", "http://intranet.example/a/1.png"),
        _by_location("file:///C:/Temp/image001.png", "file:///C:/Temp/image001.png"),
        _by_location("image%20001.png", "image 001.png"),
        _by_location(
            "snimek.png", "http://intranet.example/a/snimek.png", "Content-Base: http://intranet.example/a/\n"
        ),
        _by_location('"snimek.png"', "snimek.png"),
    ),
    "s11": (
        _sealed('application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'),
        _sealed("application/x-pkcs7-mime; name=smime.p7m"),
        _sealed('application/octet-stream; name="smime.p7m"'),
        _sealed('application/pkcs7-mime; smime-type=authEnveloped-data; name="smime.p7m"'),
    ),
    "signed": (
        _wrapped("Nejde tisk.", "Nejde tisk."),
        _wrapped("Nejde tisk. " * 40, "Nejde tisk."),
        _wrapped("Nejde tisk.", "Nejde tisk.", "Content-Type: application/x-pkcs7-mime"),
        _wrapped("Nejde tisk.", "Nejde tisk.", "Content-Type: application/octet-stream"),
    ),
    "s13": (
        _calendar("Content-Type: text/calendar; charset=utf-8; method=REQUEST"),
        _calendar('Content-Type: application/ics; charset=utf-8; name="pozvanka.ics"'),
        _calendar("Content-Type: text/calendar; charset=utf-8; method=CANCEL", "CANCEL"),
        _calendar("Content-Type: text/calendar; charset=utf-8", "PUBLISH", "LOCATION:Sklad\n"),
    ),
    "s36": (
        _amp("plain", "x-amp-html", "html"),
        _amp("x-amp-html", "html"),
        _amp("plain", "html", "x-amp-html"),
        _amp("plain", "watch-html", "html"),
    ),
    "w01": (
        _asked(_wrapped_at("účtárnu"), f"<p>Docházejí licence.</p><p>SCHVALIT: {QUESTION}</p>"),
        _asked(_wrapped_at("licencí", "za"), f"<p>Docházejí licence.</p><p><b>SCHVALIT:</b> {QUESTION}</p>"),
        _asked(_wrapped_at("ročně?"), f"<div>Docházejí licence.</div><div>SCHVALIT: {QUESTION}</div>"),
        _asked("", f"<p>Docházejí licence.</p><p>SCHVALIT: {QUESTION.replace(' pro', chr(10) + ' pro')}</p>"),
    ),
    "w06": (
        _linked('<p>Návod je <a href="https://navody.example/vpn">zde</a>.</p>', "zde <https://navody.example/vpn>."),
        _linked(
            "<p>Klikněte <a href='https://navody.example/a?b=1&amp;c=2'>sem</a></p>",
            "<https://navody.example/a?b=1&c=2>",
        ),
        _linked('<p><a href="mailto:it@x.example">Napište nám</a></p>', "Napište nám <it@x.example>"),
        _linked('<ul><li><a href="https://x.example/1"><b>Postup</b></a></li></ul>', "Postup <https://x.example/1>"),
        _linked("<p>10<sup>6</sup> řádků</p><ol><li>vypnout<li>zapnout</ol>", "10^6", "1. vypnout\n2. zapnout"),
    ),
    "w24": (
        _linked("<p>Zadejte:</p><pre><code>ipconfig /release\nipconfig /renew</code></pre>", *_COMMANDS),
        _linked("<p>Zadejte:</p><pre>ipconfig /release<br>ipconfig /renew</pre>", *_COMMANDS),
        _linked('<div style="white-space:pre">ipconfig /release\nipconfig /renew</div>', *_COMMANDS),
        _linked("<pre>if a\n    ipconfig /release\nipconfig /renew</pre>", "if a\n    ipconfig /release\n"),
    ),
    "w08": (
        _emoji("👍", '<div><img data-emoji="👍" alt="👍" src="https://x.example/72.png"></div><br>'),
        _emoji("❤️", '<div><img class="an1" alt="❤️" src="https://x.example/e.png"></div><br>'),
        _emoji("✅", "<div>✅</div><br>"),
        _emoji("🙏", '<p><img alt="🙏" style="height:1.2em" src="https://x.example/1f64f.svg"></p>'),
    ),
    "w07": (
        Sibling(html='<ol type="a"><li>tisk</li><li>VPN</li></ol>', seen=("tisk", "VPN"), told=("a. tisk\nb. VPN",)),
        Sibling(html="<ol><li value=5>tisk</li><li>VPN</li></ol>", seen=("tisk", "VPN"), told=("5. tisk\n6. VPN",)),
        Sibling(html="<ol start='3'><li>tisk<li>VPN</ol>", seen=("tisk", "VPN"), told=("3. tisk\n4. VPN",)),
        Sibling(
            html='<ol style="list-style-type:lower-alpha"><li>tisk</li><li>VPN</li></ol>',
            seen=("tisk", "VPN"),
            told=("a. tisk\nb. VPN",),
        ),
    ),
    "w09": (
        _preheader('<div style="display:none;max-height:0;overflow:hidden">XQZ náhled</div><p>Tiskárna nejde.</p>'),
        _preheader('<span style="display:none!important;mso-hide:all;opacity:0">XQZ</span><p>Tiskárna nejde.</p>'),
        _preheader('<div style="font-size:0px;line-height:0;max-height:0">XQZ</div><p>Tiskárna nejde.</p>'),
        _preheader("<style>.p{display:none}</style><div class='p'>XQZ</div><p>Tiskárna nejde.</p>"),
        _preheader('<div style="max-height:0px;overflow:hidden">XQZ</div><p>Tiskárna nejde.</p>'),
        _preheader("<div hidden>XQZ</div><p>Tiskárna nejde.</p>"),
        _preheader('<div style="opacity:0;height:0;width:0;overflow:hidden">XQZ</div><p>Tiskárna nejde.</p>'),
        _preheader(
            '<p style="font-size:1px;color:#ffffff;line-height:1px;max-height:0">XQZ</p><p>Tiskárna nejde.</p>'
        ),
    ),
    "w10": (
        _of_kind("text/markdown", "Nejde **tisk**\n\n- PC-1", "Nejde **tisk**", "- PC-1"),
        _of_kind("text/enriched", "<bold>Nejde</bold> tisk,\nprosím.", "Nejde tisk, prosím.", hidden=("<bold>",)),
        _of_kind("text/richtext", "<bold>Nejde</bold> tisk.<nl>Díky", "Nejde tisk.", "Díky", hidden=("<nl>",)),
        _of_kind("text/x-markdown", "# Nejde tisk\n\nPC-1", "# Nejde tisk", "PC-1"),
        _of_kind("text", "Nejde tisk.", "Nejde tisk."),
        _of_kind("text/x-web-markdown", "Nejde tisk.", "Nejde tisk."),
        _of_kind(
            "application/rtf; name=dopis.rtf", r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 Nejde tisk.\par}", "Nejde tisk."
        ),
    ),
    "w11": (
        _inside("base64", _MAIL),
        _inside("quoted-printable", _MAIL_QP),
        _inside("BASE64", _MAIL, 'message/rfc822; name="attachment.eml"'),
        _inside("quoted-printable", _MAIL_QP, 'message/rfc822; name="Forwarded message.eml"'),
        _inside("base64", _MAIL, "message/global"),
    ),
    "w20": (
        _named("Novak Jan [IT] <jan@strojirny-vltava.example>", "Novak Jan [IT]"),
        _named("Novak, Jan [sklad] <jan@strojirny-vltava.example>", "Novak, Jan [sklad]"),
        _named("Jan Novák @ Vltava <jan@strojirny-vltava.example>", "Jan Novák @ Vltava"),
        _named("Novák Jan: sklad <jan@strojirny-vltava.example>", "Novák Jan: sklad"),
        _named("Ing. Jan Novák, Ph.D. <jan@strojirny-vltava.example>", "Ing. Jan Novák, Ph.D."),
        _named("Novak; Jan <jan@strojirny-vltava.example>", "Novak; Jan"),
    ),
}
