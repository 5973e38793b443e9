"""Mails of the kinds that once went wrong: what their reader sees is what their sender wrote."""

import pytest

from portal.desk.inbound import intake
from tests.desk.inbound.real_mail.siblings import EMPLOYEE, SIBLINGS, TECHNICIAN, Sibling

EACH = [
    pytest.param(sibling, id=f"{row}-{number}")
    for row, siblings in SIBLINGS.items()
    for number, sibling in enumerate(siblings)
]


@pytest.fixture
def arrive(store, compose, opened, technician_writes, employee_writes):
    """The number of the ticket on which a mail arrived, and what kind of letter tells of it."""

    def receive(sibling: Sibling) -> tuple[str, str]:
        if sibling.by == TECHNICIAN:
            technician_writes(opened, sibling.text, html=sibling.html)
            return opened, "answer"
        if sibling.by == EMPLOYEE:
            technician_writes(opened, "Máme přijít v úterý?")
            employee_writes(opened, sibling.text, html=sibling.html)
            return opened, "employee_wrote"
        raw = compose(sibling.text, html=sibling.html, subject="Dotaz")
        head = f"From: {sibling.sender}\nTo: noc@connectica.cz\nSubject: Dotaz\nMessage-ID: <s@x.example>\n"
        if sibling.content or sibling.name:
            body = sibling.content or f"Content-Type: text/plain; charset=utf-8\n\n{sibling.text}"
            raw = f"{head}MIME-Version: 1.0\n{body}".encode()
        return intake.receive(store, raw).ticket, "new_ticket"

    return receive


@pytest.mark.parametrize("sibling", EACH)
def test_its_reader_sees_what_its_sender_wrote(sibling, arrive, letters, page, record, *, hours):
    number, kind = arrive(sibling)
    visible, folded = page(number)
    letter = letters(number, kind)[-1][2].split("\n-- \n")[0]
    for place in (visible, letter):
        found = [place.find(words) for words in sibling.seen]
        assert -1 not in found and found == sorted(found), place
        assert not [words for words in sibling.hidden if words in place]
    assert not [words for words in sibling.told if words not in letter], letter
    assert all(words in folded for words in sibling.folded)
    assert (folded.strip() == "") == (sibling.folded == ())
    told = record(number)
    assert [each for _, each in hours(number)] == ([sibling.hours] if sibling.hours else [])
    assert [each["question"] for each in told["approvals"]] == ([sibling.question] if sibling.question else [])
    assert not sibling.name or told["requester"]["name"] == sibling.name
    files = [f"{file['name']} {file['media_type']}" for file in told["messages"][-1]["attachments"]]
    assert all(any(wanted in file for file in files) for wanted in sibling.files), files
