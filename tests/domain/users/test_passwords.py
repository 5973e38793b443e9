"""A password is long and hard to guess, whatever letters it is made of."""

import pytest

from portal.domain.users import passwords
from portal.errors import Refused

ABOUT = ("Jana Nováková", "jana.novakova@strojirny-vltava.example", "Strojírny Vltava, a. s.")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "krátké",
        "x" * 257,
        "passwordpassword",
        "Heslo123456789",
        "aaaaaaaaaaaa",
        "123456789012",
        "qwertzuiopasd",
        "Jana.Novakova1",
        "strojirnyvltava",
        "Connectica2026",
        "tajneheslo123",
    ],
)
def test_what_is_short_or_easy_to_guess_is_refused(password):
    with pytest.raises(Refused):
        passwords.check(password, about=ABOUT)


@pytest.mark.parametrize(
    "password", ["modrý kůň skáče přes plot", "zelenina-vlak-oceán", "f7#kQ2!pLx9vRm", "devět hrochů v garáži"]
)
def test_a_sentence_needs_no_signs_and_no_capitals(password):
    passwords.check(password, about=ABOUT)


def test_a_password_matches_itself_and_nothing_else():
    kept = passwords.hash_of("modrý kůň skáče přes plot")
    assert passwords.matches("modrý kůň skáče přes plot", kept)
    assert not passwords.matches("modrý kůň skáče přes Plot", kept)
    assert not passwords.matches("", kept)


@pytest.mark.parametrize("kept", [None, "", "plain", "$argon2id$broken"])
def test_an_account_without_a_password_is_opened_by_none(kept):
    assert not passwords.matches("", kept)
    assert not passwords.matches("nobody has this password", kept)
