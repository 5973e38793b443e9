"""Staff's first page says what managers answered."""

from portal.domain.approvals import decisions
from portal.domain.approvals.decisions import Decision
from tests.actors import acting


def test_what_was_answered_today_stands_on_staffs_first_page(world, sign_in):
    staff = sign_in(world.staff)
    decisions.decide(
        acting(world.a.manager), world.a.approval_id, Decision(approve=True, note="Ano, s <b>podpisem</b>.")
    )
    page = staff.get("/staff").text
    part = page[page.index('id="decided"') :]
    assert "dnes" in part[:200]
    assert "Ano, s &lt;b&gt;podpisem&lt;/b&gt;." in part and world.a.manager.name in part
