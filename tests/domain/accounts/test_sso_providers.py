"""Identity providers: what an administrator may set up, and who of whose company may be linked."""

import pytest

from portal.db import db
from portal.domain.accounts import sso_identities, sso_providers
from portal.domain.accounts.sso_providers import New
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.permissions import MANAGER, STAFF
from portal.errors import NotFound, Refused
from portal.lib import encryption
from tests.factories import mirror
from tests.providers import TENANT


@pytest.fixture
def vltava(app):
    return mirror.company("Strojírny Vltava, a. s.")


def _new(company, **more):
    said = {"slug": "vltava", "name": "Microsoft 365", "client_id": "portal", "secret": "a secret"}
    return New(company=company, **({"issuer": "https://login.example"} | said | more))


def test_an_entra_tenant_is_its_own_issuer(vltava):
    added = sso_providers.add(_new(vltava, issuer="", tenant=TENANT.upper()))
    assert added.issuer == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    assert added.redirect_address == "http://127.0.0.1:8000/sign-in/sso/vltava/answer"


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": ""},
        {"slug": "../vltava"},
        {"slug": "Vltava"},
        {"slug": "v" * 41},
        {"name": " "},
        {"client_id": ""},
        {"secret": ""},
        {"issuer": ""},
        {"issuer": "http://login.example"},
        {"issuer": "https://us:pw@login.example"},
        {"issuer": "https://login.example?tenant=x"},
        {"issuer": "https://login.example#x"},
        {"issuer": "https://login.example:port"},
        {"issuer": "file:///etc/passwd"},
        {"issuer": "https://login.microsoftonline.com/common/v2.0"},
        {"issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0"},
        {"issuer": "https://login.example", "tenant": TENANT},
        {"issuer": "", "tenant": "common"},
        {"domains": ["firma"]},
        {"domains": ["jana@firma.cz"]},
        {"makes_viewers": True},
        {"makes_viewers": True, "company": None, "domains": ["connectica.example"]},
    ],
)
def test_what_would_open_too_wide_a_door_is_refused(vltava, wrong):
    company = wrong.get("company", vltava)
    with pytest.raises(Refused):
        sso_providers.add(_new(company, **{name: value for name, value in wrong.items() if name != "company"}))
    assert sso_providers.everything() == []


def test_a_sign_in_address_and_a_domain_belong_to_one_provider(vltava):
    sso_providers.add(_new(vltava, domains=["A.example"]))
    for again in ({}, {"slug": "other", "domains": ["a.example"]}):
        with pytest.raises(Refused):
            sso_providers.add(_new(vltava, **again))
    assert sso_providers.by_domain("Jana@a.EXAMPLE ").slug == "vltava"
    assert sso_providers.by_domain("sub.a.example") is None


def test_nobody_of_another_company_is_linked(vltava):
    added = sso_providers.add(_new(vltava))
    other = mirror.person(mirror.company("Vodárny"), role=MANAGER, email="petr@b.example")
    staff = mirror.person(None, role=STAFF, email="dana@connectica.example")
    for person in (other, staff):
        with pytest.raises(NotFound):
            sso_identities.link(person.id, added, "subject")
    assert sso_identities.person_of(added, "subject") is None


def test_connecticas_provider_is_for_nobody_of_a_company(vltava):
    added = sso_providers.add(_new(None))
    with pytest.raises(NotFound):
        sso_identities.link(mirror.person(vltava, role=MANAGER, email="jana@a.example").id, added, "subject")


def test_a_person_who_moved_is_nobody_at_the_former_companys_provider(vltava):
    added = sso_providers.add(_new(vltava))
    jana = mirror.person(vltava, role=MANAGER, email="jana@a.example")
    sso_identities.link(jana.id, added, "subject")
    jana.company_id = mirror.company("Vodárny").id
    db.session.commit()
    assert sso_identities.person_of(added, "subject") is None


def test_subjects_are_told_apart_to_the_letter(vltava):
    added = sso_providers.add(_new(vltava))
    jana = mirror.person(vltava, role=MANAGER, email="jana@a.example")
    sso_identities.link(jana.id, added, "Jana")
    assert sso_identities.person_of(added, "Jana") == jana
    for near in ("jana", "JANA", "Jana ", "Jan_", "%"):
        assert sso_identities.person_of(added, near) is None


def test_a_person_has_one_link_with_a_provider_and_a_subject_one_person(vltava):
    added = sso_providers.add(_new(vltava))
    jana, petr = (mirror.person(vltava, role=MANAGER, email=f"{name}@a.example") for name in ("jana", "petr"))
    sso_identities.link(jana.id, added, "subject")
    for person, subject in ((jana, "another"), (petr, "subject")):
        with pytest.raises(Refused):
            sso_identities.link(person.id, added, subject)
    assert sso_identities.person_of(added, "subject") == jana
    assert sso_identities.counts(added) == (1, 2)


def test_a_removed_provider_takes_links_and_sessions_along_and_leaves_the_others(vltava):
    added, kept = (
        sso_providers.add(_new(vltava, domains=["a.example"])),
        sso_providers.add(_new(None, slug="c")),
    )
    jana = mirror.person(vltava, role=MANAGER, email="jana@a.example")
    sso_identities.link(jana.id, added, "subject")
    by_sso, by_password = (sessions.start(jana.id, how=how) for how in ("sso", "password"))
    sso_identities.remove(added)
    assert people.visitor(by_sso) is None
    assert people.visitor(by_password) is not None
    assert sso_identities.linked(jana.id) == {}
    assert sso_providers.everything() == [kept]


def test_a_secret_sealed_by_another_portal_is_lost_and_said_to_be(vltava):
    added = sso_providers.add(_new(vltava))
    encryption.keyed_by("another secret of another portal 123")
    with pytest.raises(encryption.SealBroken):
        _ = added.secret


def test_passwords_are_allowed_until_a_provider_of_the_company_says_otherwise(vltava):
    other = mirror.company("Vodárny")
    added = sso_providers.add(_new(vltava))
    assert sso_providers.allow_password(vltava.id)
    sso_providers.change(added, allows_password=False)
    assert not sso_providers.allow_password(vltava.id)
    assert sso_providers.allow_password(other.id)
    assert sso_providers.allow_password(None)
