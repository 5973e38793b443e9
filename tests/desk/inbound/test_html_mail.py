"""HTML mail as text."""

import pytest

from portal.desk.inbound import html_mail


def lines_of(source):
    return [line for line in html_mail.to_text(source).splitlines() if line.strip()]


def test_paragraphs_and_lists_become_lines():
    source = "<p>Dobrý den,</p><p>nejde&nbsp;tisk.</p><ul><li>jedna</li></ul>"
    assert html_mail.to_text(source) == "Dobrý den,\n\nnejde tisk.\n- jedna"


def test_lists_keep_their_numbers():
    source = '<ol><li>a<li>b<ul><li>c</ul></ol><ol type="a"><li value=5>d<li>e</ol><ol start="7"><li><p>f</p></ol>'
    assert lines_of(source) == ["1. a", "2. b", "  - c", "e. d", "f. e", "7. f"]


def test_a_link_has_its_address_once():
    assert lines_of('<a href="https://x.example/vpn">zde</a>.') == ["zde <https://x.example/vpn>."]
    assert lines_of('<a href="https://x.example/vpn/">x.example/vpn</a>') == ["x.example/vpn"]
    assert lines_of('<a href="mailto:a@b.cz">a@b.cz</a>, <a href="#nic">tady</a>') == ["a@b.cz, tady"]


def test_what_keeps_its_lines_keeps_them_and_a_power_is_no_number():
    assert lines_of("<pre><code>ipconfig /release\nipconfig /renew</code></pre>") == [
        "ipconfig /release",
        "ipconfig /renew",
    ]
    assert lines_of("<p>10<sup>6</sup> krát</p>") == ["10^6 krát"]


def test_a_picture_that_is_one_sign_is_that_sign():
    assert lines_of('<div><img alt="👍" src="https://x.example/72.png"></div>') == ["👍"]
    assert lines_of('<div>Ano<img alt="Logo firmy" src="https://x.example/72.png"></div>') == ["Ano"]


@pytest.mark.parametrize(
    "style", ["display:none;max-height:0", "DISPLAY: none", "mso-hide:all", "font-size:0px", "visibility:hidden"]
)
def test_what_no_program_shows_is_not_said(style):
    assert lines_of(f'<div style="{style}">náhled</div><p>Nejde tisk.</p>') == ["Nejde tisk."]


@pytest.mark.parametrize(
    "quoted",
    [
        "<blockquote>PROGP85:1</blockquote>",
        '<div class="gmail_quote">Dne … napsal:<blockquote>PROGP85:1</blockquote></div>',
        '<div class="moz-cite-prefix">Dne … napsal(a):</div><blockquote>PROGP85:1</blockquote>',
    ],
)
def test_what_mail_programs_quote_stands_behind_a_mark(quoted):
    lines = lines_of(f"<div>Moje slova.</div>{quoted}")
    assert lines[0] == "Moje slova."
    assert next(line for line in lines if "PROGP85" in line).startswith(">")


@pytest.mark.parametrize(
    "html",
    [
        "",
        "   ",
        "<",
        "<!--",
        '<?xml version="1.0" encoding="utf-8"?><p>a',
        "\x00<p>a",
        "<table>" * 500,
        "<?xml version='1.0'?><p>a",
    ],
)
def test_anything_can_be_made_text(html):
    assert isinstance(html_mail.to_text(html), str)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Objednejte <s>5 ks</s> 8 ks.</p>", "Objednejte 8 ks."),
        ("<p>Objednejte <strike>5</strike> <b>8</b> ks.</p>", "Objednejte 8 ks."),
        ("<p>a <del>b <i>c</i></del> d</p><p><s>e</s></p>", "a d"),
        ("<s>vše</s>", "vše"),
    ],
)
def test_a_letter_leaves_out_what_is_struck_out(html, text):
    assert html_mail.to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<ol type="i" start="3"><li>x</li><li>y</li></ol>', "iii. x\niv. y"),
        ("<ol type=A><li>x</li><li value=5>y</li></ol>", "A. x\nE. y"),
        ('<ol type="I"><li value="19">x</li><li>y</li><li value="400">z</li></ol>', "XIX. x\nXX. y\n400. z"),
    ],
)
def test_a_list_in_a_letter_counts_as_its_sender_chose(html, text):
    assert html_mail.to_text(html) == text
