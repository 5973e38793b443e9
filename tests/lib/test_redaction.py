"""Redaction: a person is found in whatever case Czech puts the name, and nobody else is."""

import hashlib

import pytest

from portal.lib.redaction import Named, Redaction

PEOPLE = (
    Named("Jana Nováková", "jana.novakova@strojirny.example", "N. N. 1"),
    Named("Ing. Pavel Vaněk, Ph.D.", "vanek@strojirny.example", "N. N. 2"),
    Named("Lenka Svobodová", "", "N. N. 3"),
    Named("Jiří Veselý", "", "N. N. 4"),
    Named("Marie Anna Horská", "horska@strojirny.example", "N. N. 5"),
    Named("Tomáš Kubica", "", "N. N. 6"),
)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Dobrý den, Jana Nováková", "Dobrý den, N. N. 1"),
        ("pro Janu Novákovou a od Jany Novákové", "pro N. N. 1 a od N. N. 1"),
        ("NOVÁKOVÁ Jana; Nováková, Jana", "N. N. 1; N. N. 1"),
        ("bez diakritiky Jana Novakova", "bez diakritiky N. N. 1"),
        ("s Pavlem Vaňkem, Pavlu Vaňkovi", "s N. N. 2, N. N. 2"),
        ("Lence Svobodové, s Lenkou Svobodovou", "N. N. 3, s N. N. 3"),
        ("Jiřího Veselého, Jiřímu Veselému", "N. N. 4, N. N. 4"),
        ("Marie Horská i Marie Anna Horská", "N. N. 5 i N. N. 5"),
        ("od Tomáše Kubici Tomášovi Kubicovi", "od N. N. 6 N. N. 6"),
        ("pište na Jana.Novakova@Strojirny.example.", "pište na N. N. 1."),
        ('<a href="mailto:vanek@strojirny.example">Pavel&nbsp;Vaněk</a>', '<a href="mailto:N. N. 2">N. N. 2</a>'),
        ("Jana\nNováková", "N. N. 1"),
        ("", ""),
    ],
)
def test_a_person_is_found_in_every_case(text, without):
    assert Redaction.of(PEOPLE).out_of(text) == without


@pytest.mark.parametrize(
    "text",
    [
        "Jana Novotná, Petr Vaněk, Lenka Svoboda",
        "Jan Novák a Jana Procházková",
        '<p class="x">Dobrý den, prosím o pomoc s novým notebookem.</p>',
        "jana.novotna@strojirny.example",
        "Nováková volala",
        "jana nováková",  # names begin with a capital; a login like this is not looked for
    ],
)
def test_nobody_else_is(text):
    assert Redaction.of(PEOPLE).out_of(text) == text


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("paní Nováková volala", "paní N. N. 1 volala"),
        ("s Novákovou, Novákové", "s N. N. 1, N. N. 1"),
        ("Nová tiskárna pro Janu", "Nová tiskárna pro Janu"),
    ],
)
def test_where_nobody_else_can_be_meant_the_last_name_is_enough(text, without):
    assert Redaction.of(PEOPLE[:1], alone=True).out_of(text) == without


def test_an_initial_is_nobodys_name_and_what_stands_instead_stays():
    eva = Redaction.of([Named("Eva N.", "eva@strojirny.example", "N. N. 7")], alone=True)
    once = eva.out_of("Eva N. píše z eva@strojirny.example, N. N. 12 taky")
    assert once == "N. N. 7 N. píše z N. N. 7, N. N. 12 taky"
    assert eva.out_of(once) == once


@pytest.mark.parametrize("letter", ["x", "X", "."])
def test_a_run_of_a_million_letters_is_read_once(letter):
    """From each of its letters anew it would take hours."""
    text = letter * 1_000_000
    assert Redaction.of(PEOPLE, alone=True).out_of(f"{text} Jana Nováková") == f"{text} N. N. 1"


def test_hashes_find_the_same_without_knowing_a_name():
    def sign(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    known = Redaction.of(PEOPLE).instead
    hashed = Redaction({sign(key): instead for key, instead in known.items()}, sign)
    text = "Janu Novákovou, Vaňka Pavla a horska@strojirny.example pozdravuje Jiří"
    assert hashed.out_of(text) == Redaction.of(PEOPLE).out_of(text) == "N. N. 1, N. N. 2 a N. N. 5 pozdravuje Jiří"
    assert not any(word in key for key in hashed.instead for word in ("novakov", "vank"))
