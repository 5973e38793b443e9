"""What styles of foreign HTML say, said by elements, for pages and for letters."""

import time

import pytest

from portal.lib.html import styles


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">PŘEDHLAVIČKA</div>',
        "<div style='DISPLAY : none !important; color:red'>PŘEDHLAVIČKA</div>",
        '<span style="font-size:0px">PŘEDHLAVIČKA</span>',
        '<div style="max-height:0;overflow:hidden">PŘEDHLAVIČKA</div>',
        '<p style="visibility:hidden">PŘEDHLAVIČKA <b>a <i>dál</b></p>',
        '<div style="mso-hide:all">PŘEDHLAVIČKA<div>uvnitř</div></div>',
        '<div style="opacity:0">PŘEDHLAVIČKA</div>',
        "<div hidden>PŘEDHLAVIČKA</div>",
        "<div style=display:none>PŘEDHLAVIČKA</div>",
    ],
)
def test_what_is_hidden_is_left_out(hidden):
    assert styles.resolved(f"{hidden}<p>Tiskárna nejde.</p>") == "<p>Tiskárna nejde.</p>"


@pytest.mark.parametrize(
    "shown",
    [
        '<div style="display:none">nezavřeno<p>Tiskárna nejde.</p>',
        '<body style="display:none"><p>Tiskárna nejde.</p></body>',
        '<div style="font-size:0.9em">Tiskárna</div>',
        '<div style="font-size:08pt; opacity:0.8">Tiskárna</div>',
        '<div style="max-height:0">Tiskárna</div>',
        '<div style="background:url(none)">Tiskárna</div>',
        '<div style="display:none">Jen toto</div>',
        '<div class="hidden">Tiskárna</div>',
    ],
)
def test_in_doubt_words_are_shown(shown):
    assert styles.resolved(shown) == shown


@pytest.mark.parametrize(
    "style", ["text-decoration:line-through", "color:red;text-decoration: underline line-through"]
)
def test_what_is_struck_out_by_style_is_struck_out(style):
    html = f'Objednejte <span style="{style}">5 ks</span> 8 ks.'
    assert f'<span style="{style}"><s>5 ks</s></span> 8 ks.' in styles.resolved(html)


def test_what_was_marked_already_is_marked_once():
    once = styles.resolved(
        '<span style="text-decoration:line-through">5</span> <p style="white-space:pre-wrap">a\nb</p>'
    )
    assert styles.resolved(once) == once


@pytest.mark.parametrize("style", ["white-space:pre-wrap", "white-space: pre", "white-space:pre-line"])
def test_lines_that_are_kept_are_ended(style):
    html = styles.resolved(f'<div style="{style}">PC-1\nPC-2\n\nDíky</div>')
    assert html.endswith(">PC-1<br>PC-2<br><br>Díky</div>")


def test_line_ends_between_blocks_are_none_and_normal_text_within_stays_so():
    html = '<div style="white-space:pre-wrap">\n<p>a\nb</p>\n<p style="white-space:normal">c\nd</p>\n</div>'
    assert "<p>a<br>b</p>\n<p" in styles.resolved(html)
    assert "c\nd" in styles.resolved(html)


@pytest.mark.parametrize(
    "bait", ["<div style='display:none'>", "<", "<a ", "<!--", "</div>", "<li>", "<a href='http://x'>", '<p style="']
)
def test_html_that_never_closes_costs_little(bait):
    start = time.process_time()
    styles.resolved(bait * 50_000 + " display:none")
    assert time.process_time() - start < 60


@pytest.mark.parametrize(
    ("style", "count"),
    [
        ("list-style-type:lower-alpha", "a"),
        ("list-style: inside upper-roman", "I"),
        ("LIST-STYLE-TYPE: upper-latin", "A"),
    ],
)
def test_a_list_whose_style_says_how_it_counts_says_so_itself(style, count):
    assert (
        styles.resolved(f'<ol style="{style}"><li>x</li></ol>')
        == f'<ol type="{count}" style="{style}"><li>x</li></ol>'
    )
    assert " type=" not in styles.resolved('<ol style="list-style-type:decimal"><li>x</li></ol>')
