"""The two look-alike companies of tests/web, and an administrator, for attacks that go across all pages."""

import pytest

from portal.domain.users.permissions import STAFF_ADMIN
from tests import samples
from tests.web.conftest import app, at_a_moment, manager, sign_in
from tests.web.conftest import world as companies

__all__ = ["app", "at_a_moment", "companies", "manager", "sign_in"]


@pytest.fixture
def world(companies):
    companies.admin = samples.person(None, role=STAFF_ADMIN, email="root@connectica.example", name="Iva Správná")
    samples.settle()
    return companies
