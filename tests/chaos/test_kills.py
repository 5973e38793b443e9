"""The short form of `make chaos`: a few kills without warning under load, and nothing is lost or done twice."""

from chaos import kills


def test_what_was_accepted_before_and_between_kills_is_there_once(database_url, tmp_path):
    report = kills.run(kills=4, seed=1, folder=tmp_path / "kills", database_url=database_url)
    assert report.figures["tickets"] > 0
    assert report.faults == []
