"""Figures for whoever knows the token; nothing in them is anybody's."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from portal import create_app
from tests.web.conftest import MARKER, Browser

TOKEN = "a token that is long enough to be one"


@pytest.fixture
def scraped(app, world, tmp_path):
    watched = create_app(
        INSTANCE=tmp_path, DATABASE_URL=app.config["DATABASE_URL"], TESTING=True, METRICS_TOKEN=TOKEN
    )
    watched.test_client_class = Browser
    client = watched.test_client()
    client.get("/sign-in")
    client.get("/tickets/20261471?secret=1")
    return client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})


def test_the_figures_are_what_prometheus_reads(scraped):
    families = {family.name: family for family in text_string_to_metric_families(scraped.text)}
    assert families["portal_database_up"].samples[0].value == 1
    assert {sample.labels["of"]: sample.value for sample in families["portal_tickets"].samples}["open"] == 2
    assert "portal_mirror_age_seconds" in families
    assert any(sample.labels.get("endpoint") == "sign_in.show" for sample in families["portal_answers"].samples)


def test_the_figures_name_nobody_and_no_address(scraped):
    assert MARKER not in scraped.text
    assert not re.search(r"example|20261471|secret|Strojírny", scraped.text)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer č"])
def test_without_the_token_there_is_no_such_page(app, manager, header):
    headers = {"Authorization": header} if header is not None else {}
    assert manager.get("/metrics", headers=headers).status_code == 404
    assert app.test_client().get("/metrics", headers=headers).status_code == 404
