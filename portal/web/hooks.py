"""Hooks: the core's signed poke that something changed. It only wakes the sync; nothing in it is believed."""

import hmac
from hashlib import sha256

from flask import Blueprint, Flask, Response, abort, current_app, request

from portal.domain import mirror
from portal.web.accounts import csrf

bp = Blueprint("hooks", __name__)

SIGNATURE = "X-Portal-Signature"  # sha256= and the HMAC of the body in hex, keyed with CORE_HOOK_SECRET


def install(app: Flask) -> None:
    """The core is no browser: its signature stands where a form has its token."""
    csrf.exempt(bp)


@bp.post("/hooks/core")
def core() -> Response:
    """204 for a rightly signed poke, whatever its body; 404 for any other: a stranger learns nothing."""
    expected = (
        "sha256=" + hmac.new(current_app.config["CORE_HOOK_SECRET"].encode(), request.get_data(), sha256).hexdigest()
    )
    if not hmac.compare_digest(request.headers.get(SIGNATURE, "").encode(), expected.encode()):
        abort(404)
    mirror.wake()
    return Response(status=204)
