"""Attachments of the demo: small files of every usual kind, valid, made from their name, the same every time."""

import io
import struct
import textwrap
import zipfile
import zlib
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from xml.sax.saxutils import escape

_EPOCH = (2026, 1, 2, 8, 0, 0)  # inside archives, so that the same name makes the same bytes
_ROWS: tuple[tuple[str | float, ...], ...] = (
    ("Položka", "Množství", "Cena za kus", "Poznámka"),
    ("Ložisko 6204-2RS", 48, 62.5, "skladem"),
    ("Chléb Tři lípy 900 g", 320, 46.9, "denně"),
    ("Šanon pákový červený", 25, 49, "dodá Říha"),
    ("Těsnění příruby DN50", 12, 118.4, "objednáno"),
    ("Žárovka čtecí hlavy", 3, 890, "záruka"),
)
_SENTENCES = (
    "Tento dokument patří k požadavku a slouží jako podklad pro jeho vyřízení.",
    "Údaje odpovídají stavu v den odeslání; pozdější změny sdělíme odpovědí na stejný e-mail.",
    "Příliš žluťoučký kůň úpěl ďábelské ódy, aby bylo vidět, že písmo umí česky.",
)


@cache
def content(name: str) -> tuple[bytes, str]:
    """The bytes and the media type of a file of that name. Raises KeyError for an ending we have no kind for."""
    title, _, ending = name.rpartition(".")
    make, media_type = _KINDS[ending.lower()]
    return make(title), media_type


def _png(title: str) -> bytes:
    """A window with a message in it, as a screenshot has: a title bar, a red circle, lines of text, a button."""
    width, height, shade = 480, 270, zlib.crc32(title.encode()) % 3
    palette = bytes.fromhex(
        "f3f4f6" + ("1f4e8c", "37474f", "5b2a86")[shade] + "ffffff" + "c62828" + "9aa3ad" + "dfe3ea"
    )
    rows = [bytearray([0] * width) for _ in range(height)]

    def box(x: int, y: int, wide: int, high: int, colour: int) -> None:
        for row in rows[y : y + high]:
            row[x : x + wide] = bytes([colour]) * wide

    box(60, 50, 360, 170, 2)
    box(60, 50, 360, 26, 1)
    for y in range(-18, 19):
        half = int((18 * 18 - y * y) ** 0.5)
        box(108 - half, 125 + y, 2 * half, 1, 3)
    for number, wide in enumerate((210, 245, 160, 90 + len(title) % 80)):
        box(145, 104 + number * 16, wide, 6, 4)
    box(320, 184, 80, 22, 5)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


# Where the Czech letters stand in the PDF's font, beside ASCII.
_GLYPHS = dict(zip("áčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ–„“", range(128, 170), strict=False))
_GLYPH_NAMES = (
    "aacute ccaron dcaron eacute ecaron iacute ncaron oacute rcaron scaron tcaron uacute uring yacute zcaron"
    " Aacute Ccaron Dcaron Eacute Ecaron Iacute Ncaron Oacute Rcaron Scaron Tcaron Uacute Uring Yacute Zcaron"
    " endash quotedblbase quotedblleft"
)


def _pdf(title: str) -> bytes:
    """One page A4 with a heading and three sentences."""
    lines = [line for sentence in _SENTENCES for line in [*textwrap.wrap(sentence, 80), ""]]
    drawn = [b"BT /F 18 Tf 56 770 Td (%s) Tj" % _pdf_text(title), b"/F 11 Tf 0 -34 Td 15 TL"]
    drawn += [b"(%s) Tj T*" % _pdf_text(line) for line in lines]
    page = b"\n".join([*drawn, b"ET"])
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Type/Encoding/Differences[128 %s]>>>>"
        % " ".join(f"/{name}" for name in _GLYPH_NAMES.split()).encode(),
    ]
    written, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, thing in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, thing)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(written)
    return written + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer


def _pdf_text(text: str) -> bytes:
    codes = bytes(_GLYPHS.get(letter, ord(letter) if letter.isascii() else ord("-")) for letter in text)
    return codes.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _xlsx(title: str) -> bytes:
    cells = [
        "".join(_xlsx_cell(f"{'ABCD'[column]}{number}", value) for column, value in enumerate(row))
        for number, row in enumerate(_ROWS, 1)
    ]
    rows = "".join(f'<row r="{number}">{row}</row>' for number, row in enumerate(cells, 1))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return _office(
        "xl/workbook.xml",
        "spreadsheetml.sheet.main",
        {
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{_RELATIONS}"><sheets>'
            f'<sheet name="{escape(title[:31])}" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": _relations("worksheet", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
        },
        {"/xl/worksheets/sheet1.xml": "spreadsheetml.worksheet"},
    )


def _xlsx_cell(place: str, value: str | float) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def _docx(title: str) -> bytes:
    paragraphs = "".join(f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>" for text in (title, *_SENTENCES))
    main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = f'<w:document xmlns:w="{main}"><w:body>{paragraphs}</w:body></w:document>'
    return _office("word/document.xml", "wordprocessingml.document.main", {"word/document.xml": body}, {})


_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _relations(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_RELATIONS}/{kind}" Target="{target}"/></Relationships>'
    )


def _office(main: str, kind: str, parts: dict[str, str], kinds: dict[str, str]) -> bytes:
    """An Office file: its parts, and the two lists that say what they are."""
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="application/vnd.openxmlformats-officedocument.{what}+xml"/>'
        for name, what in {f"/{main}": kind, **kinds}.items()
    )
    types = (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f"{overrides}</Types>"
    )
    return _archive({"[Content_Types].xml": types, "_rels/.rels": _relations("officeDocument", main), **parts})


def _archive(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            prefix = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n" if text.startswith("<") else ""
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), prefix + text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _csv(_title: str) -> bytes:
    """As Czech Excel writes it: semicolons, decimal commas, Windows-1250."""
    rows = (";".join(str(value).replace(".", ",") for value in row) for row in _ROWS)
    return "\r\n".join([*rows, ""]).encode("cp1250")


def _zip(title: str) -> bytes:
    return _archive({f"{title}/čti mě.txt": _SENTENCES[0], f"{title}/přehled.csv": _csv(title).decode("cp1250")})


def _txt(title: str) -> bytes:
    return "\r\n".join([title.upper(), "", *_SENTENCES, "", "Konec výpisu, návratový kód 0x80070070."]).encode()


def _eml(title: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Oddělení doručování <info@balik-cekani.example>"
    mail["To"] = "undisclosed-recipients:;"
    mail["Subject"] = f"Důležité oznámení – {title}"
    mail["Date"] = "Fri, 02 Jan 2026 08:00:00 +0100"
    mail["Message-ID"] = f"<{zlib.crc32(title.encode()):x}@balik-cekani.example>"
    mail.set_content("Vážený zákazníku,\n\nVaši zásilku nebylo možné doručit. Potvrďte prosím adresu do 24 hodin.\n")
    return mail.as_bytes()


_OFFICE = "application/vnd.openxmlformats-officedocument"
_KINDS: dict[str, tuple[Callable[[str], bytes], str]] = {
    "png": (_png, "image/png"),
    "pdf": (_pdf, "application/pdf"),
    "xlsx": (_xlsx, f"{_OFFICE}.spreadsheetml.sheet"),
    "docx": (_docx, f"{_OFFICE}.wordprocessingml.document"),
    "csv": (_csv, "text/csv"),
    "zip": (_zip, "application/zip"),
    "txt": (_txt, "text/plain"),
    "eml": (_eml, "message/rfc822"),
}
