"""Raw mails read tolerantly."""

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.desk.inbound import mime
from portal.desk.inbound.mime import LONGEST_TEXT, UnreadableMail

MAILS = Path(__file__).parent / "mails"
SAMPLES = sorted(MAILS.glob("*.eml"))


def sample(name):
    return mime.read((MAILS / name).read_bytes())


def test_names_subjects_and_texts_of_czech_charsets_are_read():
    said = sample("picture_and_files.eml")
    assert (said.sender.name, said.sender.email) == ("Jiří Dvořák", "jiri@strojirny-vltava.example")
    assert said.subject == "Chybové hlášení při tisku"
    assert said.text.strip().startswith("Podívejte se na")


def test_a_subject_folded_after_an_encoded_word_keeps_its_space():
    raw = b"From: a@b.example\r\nSubject: =?utf-8?b?xb1lxb5lbMOt?=\r\n pro dodavatele\r\n\r\nx"
    assert mime.read(raw).subject == "Žeželí pro dodavatele"


def test_letters_that_no_header_announced_are_read_as_windows_1250():
    said = sample("raw_8bit_headers.eml")
    assert said.sender.name == "Žofie Kučerová"
    assert said.subject == "Příliš žluťoučký kůň"
    assert said.text == "Úpěl ďábelské ódy."


def test_an_unknown_charset_and_broken_base64_lose_nothing():
    said = sample("unknown_charset_and_broken_base64.eml")
    assert said.text == "Žádost o přístup."
    assert said.files[0].name == "data.bin"
    assert said.files[0].content


def test_files_keep_their_bytes_and_get_harmless_names():
    files = {file.name: file for file in sample("picture_and_files.eml").files}
    assert files["chyba.png"].content_id == "chyba@x"
    assert files["chyba.png"].content.startswith(b"\x89PNG")
    assert files["příloha č. 1.pdf"].content == b"%PDF-1.4\n"
    assert files["zlo_script_.html"].media_type == "text/html"
    assert any(file.media_type == "message/rfc822" and b"Inside." in file.content for file in files.values())
    assert not any("/" in name or "\\" in name for name in files)


@pytest.mark.parametrize(
    "name", ["a\r\nBcc: x@y.cz", "a\x00b\x1b[31m.pdf", "\u202egnp.exe", "x" * 400 + ".pdf", "../../x", "CON\t", ""]
)
def test_a_file_name_is_one_short_line_without_a_path(compose, name):
    raw = compose(files=[("PLACEHOLDER", "application/pdf", b"x")]).replace(
        b'filename="PLACEHOLDER"', b"filename*=UTF-8''" + "".join(f"%{byte:02X}" for byte in name.encode()).encode()
    )
    found = mime.read(raw).files[0].name
    assert found
    assert len(found) <= 150
    assert not set(found) & set("/\\\r\n\t\x00\x1b\u202e")


def test_header_injection_in_subject_and_name_stays_on_one_line():
    raw = (
        b"From: =?utf-8?q?Jan=0D=0ABcc=3A_evil=40x=2Ecz?= <jan@x.example>\r\n"
        b"Subject: =?utf-8?q?Pomoc=0D=0AX-Evil=3A_1?=\r\n\r\nx"
    )
    said = mime.read(raw)
    assert said.subject == "Pomoc X-Evil: 1"
    assert said.sender.name == "Jan Bcc: evil@x.cz"


def test_an_encoded_name_with_an_address_in_it_is_not_the_sender():
    raw = b"From: =?utf-8?q?ceo=40firma=2Ecz=2C?= <mallory@evil.example>\r\n\r\nx"
    assert mime.read(raw).sender.email == "mallory@evil.example"


def test_a_line_of_ten_megabytes_is_cut_visibly_and_kept_whole_beside():
    said = mime.read(b"From: a@b.example\r\n\r\n" + b"x" * 10_000_000)
    assert said.text.endswith("[…]")
    assert len(said.text) < LONGEST_TEXT + 100
    assert len(said.files[0].content) == 10_000_000


def test_endless_nesting_is_refused_quickly_with_a_reason():
    raw = b"From: a@b.example\r\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (depth, depth) for depth in range(5000)
    )
    began = time.monotonic()
    with pytest.raises(UnreadableMail, match="nested"):
        mime.read(raw)
    assert time.monotonic() - began < 5


def test_deep_and_broken_html_becomes_text(compose):
    said = mime.read(compose("", html="<div>" * 3000 + "Ahoj <b>světe"))
    assert "Ahoj" in said.text
    assert "světe" in said.text


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"From: \r\n\r\nx", b"Subject: x\r\n\r\n", b"\x00" * 100])
def test_a_mail_without_a_sender_is_refused_with_a_reason(raw):
    with pytest.raises(UnreadableMail, match="sender"):
        mime.read(raw)


def test_the_same_mail_on_another_way_has_the_same_fingerprint_and_another_one_has_not(compose):
    raw = compose("Ahoj")
    assert mime.fingerprint(b"Received: from elsewhere\r\n" + raw.replace(b"\r\n", b"\n")) == mime.fingerprint(raw)
    assert mime.fingerprint(raw.replace(b"Ahoj", b"Nazdar"))[1] != mime.fingerprint(raw)[1]


