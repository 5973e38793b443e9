"""Attachments: files that strangers sent, handed over so that no browser runs anything in them."""

import re
from pathlib import Path

from flask import Blueprint, Response, current_app, request, send_file

from portal.domain import attachments, audit
from portal.web import pages
from portal.web.filters import file_name
from portal.web.gate import own_company

bp = Blueprint("attachments", __name__)

OPENED = frozenset(  # by the browser itself, in a sandbox; anything else is saved to a file
    {"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/pdf"}
)
ACTIVE = re.compile(r"html|[/+]xml$|svg|script|xslt|flash|calendar")
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}")

SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
VIEWER = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'"  # a sandbox would stop the PDF viewer


@bp.get("/attachments/<int(max=2147483647):attachment_id>")
@bp.get("/attachments/<int(max=2147483647):attachment_id>/<name>")
def show(attachment_id: int, name: str = "") -> Response:
    found = attachments.find(own_company(), attachment_id)
    path = found.path_in(Path(current_app.config["INSTANCE"]) / "attachments")
    if path is None:
        return _on_its_way(found)
    if request.method == "GET" and request.headers.get("Sec-Fetch-Dest") != "image":  # not a picture inside a message
        audit.note(audit.DOWNLOADED, about=found.ticket_number, name=found.name, **pages.signature())
    return _file(found, path)


def _file(found: attachments.Download, path: Path) -> Response:
    media_type = _harmless(found.media_type)
    response = send_file(
        path,
        mimetype=media_type,
        as_attachment=media_type not in OPENED,
        download_name=file_name(found.name),
        etag=found.sha256 or False,
    )
    response.headers["Content-Security-Policy"] = VIEWER if media_type == "application/pdf" else SANDBOX
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _on_its_way(found: attachments.Download) -> Response:
    response = pages.render(page="attachments/on_its_way.html", status=503, attachment=found)
    response.headers["Retry-After"] = "30"
    return response


def _harmless(media_type: str) -> str:
    """The type as it was sent, unless a browser could run it."""
    plain = media_type.split(";", maxsplit=1)[0].strip().lower()
    if not MEDIA_TYPE.fullmatch(plain) or ACTIVE.search(plain):
        return "application/octet-stream"
    return plain
