"""A great many tickets in one second's stamp: each is told once, and memory does not grow with their number."""

import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.serving import make_server

from portal.cores.core_api import DeskCore
from portal.desk.api import create_api
from portal.desk.database import Store
from portal.desk.ticketing import directory
from tests.cores.test_core_api import TOKEN, _Quiet

STAMP = "2026-11-02T11:00:00Z"
TICKET = (
    '{"type": "ticket", "core_id": "%d", "number": "%d", "company": "vltava", "subject": "Import %d",'
    ' "state": "done", "requester": {"name": "Jana"}, "opened_at": "' + STAMP + '", "changed_at": "' + STAMP + '",'
    ' "messages": [{"core_id": "m%d", "side": "employee", "author": {"name": "Jana"}, "sent_at": "' + STAMP + '",'
    ' "text": "Hotovo."}]}'
)


@pytest.fixture
def endless() -> Iterator[str]:
    """A core of as many tickets as the first part of its address says, made as they are asked for."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            question = parse_qs(address.query)
            count, limit = int(address.path.split("/")[1]), int(question["limit"][0])
            start = int(question.get("cursor", ["0"])[0])
            numbers = range(start, min(start + limit, count))
            changes = ",".join(TICKET % (n, n, n, n) for n in numbers)
            more = "true" if numbers[-1] + 1 < count else "false"
            body = f'{{"changes": [{changes}], "cursor": "{numbers[-1]}", "more": {more}}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests are read for what fails."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_quarter_of_a_million_tickets_of_one_stamp_need_no_more_memory_than_a_few_thousand(endless):
    peaks = {}
    for count in (5_000, 250_000):
        tracemalloc.start()
        told, last = 0, ""
        for page in DeskCore(f"{endless}/{count}", "secret", page=500).changes(None):
            fresh = [change.core_id for change in page.changes if change.core_id != last]
            told, last = told + len(fresh), fresh[-1]
        peaks[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (told, last) == (count, str(count - 1))
    assert peaks[250_000] < 1.2 * peaks[5_000] + 1_000_000


@pytest.mark.parametrize("page", [2, 7, 500])
def test_the_desk_tells_each_of_many_tickets_of_one_stamp_once(tmp_path: Path, page: int):
    count = 10_000 if page == 500 else 300
    store = Store(tmp_path / "desk.db")
    directory.add_company(store, "vltava", "Strojírny Vltava, a. s.", ["vltava.example"])
    with store.write() as db:
        db.executemany(
            "INSERT INTO ticket (id, number, company, subject, state, requester_name, requester_email, opened_at,"
            " changed_at) VALUES (?, ?, 'vltava', 'Import', 'done', 'Jana', 'jana@vltava.example', ?, ?)",
            [(n, str(n), STAMP, STAMP) for n in range(1, count + 1)],
        )
        db.executemany("INSERT INTO change (ticket) VALUES (?)", [(n,) for n in range(1, count + 1)])
    server = make_server("127.0.0.1", 0, create_api(store, TOKEN), threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        pages = list(DeskCore(f"http://127.0.0.1:{server.port}/core/v1", TOKEN, page=page).changes(None))
    finally:
        server.shutdown()
        server.server_close()
        store.close()
    told = [change.core_id for each in pages for change in each.changes]
    assert list(dict.fromkeys(told)) == [str(n) for n in range(1, count + 1)]
    assert len(told) == count + len(pages) - 1, "only what a cursor stands on is told again"
