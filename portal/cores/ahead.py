"""Reading ahead: the next page is on its way while this one is mirrored."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from portal.cores.records import ChangesPage


def one_ahead(pages: Iterator[ChangesPage]) -> Iterator[ChangesPage]:
    """The same pages; while one is worked on, the next is fetched."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = thread.submit(next, pages, None)
        while page := coming.result():
            coming = thread.submit(next, pages, None)
            yield page
