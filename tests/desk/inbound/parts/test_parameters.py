"""Parameters of MIME headers, as programs write them and as they break them."""

import time

import pytest

from portal.desk.inbound.parts import parameters


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="Smlouva č. 7.pdf"', "Smlouva č. 7.pdf"),
        ("attachment; filename*=utf-8''Smlouva%20%C4%8D.%207.pdf", "Smlouva č. 7.pdf"),
        ("attachment; filename*=\"us-ascii''Plo%8Aina.png\"", "Plošina.png".replace("š", "Š")),
        ("attachment; filename*=iso-8859-1''Fu%DFweg.png", "Fußweg.png"),
        ("attachment; filename*0*=utf-8''%C5%BD%C3%A1; filename*1=\"dost \"; filename*2*=%C5%A1.txt", "Žádost š.txt"),
        ('attachment; filename*1="c.pdf"; filename*0="ab"', "abc.pdf"),
        ("attachment; filename=nový seznam.xlsx; size=3", "nový seznam.xlsx"),
        ('attachment; filename="a; b \\"c\\".txt"', 'a; b "c".txt'),
        ("attachment; filename=\"prost.txt\"; filename*=utf-8''prost%C3%BD.txt", "prostý.txt"),
        ('attachment; filename="nekončí.txt', "nekončí.txt"),
        ("attachment", ""),
        ("; ; =x; filename=a.txt", "a.txt"),
    ],
)
def test_a_file_name_is_read(header, name):
    raw = header.encode().decode("ascii", "surrogateescape")
    assert parameters.read(raw).get("filename", "") == name


@pytest.mark.parametrize("encoding", ["utf-8", "cp1250", "iso-8859-2"])
def test_raw_letters_are_read_by_their_bytes(encoding):
    raw = 'inline; filename="Žádost o přístup.doc"'.encode(encoding).decode("ascii", "surrogateescape")
    assert parameters.read(raw)["filename"] == "Žádost o přístup.doc"


@pytest.mark.parametrize("bait", [";", '";', "a=b;", "=;=", 'a="', "a*0*=x;", "\\", "'"])
def test_a_header_full_of_marks_costs_nothing(bait):
    start = time.process_time()
    parameters.read("x; " + bait * 200_000)
    assert time.process_time() - start < 30
