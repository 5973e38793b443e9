"""Compression: the smallest encoding of a response that the browser accepts."""

import gzip
from functools import lru_cache

from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:  # before Python 3.14
    from backports import zstd

SMALLEST = 600  # bytes; below, one network packet carries it anyway
COMPRESSIBLE = frozenset(
    {"text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml"}
)
ENCODERS = {  # best first: a level is chosen for speed, as each page is made anew
    "zstd": lambda body: zstd.compress(body, 3),
    "gzip": lambda body: gzip.compress(body, 5, mtime=0),
}


def install(app: Flask) -> None:
    """To be called first of all: what is installed first touches an answer last."""
    app.after_request(compress)


def compress(response: Response) -> Response:
    """The answer in the best encoding both sides know; streams and files already packed stay as they are."""
    if response.mimetype not in COMPRESSIBLE:
        return response
    vary = response.headers.get("Vary")
    response.headers["Vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    is_stream = response.is_streamed and request.endpoint != "static"
    if response.status_code != 200 or "Content-Encoding" in response.headers or is_stream:
        return response
    encoding = _best(request.headers.get("Accept-Encoding", ""))
    response.direct_passthrough = False
    body = response.get_data()
    if encoding is None or len(body) < SMALLEST:
        return response
    tag, _is_weak = response.get_etag()
    response.set_data(_packed(body, encoding) if tag else ENCODERS[encoding](body))
    response.headers["Content-Encoding"] = encoding
    _weaken(response)
    return response


@lru_cache(maxsize=512)  # what carries a tag is asked for again: static files, parts of a list
def _packed(body: bytes, encoding: str) -> bytes:
    return ENCODERS[encoding](body)


@lru_cache(maxsize=256)
def _best(accepted: str) -> str | None:
    qualities = parse_accept_header(accepted, Accept)
    return next((name for name in ENCODERS if qualities.quality(name) > 0), None)


def _weaken(response: Response) -> None:
    """Other bytes, same meaning: the tag of the content may only be a weak one."""
    tag, is_weak = response.get_etag()
    if tag and not is_weak:
        response.set_etag(tag, weak=True)
