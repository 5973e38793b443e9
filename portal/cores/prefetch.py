"""Prefetch: while one page of changes is processed, the next is fetched in a second thread."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from portal.cores.records import ChangesPage


def one_ahead(pages: Iterator[ChangesPage]) -> Iterator[ChangesPage]:
    """The same pages, never more than one of them waiting. After the one that says it is the last nothing is fetched.

    What fetching raises is raised where its page is due. Who stops in between waits for the page that is on its way.
    """
    page = next(pages, None)
    if page is None or not page.more:
        if page is not None:
            yield page
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="next page") as beside:
        while page is not None:
            coming = beside.submit(next, pages, None) if page.more else None
            yield page
            page = coming.result() if coming else None
