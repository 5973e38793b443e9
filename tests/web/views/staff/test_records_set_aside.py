"""Staff see what was set aside, why, and by which command it is taken again."""

import pytest

from portal import clock
from portal.db import db
from portal.domain.sync_state import SetAside
from tests.factories import mirror


@pytest.fixture
def staff(world, sign_in):
    for name, reason in (("mail: 17", "its worker was killed"), ("20261234", "<b>no state</b> " + "x" * 500)):
        db.session.add(SetAside(core_id=name, reason=reason, raw="", first_at=clock.now(), last_at=clock.now()))
    mirror.settle()
    return sign_in(world.staff)


def test_a_mail_set_aside_is_listed_with_its_reason_and_the_command_that_reads_it_again(staff):
    page = staff.get("/staff").text
    assert "mail: 17" in page and "its worker was killed" in page
    assert "connectica-portal desk aside take" in page
    assert "connectica-portal sync take" in page


def test_a_reason_is_only_text(staff):
    assert "&lt;b&gt;no state" in staff.get("/staff").text


def test_a_company_sees_none_of_it(staff, manager):
    assert manager.get("/staff").status_code == 404
