"""What the domain's tests stand on."""

import pytest

from tests.factories.billing import Ledger


@pytest.fixture
def ledger(app) -> Ledger:
    return Ledger()
