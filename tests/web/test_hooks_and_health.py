"""The core's poke is believed only when signed; the watchdog learns nothing about companies."""

import hmac
from hashlib import sha256

import pytest

from portal import clock
from portal.db import db
from portal.domain import mirror
from portal.domain.mirror import MirrorState
from tests import samples
from tests.web.conftest import MARKER


def _signature(app, body):
    return "sha256=" + hmac.new(app.config["CORE_HOOK_SECRET"].encode(), body, sha256).hexdigest()


def test_a_signed_poke_wakes_the_sync(app):
    before = mirror.pokes()
    answer = app.test_client().post("/hooks/core", data=b"{}", headers={"X-Portal-Signature": _signature(app, b"{}")})
    assert answer.status_code == 204
    assert mirror.pokes() == before + 1


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "nonsense", "sha256=\u00e9"])
def test_any_other_poke_is_not_found_and_wakes_nobody(app, signature):
    answer = app.test_client().post("/hooks/core", data=b"{}", headers={"X-Portal-Signature": signature})
    assert answer.status_code == 404
    assert mirror.pokes() == 0


def test_a_signature_of_another_body_is_worth_nothing(app):
    headers = {"X-Portal-Signature": _signature(app, b"{}")}
    assert app.test_client().post("/hooks/core", data=b'{"a": 1}', headers=headers).status_code == 404


def test_health_says_database_core_and_age_and_nothing_else(app, world):
    answer = app.test_client().get("/healthz")
    assert answer.json == {"database": "ok", "core": "ok", "mirror_age_seconds": 0}
    assert MARKER not in answer.text


def test_health_of_a_portal_that_never_read_its_core(app):
    assert app.test_client().get("/healthz").json == {"database": "ok", "core": "unknown", "mirror_age_seconds": None}


def test_health_says_that_the_core_is_away_and_pages_are_not(app, world):
    with clock.set_to(samples.NOW):
        db.session.get(MirrorState, 1).trouble = "the core cannot be reached"
        db.session.commit()
        answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.json["core"]) == (200, "away")
