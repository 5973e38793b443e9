"""An enum is an enum in the table too: what is written is one of its words, and a stranger's word breaks no page."""

from enum import StrEnum

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import StatementError

from portal import clock
from portal.db import Base, db
from portal.db.enums import EnumText
from portal.domain.approvals.models import Approval, ApprovalState, AtExpiry, Channel, Scope
from portal.domain.tickets.models import State, Ticket
from portal.domain.tickets.time_entries import TimeEntry
from tests.factories.approvals import MONDAY, Office

NAMED_LIKE_ENUMS = {"state", "turn", "at_expiry", "channel", "scope", "side", "unit", "how", "shown_live"}


@pytest.fixture
def office(app):
    with clock.set_to(MONDAY):
        yield Office()


def test_every_column_named_for_a_word_of_an_enum_is_one():
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    plain = {str(one) for one in columns if one.name in NAMED_LIKE_ENUMS and not isinstance(one.type, EnumText)}
    assert plain == set()


def test_a_row_says_its_words_as_members(office):
    approval = office.approval(office.ask().approval_id)
    assert (approval.state, approval.at_expiry) == (ApprovalState.OPEN, AtExpiry.STAY)
    assert all(isinstance(word, StrEnum) for word in (approval.state, approval.turn, approval.at_expiry))


def test_nothing_is_none_here_and_the_empty_text_in_the_database(office):
    asked = office.ask().approval_id
    assert (office.approval(asked).channel, office.approval(asked).scope) == (None, None)
    raw = db.session.execute(text("SELECT channel, scope FROM approval")).one()
    assert tuple(raw) == ("", "")
    assert db.session.scalars(select(Approval.id).where(Approval.channel == None)).all() == [asked]  # noqa: E711
    assert db.session.scalars(select(Approval.id).where(Approval.scope.in_([Scope.TICKET]))).all() == []


def test_a_word_that_is_none_of_the_enum_is_not_written(office):
    with pytest.raises(StatementError):
        db.session.execute(update(Approval).values(channel="pigeon"))
    db.session.execute(update(Approval).values(channel="link"))
    assert {row.channel for row in db.session.scalars(select(Approval))} <= {Channel.LINK}


def test_a_word_of_another_release_is_read_as_it_is(office):
    db.session.execute(text("UPDATE ticket SET state = 'frozen'"))
    db.session.expire_all()
    states = set(db.session.scalars(select(Ticket.state)))
    assert states == {"frozen"} and not states & set(State)


def test_nothing_is_null_in_a_column_that_may_be(office):
    """As IS NULL without a value: PostgreSQL takes none there."""
    found = db.session.scalars(select(TimeEntry.id).where(TimeEntry.coverage.is_not(None))).all()
    assert found == []
    assert "IS NOT NULL" in str(TimeEntry.coverage.is_not(None))
