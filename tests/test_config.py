"""Settings that are wrong are refused, and those that are probably not meant are said, each in one line."""

import pytest

from portal import config
from portal.errors import Misconfigured

HTTPS = {"PORTAL_BASE_URL": "https://portal.example"}


def _values(**given):
    return config.load({**HTTPS, **{f"PORTAL_{name}": value for name, value in given.items()}})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"NOC_ADDRESS": "noc"}, "PORTAL_NOC_ADDRESS='noc' is no address"),
        ({"NOC_ADDRESS": "noc@connectica"}, "is no address"),
        ({"NOC_ADDRESS": "NOC <noc@connectica.cz>"}, "is no address"),
        ({"DESK_TRUST_LOCAL": "true"}, "PORTAL_DESK_TRUST_LOCAL believes all"),
        ({"DESK_IMAP_SECONDS": "0"}, "1 or more"),
        ({"SYNC_SECONDS": "-1"}, "1 or more"),
        ({"DEMO": "maybe"}, "PORTAL_DEMO='maybe': write true or false"),
        ({"PROXIES": "one"}, "a whole number is needed"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(given, said):
    with pytest.raises(Misconfigured, match=said):
        config.check(_values(**given))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ["PORTAL_DESK_MAIL_OUT is not set", "PORTAL_MAIL_OUT is not set"]),
        ({"DESK_MAIL_OUT": "x", "MAIL_OUT": "x"}, []),
        ({"CORE": "rt", "MAIL_OUT": "x", "DESK_HTTP": "0.0.0.0:8001"}, []),
        ({"DESK_MAIL_OUT": "x", "MAIL_OUT": "x", "DESK_HTTP": "0.0.0.0:8001"}, ["PORTAL_DESK_HTTP=0.0.0.0:8001"]),
        ({"DESK_MAIL_OUT": "x", "MAIL_OUT": "x", "DESK_HTTP": "[::]:8001"}, ["PORTAL_DESK_HTTP=[::]:8001"]),
        ({"DESK_MAIL_OUT": "x", "MAIL_OUT": "x", "DESK_HTTP": "8.8.8.8:8001"}, ["PORTAL_DESK_HTTP=8.8.8.8:8001"]),
        ({"DESK_MAIL_OUT": "x", "MAIL_OUT": "x", "DESK_HTTP": "10.0.0.5:8001"}, []),
    ],
)
def test_what_is_probably_not_meant_is_said(given, said):
    doubts = config.doubts(_values(**given))
    assert len(doubts) == len(said)
    for words, beginning in zip(doubts, said, strict=True):
        assert words.startswith(beginning)


def test_a_mistyped_name_is_told_from_the_right_one():
    assert config.unknown({"PORTAL_BASEURL": "x", "PORTAL_CORE": "rt", "PATH": "/"}) == [
        "PORTAL_BASEURL is no setting; did you mean PORTAL_BASE_URL?"
    ]


def test_only_secrets_of_ours_are_measured(tmp_path):
    values = _values(INSTANCE=str(tmp_path), CORE_TOKEN="their-token", SECRET_KEY="short")
    assert config.core_token(values) == "their-token"
    for name in ("CORE_TOKEN", "SECRET_KEY"):
        with pytest.raises(Misconfigured, match="shorter than 32"):
            config.secret(values, name)


def test_a_token_is_made_for_our_own_desk_only(tmp_path):
    assert len(config.core_token(_values(INSTANCE=str(tmp_path / "ours")))) == 64
    for foreign in ({"CORE": "api"}, {"CORE_URL": "https://helpdesk.example/core/v1"}, {"CORE": "rt"}):
        with pytest.raises(Misconfigured, match="PORTAL_CORE_TOKEN"):
            config.core_token(_values(INSTANCE=str(tmp_path), **foreign))
    (tmp_path / "core-token").write_text("theirs\n")
    assert config.core_token(_values(INSTANCE=str(tmp_path), CORE="api")) == "theirs"


def test_a_short_token_of_somebody_elses_is_warned_of(tmp_path):
    weak, strong = (config.doubts(_values(CORE="api", CORE_TOKEN="x" * length)) for length in (15, 16))
    assert ("CORE_TOKEN" in " ".join(weak), "CORE_TOKEN" in " ".join(strong)) == (True, False)
