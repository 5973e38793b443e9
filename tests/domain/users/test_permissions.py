"""Who may do what is one table: asked by pages and commands alike, and closed where it says nothing."""

import pytest

from portal.domain.users import models as people
from portal.domain.users import permissions, sessions
from portal.domain.users.permissions import (
    ACCOUNTANT,
    MANAGER,
    OPERATOR,
    RIGHTS,
    ROLES,
    STAFF,
    STAFF_ADMIN,
    VIEWER,
    Right,
)
from portal.errors import Refused
from tests.factories import mirror

COUNTS = {Right.HAVE_ACCOUNT, Right.READ_MONEY, Right.EXPORT}
READS = {Right.HAVE_ACCOUNT, Right.READ, Right.READ_MONEY}
MANAGES = READS | {
    Right.READ_CONFIDENTIAL,
    Right.READ_LOG,
    Right.EXPORT,
    Right.EXPORT_TICKETS,
    Right.ASK,
    Right.CONSENT,
    Right.BUDGET,
    Right.RULES,
    Right.GIVE_ACCESS,
}
SERVES = {Right.HAVE_ACCOUNT, Right.SERVE}


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (ACCOUNTANT, COUNTS),
        (VIEWER, READS),
        (MANAGER, MANAGES),
        (STAFF, SERVES),
        (STAFF_ADMIN, SERVES | {Right.ADMINISTER}),
    ],
)
def test_a_role_may_exactly_this(role, rights):
    assert {right for right in Right if permissions.allows(permissions.with_included(role), right)} == rights


def test_every_right_has_a_row_and_every_role_of_it_is_known():
    assert RIGHTS.keys() == set(Right)
    assert set().union(*RIGHTS.values()) <= ROLES.keys() | {
        permissions.CORE,
        permissions.WATCHDOG,
        permissions.OPERATOR,
    }


def test_nobody_and_an_unknown_role_may_nothing():
    for right in Right:
        assert not permissions.allows(frozenset(), right)
        assert not permissions.allows({"owner"}, right)


def test_what_nobody_said_is_allowed_is_not(monkeypatch):
    monkeypatch.delitem(RIGHTS, Right.OPERATE)
    assert not permissions.allows({OPERATOR}, Right.OPERATE)


def test_a_staff_admin_is_staff_and_belongs_to_no_company(app):
    admin = mirror.person(None, role=STAFF_ADMIN, email="admin@connectica.example", name="Iva Správná")
    assert admin.role_names == {STAFF, STAFF_ADMIN}
    assert people.visitor(sessions.start(admin.id, how="password")).may(Right.ADMINISTER)
    with pytest.raises(Refused):
        mirror.person(mirror.company("Strojírny"), role=STAFF_ADMIN, email="other@connectica.example", name="Eva")


def test_a_right_that_is_misspelt_is_not_silently_refused(app):
    manager = mirror.person(mirror.company("Strojírny"), role=MANAGER, email="m@a.example", name="Jana")
    with pytest.raises(ValueError, match="exprt"):
        people.visitor(sessions.start(manager.id, how="password")).may("exprt")
