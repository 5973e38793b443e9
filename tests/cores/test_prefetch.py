"""One page ahead: the next page is fetched beside the one that is worked on, and no more than that."""

import threading
from collections.abc import Iterator

import pytest

from portal.cores.prefetch import one_ahead
from portal.cores.records import ChangesPage
from portal.errors import CoreAway

PATIENCE = 10  # seconds


def _page(number: int, *, more: bool = True) -> ChangesPage:
    return ChangesPage(changes=(), cursor=str(number), more=more)


def test_while_a_page_is_worked_on_the_next_one_is_fetched():
    second_is_fetched = threading.Event()

    def pages() -> Iterator[ChangesPage]:
        yield _page(1)
        second_is_fetched.set()
        yield _page(2, more=False)

    met = one_ahead(pages())
    assert next(met).cursor == "1"
    assert second_is_fetched.wait(PATIENCE)
    assert [page.cursor for page in met] == ["2"]


def test_no_more_than_one_page_waits():
    fetched = []

    def pages() -> Iterator[ChangesPage]:
        for number in range(1, 6):
            fetched.append(number)
            yield _page(number, more=number < 5)

    for page in one_ahead(pages()):
        assert len(fetched) <= int(page.cursor) + 1
    assert fetched == [1, 2, 3, 4, 5]


def test_after_the_last_page_nothing_is_asked_for():
    asked = []

    def pages() -> Iterator[ChangesPage]:
        yield _page(1, more=False)
        asked.append("more")

    assert [page.cursor for page in one_ahead(pages())] == ["1"]
    assert asked == []


def test_a_core_that_fails_is_met_where_its_page_is_due():
    def pages() -> Iterator[ChangesPage]:
        yield _page(1)
        raise CoreAway("gone")

    met = one_ahead(pages())
    assert next(met).cursor == "1"
    with pytest.raises(CoreAway, match="gone"):
        next(met)
