"""What the tests of outgoing mail stand on."""

import pytest

from tests.factories.billing import Ledger


@pytest.fixture
def ledger(app) -> Ledger:
    return Ledger()
