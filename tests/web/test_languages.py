"""Czech is complete: every English message of the code has its Czech one, in all three plural forms."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "msgid": None}
MEND = "flock a moment, then: make translate, and write the Czech into translations/cs/LC_MESSAGES/messages.po"


@pytest.fixture(scope="module")
def czech():
    with (ROOT / "translations/cs/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="cs")


@pytest.fixture(scope="module")
def said():
    """Every message of the code and the templates: a text, or a pair for plurals."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT, method_map=methods, options_map=options, keywords=KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found}


def test_every_message_has_its_czech(czech, said):
    missing = [message for message in said if not (known := czech.get(_key(message))) or not _is_whole(known.string)]
    assert not missing, MEND


def test_no_czech_message_is_a_guess(czech):
    assert [message.id for message in czech if message.id and message.fuzzy] == [], MEND


def test_every_plural_has_three_forms(czech):
    assert czech.num_plurals == 3
    for message in czech:
        if message.pluralizable:
            assert len(message.string) == 3, message.id


def test_values_have_the_same_names_in_both_languages(czech):
    for message in czech:
        if message.id:
            english = _values(" ".join(message.id) if message.pluralizable else message.id)
            for text in message.string if message.pluralizable else [message.string]:
                assert _values(text) <= english, f"{text}: English has {english}"


def test_a_percent_sign_is_written_so_that_formatting_survives_it(czech):
    for message in czech:
        for text in [*(message.string if message.pluralizable else [message.string])]:
            assert not re.search(r"%(?![(%])", str(text).replace("%%", "")), f"{text}: write %%"


def _key(message):
    return message if isinstance(message, str) else message[0]


def _is_whole(string):
    return bool(string) if isinstance(string, str) else bool(string) and all(string)


def _values(text):
    return set(re.findall(r"%\((\w+)\)", text))
