"""Hooks: the core's signed poke that something changed. It only wakes the sync; nothing in it is believed."""

import hmac
from hashlib import sha256

from flask import Blueprint, Flask, Response, abort, current_app, request

from portal import clock
from portal.domain import sync_state
from portal.web.auth.login_manager import csrf

bp = Blueprint("hooks", __name__)

TIMESTAMP = "X-Portal-Timestamp"  # whole seconds since 1970 UTC
SIGNATURE = "X-Portal-Signature"  # sha256= and the HMAC of "timestamp.body" in hex, keyed with CORE_HOOK_SECRET
WINDOW = 300  # seconds a signature is good for: what was overheard once wakes nobody for ever


def install(app: Flask) -> None:
    """The core is no browser: its signature stands where a form has its token."""
    csrf.exempt(bp)


@bp.post("/hooks/core")
def core() -> Response:
    """204 for a rightly signed poke of now, whatever its body; 404 for any other: a stranger learns nothing."""
    stamp = request.headers.get(TIMESTAMP, "")
    if not (_is_signed(stamp, request.get_data()) and _is_of_now(stamp)):
        abort(404)
    sync_state.wake()
    return Response(status=204)


def _is_signed(stamp: str, body: bytes) -> bool:
    secret = current_app.config["CORE_HOOK_SECRET"].encode()
    expected = "sha256=" + hmac.new(secret, stamp.encode() + b"." + body, sha256).hexdigest()
    return hmac.compare_digest(request.headers.get(SIGNATURE, "").encode(), expected.encode())


def _is_of_now(stamp: str) -> bool:
    return len(stamp) <= 12 and stamp.isdecimal() and abs(int(stamp) - clock.now().timestamp()) <= WINDOW
