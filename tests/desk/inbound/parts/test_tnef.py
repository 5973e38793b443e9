"""What Outlook packs into winmail.dat is opened; what is none of it stays a file."""

import base64
import struct
import time

import pytest

from portal.desk.inbound import mime
from portal.desk.inbound.parts import tnef


def attribute(level: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) % 65536)


def properties(*items: tuple[int, int, bytes]) -> bytes:
    """(id, type, value) as MAPI lays them out."""
    out = struct.pack("<I", len(items))
    for name, kind, value in items:
        out += struct.pack("<HH", kind, name)
        if kind in {0x1E, 0x1F, 0x102}:
            out += struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)
        else:
            out += value
    return out


def packed(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def a_file(title: bytes, content: bytes, *items: tuple[int, int, bytes]) -> bytes:
    return (
        attribute(2, 0x00069002, b"\0" * 14)
        + attribute(2, 0x00018010, title + b"\0")
        + attribute(2, 0x0006800F, content)
        + (attribute(2, 0x00069005, properties(*items)) if items else b"")
    )


CODEPAGE = attribute(1, 0x00069007, struct.pack("<II", 1250, 0))
LONG_NAME = (0x3707, 0x1F, "Rozpočet č. 3.xlsx\0".encode("utf-16-le"))
RTF = (
    rb"{\rtf1\ansi\ansicpg1250{\fonttbl{\f0 Arial;}}\pard Nejde tisk\'e1rna,\par pros\'edm.\par {\*\x skryto}\u382?}"
)


def stored(rtf: bytes) -> bytes:
    return struct.pack("<IIII", len(rtf) + 12, len(rtf), 0x414C454D, 0) + rtf


def squeezed(rtf: bytes) -> bytes:
    """Compressed RTF of literals alone, its end marked."""
    body, place = b"", 0
    while place < len(rtf):
        body += b"\0" + rtf[place : place + 8]
        place += 8
    return struct.pack("<IIII", len(body) + 12, len(rtf), 0x75465A4C, 0) + body


def mail(content: bytes, text: str = "Posílám tabulku.") -> mime.Mail:
    head = "From: jan@x.example\nSubject: a\nContent-Type: multipart/mixed; boundary=b\n\n"
    body = f"--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n" if text else ""
    name = 'Content-Type: application/ms-tnef; name="winmail.dat"\nContent-Transfer-Encoding: base64\n\n'
    return mime.read(f"{head}{body}--b\n{name}{base64.encodebytes(content).decode()}\n--b--\n".encode())


def test_the_files_in_it_are_the_mails_files():
    said = mail(
        packed(
            CODEPAGE, a_file(b"ROZPOC~1.XLS", b"PK\3\4data", LONG_NAME), a_file("žlutý.txt".encode("cp1250"), b"x")
        )
    )
    assert said.text == "Posílám tabulku."
    assert [(file.name, file.content) for file in said.files] == [
        ("Rozpočet č. 3.xlsx", b"PK\3\4data"),
        ("žlutý.txt", b"x"),
    ]


def test_a_name_in_it_is_as_harmless_as_any():
    [file] = mail(packed(a_file(b"../../etc/passwd\r\n", b"x"))).files
    assert file.name == "passwd"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (attribute(1, 0x0002800C, "Nejde tiskárna.\0".encode("cp1250")), "Nejde tiskárna."),
        (
            attribute(1, 0x00069003, properties((0x1000, 0x1F, "Nejde tiskárna.\0".encode("utf-16-le")))),
            "Nejde tiskárna.",
        ),
        (
            attribute(1, 0x00069003, properties((0x1013, 0x102, "<p>Nejde <b>tiskárna</b>.</p>".encode("cp1250")))),
            "Nejde tiskárna.",
        ),
        (attribute(1, 0x00069003, properties((0x1009, 0x102, stored(RTF)))), "Nejde tiskárna,\nprosím.\nž"),
        (attribute(1, 0x00069003, properties((0x1009, 0x102, squeezed(RTF)))), "Nejde tiskárna,\nprosím.\nž"),
    ],
)
def test_the_body_in_it_is_the_message_when_there_is_no_other(found, words):
    assert mail(packed(CODEPAGE, found), text="").text == words
    assert mail(packed(CODEPAGE, found, a_file(b"a.txt", b"x"))).text == "Posílám tabulku."


