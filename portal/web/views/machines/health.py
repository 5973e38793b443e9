"""Health: what a watchdog wants to know, and nothing about any company."""

from flask import Blueprint, Response, jsonify

from portal.domain.read_models import health

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def show() -> Response:
    """200 while the portal can serve pages, 503 otherwise; a core that is away does not stop pages."""
    state = health.now()
    response = jsonify(state)
    response.status_code = 200 if state["database"] == "ok" else 503
    response.headers["Cache-Control"] = "no-store"
    return response
