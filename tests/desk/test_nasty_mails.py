"""Mails made to be expensive go through the real processes, and the ordinary mail behind each arrives."""

import pytest

from portal import clock
from portal.cores.records import MessageRecord, PersonRecord
from portal.desk.inbound import mime
from portal.lib.worker_process import WorkerProcess
from portal.sync.html import message_body
from tests.nasty import live, mails, steps

SMALL = 20_000  # letters: what is quadratic shows itself in what comes out, and in bench/hostile_mail.py by the clock
LARGE = 40_000  # letters: of four times as many, what is quadratic and matters takes half a second
MEASURABLE, MOST_GROWTH = 0.06, 8  # seconds of the processor; linear is 4, quadratic 16
ONCE_TOO_DEAR = [
    "uuencode",
    "rich blanks",
    "text: blanks in a date",
    "text: many people",
    "text: different questions",
]


@pytest.mark.parametrize("name", mails.MAILS)
def test_what_is_made_of_a_nasty_mail_is_bounded(name):
    raw = mails.MAILS[name](SMALL)
    mime.glance(raw)
    try:
        said = mime.read(raw)
    except mime.UnreadableMail:
        return
    message = MessageRecord(
        core_id="m",
        side="employee",
        author=PersonRecord(name="Jan", email="jan@strojirny-vltava.example"),
        sent_at=clock.now(),
        text=said.text,
        html=said.html,
    )
    made = message_body.of(message)
    assert len(made.visible) + len(made.quoted) <= 40 * SMALL
    assert len(said.headers) <= 300
    assert sum(len(file.content) for file in said.files) <= 3 * len(raw)


@pytest.fixture(scope="module")
def child():
    worker = WorkerProcess()
    yield worker
    worker.close()


MEASURED = dict.fromkeys([*list(mails.MAILS)[::5], *live.TWENTY, *ONCE_TOO_DEAR])  # bench/hostile_mail.py takes all


@pytest.mark.parametrize("name", MEASURED)
def test_four_times_as_much_costs_no_sixteen_times_as_much(name, child):
    def is_bounded() -> bool:
        small, large = (child.call(60, steps.dearest, name, length) for length in (LARGE, 4 * LARGE))
        return large <= MOST_GROWTH * max(small, MEASURABLE)

    # On a busy machine one measurement may be twice another; what is quadratic is so every time.
    assert any(is_bounded() for _ in range(3)), "bench/hostile_mail.py tells how dear it is"


def test_the_ordinary_mail_behind_each_of_twenty_is_on_its_page_though_readers_are_killed(tmp_path):
    waited = live.measured(tmp_path)  # it waits as long as a busy machine may need; bench/hostile_live.py says 10 s
    assert len(waited) == len(live.TWENTY)
    print("seconds from the desk's SMTP server to the page:", [round(seconds, 1) for seconds in waited])
