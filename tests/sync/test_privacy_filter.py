"""What the core tells passes without those who are forgotten, whatever part of a record names them."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from portal.cores.records import EntryCorrectionRecord
from portal.domain.privacy.retention import LEFT_OUT
from portal.sync import privacy_filter
from tests.sync.conftest import ticket

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)


def test_the_reason_of_a_correction_is_left_out_with_the_other_words_of_an_old_ticket():
    said = EntryCorrectionRecord(core_id="c1", entry="e1", at=AT, by="Petr Malý", reason="Jana to objednala jinak")
    record = replace(ticket(1), state="done", changed_at=AT, corrections=(said,))
    emptied = privacy_filter.of(record, None, kept_since=AT + timedelta(days=1))
    assert [(one.by, one.reason) for one in emptied.corrections] == [("Petr Malý", LEFT_OUT)]
