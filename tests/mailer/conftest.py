"""What the tests of outgoing mail stand on."""

import pytest

from tests.ledger import Ledger


@pytest.fixture
def ledger(app) -> Ledger:
    return Ledger()
