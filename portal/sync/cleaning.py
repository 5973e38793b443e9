"""Cleaning in a worker process: many tickets at once, a page ahead; one that kills its worker is set aside."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from portal.cores.records import ChangesPage, TicketRecord
from portal.lib.worker_process import WorkerDied, WorkerProcess
from portal.sync import rows
from portal.sync.html import message_body
from portal.sync.html.message_body import Body

MOST_TRIES = 2  # what killed its worker so often, alone, is set aside
SECONDS, SECONDS_A_MEGABYTE = 3.0, 3.0  # of the processor for one call
AT_ONCE, MOST_LETTERS = 100, 2_000_000  # tickets in a call, and letters after which no further one is added
_ENDED = "cleaning it was ended"
KILLS = "reading it ended the sync"  # outside of the worker

Bodies = Mapping[str, Body]
New = Callable[[Sequence[TicketRecord]], list[TicketRecord]]  # which of the records the mirror has not

log = logging.getLogger(__name__)


class Deadly(Exception):
    """The worker died of this record, more than once; the text is the reason, for staff."""


class Cleaner:
    """Makes the bodies of tickets' messages in a worker; without one plan() makes them where it wants them."""

    def __init__(self, worker: WorkerProcess | None) -> None:
        self._worker = worker
        self._beside = ThreadPoolExecutor(1, "cleaning") if worker else None
        self._made: dict[str, Bodies | Deadly] = {}

    def ahead(self, pages: Iterator[ChangesPage], new: New) -> Iterator[ChangesPage]:
        """The same pages, each one's bodies being made while the one before is performed."""
        if self._beside is None:
            yield from pages
            return
        self._made.clear()
        waiting: tuple[ChangesPage, Future[None]] | None = None
        trouble: Exception | None = None
        while waiting or trouble is None:
            try:
                page = None if trouble else next(pages, None)
            except Exception as error:  # the page before it came whole, and is performed first
                page, trouble = None, error
            following = (page, self._beside.submit(self._make, new(_records(page)))) if page else None
            if waiting:
                waiting[1].result()
                yield waiting[0]
            if following is None:
                break
            waiting = following
        if trouble:
            raise trouble

    def clean(self, records: Sequence[TicketRecord]) -> dict[str, Bodies | Deadly]:
        """By core_id of the ticket: its messages' bodies, or why there are none. Empty without a worker."""
        if self._worker is None:
            return {}
        marks = {record.core_id: rows.fingerprint(record) for record in records}
        self._make([record for record in records if marks[record.core_id] not in self._made])
        return {core_id: self._made.pop(mark) for core_id, mark in marks.items()}

    def _make(self, records: Sequence[TicketRecord]) -> None:
        for batch in _batches(records):
            self._made |= self._made_together(batch)

    def _made_together(self, batch: Sequence[TicketRecord]) -> dict[str, Bodies | Deadly]:
        try:
            made = self._call(batch)
        except WorkerDied as error:
            if len(batch) > 1:
                return {mark: each for one in batch for mark, each in self._made_together([one]).items()}
            return {rows.fingerprint(batch[0]): self._once_more(batch, error)}
        return {rows.fingerprint(record): bodies for record, bodies in zip(batch, made, strict=True)}

    def _once_more(self, alone: Sequence[TicketRecord], error: WorkerDied) -> Bodies | Deadly:
        """The worker may have died of something else: it is asked as often as MOST_TRIES says."""
        for _ in range(MOST_TRIES - 1):
            try:
                return self._call(alone)[0]
            except WorkerDied as again:
                error = again
        log.warning("the record of %s killed its worker: %s", alone[0].core_id, error)
        return Deadly(f"{_ENDED} {MOST_TRIES} times: {error}")

    def _call(self, batch: Sequence[TicketRecord]) -> list[dict[str, Body]]:
        assert self._worker is not None
        megabytes = sum(map(_letters, batch)) / 1e6
        return self._worker.call(SECONDS + SECONDS_A_MEGABYTE * megabytes, of_records, list(batch))


def of_records(records: list[TicketRecord]) -> list[dict[str, Body]]:
    """What the worker does."""
    return [message_body.of_record(record) for record in records]


def is_deadly(reason: str) -> bool:
    """Whether a record was set aside for this: it is tried again only when somebody asks for it."""
    return reason.startswith((_ENDED, KILLS))


def _records(page: ChangesPage) -> list[TicketRecord]:
    return [change for change in page.changes if isinstance(change, TicketRecord)]


def _batches(records: Sequence[TicketRecord]) -> Iterator[list[TicketRecord]]:
    batch: list[TicketRecord] = []
    letters = 0
    for record in records:
        batch.append(record)
        letters += _letters(record)
        if len(batch) == AT_ONCE or letters > MOST_LETTERS:
            yield batch
            batch, letters = [], 0
    if batch:
        yield batch


def _letters(record: TicketRecord) -> int:
    return sum(len(message.text) + len(message.html) for message in record.messages)
