"""What tests of the demo stand on: one short year, played once."""

from datetime import UTC, datetime

import pytest

from portal.demo import playback

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """A desk with a year of sixty tickets in it, and what the playing said."""
    folder = tmp_path_factory.mktemp("year")
    store = playback.HastyStore(folder / "desk.db", playback.house("noc@connectica.cz"))
    result = playback.play(store, NOW, mail_out=folder / "outbox", tickets=60)
    yield store, result, folder
    store.close()
