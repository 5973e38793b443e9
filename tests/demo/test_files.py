"""Attachments of the demo are what their names say."""

import io
import zipfile
import zlib
from email import message_from_bytes

import pytest
from python_calamine import CalamineWorkbook

from portal.demo import files


def test_a_workbook_opens_with_its_numbers():
    data, media_type = files.content("přehled žárovek.xlsx")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert media_type.endswith("spreadsheetml.sheet")
    assert sheet[1] == ["Ložisko 6204-2RS", 48.0, 62.5, "skladem"]


def test_a_document_and_an_archive_are_whole():
    for name in ("smlouva.docx", "podklady.zip"):
        with zipfile.ZipFile(io.BytesIO(files.content(name)[0])) as archive:
            assert archive.testzip() is None
    with zipfile.ZipFile(io.BytesIO(files.content("smlouva.docx")[0])) as archive:
        assert "žluťoučký" in archive.read("word/document.xml").decode()


def test_a_pdf_knows_where_its_parts_are():
    data, _ = files.content("nabídka.pdf")
    table = int(data.split(b"startxref\n")[1].split(b"\n")[0])
    places = [int(row[:10]) for row in data[table:].splitlines()[3:8]]
    assert [data[place:].split(b" ")[0] for place in places] == [b"1", b"2", b"3", b"4", b"5"]


def test_a_picture_holds_its_pixels():
    data, _ = files.content("chyba.png")
    start = data.index(b"IDAT") + 4
    pixels = zlib.decompress(data[start : data.index(b"IEND") - 8])
    assert len(pixels) == 270 * (480 + 1)


def test_the_same_name_makes_the_same_bytes():
    for ending in ("png", "pdf", "xlsx", "docx", "csv", "zip", "txt", "eml"):
        first, _ = files.content(f"soubor.{ending}")
        files.content.cache_clear()
        assert files.content(f"soubor.{ending}")[0] == first


def test_a_forwarded_mail_and_a_table_are_readable():
    mail = message_from_bytes(files.content("podvod.eml")[0])
    assert mail["Message-ID"]
    assert "Těsnění" in files.content("import.csv")[0].decode("cp1250")


def test_an_unknown_kind_is_an_error():
    with pytest.raises(KeyError):
        files.content("film.avi")
