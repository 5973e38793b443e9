"""Bytes read as text when their label is right, silent, unknown or wrong."""

import time

import pytest

from portal.lib import charsets

CZECH = "Prosím o zařízení pro Šárku Žákovou, těšíme se na ťuk"
SLOVAK = "Prosím o nový počítač, žiadosť čaká, ďakujem"


@pytest.mark.parametrize("label", [None, "us-ascii", "utf-8", "iso-8859-1", "x-unknown", "nonsense", "iso-8859-2"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1250", "iso-8859-2"])
def test_czech_is_read_whatever_its_label_says(encoding, label):
    assert charsets.decoded(CZECH.encode(encoding), label) == CZECH


@pytest.mark.parametrize("label", [None, "windows-1250", "iso-8859-1"])
def test_slovak_of_windows_is_read(label):
    assert charsets.decoded(SLOVAK.encode("cp1250"), label) == SLOVAK


@pytest.mark.parametrize(
    ("words", "encoding", "label"),
    [
        ("“Zvláštní” nabídka – 95 € … hned", "cp1250", "iso-8859-2"),
        ("“Budget” – 95 €, it’s late …", "cp1252", "iso-8859-1"),
        ("très à côté, œuvre d’été", "cp1252", "iso-8859-1"),
        ("perché è più così però lì", "cp1252", "iso-8859-1"),
        ("Grüße aus Köln, schöne Straße", "cp1252", "us-ascii"),
        ("Rødgrød på bordet", "cp1252", "latin1"),
        ("bạn có thể 打印机 吗 龘 镕", "gb18030", "gb2312"),
        ("打印机坏了，朱镕基", "gb18030", "GB_2312-80"),
        ("프린터 햏 똠방각하", "cp949", "ks_c_5601-1987"),
        ("프린터 햏 똠방각하", "cp949", "euc-kr"),
        ("①プリンター㈱髙橋", "cp932", "Shift_JIS"),
        ("שלום תודה", "iso-8859-8", "iso-8859-8-i"),
        ("Žádost o šanon", "mac_latin2", "x-mac-ce"),
        ("Žádost o šanon", "mac_latin2", "x-mac-centraleurroman"),
        ("Žádost o šanon", "cp852", "ibm852"),
        ("Принтер не работает", "koi8_r", "koi8-r"),
        ("Žádost – UTF-7", "utf-7", "unicode-1-1-utf-7"),
        ("Žádost", "utf-8-sig", "iso-8859-2"),
        ("Žádost o přístup", "utf-16", "utf-16"),
        ("Žádost o přístup", "utf-16", None),
        ("Prosím, těšíme se", "utf-8", "cp-utf-8"),
    ],
)
def test_what_labels_mean_in_mail(words, encoding, label):
    assert charsets.decoded(words.encode(encoding), label) == words


@pytest.mark.parametrize("label", ["utf-8", None, "windows-1250", "iso-8859-1"])
@pytest.mark.parametrize("stray", [b"\xa0", b"\xff", b"\xc5"])
def test_a_mail_that_is_utf8_but_for_one_byte_is_utf8(label, stray):
    content = "Počítač účetní hlásí chybu, teplota 5".encode() + stray + "C, děkuji.".encode()
    assert charsets.decoded(content, label) == "Počítač účetní hlásí chybu, teplota 5\ufffdC, děkuji."


def test_a_text_cut_within_a_letter_is_read_up_to_it():
    assert charsets.decoded("Dobrý den, děkuji, ž".encode()[:-1], "utf-8") == "Dobrý den, děkuji, \ufffd"


@pytest.mark.parametrize("label", ["iso-2022-jp", None, "us-ascii", "ISO-2022-JP-MS"])
def test_japanese_with_the_signs_of_vendors_is_read(label):
    assert charsets.decoded(b'No. \x1b$B-!-"\x1b(B \x1b$B%W%j%s%?\x1b(B', label) == "No. ①② プリンタ"


def test_japanese_whose_line_has_no_end_is_read():
    assert charsets.decoded(b"\x1b$B%W%j%s%?\nplain ASCII", "iso-2022-jp").startswith("プリンタ\n")


@pytest.mark.parametrize(
    "head",
    [
        '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2">',
        "<META charset='iso-8859-2'>",
        '<meta name="x"><meta charset="ISO8859-2"/>',
    ],
)
def test_html_names_its_charset_where_the_mail_does_not(head):
    content = f"{head}Žlutý šátek".encode("iso-8859-2")
    assert charsets.of_html(content, None).endswith("Žlutý šátek")
    assert charsets.of_html(content, "us-ascii").endswith("Žlutý šátek")


def test_the_mail_goes_before_the_html_and_bytes_before_both():
    assert charsets.of_html(b"<meta charset=iso-8859-1>" + "Šťáva".encode("cp1250"), "windows-1250").endswith("Šťáva")
    assert charsets.of_html(b"<meta charset=utf-16>" + "Šťáva".encode()).endswith("Šťáva")


@pytest.mark.parametrize(
    "label", ["idna", "punycode", "unicode_escape", "rot13", "hex", "base64", "zip", "x" * 10_000]
)
def test_what_is_no_charset_is_no_label(label):
    assert charsets.decoded(r"\u0041 ěšč".encode(), label) == r"\u0041 ěšč"


@pytest.mark.parametrize("bait", [b"\xe4", b"\xc3\xa1", b"\x1b$B!", b"<meta ", b"a\xbb", b"\xff\x00"])
def test_two_million_letters_of_anything_are_read_at_once(bait):
    start = time.process_time()
    charsets.of_html(bait * 2_000_000 + b"\xff")
    assert time.process_time() - start < 30  # work that grew with the square would take hours
