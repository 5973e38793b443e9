"""The line of what was done: no greeting, no thanks, no request, and the work where the message tells of it."""

import re

import pytest

from portal.demo import stories
from portal.sync.html import summary

SAID = {
    "Dobrý den, paní Müllerová, víme a děkuji. Na úložišti došlo místo kvůli jedné verzi.": (
        "Na úložišti došlo místo kvůli jedné verzi."
    ),
    "Dobrý den\nopravil jsem tiskárnu, tiskne.\nS pozdravem\nRadek Vymazal": "Opravil jsem tiskárnu, tiskne.",
    "Ahoj Petře, díky za trpělivost. Disk je vyměněný, data jsou zpět.": "Disk je vyměněný, data jsou zpět.",
    "Vážený pane Nováku,\n\nzkoušel jste prosím restart? Přepnul jsem profil na port 443.": (
        "Přepnul jsem profil na port 443."
    ),
    "Zdravím,\nbyla to licence. Nastavil jsem novou na tři roky. Dejte vědět, kdyby zlobila.": (
        "Nastavil jsem novou na tři roky."
    ),
    "Dobře, že píšete hned. Nové heslo máte na papíře.": "Nové heslo máte na papíře.",
    "Hotovo. Uzavírám požadavek.": "Hotovo. Uzavírám požadavek.",
    "Verze např. Pohoda 13.8 je nasazená na serveru.": "Verze např. Pohoda 13.8 je nasazená na serveru.",
    "Hello John,\nthe printer is replaced and works.\nBest regards\nJane": "The printer is replaced and works.",
}


@pytest.mark.parametrize(("text", "line"), SAID.items())
def test_the_line_tells_what_was_done(text, line):
    assert summary.of(text) == line


@pytest.mark.parametrize(
    "text", ["", "Dobrý den,", "Děkuji.", "Ano.", "Kdy vám můžeme zavolat?", "Pošlete prosím fotku.", "Ok!"]
)
def test_what_tells_nothing_has_no_line(text):
    assert summary.of(text) == ""


def test_a_long_line_is_cut_visibly():
    line = summary.of("slovo " * 100)
    assert (len(line) <= 200, line.endswith("slovo…")) == (True, True)


def test_no_line_of_the_demo_greets_or_asks():
    told = [summary.of(text) for text in _demo()]
    assert len(told) > 130
    assert sum(not line for line in told) <= len(told) // 20
    for line in told:
        assert not re.match(r"(?i)dobrý|zdravím|ahoj|vážen|děkuj|pane|paní|prosím", line), line
        assert not re.search(r"\?$|pozdravem", line), line


@pytest.mark.parametrize(
    "piece", ["Dobrý den ", "děkuji, ", "A", "a. ", "děkuji, že ", "\n", "Pane Nováku ", "dejte ", ". A"]
)
def test_a_hostile_text_is_read_to_its_end(piece):
    assert len(summary.of("Dobrý den, " + piece * 20_000)) <= 200


def _demo():
    days = {f"+{number}": "24. 11. 2026" for number in range(40)}
    for story in stories.stories():
        words = {name: options[0] for name, options in story.words.items()} | days | {"technician": "radek.vymazal"}
        for line in story.lines:
            if line.speaker == "technician" and re.search(r"(?m)^[A-Z]+\d+:", line.text):
                text = stories.say(line.text, words, choice=0, is_woman=True, to_woman=True)
                text = re.sub(r"(?m)^(?:[A-Z]{3,}[0-9]*:.*|INTERNI)$\n?", "", text).strip()
                yield f"Dobrý den, paní Vaňková,\n\n{text}\n\nS pozdravem\nRadek Vymazal"
