"""Uuencoded bodies: read whole, broken ones as far as they go, and none becomes larger than twice itself."""

import binascii
import os

import pytest

from portal.desk.inbound import mime
from portal.desk.inbound.parts import uuencode

CONTENT = os.urandom(1000) + "Příliš žluťoučký kůň".encode()


def encoded(content: bytes, end: bytes = b"\n") -> bytes:
    lines = [binascii.b2a_uu(content[at : at + 45]).rstrip(b"\n") for at in range(0, len(content), 45)]
    return end.join([b"begin 644 a.bin", *lines, b"`", b"end", b""])


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_what_was_encoded_is_what_is_read(end):
    assert uuencode.decoded(encoded(CONTENT, end)) == CONTENT


def test_a_line_that_lost_its_last_blanks_is_read_with_them():
    blank = b"begin 644 a\n&" + b"86)C\nend\n"  # six bytes, of which three stand there
    assert uuencode.decoded(blank) == b"abc\0\0\0"


def test_broken_lines_are_left_out():
    whole = encoded(CONTENT)
    assert uuencode.decoded(whole.replace(b"\nend", b"\n\x7f\x80\x90\nend")) == CONTENT


def test_without_a_beginning_there_is_nothing():
    assert uuencode.decoded(b"M" * 100) == b""


def test_lines_of_a_letter_become_no_more_than_twice_of_what_arrived():
    raw = b"begin 666 a\n" + b"M\n" * 10_000
    assert len(uuencode.decoded(raw)) <= 2 * len(raw)


@pytest.mark.parametrize("name", ["x-uuencode", "X-UUE", "uuencode"])
def test_a_body_is_read_by_it(name):
    head = f"From: a@b.cz\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {name}\n\n"
    assert mime.read(head.encode() + encoded(b"Nejde tisk.")).text == "Nejde tisk."


def test_a_body_that_only_says_so_is_shown_as_it_stands():
    head = b"From: a@b.cz\nContent-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\n"
    assert mime.read(head + b"Nejde tisk.").text == "Nejde tisk."
