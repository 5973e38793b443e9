"""The alerts ask for figures that the portal really tells, and do not alarm for a portal that was poked long ago."""

import re
from datetime import timedelta
from pathlib import Path

from portal import clock
from portal.domain import sync_state
from portal.domain.read_models import health

RULES = (Path(__file__).parents[2] / "deploy" / "prometheus" / "portal.rules.yml").read_text()
OF_ANSWERS = {"portal_answers_total", "portal_request_seconds"}  # told as soon as there was one


def test_every_figure_an_alert_asks_for_is_told(app):
    asked = set(re.findall(r"\b(portal_\w+)", "".join(re.findall(r"expr: (.*)", RULES))))
    assert asked - OF_ANSWERS <= {f"portal_{name}" for name in health.figures()}


def test_a_poke_is_no_job_that_nobody_does(app, monkeypatch):
    sync_state.wake()
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "wake" not in health.figures()["lead_seconds"][1]
