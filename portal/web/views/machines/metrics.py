"""Metrics: what a monitoring system scrapes, as Prometheus reads it; no company, no person, no number of a ticket."""

import hmac
import os
import time
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, abort, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from portal.domain.read_models import health

bp = Blueprint("metrics", __name__)

# Where the processes of one portal put their numbers together; `serve` sets it.
SHARED = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

_own = CollectorRegistry(auto_describe=False)
_took = Histogram("portal_request_seconds", "Time to make an answer.", ["endpoint"], buckets=SECONDS, registry=_own)
_answers = Counter("portal_answers_total", "Answers by their status.", ["endpoint", "status"], registry=_own)


def install(app: Flask) -> None:
    """Every answer is counted, where somebody may ask for the counts."""
    if app.config["METRICS_TOKEN"]:
        app.after_request(_count)


@bp.get("/metrics")
def show() -> Response:
    """All figures for whoever knows the token; 404 for everybody else."""
    token = current_app.config["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        abort(404)
    requests = CollectorRegistry()
    if os.environ.get(SHARED):
        MultiProcessCollector(requests)
    else:
        requests = _own
    told = CollectorRegistry()
    told.register(_Standing())
    response = Response(generate_latest(requests) + generate_latest(told), content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


class _Standing:
    """How the portal stands at the moment of the scrape, whichever process is asked."""

    def collect(self) -> Iterator[Metric]:
        for name, (meaning, value) in health.figures().items():
            if isinstance(value, dict):
                family = GaugeMetricFamily(f"portal_{name}", meaning, labels=["of"])
                for label, one in value.items():
                    family.add_metric([label], one)
                yield family
            elif value is not None:
                yield GaugeMetricFamily(f"portal_{name}", meaning, value=value)


def _count(response: Response) -> Response:
    if "began" in g:  # by the log, which looks at the clock first of all
        endpoint = request.endpoint or "none"
        _took.labels(endpoint).observe(time.perf_counter() - g.began)
        _answers.labels(endpoint, str(response.status_code)).inc()
    return response
