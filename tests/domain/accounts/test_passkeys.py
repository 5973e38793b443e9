"""Passkeys: bound to this portal, one person and one challenge; whatever else a device signs is refused."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import clock
from portal.db import db
from portal.domain.accounts import passkeys
from portal.domain.accounts.passkeys import LIFETIME, Challenge
from portal.domain.users.permissions import MANAGER
from portal.errors import NotFound, Refused
from portal.lib import urls
from tests.device import Device
from tests.factories import mirror

PORTAL = "https://portal.example"


@pytest.fixture
def jana(app):
    urls.are(base_url=PORTAL, noc="noc@connectica.cz")
    with clock.set_to(mirror.NOW):
        yield mirror.person(mirror.company("Strojírny"), role=MANAGER, email="jana@a.example")


@pytest.fixture
def petr(jana):
    return mirror.person(mirror.company("Vodárny"), role=MANAGER, email="petr@b.example")


@pytest.fixture
def device(jana):
    return registered(jana)


def registered(person, device=None, *, name="Telefon"):
    device, challenge = device or Device(PORTAL), Challenge.new()
    options = passkeys.to_make(person.id, email=person.email, name=person.name, challenge=challenge)
    new = passkeys.made(person.id, written=device.make(options), challenge=challenge)
    passkeys.add(person.id, new, name=name)
    db.session.commit()
    return device


def shown(device, person=None, *, by=None, **wrong):
    """The person the portal takes it for, asked for whoever is there or for one person."""
    challenge, person_id = Challenge.new(), person.id if person else None
    written = device.show(passkeys.to_show(challenge, person_id=person_id), **wrong)
    return passkeys.accept(written, challenge=challenge, person_id=person_id).person_id


def test_a_passkey_alone_names_its_person(jana, device):
    assert shown(device) == jana.id


def test_a_passkey_is_a_second_proof_of_its_person(jana, device):
    assert shown(device, jana) == jana.id


def test_a_passkey_of_somebody_else_is_no_second_proof(petr, device):
    registered(petr)
    with pytest.raises(Refused):
        shown(device, petr)


def test_a_passkey_the_portal_does_not_know_is_refused(jana):
    with pytest.raises(Refused):
        shown(Device(PORTAL), jana)


@pytest.mark.parametrize("person_is_named", [True, False])
@pytest.mark.parametrize(
    "wrong",
    [{"origin": "https://portal.example.evil"}, {"origin": "http://portal.example"}, {"rp_id": "evil"}],
)
def test_what_was_signed_for_another_site_is_refused(jana, device, wrong, person_is_named):
    with pytest.raises(Refused):
        shown(device, jana if person_is_named else None, **wrong)


def test_alone_it_must_have_recognised_its_owner(jana, device):
    with pytest.raises(Refused):
        shown(device, verified=False)
    assert shown(device, jana, verified=False) == jana.id


def test_alone_it_must_name_the_account_it_was_made_for(jana, device):
    with pytest.raises(Refused):
        shown(device, handle="AAAA")


def test_another_device_with_the_same_name_is_refused(jana, device):
    forged = Device(PORTAL)
    forged.id, forged.handle = device.id, device.handle
    with pytest.raises(Refused):
        shown(forged)


def test_a_copy_that_signed_less_often_is_refused(jana, device):
    shown(device)
    shown(device)
    device.signed = 0
    with pytest.raises(Refused):
        shown(device)


def test_a_challenge_is_answered_once(jana, device):
    challenge = Challenge.new()
    options = passkeys.to_show(challenge, person_id=None)
    first, second = device.show(options), device.show(options)
    passkeys.accept(first, challenge=challenge, person_id=None)
    for again in (first, second):
        with pytest.raises(Refused):
            passkeys.accept(again, challenge=challenge, person_id=None)


def test_a_challenge_is_answered_soon(jana, device):
    challenge = Challenge.new()
    written = device.show(passkeys.to_show(challenge, person_id=None))
    with clock.set_to(mirror.NOW + LIFETIME + timedelta(seconds=1)), pytest.raises(Refused):
        passkeys.accept(written, challenge=challenge, person_id=None)


def test_an_answer_to_another_challenge_or_to_none_is_refused(jana, device):
    written = device.show(passkeys.to_show(Challenge.new(), person_id=None))
    for challenge in (Challenge.new(), None):
        with pytest.raises(Refused):
            passkeys.accept(written, challenge=challenge, person_id=None)


def test_a_passkey_belongs_to_one_account(petr, device):
    with pytest.raises(Refused):
        registered(petr, device)


def test_a_passkey_made_for_another_site_is_not_kept(jana):
    with pytest.raises(Refused):
        registered(jana, Device("https://evil.example"))
    assert passkeys.count(jana.id) == 0


@pytest.mark.parametrize(
    ("typed", "kept"), [(" Můj \x00\u202eklíč\n", "Můj klíč"), ("\x00", "Connectica"), ("x" * 99, "x" * 60)]
)
def test_a_name_is_kept_as_it_can_be_read(jana, typed, kept):
    registered(jana, name=typed)
    assert passkeys.of(jana.id)[0].name == kept


def test_devices_learn_no_address_and_no_number_of_ours(jana):
    options = json.loads(passkeys.to_make(jana.id, email="e", name="n", challenge=Challenge.new()))
    assert len(options["user"]["id"]) >= 43
    assert "jana" not in options["user"]["id"]


def test_the_keys_one_has_are_not_made_again(jana, device):
    options = json.loads(passkeys.to_make(jana.id, email="e", name="n", challenge=Challenge.new()))
    assert len(options["excludeCredentials"]) == 1


def test_nobody_removes_a_passkey_of_somebody_else(jana, petr, device):
    with pytest.raises(NotFound):
        passkeys.remove(petr.id, passkeys.of(jana.id)[0].id)


def test_a_removed_passkey_opens_nothing(jana, device):
    passkeys.remove(jana.id, passkeys.of(jana.id)[0].id)
    with pytest.raises(Refused):
        shown(device)


@pytest.mark.parametrize(
    ("base_url", "possible"),
    [
        ("https://portal.example", True),
        ("http://localhost:8000", True),
        ("http://portal.example", False),
        ("http://127.0.0.1:8000", False),
        ("https://192.0.2.7", False),
    ],
)
def test_passkeys_are_offered_only_where_browsers_make_them(jana, base_url, possible):
    urls.are(base_url=base_url, noc="noc@connectica.cz")
    assert passkeys.are_possible() is possible
    if not possible:
        with pytest.raises(NotFound):
            passkeys.to_show(Challenge.new(), person_id=None)


@pytest.mark.parametrize("name", ["\x00", "\ud800", "", "ž", "a" * 100_000, 7, None, {"a": 1}])
def test_a_name_no_device_gives_is_refused(jana, device, name):
    challenge = Challenge.new()
    answer = json.loads(device.show(passkeys.to_show(challenge, person_id=None)))
    with pytest.raises(Refused):
        passkeys.accept(json.dumps(answer | {"id": name}), challenge=challenge, person_id=None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "rawId", "type", "response", "x"]), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_nonsense_breaks_anything(jana, device, data):
    challenge = Challenge.new()
    answer = json.loads(device.show(passkeys.to_show(challenge, person_id=None)))
    spoilt = data.draw(st.sampled_from([*answer, "response.signature", "response.authenticatorData", "all"]))
    if spoilt == "all":
        answer = data.draw(JSON)
    elif spoilt.startswith("response."):
        answer["response"][spoilt.partition(".")[2]] = data.draw(JSON)
    else:
        answer[spoilt] = data.draw(JSON)
    with pytest.raises(Refused):
        passkeys.accept(json.dumps(answer), challenge=challenge, person_id=None)
    db.session.rollback()
