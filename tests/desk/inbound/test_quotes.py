"""What of a mail its sender wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.desk.inbound import quotes

QUOTED = {
    "gmail": "po 2. 11. 2026 v 11:40 odesílatel Jan Novák <jan@x.cz>\nnapsal:\n\n> staré",
    "gmail, woman, one line": "po 2. 11. 2026 v 11:40 odesílatel Eva Malá <eva@x.cz> napsala:\n> staré",
    "apple": "2. 11. 2026 v 11:40, Jan Novák <jan@x.cz>:\n\nstaré",
    "seznam": "---------- Původní e-mail ----------\nOd: Jan\nstaré",
    "old outlook": "-----Původní zpráva-----\nOd: Jan\nstaré",
    "outlook": "Od: Jan Novák <jan@x.cz>\nOdesláno: pondělí 2. listopadu 2026\nstaré",
    "outlook in bold": "*Od:* Jan Novák\n*Odesláno:* pondělí\nstaré",
    "outlook with a rule": "________________________________\nFrom: Jan\nSent: Monday\nstaré",
    "thunderbird": "Dne 02.11.2026 v 11:40 Jan Novák napsal(a):\n> staré",
    "english": "On Mon, Nov 2, 2026 at 11:40 AM Jan Novák <\njan@x.cz> wrote:\n\nstaré",
    "forwarded": "---------- Forwarded message ---------\nFrom: Jan\nstaré",
}


@pytest.mark.parametrize("quoted", QUOTED.values(), ids=QUOTED.keys())
def test_history_is_not_the_senders_own(quoted):
    assert quotes.own_text(f"Nové.\nDruhý řádek.\n\n{quoted}") == "Nové.\nDruhý řádek."


@pytest.mark.parametrize(
    "text",
    [
        "Od: zítřka fakturujeme jinak\nproto prosím o změnu",
        "Dne 3.11. jsem to opravil a pan Novák napsal:",
        "Na straně 3 je:\n- jedna\n- dvě",
        "---\nPoznámka pod čarou",
    ],
)
def test_ordinary_sentences_are_not_taken_for_history(text):
    assert quotes.own_text(text) == text


def test_answers_between_quoted_lines_are_own():
    text = "Dne 02.11.2026 v 11:40\n> Kdy přijedete?\nZítra.\n> A kolik to bude?\nHodina.\nPROGP85:1,00"
    assert quotes.own_text(text).endswith("Zítra.\nHodina.\nPROGP85:1,00")


@pytest.mark.parametrize("mark", ["-- ", "--", "Odesláno z iPhonu", "Sent from my iPhone", "Odesláno pomocí Seznamu"])
def test_a_signature_is_told_apart(mark):
    found = quotes.parts(f"Hotovo.\n{mark}\nRadek")
    assert (found.own, found.signature) == ((0,), (1, 2))


@given(st.text(alphabet=st.sampled_from("aO:>*_-\n .d1@<"), max_size=300))
def test_any_text_has_parts_and_no_line_is_two_things(text):
    found = quotes.parts(text)
    assert not set(found.own) & set(found.signature)
    assert all(0 <= at < text.count("\n") + 1 for at in (*found.own, *found.signature))
