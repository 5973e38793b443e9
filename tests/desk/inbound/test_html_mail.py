"""HTML mail as text, and without the lines that were meant for the desk."""

import pytest

from portal.desk.inbound import html_mail


def test_paragraphs_and_lists_become_lines():
    text = html_mail.to_text("<p>Dobrý den,</p><p>nejde&nbsp;tisk.</p><ul><li>jedna</li></ul>")
    assert [line.strip() for line in text.splitlines() if line.strip()] == ["Dobrý den,", "nejde tisk.", "* jedna"]


@pytest.mark.parametrize(
    "quoted",
    [
        "<blockquote>PROGP85:1</blockquote>",
        '<div class="gmail_quote">Dne … napsal:<blockquote>PROGP85:1</blockquote></div>',
        '<div class="moz-cite-prefix">Dne … napsal(a):</div><blockquote>PROGP85:1</blockquote>',
        '<div id="divRplyFwdMsg">Od: Jan</div><div>PROGP85:1</div>',
    ],
)
def test_what_mail_programs_quote_stands_behind_a_mark(quoted):
    lines = html_mail.to_text(f"<div>Moje slova.</div>{quoted}").splitlines()
    assert lines[0] == "Moje slova."
    assert next(line for line in lines if "PROGP85" in line).startswith(">")


def test_what_stands_after_outlooks_line_is_quoted_wherever_it_stands():
    line = '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt">Od: Jan</div> a</div>'
    lines = html_mail.to_text(f"<div><p>Moje slova.</p>{line}<p>staré</p></div><p>starší</p>").splitlines()
    assert [line for line in lines if line and not line.startswith(">")] == ["Moje slova."]
    assert {"> staré", "> starší"} <= set(lines)


def test_an_answer_below_what_thunderbird_quotes_is_the_senders_own():
    html = '<div class="moz-cite-prefix">Dne … napsal(a):</div><blockquote>Kdy?</blockquote><p>Zítra.</p>'
    assert html_mail.to_text(html).splitlines()[0] == "Zítra."


def test_lines_for_the_desk_leave_the_html_and_nothing_else_does():
    html = "<div>Hotovo<br>PROGP85:1,00<br><b>STAV: done</b></div><p>PROGP85:1,00 bylo málo</p>"
    left = html_mail.without_lines(html, ["PROGP85:1,00", " STAV: done "])
    assert "Hotovo" in left
    assert "STAV" not in left
    assert "PROGP85:1,00 bylo málo" in left
    assert "PROGP85:1,00<" not in left


def test_html_in_which_a_line_is_cut_into_pieces_is_given_up():
    assert html_mail.without_lines("<p>Ahoj</p><p>PROG<b>P85</b>:1,00</p>", ["PROGP85:1,00"]) == ""


@pytest.mark.parametrize("html", ["", "   ", "<", "<!--", "\x00<p>a", "<table>" * 500, "<?xml version='1.0'?><p>a"])
def test_anything_can_be_made_text(html):
    assert isinstance(html_mail.to_text(html), str)
    assert isinstance(html_mail.without_lines(html, ["x"]), str)
