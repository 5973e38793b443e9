"""Attachments: files that strangers sent, handed over so that no browser runs anything in them."""

import re
from datetime import timedelta
from pathlib import Path

from flask import Blueprint, Response, current_app, request, send_file

from portal import clock
from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.tickets import attachments, previews
from portal.web import rendering
from portal.web.auth.access_control import actor, own_reader
from portal.web.formatting import file_name

bp = Blueprint("attachments", __name__)

OPENED = frozenset(
    {"text/plain", "application/pdf"}
)  # as sent, by the browser itself; anything else is saved to a file
OPENED_LATELY = timedelta(hours=1)  # a picture that is looked at for so long is one line of the log
ACTIVE = re.compile(r"html|[/+]xml$|svg|script|xslt|flash|calendar")
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}")

SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
VIEWER = (  # a sandbox would stop the browser's PDF viewer
    "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; form-action 'none'; frame-ancestors 'none'; "
    "base-uri 'none'"
)


@bp.get("/attachments/<int:attachment_id>")
@bp.get("/attachments/<int:attachment_id>/<name>")
def show(attachment_id: int, name: str = "") -> Response:
    """What a browser may show of it: a picture drawn anew, a text, a PDF; any other file to be saved."""
    found = attachments.find(own_reader(), attachment_id)
    path = found.path_in(_folder())
    if path is None:
        return _on_its_way(found)
    picture = previews.drawn(_folder(), path.name) if previews.is_drawn(found.media_type) else None
    if picture is None:
        _write_down(found)
        return _file(found, path)
    if not _is_written_down(found):  # inside messages it is asked for again and again
        _write_down(found)
    return _picture(found, picture)


@bp.get("/attachments/<int:attachment_id>/original/<name>")
def original(attachment_id: int, name: str) -> Response:
    """The very bytes somebody sent, to be saved."""
    found = attachments.find(own_reader(), attachment_id)
    path = found.path_in(_folder())
    if path is None:
        return _on_its_way(found)
    _write_down(found)
    return _file(found, path, is_opened=False)


def _folder() -> Path:
    return Path(current_app.config["INSTANCE"]) / "attachments"


def _is_written_down(found: attachments.Download) -> bool:
    """Whether the log says that this person opened this file lately."""
    since = clock.now() - OPENED_LATELY
    return audit.is_noted(audit.DOWNLOADED, actor(), about=found.ticket_number, name=found.name, since=since)


def _write_down(found: attachments.Download) -> None:
    """In the audit log; HEAD takes nothing away."""
    if request.method == "GET":
        with unit_of_work():
            audit.note(audit.DOWNLOADED, actor(), about=found.ticket_number, name=found.name)


def _picture(found: attachments.Download, path: Path) -> Response:
    name = f"{file_name(found.name).rpartition('.')[0] or file_name(found.name)}.webp"
    response = send_file(path, mimetype=previews.MEDIA_TYPE, download_name=name, etag=f"{found.sha256}-drawn")
    return _guarded(response, SANDBOX)


def _file(found: attachments.Download, path: Path, *, is_opened: bool = True) -> Response:
    media_type = _harmless(found.media_type)
    response = send_file(
        path,
        mimetype=media_type,
        as_attachment=not (is_opened and media_type in OPENED),
        download_name=file_name(found.name),
        etag=found.sha256 or False,
    )
    return _guarded(response, VIEWER if media_type == "application/pdf" else SANDBOX)


def _guarded(response: Response, policy: str) -> Response:
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _on_its_way(found: attachments.Download) -> Response:
    response = rendering.render(page="attachments/on_its_way.html", status=503, attachment=found)
    response.headers["Retry-After"] = "30"
    return response


def _harmless(media_type: str) -> str:
    """The type as it was sent, unless a browser could run it."""
    plain = media_type.split(";", maxsplit=1)[0].strip().lower()
    if not MEDIA_TYPE.fullmatch(plain) or ACTIVE.search(plain):
        return "application/octet-stream"
    return plain
