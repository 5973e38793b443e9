"""The core's poke is believed only when signed; the watchdog learns nothing about companies."""

import hmac
from hashlib import sha256

import pytest

from portal import clock
from portal.db import db
from portal.domain import sync_state
from portal.domain.sync_state import MirrorState
from tests.factories import mirror
from tests.web.conftest import MARKER


def _signed(app, body, *, stamp=None):
    """The headers of a poke as a core sends them; stamp is in whole seconds, now if it is not given."""
    stamp = str(int(clock.now().timestamp())) if stamp is None else str(stamp)
    secret = app.config["CORE_HOOK_SECRET"].encode()
    signature = "sha256=" + hmac.new(secret, stamp.encode() + b"." + body, sha256).hexdigest()
    return {"X-Portal-Timestamp": stamp, "X-Portal-Signature": signature}


def test_a_signed_poke_wakes_the_sync(app):
    before = sync_state.pokes()
    answer = app.test_client().post("/hooks/core", data=b"{}", headers=_signed(app, b"{}"))
    assert answer.status_code == 204
    assert sync_state.pokes() == before + 1


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "nonsense", "sha256=\u00e9"])
def test_any_other_poke_is_not_found_and_wakes_nobody(app, signature):
    headers = _signed(app, b"{}") | {"X-Portal-Signature": signature}
    answer = app.test_client().post("/hooks/core", data=b"{}", headers=headers)
    assert answer.status_code == 404
    assert sync_state.pokes() == 0


def test_a_signature_of_another_body_is_worth_nothing(app):
    headers = _signed(app, b"{}")
    assert app.test_client().post("/hooks/core", data=b'{"a": 1}', headers=headers).status_code == 404


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_poke_of_another_time_wakes_nobody(app, seconds):
    with clock.set_to(mirror.NOW):
        headers = _signed(app, b"", stamp=int(mirror.NOW.timestamp()) + seconds)
        assert app.test_client().post("/hooks/core", data=b"", headers=headers).status_code == 404
    assert sync_state.pokes() == 0


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "9" * 5000, "\u00b2"])
def test_a_poke_without_a_readable_time_wakes_nobody(app, stamp):
    headers = _signed(app, b"", stamp=stamp)
    assert app.test_client().post("/hooks/core", data=b"", headers=headers).status_code == 404
    assert sync_state.pokes() == 0


def test_a_signature_for_another_time_is_worth_nothing(app):
    with clock.set_to(mirror.NOW):
        headers = _signed(app, b"") | {"X-Portal-Timestamp": str(int(mirror.NOW.timestamp()) + 1)}
        assert app.test_client().post("/hooks/core", data=b"", headers=headers).status_code == 404


def test_health_says_database_core_and_age_and_nothing_else(app, world):
    answer = app.test_client().get("/healthz")
    assert answer.json == {"database": "ok", "core": "ok", "mirror_age_seconds": 0}
    assert MARKER not in answer.text


def test_health_of_a_portal_that_never_read_its_core(app):
    assert app.test_client().get("/healthz").json == {"database": "ok", "core": "unknown", "mirror_age_seconds": None}


def test_health_says_that_the_core_is_away_and_pages_are_not(app, world):
    with clock.set_to(mirror.NOW):
        db.session.get(MirrorState, 1).trouble = "the core cannot be reached"
        db.session.commit()
        answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.json["core"]) == (200, "away")
