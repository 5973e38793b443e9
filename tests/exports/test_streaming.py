"""A large file is written without holding its rows, and while it is written others get their turn."""

import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from tempfile import TemporaryFile

from portal.domain.billing.status import Billing
from portal.domain.billing.time_report import Worked
from portal.exports import csv_writer, report
from portal.exports.report import Report

ROWS = 2_000


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Row(Worked):
    """An entry that can be watched."""


class Rows:
    """Entries made one by one, as a database cursor gives them; `most` is how many lived at the same time."""

    def __init__(self) -> None:
        self.alive: weakref.WeakSet[Row] = weakref.WeakSet()
        self.most = 0

    def __iter__(self) -> Iterator[Row]:
        for number in range(ROWS):
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
            row = Row(
                id=number,
                day=at.date(),
                at=at,
                number=f"2026{number // 4:04}",
                subject="T",
                message_id=number,
                what=f"Práce {number}",
                employee_id=1,
                employee="Eva",
                technician_id=1,
                technician="Radek",
                category="PROGP85",
                hours=Decimal("0.25"),
                rate=Decimal(850),
                why_not=None,
                told=True,
                billing=Billing.RUNNING,
                invoiced_on=None,
                noticed_at=at,
                done_at=None,
            )
            self.alive.add(row)
            self.most = max(self.most, len(self.alive))
            yield row


def of(rows: Rows) -> Report:
    return Report(
        title="Hours",
        company="A",
        period="2026",
        filters=(),
        language="en",
        currency="CZK",
        vat_percent=Decimal(21),
        data_of=None,
        rows=rows,
        name_of=str,
    )


def test_no_more_than_a_few_rows_are_held_at_a_time(ledger):
    for write in (_as_workbook, _as_csv):
        rows = Rows()
        write(of(rows))
        assert 0 < rows.most <= 3


def test_others_get_their_turn_while_a_workbook_is_written(ledger):
    done, turns = threading.Event(), []

    def others() -> None:
        while not done.is_set():
            time.sleep(0.005)
            turns.append(time.monotonic())

    helper = threading.Thread(target=others)
    helper.start()
    try:
        sums = _as_workbook(of(Rows()))
    finally:
        done.set()
        helper.join()
    assert sums.all.entries == ROWS
    assert sums.days[date(2026, 1, 1)].entries == 24 * 60
    assert len(turns) > ROWS / report.SLICE  # at least at every breath


def _as_workbook(made: Report) -> report.Sums:
    with TemporaryFile() as file:
        return report.write(made, file)


def _as_csv(made: Report) -> None:
    for piece in csv_writer.pieces(made):
        assert len(piece) < 200 * csv_writer.AT_ONCE
