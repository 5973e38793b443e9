"""The two look-alike companies of tests/web, and an administrator, for attacks that go across all pages."""

import pytest

from portal.domain.users.permissions import STAFF_ADMIN
from tests.factories import mirror
from tests.web.conftest import app, at_a_moment, manager, sign_in
from tests.web.conftest import world as companies

__all__ = ["app", "at_a_moment", "companies", "manager", "sign_in"]


@pytest.fixture
def world(companies):
    companies.admin = mirror.person(None, role=STAFF_ADMIN, email="root@connectica.example", name="Iva Správná")
    mirror.settle()
    return companies
