"""What the domain's tests stand on."""

import pytest

from tests.ledger import Ledger


@pytest.fixture
def ledger(app) -> Ledger:
    return Ledger()
