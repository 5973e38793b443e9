"""A real Request Tracker whose tickets all changed in one second, as after an import: more of them than a page."""

import pytest

from tests.cores.rt.lab import Lab


@pytest.mark.parametrize("page", [7, 100])
def test_tickets_of_one_second_are_told_once_each_whatever_a_page_holds(full: Lab, page: int):
    full.sql("UPDATE Tickets SET LastUpdated = '2026-11-02 11:00:00'")
    numbers = full.sql("SELECT id FROM Tickets WHERE id = EffectiveId ORDER BY id").split()
    assert len(numbers) == 300
    core = full.core(page=page)
    pages = list(core.changes(None))
    assert [change.core_id for each in pages for change in each.changes] == numbers
    again = [change.core_id for each in core.changes(pages[-1].cursor) for change in each.changes]
    assert set(again) <= set(numbers)
    cursor = pages[len(pages) // 2].cursor  # a run that stopped in the middle of that second
    rest = [change.core_id for each in full.core(page=page).changes(cursor) for change in each.changes]
    assert set(rest) >= set(numbers[(len(pages) // 2 + 1) * page :])
    assert len(rest) == len(set(rest))
