"""A WSGI application served on a free port of this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server


@contextmanager
def served(application: Any) -> Iterator[str]:
    """The address of its Core API."""
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.port}/core/v1"
    server.shutdown()
    server.server_close()


class _Quiet(WSGIRequestHandler):
    wbufsize = -1  # headers and body in one packet: unbuffered they wait for each other's acknowledgement

    def log(self, *args: object) -> None:
        """Tests are read for what fails."""
