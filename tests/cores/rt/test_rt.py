"""The adapter for Request Tracker against a real one, over HTTP and its mail gate."""

import pytest

from portal.cores.rt.adapter import RtCore
from tests.cores.contract import CoreContract
from tests.cores.rt.lab import Lab


class TestRtCore(CoreContract):
    @pytest.fixture
    def core(self, lab: Lab) -> RtCore:
        return lab.core(page=5)
