"""Who gives access to whom: by an invitation that is accepted once, and taken away at once."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.accounts import access, invitations
from portal.domain.audit.events import AuditEvent
from portal.domain.notifications.outbox import Letter
from portal.domain.users import models as people
from portal.domain.users import passwords, sessions
from portal.domain.users.actor import OPERATOR
from portal.domain.users.permissions import MANAGER, STAFF, STAFF_ADMIN, VIEWER
from portal.errors import NotFound, Refused
from tests.actors import ADDRESS, acting
from tests.factories import mirror

PASSWORD = "modrý kůň skáče přes plot"


@pytest.fixture
def firm(app):
    with clock.set_to(mirror.NOW):
        yield mirror.company("Strojírny")


@pytest.fixture
def manager(firm):
    return _visitor(mirror.person(firm, role=MANAGER, email="jana@a.example", name="Jana Nováková"))


def _visitor(person):
    return people.visitor(sessions.start(person.id, how="password"))


def _invite(manager, company, email="new@a.example", role=VIEWER):
    invitations.invite(acting(manager), company, email=email, name="Karel Nový", role=role, language="cs")
    return _key(_letters(email)[-1].text)


def _letters(email):
    return db.session.scalars(select(Letter).where(Letter.to == email).order_by(Letter.id)).all()


def _key(text):
    found = re.search(r"/invitation/(\S+)", text)
    return found.group(1) if found else None


def _happened():
    return [event.what for event in db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))]


def test_an_invited_colleague_makes_their_account_once(firm, manager):
    key = _invite(manager, firm)
    assert invitations.opened(key).email == "new@a.example"
    joined = invitations.accept(key, name="Karel Nový", password=PASSWORD, address=ADDRESS)
    assert (joined.company_id, joined.role_names, joined.language) == (firm.id, {VIEWER}, "cs")
    with pytest.raises(NotFound):
        invitations.accept(key, name="Karel Nový", password=PASSWORD, address=ADDRESS)
    assert _happened() == ["invited", "joined"]


def test_the_invitation_is_a_letter_in_the_language_of_the_invited(firm, manager):
    invitations.invite(acting(manager), firm, email="e@a.example", name="", role=VIEWER, language="en")
    assert "invites you" in _letters("e@a.example")[0].text
    assert "Strojírny" in _letters("e@a.example")[0].text


@pytest.mark.parametrize(
    "spoil", [str.upper, lambda key: key + " ", lambda key: key[:-1], lambda key: "", lambda key: "\0"]
)
def test_a_key_that_is_not_exact_opens_nothing(firm, manager, spoil):
    spoilt = spoil(_invite(manager, firm))
    with pytest.raises(NotFound):
        invitations.opened(spoilt)


def test_an_invitation_ends_after_a_week_when_withdrawn_and_when_sent_again(firm, manager):
    keys = [_invite(manager, firm)]
    invitations.repeat(acting(manager), firm, invitations.open_of(firm)[0].id)
    keys.append(_key(_letters("new@a.example")[-1].text))
    with pytest.raises(NotFound):
        invitations.opened(keys[0])
    invitations.withdraw(acting(manager), firm, invitations.open_of(firm)[0].id)
    with pytest.raises(NotFound):
        invitations.opened(keys[1])
    keys.append(_invite(manager, firm))
    with clock.set_to(mirror.NOW + invitations.LASTS + timedelta(seconds=1)), pytest.raises(NotFound):
        invitations.opened(keys[2])


def test_of_two_who_accept_at_the_same_moment_one_does(app, firm, manager):
    key = _invite(manager, firm)

    def accept(_):
        with app.app_context():
            try:
                return invitations.accept(key, name="Karel", password=PASSWORD, address=ADDRESS).id
            except (NotFound, Refused):
                return None

    with ThreadPoolExecutor(2) as threads:
        made = [one for one in threads.map(accept, range(2)) if one]
    assert len(made) == 1


def test_who_invites_learns_nothing_of_accounts_elsewhere(firm, manager):
    mirror.person(mirror.company("Vodárny"), role=MANAGER, email="petr@b.example")
    assert _invite(manager, firm, "petr@b.example") is None
    assert "účet máte" in _letters("petr@b.example")[0].text
    assert [one.email for one in invitations.open_of(firm)] == ["petr@b.example"]


def _is_open(key):
    try:
        return invitations.opened(key).email == "new@a.example"
    except NotFound:
        return False


RIGHTS_LOST = {
    "another role": lambda boss, firm, by: access.change_role(acting(by), firm, boss.id, VIEWER),
    "access ended": lambda boss, firm, by: access.end(acting(by), firm, boss.id),
    "deactivated at the server": lambda boss, firm, by: access.deactivate(OPERATOR, boss.email),
    "put out of use in any other way": lambda boss, firm, by: people.deactivate(boss.email),
}


@pytest.mark.parametrize("lose", RIGHTS_LOST.values(), ids=RIGHTS_LOST)
def test_whoever_may_invite_no_more_takes_open_invitations_along(firm, manager, lose):
    boss = mirror.person(firm, role=MANAGER, email="petr@a.example")
    key, colleagues = _invite(_visitor(boss), firm), _invite(manager, firm, "other@a.example")
    lose(boss, firm, manager)
    assert [one.email for one in invitations.open_of(firm)] == ["other@a.example"]
    assert not _is_open(key)
    with pytest.raises(NotFound):
        invitations.accept(key, name="Karel Nový", password=PASSWORD, address=ADDRESS)
    assert people.by_email("new@a.example") is None
    assert invitations.accept(colleagues, name="Iva", password=PASSWORD, address=ADDRESS).active


def test_a_right_given_back_revives_no_letter(firm, manager):
    boss = mirror.person(firm, role=MANAGER, email="petr@a.example")
    key = _invite(_visitor(boss), firm)
    access.change_role(acting(manager), firm, boss.id, VIEWER)
    access.change_role(acting(manager), firm, boss.id, MANAGER)
    assert not _is_open(key)
    again = _invite(_visitor(boss), firm)
    access.deactivate(OPERATOR, boss.email)
    access.activate(OPERATOR, boss.email)
    assert not _is_open(again)


@pytest.mark.parametrize("into", ["a company", "Connectica"])
def test_invitations_of_an_administrator_end_with_the_role(firm, into):
    first, second = (
        mirror.person(None, role=STAFF_ADMIN, email=f"{name}@connectica.example") for name in ("iva", "ota")
    )
    company, role = (firm, MANAGER) if into == "a company" else (None, STAFF_ADMIN)
    key = _invite(_visitor(second), company, role=role)
    assert _is_open(key)
    access.change_role(acting(_visitor(first)), None, second.id, STAFF)
    assert not _is_open(key)


def test_a_right_lost_between_looking_and_accepting_is_lost(app, firm, manager, monkeypatch):
    boss = mirror.person(firm, role=MANAGER, email="petr@a.example")
    key = _invite(_visitor(boss), firm)
    hash_of = passwords.hash_of

    def meanwhile(password):
        access.end(acting(manager), firm, boss.id)
        return hash_of(password)

    monkeypatch.setattr(passwords, "hash_of", meanwhile)
    with pytest.raises(NotFound):
        invitations.accept(key, name="Karel", password=PASSWORD, address=ADDRESS)
    assert people.by_email("new@a.example") is None


def test_a_colleague_with_an_account_is_not_invited_again(firm, manager):
    with pytest.raises(Refused):
        _invite(manager, firm, "jana@a.example")


@pytest.mark.parametrize("role", [STAFF, STAFF_ADMIN, "owner", ""])
def test_a_manager_makes_nobody_staff(firm, manager, role):
    with pytest.raises(Refused):
        _invite(manager, firm, role=role)


@pytest.mark.parametrize("email", ["", "karel", "a@b@c.example", "x\r\nBcc: y@z.example", "a@b.example\0"])
def test_what_is_no_address_is_not_written_to(firm, manager, email):
    with pytest.raises(Refused):
        _invite(manager, firm, email)


def test_ending_access_ends_the_sessions_and_the_way_back_is_an_invitation(firm, manager):
    key = _invite(manager, firm)
    joined = invitations.accept(key, name="Karel Nový", password=PASSWORD, address=ADDRESS)
    theirs = sessions.start(joined.id, how="password")
    access.end(acting(manager), firm, joined.id)
    assert people.visitor(theirs) is None
    assert [person.email for person in access.of(firm)] == ["jana@a.example"]
    again = invitations.accept(_invite(manager, firm), name="Karel Nový", password=PASSWORD, address=ADDRESS)
    assert again.id != joined.id
    assert again.email == "new@a.example"


def test_a_new_role_holds_from_the_next_request_on(firm, manager):
    viewer = mirror.person(firm, role=VIEWER, email="v@a.example")
    theirs = sessions.start(viewer.id, how="password")
    access.change_role(acting(manager), firm, viewer.id, MANAGER)
    assert people.visitor(theirs) is None
    assert _visitor(viewer).may("export")


def test_the_last_manager_stays_one(firm, manager):
    mirror.person(firm, role=VIEWER, email="v@a.example")
    with pytest.raises(Refused):
        access.change_role(acting(manager), firm, manager.id, VIEWER)
    with pytest.raises(Refused):
        access.end(acting(manager), firm, manager.id)


def test_of_two_managers_who_end_each_other_one_stays(app, firm, manager):
    other = _visitor(mirror.person(firm, role=MANAGER, email="petr@a.example"))

    def end(who):
        by, whom = who
        with app.app_context():
            try:
                access.end(acting(by), firm, whom.id)
            except (Refused, NotFound):
                return False
            return True

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(end, [(manager, other), (other, manager)]))
    db.session.expire_all()
    assert len([one for one in access.of(firm) if MANAGER in one.role_names]) == 1


def test_another_companys_people_and_invitations_are_not_found(firm, manager):
    elsewhere = mirror.company("Vodárny")
    boss = mirror.person(elsewhere, role=MANAGER, email="petr@b.example")
    _invite(_visitor(boss), elsewhere, "x@b.example")
    theirs = invitations.open_of(elsewhere)[0].id
    for act in (
        lambda: access.show(firm, boss.id),
        lambda: access.end(acting(manager), firm, boss.id),
        lambda: access.change_role(acting(manager), firm, boss.id, VIEWER),
        lambda: invitations.withdraw(acting(manager), firm, theirs),
        lambda: invitations.repeat(acting(manager), firm, theirs),
    ):
        with pytest.raises(NotFound):
            act()


def test_an_administrator_of_connectica_stays(app):
    admin = _visitor(mirror.person(None, role=STAFF_ADMIN, email="iva@connectica.example"))
    staff = mirror.person(None, role=STAFF, email="dana@connectica.example")
    with pytest.raises(Refused):
        access.change_role(acting(admin), None, admin.id, STAFF)
    access.change_role(acting(admin), None, staff.id, STAFF_ADMIN)
    access.change_role(acting(admin), None, staff.id, STAFF)
    assert staff.role_names == {STAFF}
