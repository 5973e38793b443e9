"""Files out of Request Tracker's JSON: in pieces, in the memory of a piece, and whole or not at all."""

import base64
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.cores.rt.client import decoded
from portal.errors import CoreLied, CoreRefused
from tests.cores.rt.lab import Lab, RtStage


def test_a_big_file_needs_the_memory_of_a_few_pieces(lab: Lab, stage: RtStage):
    content = bytes(range(256)) * 60_000  # 15 MB
    number = stage.open_ticket("Záloha", "V příloze.")
    stage.attach(number, "záloha.bin", content)
    core = lab.core()
    (file,) = [
        file
        for page in core.changes(None)
        for change in page.changes
        for message in change.messages
        for file in message.attachments
    ]
    tracemalloc.start()
    try:
        length, is_equal = 0, True
        for piece in core.attachment(file.core_id):
            is_equal &= content[length : length + len(piece)] == piece
            length += len(piece)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert is_equal and length == len(content) == file.size
    assert peak < 2_000_000, f"{peak} bytes"


@pytest.mark.parametrize("content", [b"", b"a", "žluťoučký kůň".encode()])
def test_small_and_empty_files_are_given(lab: Lab, stage: RtStage, content: bytes):
    number = stage.open_ticket("Záloha", "V příloze.")
    stage.attach(number, "a.bin", content)
    core = lab.core()
    files = [
        file
        for page in core.changes(None)
        for change in page.changes
        for message in change.messages
        for file in message.attachments
    ]
    assert [b"".join(core.attachment(file.core_id)) for file in files] == [content]


def test_a_file_of_an_internal_note_is_refused(lab: Lab, stage: RtStage):
    number = stage.open_ticket("Záloha", "a")
    stage.note_internally(number, "Jen pro nás.")
    newest = lab.sql(
        "SELECT max(a.id) FROM Attachments a JOIN Transactions t ON t.id = a.TransactionId WHERE t.Type = 'Comment'"
    )
    with pytest.raises(CoreRefused):
        list(lab.core().attachment(newest))


@given(st.binary(max_size=3000), st.text(max_size=50), st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]))
def test_content_is_found_wherever_the_json_is_cut(content, headers, size, is_first, indent):
    written = {"Content": base64.encodebytes(content).decode(), "Headers": f'"Content":"{headers}'}
    body = json.dumps(written if is_first else dict(reversed(written.items())), indent=indent).encode()
    assert b"".join(decoded(_cut(body, size))) == content


@given(st.binary(min_size=1, max_size=300), st.integers(1, 40), st.data())
def test_half_a_file_is_never_taken_for_a_whole_one(content, size, data):
    body = json.dumps({"id": 1, "Content": base64.encodebytes(content).decode()}).encode()
    end = data.draw(st.integers(0, len(body) - 3))
    with pytest.raises(CoreLied):
        list(decoded(_cut(body[:end], size)))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Sign in</html>",
        b'{"message":"Forbidden"}',
        b'{"Content":"YW*j"}',
        b'{"Content":"YWJ"}',
        b" " * 3_000_000,
    ],
)
def test_what_is_no_file_is_a_lie(body):
    with pytest.raises(CoreLied):
        list(decoded(_cut(body, 65_536)))


def _cut(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))
