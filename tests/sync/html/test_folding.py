"""Folding: the history of the usual mail programs is folded, an answer never is, and no word is lost."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.lib.mail_quotes import markup
from portal.lib.mail_quotes.reading import About
from portal.sync.html import folding, sanitize

MAILS = Path(__file__).parent / "mails"  # each says "Už to funguje." and quotes "Zkuste to."
TEXTS = sorted(path.name for path in MAILS.glob("*.txt"))
HTMLS = sorted(path.name for path in MAILS.glob("*.html"))


@pytest.mark.parametrize("program", TEXTS)
def test_the_history_in_a_text_is_folded(program):
    text = (MAILS / program).read_text()
    folded = folding.of_text(text)
    assert folded.visible == "Už to funguje."
    assert "Zkuste to." in folded.quoted
    assert sorted(_words(folded.visible + " " + folded.quoted)) == sorted(_words(text))


@pytest.mark.parametrize("program", HTMLS)
def test_the_history_in_html_is_folded(program):
    folded = folding.of_html((MAILS / program).read_text())
    assert sanitize.plain(sanitize.from_html(folded.visible)).strip() == "Už to funguje."
    assert "Zkuste to." in sanitize.plain(sanitize.from_html(folded.quoted))


@pytest.mark.parametrize(
    "text",
    [
        "Dne 3. 5. mi Petr napsal: opravte to prosím\nDíky",
        "Od: pana ředitele vím, že to nejde.\nJana",
        "> jen citace\n> a nic víc",
        "-- \nJana Nová",
        "<blockquote>odsazeno</blockquote>",
        "",
    ],
)
def test_what_is_no_history_stays_visible(text):
    assert folding.of_text(text) == folding.Folded(text, "")


def test_an_indentation_is_no_quote():
    html = '<p>Postup:</p><blockquote style="margin:0 0 0 40px">1. zapnout</blockquote>'
    assert folding.of_html(html).quoted == ""


def test_answers_between_quotes_keep_the_quotes_they_answer():
    text = "Dne 23.11.2026 v 9:15 Radek napsal(a):\n> Tiskne?\nAno.\n> A skenuje?\nNe.\n\n-- \nJana"
    assert folding.of_text(text) == folding.Folded(text.partition("\n\n--")[0], "-- \nJana")


def test_a_signature_is_folded_with_the_history_and_one_within_a_quote_hides_no_answer():
    about = About(earlier=("Bylo to tak dřív",))
    assert folding.of_text("Ano.\n\n-- \nJana\n\n> dřív\n", about).visible == "Ano."
    html = '<blockquote type="cite">Dotaz?<br>Odesláno z iPhonu</blockquote><p>Odpověď.</p>'
    assert sanitize.plain(folding.of_html(html).visible).strip() == "Odpověď."


def test_a_quote_within_a_table_keeps_its_cells_apart():
    html = "<table><tr><td>Ano.<br>-----Původní zpráva-----<br>A</td><td>B</td></tr></table>"
    folded = folding.of_html(html)
    assert _words(sanitize.plain(sanitize.from_html(folded.quoted))) == ["-----Původní", "zpráva-----", "A", "B"]


LINES = st.lists(
    st.sampled_from(
        [
            "Dobrý den,",
            "> citace",
            ">> starší",
            "",
            "  ",
            "-- ",
            "Odesláno z iPhonu",
            "Od: Jana <jana@x.cz>",
            "Odesláno: pondělí",
            "Dne 1. 2. 2026 v 9:15 Jan napsal(a):",
            "-----Původní zpráva-----",
            "Ano & <ne>",
            "po 23. 11. 2026 v 9:15 odesílatel NOC <noc@c.cz> napsal:",
            "_" * 32,
            "1. 2. 2026 v 9:15, Jan <j@x.cz>:",
        ]
    )
    | st.text(max_size=20),
    max_size=14,
)
LEAVES = [
    "slovo",
    "Dne 1. 2. 2026 v 9:15 Jan napsal(a):",
    "Od: Jan<br>Odesláno: dnes",
    "-- <br>Jan",
    "&lt;b&gt; a&amp;b",
    "<br>",
]
AROUND = [
    "<div>{}</div>",
    "<p>{}</p>",
    "<b>{}",
    "{}</div>",
    "<section>{}</section>",
    "<ul><li>{}<li>bod</ul>",
    "<table><tr><td>{}</td><td>další</td></tr></table>",
    "<blockquote>{}</blockquote>",
    "<blockquote type=cite>{}</blockquote>",
    '<div class="gmail_quote">{}</div>',
    '<div id="divRplyFwdMsg">{}</div>',
    '<div class="moz-cite-prefix">{}</div>',
]
NODES = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.tuples(st.sampled_from(AROUND), st.lists(inner, max_size=4)).map(
        lambda made: made[0].format("\n".join(made[1]))
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_no_word_of_a_text_is_lost(lines):
    text = "\n".join(lines)
    folded = folding.of_text(text)
    assert sorted(_words(f"{folded.visible}\n{folded.quoted}")) == sorted(_words(text))


@settings(max_examples=400, deadline=None, derandomize=True)
@example("<ul><li><blockquote type=cite><br></blockquote><li>bod</ul>")
@example('<div class="gmail_quote"><table><tr><td>a</div>\nb</td><td>c</td></tr></table></div>')
@given(NODES)
def test_no_word_of_html_is_lost(html):
    folded = folding.of_html(html)
    kept = (
        sanitize.plain(sanitize.from_html(folded.visible)) + "\n" + sanitize.plain(sanitize.from_html(folded.quoted))
    )
    assert sorted(_words(kept)) == sorted(_words(sanitize.plain(sanitize.from_html(html))))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>/=\"'!-&;#abp \ndiv", max_size=80))
def test_the_reader_takes_any_noise_and_points_at_the_letters_it_read(noise):
    read = markup.read(noise)
    assert len(read.text) == len(read.places)
    assert read.places == sorted(read.places)
    assert all(0 <= element.start <= element.inside <= element.end <= len(read.source) for element in read.elements)


@pytest.mark.parametrize("hostile", ["<div>" * 50_000, "<a " * 50_000, "x" * 2_000_000])
def test_html_that_would_cost_too_much_is_not_read(hostile):
    assert not markup.read(hostile).is_reasonable
    assert folding.of_html(hostile) == folding.Folded(hostile, "")


def _words(text: str) -> list[str]:
    return text.split()