HOSTILE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@HOSTILE
@given(st.binary(max_size=2000))
def test_any_bytes_are_a_mail_or_are_refused(raw):
    _readable_or_refused(raw)
    _readable_or_refused(b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + raw)
    _readable_or_refused(b"From: a@b.example\r\nSubject: " + raw)


@HOSTILE
@given(st.sampled_from(SAMPLES), st.data())
def test_any_damage_to_a_mail_is_survived(path, data):
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=20))
    _readable_or_refused(bytes(raw))


def _readable_or_refused(raw):
    mime.fingerprint(raw)
    try:
        said = mime.read(raw)
    except UnreadableMail as error:
        assert str(error)
    else:
        for text in (said.text, said.html, said.subject, said.sender.name, *(file.name for file in said.files)):
            text.encode()
            assert "\x00" not in text


def _raw(
    body, content_type="text/plain; charset=utf-8", *, sender="Jan <jan@strojirny-vltava.example>", encoding="8bit"
):
    head = f"From: {sender}\nSubject: x\nContent-Type: {content_type}\nContent-Transfer-Encoding: {encoding}\n\n"
    return head.encode() + body


@pytest.mark.parametrize(
    ("content_type", "content", "words"),
    [
        ("text/plain; charset=utf-8", "Účtárna hlásí chybu".encode() + b"\xa0!", "Účtárna hlásí chybu\ufffd!"),
        ("text/plain; charset=iso-8859-2", "Škoda – 90 €".encode("cp1250"), "Škoda – 90 €"),
        ("text/plain; charset=x-mac-ce", "Šéf žádá".encode("mac_latin2"), "Šéf žádá"),
        ("text/html", '<meta charset="iso-8859-2"><p>Šéf žádá</p>'.encode("iso-8859-2"), "Šéf žádá"),
    ],
)
def test_the_bytes_of_a_body_decide_what_its_letters_are(content_type, content, words):
    assert mime.read(_raw(content, content_type)).text == words


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("=?iso-8859-1?Q?Wei=DF,=20Anna?= <a@b.example>", "Weiß, Anna"),
        ("=?utf-8?Q?Dvo=C5=99=C3=A1k,_Jan_(IT)?= <a@b.example>", "Dvořák, Jan (IT)"),
        ("=?utf-8?Q?Jan_<Honza>_Nov=C3=A1k?= <a@b.example>", "Jan <Honza> Novák"),
        ("=?utf-8?B?RHZvxZnDoWssIEphbg==?= <a@b.example>", "Dvořák, Jan"),
        ('"Novák, Jan" <a@b.example>', "Novák, Jan"),
    ],
)
def test_a_name_with_a_comma_stays_whole(sender, name):
    assert mime.read(_raw(b"x", sender=sender)).sender == mime.Address(name, "a@b.example")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="Nabídka č. 3 – tisk.pdf"', "Nabídka č. 3 – tisk.pdf"),
        ("attachment; filename*=\"us-ascii''Obr%E1zek%20ze%20%9Akoly.png\"", "Obrázek ze školy.png"),
        ("attachment; filename==?utf-8?Q?=C5=A0anon,_d=C3=ADl_2.txt?=", "Šanon, díl 2.txt"),
        ('attachment; filename="=?utf-8?Q?=C5=A0anon?= =?utf-8?Q?_2.txt?="', "Šanon 2.txt"),
    ],
)
def test_names_of_files_are_read_by_the_same_rule(disposition, name):
    part = f"--x\n\ntext\n--x\nContent-Type: application/pdf\nContent-Disposition: {disposition}\n\nx\n--x--"
    files = mime.read(_raw(part.encode(), "multipart/mixed; boundary=x")).files
    assert [file.name for file in files] == [name]


def test_a_text_of_more_lines_than_anybody_writes_is_cut_visibly_and_kept_whole_beside():
    said = mime.read(b"From: a@b.cz\r\n\r\n" + b"a\r\n" * 200_000)
    assert said.text.count("\n") <= mime.MOST_LINES + 2
    assert said.text.endswith("[…]")
    [whole] = said.files
    assert whole.content.count(b"a") == 200_000


@pytest.mark.parametrize(
    "written", ["rade\u212a@connectica.cz", "Radek <rade\u212a@connectica.cz>", "radek@connecti\u212aa.cz"]
)
def test_a_letter_that_only_looks_like_another_makes_nobodys_address(written):
    raw = f"From: {written}\r\nSubject: x\r\n\r\ny".encode()
    with contextlib.suppress(mime.UnreadableMail):
        assert not mime.read(raw).sender.email.isascii()


@pytest.mark.parametrize("name", ["To", "Cc"])
def test_nor_does_it_in_copy(name):
    raw = f"From: a@b.cz\r\n{name}: x <rade\u212a@connectica.cz>, c@d.cz\r\n\r\ny".encode()
    assert [person.email for person in mime.read(raw).copies] == ["c@d.cz"]
