"""Compression: the smallest form of an answer its reader understands."""

import gzip

from flask import Flask, Response, request

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
    response.vary.add("Accept-Encoding")
    is_stream = response.is_streamed and request.endpoint != "static"
    if response.status_code != 200 or "Content-Encoding" in response.headers or is_stream:
        return response
    encoding = next((name for name in ENCODERS if request.accept_encodings.quality(name) > 0), None)
    response.direct_passthrough = False
    body = response.get_data()
    if encoding is None or len(body) < SMALLEST:
        return response
    response.set_data(ENCODERS[encoding](body))
    response.headers["Content-Encoding"] = encoding
    _weaken(response)
    return response


def _weaken(response: Response) -> None:
    """Other bytes, same meaning: the tag of the content may only be a weak one."""
    tag, is_weak = response.get_etag()
    if tag and not is_weak:
        response.set_etag(tag, weak=True)
