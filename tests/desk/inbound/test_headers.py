"""Headers are bounded before a parser sees them, and read by scanners that look at every letter once."""

import pytest

from portal.desk.inbound import headers, mime
from tests.nasty import mails

PERSON = "From: Jan <jan@strojirny-vltava.example>\r\nSubject: Tisk\r\n"


def read(head, body="Nejde tiskárna."):
    return mime.read(f"{PERSON}{head}\r\n\r\n{body}\r\n".encode())


@pytest.mark.parametrize(
    "head",
    [
        'Content-Type: text/plain; charset="' + ";" * 900_000,
        'Content-Disposition: inline; filename="' + ";" * 900_000,
        "Content-Type: text/plain" + "; a=b" * 180_000,
        "Content-Type: text/plain" + ";\r\n a=b" * 130_000,
        "Content-Type: text/plain; " + "".join(f"name*{at}*=x;" for at in range(60_000)),
        "Content-Type: text/plain; name*" + "9" * 5_000 + "=x",
        "\r\n".join(f"X-{at}: {at}" for at in range(70_000)),
        "X-Long: " + "a" * 900_000,
        "X-Folded: a" + "\r\n b" * 200_000,
    ],
    ids=lambda head: head[:30],
)
def test_a_head_of_almost_a_megabyte_is_read_within_its_bounds(head):
    said = read(head)
    assert said.subject == "Tisk"
    assert len(said.headers) <= headers.MOST
    assert all(len(str(value)) <= headers.LONGEST for _, value in said.headers.raw_items())


@pytest.mark.parametrize(
    "sender", ["a" * 20_000, "(" * 20_000, '"' * 20_000, "<" * 20_000, "a@" * 10_000, "," * 20_000]
)
def test_a_sender_that_is_no_address_is_said_to_be_none(sender):
    with pytest.raises(mime.UnreadableMail, match="sender"):
        mime.read(f"From: {sender}\r\n\r\nx".encode())


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Jan Novák <jan@a.example>", [("Jan Novák", "jan@a.example")]),
        ("jan@a.example", [("", "jan@a.example")]),
        ("jan@a.example (Jan Novák)", [("Jan Novák", "jan@a.example")]),
        ('"Novák, Jan" <jan@a.example>, b@b.example', [("Novák, Jan", "jan@a.example"), ("", "b@b.example")]),
        (r'"Jan \"Honza\" Novák" <jan@a.example>', [('Jan "Honza" Novák', "jan@a.example")]),
        ("Tým: jan@a.example, Eva <eva@a.example>;", [("", "jan@a.example"), ("Eva", "eva@a.example")]),
        ("undisclosed-recipients:;", []),
        ("Jan (v práci (dnes)) <jan@a.example>", [("Jan", "jan@a.example")]),
        ("<jan@a.example> <eva@a.example>", [("", "jan@a.example")]),
        ("Jan <jan@a.example", [("Jan", "jan@a.example")]),
        ("jan @ a.example", [("", "jan@a.example")]),
        ("Novák, Jan <jan@a.example>", [("Novák, Jan", "jan@a.example")]),
        (
            "Novák, Jan, Ing. <jan@a.example>, Eva <eva@a.example>",
            [("Novák, Jan, Ing.", "jan@a.example"), ("Eva", "eva@a.example")],
        ),
        ("Jan Novák; IT / Servis <jan@a.example>", [("Jan Novák; IT / Servis", "jan@a.example")]),
        ("Novák, jan@a.example", [("", "Novák"), ("", "jan@a.example")]),
        ("jan@a.example, Eva <eva@a.example>", [("", "jan@a.example"), ("Eva", "eva@a.example")]),
        ("", []),
    ],
)
def test_addresses_are_found_as_people_and_programs_write_them(written, found):
    assert headers.addresses(written) == found


def latin(content, charset):
    return content.decode(charset, "replace")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("=?utf-8?q?Nov=C3=A1k?=", "Novák"),
        ("=?UTF-8?B?Tm92w6Fr?=", "Novák"),
        ("=?utf-8?q?Nov=C3?= =?utf-8?q?=A1k?=", "Novák"),  # a letter in two words
        ("=?utf-8?q?Jan?= =?utf-8?q?_Nov=C3=A1k?=", "Jan Novák"),
        ("Re: =?utf-8?q?tisk=C3=A1rna?= nejde", "Re: tiskárna nejde"),
        ("=?utf-8?q?a?= =?iso-8859-2?q?=E1?=", "aá"),
        ("=?utf-8*cs?q?=C3=A1?=", "á"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?", "=?utf-8?q?"),
        ("a = b? c", "a = b? c"),
    ],
)
def test_encoded_words_are_read(written, said):
    assert headers.decoded(written, latin) == said


def test_a_forwarded_digest_of_many_parts_beside_each_other_is_no_deep_nest():
    part = '--x\r\nContent-Type: multipart/alternative; boundary="y"\r\n\r\n--y\r\n\r\nAhoj\r\n--y--\r\n'
    said = mime.read(f'{PERSON}Content-Type: multipart/mixed; boundary="x"\r\n\r\n{part * 100}--x--\r\n'.encode())
    assert said.text.count("Ahoj") == 100


def test_parts_in_parts_without_end_are_refused():
    nest = "".join(
        f'Content-Type: multipart/mixed; boundary="b{at}"\r\n\r\n--b{at}\r\n' for at in range(headers.DEEPEST + 5)
    )
    with pytest.raises(mime.UnreadableMail, match="deep"):
        mime.read(f"{PERSON}{nest}\r\nx".encode())


def test_more_parts_than_anybody_sends_are_refused():
    parts = "--x\r\n\r\na\r\n" * (headers.MOST_PARTS + 5)
    with pytest.raises(mime.UnreadableMail, match="parts"):
        mime.read(f'{PERSON}Content-Type: multipart/mixed; boundary="x"\r\n\r\n{parts}--x--'.encode())


def test_half_a_proof_is_none():
    said = read("Authentication-Results: mx.example; dmarc=pass " + "x" * headers.LONGEST)
    assert said.headers["Authentication-Results"] == ""


@pytest.mark.parametrize("name", mails.MAILS)
def test_a_mail_of_one_part_is_the_same_when_its_body_is_not_read_by_lines(name):
    raw = mails.MAILS[name](3_000)
    at_once = headers._whole(raw)
    if at_once is not None:
        by_lines = headers._line_by_line(raw)
        assert at_once.items() == by_lines.items()
        assert at_once.get_payload() == by_lines.get_payload()
