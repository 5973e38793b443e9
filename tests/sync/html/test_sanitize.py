"""Cleaning: of hostile HTML nothing runs and nothing loads, of honest HTML every word stays."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.sync.html import sanitize
from tests.browser import hostile_mails

HOSTILE = [
    "<script>alert(1)</script>x",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>x",
    '<img src=x onerror="alert(1)">x',
    '<img src="http://evil.example/pixel.gif" width=1>x',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt&colon;alert(1)">x</a>',
    '<a href="  java\nscript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="/sign-out">x</a>',
    '<a href="//evil.example">x</a>',
    '<a href="#top">x</a>',
    '<a href="cid:1">x</a>',
    '<div hx-get="/x" hx-trigger="load" data-hx-post="/y">x</div>',
    '<p style="position:fixed;inset:0" class="badge" id="main">x</p>',
    "<style>body{display:none}</style>x",
    '<link rel=stylesheet href="//evil.example/x.css">x',
    '<meta http-equiv=refresh content="0;url=//evil.example">x',
    '<base href="//evil.example/">x',
    '<form action="//evil.example"><input name=a><button>x</button></form>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>x',
    "<svg><script>alert(1)</script><animate onbegin=alert(1)></svg>x",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    '<math><mtext><img src=1 onerror="alert(1)"></mtext></math>x',
    '<object data="//evil.example/x"></object><embed src="//evil.example/x">x',
    '<video src="//evil.example/x" poster="//evil.example/y"></video>x',
    "<template><script>alert(1)</script></template>x",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">x</noscript>',
    '<xmp><img src=x onerror="alert(1)"></xmp>x',
    "<textarea></textarea><img src=x onerror=alert(1)>x",
    '<table background="//evil.example/x"><tr><td background="//evil.example/x">x</td></tr></table>',
    '<img src="cid:a" srcset="//evil.example/x 2x">x',
    '<img src="cid:a" width="99999999" height="-5">x',
    "<!--[if mso]><script>alert(1)</script><![endif]-->x",
    "<x" + " a" * 1000 + ">x",
    '<a href="http://evil.example" target="_top" ping="//evil.example">x</a>',
]
ALLOWED_TAG = re.compile(
    r"</?([a-z0-9]+)(?: (?:href|title|src|alt|width|height|colspan|rowspan|start|rel)=\"[^\"<>]*\")*>"
)
ADDRESS = re.compile(r'(?:href|src)="(?!https?://|mailto:|tel:|cid:)')


@pytest.mark.parametrize("source", HOSTILE)
def test_nothing_of_hostile_html_runs_or_loads(source):
    cleaned = sanitize.from_html(source)
    assert "<" not in ALLOWED_TAG.sub("", cleaned)
    assert {found[1] for found in ALLOWED_TAG.finditer(cleaned)} <= sanitize.TAGS
    assert not ADDRESS.search(cleaned)
    assert not re.search(r'src="(?!cid:)', cleaned)
    assert "x" in sanitize.plain(cleaned)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*HOSTILE, "<", ">", '"', "'", "<p>", "</td>", "<select>", "--", "]]>"]), max_size=6))
def test_no_mixture_of_it_does_either(parts):
    cleaned = sanitize.from_html("".join(parts))
    assert "<" not in ALLOWED_TAG.sub("", cleaned)
    assert not ADDRESS.search(cleaned)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_cleaning_what_is_clean_changes_nothing(noise):
    once = sanitize.from_html(noise)
    assert sanitize.from_html(once) == once


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<section>jedna</section><section>dva</section>", "jedna dva"),
        ("<h1>Nadpis</h1>text", "Nadpis text"),
        ("<center>a</center><form>b</form><fieldset>c</fieldset>", "a b c"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<ul><li>a<li>b</ul>", "a b"),
        ("<select><option>a<option>b</select>", "a b"),
        ("<o:p>a</o:p> <font color=red>b</font>", "a b"),
        ("Dobr&yacute; &#100;en &lt;tag&gt; &amp;", "Dobrý den <tag> &"),
        ("<noscript><b>a</b></noscript>", "a"),
        ("<svg><text>a</text></svg><text>b</text><math><mi>c</mi></math><xx-y>d</xx-y>", "a b c d"),
    ],
)
def test_every_word_stays_apart_from_the_next(source, words):
    assert sanitize.plain(sanitize.from_html(source)).split() == words.split()


def test_links_tell_the_other_side_nothing_and_are_never_our_own_pages():
    assert sanitize.from_html('<a href="https://a.example/?b=1&amp;c">x</a>') == (
        '<a href="https://a.example/?b=1&amp;c" rel="noopener noreferrer nofollow">x</a>'
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a\nb\n\nc", "<p>a<br>b</p><p>c</p>"),
        ("<script>&", "<p>&lt;script&gt;&amp;</p>"),
        ("  \n\n", ""),
        ("\r\na\r\n\x00b", "<p>a<br>b</p>"),
    ],
)
def test_plain_text_becomes_paragraphs(text, html):
    assert sanitize.from_text(text) == html


@pytest.mark.parametrize(
    ("text", "target", "shown"),
    [
        ("viz https://a.example/x?y=1&z=2.", "https://a.example/x?y=1&amp;z=2", "https://a.example/x?y=1&amp;z=2"),
        ("(www.a.example)", "http://www.a.example", "www.a.example"),
        ("https://cs.wikipedia.org/wiki/Ok_(pes)", "https://cs.wikipedia.org/wiki/Ok_(pes)", "Ok_(pes)"),
        ("pište na jan.novak@firma.example.", "mailto:jan.novak@firma.example", "jan.novak@firma.example"),
    ],
)
def test_addresses_in_plain_text_are_links(text, target, shown):
    html = sanitize.from_text(text)
    assert f'<a href="{target}" rel="noopener noreferrer nofollow">' in html
    assert f"{shown}</a>" in html
    assert sanitize.plain(html).strip() == text


@pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://a.example"])
def test_no_other_address_is(text):
    assert "<a" not in sanitize.from_text(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_plain_text_is_shown_as_it_is(text):
    html = sanitize.from_text(text)
    assert sanitize.plain(html).split() == sanitize.without_controls(text).replace("\xa0", " ").split()
    assert "<" not in ALLOWED_TAG.sub("", html)


def test_a_huge_text_is_cut_where_everybody_sees_it():
    html = sanitize.from_text("slovo " * 100_000)
    assert len(html) < sanitize.MOST_SHOWN + 100
    assert html.endswith("[…]</p>")


def test_inline_pictures_have_our_address_or_are_not_there():
    cleaned = sanitize.from_html('<p>a<img src="cid:one@x" alt=\'"b" &gt; c\'><img src="cid:two@x"></p>')
    placed = sanitize.pictures(cleaned, {"one@x": "/attachments/7"})
    assert placed == '<p>a<img src="/attachments/7" alt="&quot;b&quot; &gt; c"></p>'


def test_the_excerpt_is_one_line_of_words():
    assert sanitize.excerpt("<p>Dobrý den,<br>tisk na &lt;to&gt;</p><p>už jde.</p>") == "Tisk na <to> už jde."
    long = sanitize.excerpt("<p>" + "slovo " * 100 + "</p>")
    assert (len(long) <= 200, long.endswith("slovo…")) == (True, True)


def test_a_picture_behind_the_words_stays():
    html = '<p>a</p><div><p><img src="cid:x"></p></div>'
    assert sanitize.from_html(html) == html


def test_empty_paragraphs_behind_the_words_are_left_out():
    assert sanitize.from_html("<p>a</p><p>&nbsp;</p><div><br></div><br>") == "<p>a</p>"
    assert sanitize.from_html("<div><div><p>a</p><p><br></p></div></div>") == "<div><div><p>a</p></div></div>"


def test_empty_paragraphs_make_no_gaps_and_what_stands_between_words_stays():
    assert sanitize.from_html("<p>a</p><p>&nbsp;</p><p> <br></p><p>b</p>") == "<p>a</p><p>b</p>"
    assert sanitize.from_html("<div>a</div><div><br></div><div>b</div>") == "<div>a</div><div><br></div><div>b</div>"


@pytest.mark.parametrize(
    ("source", "cleaned"),
    [
        ("<p>Ahoj</p><div><div></div></div>", "<p>Ahoj</p><div><div></div></div>"),
        ("<p>Ahoj</p><div><div><br></div></div>", "<p>Ahoj</p><div><div></div></div>"),
        ("<div>Ahoj<p> </p></div>", "<div>Ahoj</div>"),
        ("<p>Ahoj</p><div lang=cs><div></div></div>", '<p>Ahoj</p><div lang="cs"><div></div></div>'),
        ("<p>Ahoj</p><div></div><p> </p>", "<p>Ahoj</p>"),
    ],
)
def test_emptiness_is_cut_off_whole(source, cleaned):
    assert sanitize.from_html(source) == cleaned


def test_every_element_of_a_thousand_hostile_mails_is_closed():
    """An open one would take in the next message of the page."""
    for mail in hostile_mails.mails():
        cleaned = sanitize.from_html(mail.html)
        assert _Elements().left_open(cleaned) == [], mail


class _Elements(HTMLParser):
    """What is open at the end, and what was closed without having been open."""

    def left_open(self, cleaned: str) -> list[str]:
        self.found: list[str] = []
        self.feed(cleaned)
        self.close()
        return self.found

    def handle_starttag(self, tag, attrs):
        if tag not in {"br", "col", "hr", "img"}:
            self.found.append(tag)

    def handle_endtag(self, tag):
        if self.found and self.found[-1] == tag:
            self.found.pop()
        else:
            self.found.append(f"/{tag}")
