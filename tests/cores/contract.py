"""What any adapter has to show: inherit CoreContract, give it a core and a stage, and its promises are proved.

The stage does in the real core what its users would do. It says as little as a core can know: whoever writes an
adapter writes these eight verbs for their store.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Protocol

import pytest

from portal import clock
from portal.cores.protocol import Core, Mark
from portal.cores.records import TicketRecord, Tombstone
from portal.domain.tickets.models import State
from portal.errors import CoreRefused


class Stage(Protocol):
    """The core's users. Tickets are called by their core_id; the company is always COMPANY."""

    def open_ticket(self, subject: str, text: str) -> str: ...
    def answer(self, ticket: str, text: str, *, time: str = "", state: str = "") -> None: ...
    def note_internally(self, ticket: str, text: str, *, time: str = "") -> None: ...
    def attach(self, ticket: str, name: str, content: bytes) -> None: ...
    def ask_approval(self, ticket: str, question: str) -> None: ...
    def remove(self, ticket: str) -> None: ...
    def merge(self, ticket: str, into: str) -> None: ...
    def notes_of(self, ticket: str) -> list[str]: ...


COMPANY = "vltava"
CATEGORY = "PROGP85"


class CoreContract:
    """Subclasses give the fixtures `core` and `stage`, and a page of the core must hold fewer than ten tickets."""

    def test_an_empty_core_tells_nothing_and_gives_a_cursor_to_go_on_from(self, core: Core, stage: Stage):
        (page,) = core.changes(None)
        assert (page.changes, page.more) == ((), False)
        ticket = stage.open_ticket("Tiskárna", "Netiskne.")
        assert ticket in [change.core_id for page in core.changes(page.cursor) for change in page.changes]

    def test_a_ticket_is_told_whole(self, core: Core, stage: Stage):
        before = clock.now() - timedelta(seconds=5)
        ticket = stage.open_ticket("Příliš žluťoučký kůň", "Dobrý den,\n\nnetiskne to – „vůbec“.")
        stage.answer(ticket, "Už to tiskne.", time=f"{CATEGORY}:1,25", state=State.TO_BE_INVOICED)
        record = _newest(core, ticket)
        assert (record.subject, record.company, record.kind) == ("Příliš žluťoučký kůň", COMPANY, "IT")
        assert (record.state, record.number != "") == (State.TO_BE_INVOICED, True)
        assert [message.side for message in record.messages] == ["employee", "technician"]
        assert "netiskne to – „vůbec“." in record.messages[0].text
        assert "Už to tiskne." in record.messages[1].text
        assert record.requester.email == record.messages[0].author.email == record.requester.email.lower()
        assert before <= record.opened_at <= record.changed_at <= clock.now() + timedelta(seconds=5)
        (entry,) = record.time_entries
        assert (entry.category, entry.hours, entry.message) == (CATEGORY, Decimal("1.25"), record.messages[1].core_id)
        assert any((event.kind, event.new) == ("state", State.TO_BE_INVOICED) for event in record.events)

    def test_pages_hold_every_ticket_once_oldest_change_first(self, core: Core, stage: Stage):
        tickets = [stage.open_ticket(f"Požadavek {n}", "text") for n in range(12)]
        stage.answer(tickets[3], "Hotovo.")
        pages = list(core.changes(None))
        assert len(pages) > 1, "give the core smaller pages"
        assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
        told = list(dict.fromkeys(change.core_id for page in pages for change in page.changes))
        assert told == [*(ticket for ticket in tickets if ticket != tickets[3]), tickets[3]]

    def test_a_cursor_is_inclusive_and_a_run_may_stop_at_any_page(self, core: Core, stage: Stage):
        tickets = {stage.open_ticket(f"Požadavek {n}", "text") for n in range(12)}
        met, cursor = set(), None
        for _ in range(100):
            page = next(iter(core.changes(cursor)))  # and stop
            met |= {change.core_id for change in page.changes}
            cursor = page.cursor
            if not page.more:
                break
        assert met == tickets
        again = next(iter(core.changes(cursor)))
        assert page.changes[-1].core_id in [change.core_id for change in again.changes]

    def test_what_changed_is_told_after_the_cursor(self, core: Core, stage: Stage):
        first, second = stage.open_ticket("První", "a"), stage.open_ticket("Druhý", "b")
        cursor = list(core.changes(None))[-1].cursor
        stage.answer(first, "Odpověď.")
        told = [change for page in core.changes(cursor) for change in page.changes]
        assert {change.core_id for change in told} <= {first, second}
        assert len(next(change for change in told if change.core_id == first).messages) == 2

    def test_internal_notes_stay_in_the_core_and_their_time_does_not(self, core: Core, stage: Stage):
        ticket = stage.open_ticket("Server", "Nejde.")
        stage.note_internally(ticket, "Zákazník zase nezaplatil.", time=f"{CATEGORY}:0,50")
        record = _newest(core, ticket)
        assert "nezaplatil" not in repr(record)
        assert [(entry.hours, entry.message) for entry in record.time_entries] == [(Decimal("0.50"), "")]

    def test_an_attachment_is_named_and_its_bytes_are_given(self, core: Core, stage: Stage):
        content = bytes(range(256)) * 1000
        ticket = stage.open_ticket("Výkaz", "V příloze.")
        stage.attach(ticket, "výkaz č. 1.bin", content)
        (file,) = [file for message in _newest(core, ticket).messages for file in message.attachments]
        assert (file.name, file.size) == ("výkaz č. 1.bin", len(content))
        assert b"".join(core.attachment(file.core_id)) == content

    @pytest.mark.parametrize("name", ["there-is-none", "../companies", "0", "%2e%2e", "č"])
    def test_an_attachment_that_is_not_there_is_refused(self, core: Core, name: str):
        with pytest.raises(CoreRefused):
            list(core.attachment(name))

    def test_a_removed_ticket_is_a_tombstone(self, core: Core, stage: Stage):
        gone, kept = stage.open_ticket("Omyl", "a"), stage.open_ticket("Požadavek", "b")
        stage.remove(gone)
        told = {change.core_id: change for page in core.changes(None) for change in page.changes}
        assert isinstance(told[gone], Tombstone)
        assert told[gone].reason == "deleted"
        assert isinstance(told[kept], TicketRecord)

    def test_a_merged_ticket_is_a_tombstone_that_says_where_it_went(self, core: Core, stage: Stage):
        gone, kept = stage.open_ticket("Totéž", "a"), stage.open_ticket("Požadavek", "b")
        stage.merge(gone, into=kept)
        stone = _newest(core, gone)
        assert isinstance(stone, Tombstone)
        assert (stone.reason, stone.merged_into) == ("merged", kept)

    def test_an_approval_question_is_told_with_its_ticket(self, core: Core, stage: Stage):
        ticket = stage.open_ticket("Nový notebook", "Prosím o notebook.")
        stage.ask_approval(ticket, "Smíme ho koupit?")
        (approval,) = _newest(core, ticket).approvals
        assert approval.question == "Smíme ho koupit?"
        core.tell(ticket, "Kolik by stál?", "approval-asked-back", approval=approval.core_id)
        assert [one.question for one in _newest(core, ticket).approvals] == ["Smíme ho koupit?"], (
            "asking back decides"
        )
        core.tell(ticket, "Schváleno.", "approval-1", approval=approval.core_id, decision="approved")

    def test_a_note_is_written_once_however_often_it_is_told(self, core: Core, stage: Stage):
        ticket = stage.open_ticket("Pošta", "Nejde.")
        for _ in range(3):
            core.tell(ticket, "Manažer se ptá na čas.", "question-1")
        core.tell(ticket, "A ještě jednou.", "question-2")
        assert stage.notes_of(ticket) == ["Manažer se ptá na čas.", "A ještě jednou."]
        assert all("Manažer" not in message.text for message in _newest(core, ticket).messages)

    def test_a_note_on_a_ticket_that_is_not_there_is_refused(self, core: Core):
        with pytest.raises(CoreRefused):
            core.tell("there-is-none", "Ahoj.", "key")

    def test_companies_and_prices_are_told(self, core: Core):
        assert COMPANY in [company.core_id for company in core.companies()]
        prices = core.price_list()
        assert prices is None or CATEGORY in [price.category for price in prices]

    def test_what_was_issued_is_told_or_the_core_says_that_it_tells_none(self, core: Core):
        issued = core.invoices()
        known = {company.core_id for company in core.companies()}
        assert issued is None or {invoice.company for invoice in issued.invoices} <= known

    def test_a_note_may_carry_a_mark_for_programs(self, core: Core, stage: Stage):
        ticket = stage.open_ticket("Tiskárna", "Netiskne.")
        core.tell(ticket, "Čas je zpochybněný.", "question-1-asked", mark=Mark(dispute="question-1"))
        core.tell(ticket, "Čas už není zpochybněný.", "question-1-over", mark=Mark("question-1", is_over=True))
        assert any("zpochybněný" in note for note in stage.notes_of(ticket))


def _newest(core: Core, ticket: str):
    """The ticket as it is told last."""
    told = [change for page in core.changes(None) for change in page.changes if change.core_id == ticket]
    return told[-1]
