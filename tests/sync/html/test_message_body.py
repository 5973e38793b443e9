"""The body of a message: HTML where it can be shown, text where it cannot, and never nothing where words were."""

import pytest

from portal.sync.html import message_body, sanitize
from tests.sync.conftest import message


def test_html_is_shown_with_its_history_folded():
    made = message_body.of(
        message("m", "prostý", html='<p>Už to <b>tiskne</b></p><div class="gmail_quote">dřív</div>')
    )
    assert (made.visible, made.quoted) == ("<p>Už to <b>tiskne</b></p>", "<div>dřív</div>")
    assert made.excerpt == "Už to tiskne"
    assert made.words.split() == ["Už", "to", "tiskne", "dřív"]


def test_text_is_shown_when_there_is_no_html_that_says_anything():
    for html in ("", "  ", "<style>p{}</style>", '<img src="http://x/pixel.gif">', "<p>&nbsp;</p>"):
        assert message_body.of(message("m", "Ahoj", html=html)).visible == "<p>Ahoj</p>"


def test_html_that_would_cost_too_much_is_shown_as_text():
    deep = "<div>" * 100_000 + "dno"
    assert message_body.of(message("m", "Ahoj", html=deep)).visible == "<p>Ahoj</p>"
    assert message_body.of(message("m", "", html=deep)).visible == "<p>dno</p>"


def test_pictures_written_into_the_html_do_not_make_it_too_long():
    html = f'<p>Vidíte?</p><img src="data:image/png;base64,{"A" * 2_000_000}">'
    assert message_body.of(message("m", "", html=html)).visible == "<p>Vidíte?</p>"


def test_an_inline_picture_alone_is_a_message():
    assert message_body.of(message("m", "", html='<img src="cid:1">')).visible == '<img src="cid:1">'


def test_a_mail_of_nothing_is_an_empty_body():
    made = message_body.of(message("m", "", html=""))
    assert (made.visible, made.quoted, made.excerpt) == ("", "", "")


def test_a_line_of_ten_megabytes_is_no_trouble():
    made = message_body.of(message("m", "x" * 10_000_000, html="y" * 10_000_000))
    assert len(made.visible) < 300_000


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        (
            '<ol type="a" start="2"><li>x</li><li value="5">y</li></ol>',
            '<ol type="a" start="2"><li>x</li><li value="5">y</li></ol>',
        ),
        ('<ol type="evil"><li value="-1">x</li></ol>', "<ol><li>x</li></ol>"),
        ("<p>5 <strike>ks</strike></p>", "<p>5 <s>ks</s></p>"),
        ('<p><span style="text-decoration: line-through">5 ks</span> 8 ks</p>', "<p><s>5 ks</s> 8 ks</p>"),
        ('<div style="display:none">skryto</div><p>vidět</p>', "<p>vidět</p>"),
        ('<div style="white-space:pre-wrap">PC-1\nPC-2</div>', "<div>PC-1<br>PC-2</div>"),
    ],
)
def test_what_styles_say_is_on_the_page(html, shown):
    assert message_body.of(message("m", "", html=html)).visible == shown


def test_a_picture_is_found_by_its_escaped_name():
    shown = sanitize.pictures('<img src="cid:sn%C3%ADmek%201@x">', {"snímek 1@x": "/soubory/7"})
    assert shown == '<img src="/soubory/7">'
