"""Single sign-on from the command line: set up, tried against a running provider, linked, taken away."""

import pytest

from portal.db import db
from portal.domain.accounts import sso_identities, sso_providers
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.permissions import MANAGER
from tests import providers
from tests.factories import mirror
from tests.providers import SECRET


@pytest.fixture
def liar():
    with providers.liar() as told:
        yield told


@pytest.fixture
def run(app, liar):
    company = mirror.company("Strojírny Vltava, a. s.")
    mirror.person(company, role=MANAGER, email="jana@a.example")
    db.session.commit()
    runner = app.test_cli_runner()

    def run(*words, secret=SECRET):
        return runner.invoke(args=["sso", *words], input=f"{secret}\n")

    return run


def _add(run, issuer, *more, **options):
    return run(
        "add",
        "vltava",
        "--name",
        "Microsoft 365",
        "--company",
        "Strojírny Vltava, a. s.",
        "--issuer",
        issuer,
        "--client-id",
        "portal",
        *more,
        **options,
    )


def test_a_provider_is_added_and_the_address_to_register_is_said(run, liar):
    answer = _add(run, liar.issuer, "--domain", "a.example", "--second-factor", "mfa")
    assert answer.exit_code == 0
    assert "http://127.0.0.1:8000/sign-in/sso/vltava/answer" in answer.output
    listed = run("list").output
    for said in ("vltava", "Strojírny Vltava, a. s.", liar.issuer, "0 of 1 linked", "a.example", "second factor mfa"):
        assert said in listed
    assert SECRET not in answer.output + listed


def test_a_provider_is_tried_for_real(run, liar):
    _add(run, liar.issuer)
    assert "takes our client id and secret" in run("test", "vltava").output
    run("change", "vltava", "--secret", secret="wrong")
    refused = run("test", "vltava")
    assert refused.exit_code == 1
    assert "invalid_client" in refused.output


def test_a_provider_that_is_away_is_said_to_be(run):
    _add(run, "http://127.0.0.1:9")
    refused = run("test", "vltava")
    assert refused.exit_code == 1
    assert "cannot be reached" in refused.output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["add", "x", "--name", "X", "--client-id", "x"], "either --company or --connectica"),
        (["add", "x", "--name", "X", "--client-id", "x", "--company", "Nikdo"], "no company called"),
        (["add", "x", "--name", "X", "--client-id", "x", "--connectica", "--issuer", "http://a.example"], "https"),
        (["test", "nobody"], "no provider"),
        (["link", "nobody", "jana@a.example", "s"], "no provider"),
        (["link", "nobody", "nobody@a.example", "s"], "Nobody has the address"),
        (["remove", "nobody"], "no provider"),
    ],
)
def test_what_cannot_be_is_refused_in_plain_words(run, words, reason):
    answer = run(*words)
    assert answer.exit_code == 1
    assert reason in answer.output


def test_an_administrator_links_and_unlinks(run, liar):
    _add(run, liar.issuer)
    assert run("link", "vltava", "Jana@A.example", "subject").exit_code == 0
    added, jana = sso_providers.by_slug("vltava"), people.by_email("jana@a.example")
    assert sso_identities.person_of(added, "subject") == jana
    assert "already" in run("link", "vltava", "jana@a.example", "another").output
    session_key = sessions.start(jana.id, how="sso")
    assert run("unlink", "vltava", "jana@a.example").exit_code == 0
    assert people.visitor(session_key) is None
    assert "is not linked" in run("unlink", "vltava", "jana@a.example").output


def test_what_may_change_changes_and_the_provider_goes(run, liar):
    _add(run, liar.issuer, "--domain", "a.example")
    assert run("change", "vltava", "--no-password", "--make-viewers", "--second-factor", "mfa").exit_code == 0
    assert all(said in run("list").output for said in ("no password", "makes viewers", "second factor mfa"))
    run("change", "vltava", "--password", "--no-make-viewers", "--second-factor", "")
    assert all(said in run("list").output for said in ("password too", "second factor ours"))
    assert run("remove", "vltava").exit_code == 0
    assert run("list").output == ""
