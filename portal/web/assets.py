"""Static files under addresses that change with their content, so that a browser may keep them for ever."""

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

FOR_EVER = 365 * 24 * 3600  # seconds


def install(app: Flask) -> None:
    """`asset("portal.css")` in templates."""
    app.jinja_env.globals["asset"] = asset
    app.after_request(_keep_what_never_changes)


def asset(name: str) -> str:
    """The address of a static file, with the hash of its content."""
    return url_for("static", filename=name, v=_hash_of(name))


def _hash_of(name: str) -> str:
    path = Path(current_app.static_folder or "") / name
    return _hash(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _hash(path: Path, _changed: int) -> str:
    return blake2b(path.read_bytes(), digest_size=6).hexdigest()


def _keep_what_never_changes(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code in (200, 304) and "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={FOR_EVER}, immutable"
    return response