def test_compressed_rtf_refers_to_what_went_before():
    # "{\rtf1\ansi" stands at the beginning of the dictionary everybody begins with; the last reference is the end.
    body = bytes([0b00000001]) + struct.pack(">H", (0 << 4) | 9) + b"x}" + bytes(5)
    out = tnef._rtf(struct.pack("<IIII", len(body) + 12, 13, 0x75465A4C, 0) + body)
    assert out == b"{\\rtf1\\ansix}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 64,
        packed(),
        packed()[:5] + b"\0" * 60,
        packed(attribute(1, 0x0006800F, b"x")),
        packed(b"\xff" * 40),
    ],
)
def test_what_is_no_winmail_dat_stays_a_file(content):
    [file] = mail(content or b"-").files
    assert file.name == "winmail.dat"


@pytest.mark.parametrize(
    "bomb",
    [
        stored(b"{" * 500_000),
        struct.pack("<IIII", 0, 0xFFFFFFFF, 0x75465A4C, 0) + (b"\xff" + b"\0\x1f" * 8) * 60_000,
        squeezed(b"\\'" * 300_000),
        squeezed(b"\\u1" * 300_000),
    ],
)
def test_a_bomb_is_opened_within_bounds(bomb):
    start = time.process_time()
    content = packed(attribute(1, 0x00069003, properties((0x1009, 0x102, bomb))), a_file(b"a.txt", b"x"))
    assert len(tnef.unpack(content).text) < 5_000_000
    assert time.process_time() - start < 60


def test_counts_that_lie_are_not_believed():
    lying = struct.pack("<I", 0xFFFFFFFF) + struct.pack("<HHII", 0x1102, 0x3701, 0xFFFFFFFF, 0xFFFFFFFF)
    found = tnef.unpack(packed(a_file(b"a.txt", b"x"), attribute(2, 0x00069005, lying)))
    assert [file.name for file in found.files] == ["a.txt"]


START, END = (struct.pack("<Q", (133_000_000_000 + hour * 36_000) * 1_000_000) for hour in (0, 1))
TITLE = (0x0037, 0x1F, "Výměna switche; sklad\0".encode("utf-16-le"))


def named(number: int, kind: int, value: bytes) -> bytes:
    """A property of the set of meetings, which has no number of its own."""
    lengthy = struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return (
        struct.pack("<HH", kind, 0x8001)
        + bytes(16)
        + struct.pack("<II", 0, number)
        + (lengthy if kind == 0x1F else value)
    )


def a_meeting(kind: bytes, *rows: bytes) -> bytes:
    known = properties((0x001A, 0x1E, kind + b"\0"), TITLE)
    return packed(CODEPAGE, attribute(1, 0x00069003, struct.pack("<I", 2 + len(rows)) + known[4:] + b"".join(rows)))


AT = (named(0x820D, 0x40, START), named(0x820E, 0x40, END))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (a_meeting(b"IPM.Schedule.Meeting.Request", *AT), "Pozvánka: Výměna switche; sklad"),
        (a_meeting(b"IPM.Appointment", *AT), "Pozvánka: Výměna switche; sklad"),
        (a_meeting(b"IPM.Schedule.Meeting.Canceled", *AT), "Výměna switche; sklad"),
        (
            a_meeting(b"IPM.Schedule.Meeting.Request", *AT, named(0x8208, 0x1F, "Dílna\0".encode("utf-16-le"))),
            "Kde: Dílna",
        ),
        (
            a_meeting(b"IPM.Microsoft Schedule.MtgReq", struct.pack("<HH", 0x40, 0x60) + START),
            "Výměna switche; sklad",
        ),
    ],
)
def test_a_meeting_in_it_is_said_in_words(content, words):
    said = mail(content, text="")
    assert words in said.text
    assert "Kdy: " in said.text


@pytest.mark.parametrize(
    "content",
    [
        a_meeting(b"IPM.Note", *AT),
        a_meeting(b"IPM.Schedule.Meeting.Request"),
        a_meeting(b"IPM.Schedule.Meeting.Request", named(0x820D, 0x40, b"\xff" * 8)),
        a_meeting(b"IPM.Schedule.Meeting.Request", named(0x820D, 0x40, bytes(8))),
    ],
)
def test_what_has_no_time_is_no_meeting(content):
    assert "Kdy: " not in mail(content).text
