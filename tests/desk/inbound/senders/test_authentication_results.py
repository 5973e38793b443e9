"""Authentication-Results by the grammar of RFC 8601: its own examples are read, whatever breaks it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.desk.inbound.senders import authentication_results
from portal.desk.inbound.senders.authentication_results import LONGEST, NotUnderstood


def said(written):
    """(method, verdict, {property: text}) of each result."""
    results = authentication_results.parse(written).results
    return [
        (one.method, one.verdict, {name: value.text for name, value in one.properties.items()}) for one in results
    ]


EXAMPLES = {  # appendix B of the RFC
    "example.org 1; none": [],
    "example.com; spf=pass smtp.mailfrom=example.net": [("spf", "pass", {"smtp.mailfrom": "example.net"})],
    "example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=pass smtp.mailfrom=example.net": [
        ("auth", "pass", {"smtp.auth": "sender@example.net"}),
        ("spf", "pass", {"smtp.mailfrom": "example.net"}),
    ],
    "example.com; iprev=pass\r\n\tpolicy.iprev=192.0.2.200": [("iprev", "pass", {"policy.iprev": "192.0.2.200"})],
    "example.com;\r\n dkim=pass (good signature) header.d=example.com": [
        ("dkim", "pass", {"header.d": "example.com"})
    ],
    'example.com; dkim=pass reason="good signature"\r\n  header.i=@mail-router.example.net;\r\n'
    ' dkim=fail reason="bad signature"\r\n  header.i=@newyork.example.com': [
        ("dkim", "pass", {"header.i": "@mail-router.example.net"}),
        ("dkim", "fail", {"header.i": "@newyork.example.com"}),
    ],
    "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
    "  policy (A dot can go here) . (like that) expired\r\n"
    "  (this surprised me) = (as I wasn't expecting it) 1362471462": [
        ("dkim", "fail", {"policy.expired": "1362471462"})
    ],
}


@pytest.mark.parametrize("written", EXAMPLES)
def test_the_examples_of_the_rfc_are_read(written):
    assert said(written) == EXAMPLES[written]


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("spf=pass smtp.mailfrom=radek@firma.cz", "firma.cz"),
        ("spf=pass smtp.mailfrom=prvs=12ab=radek@firma.cz", "firma.cz"),
        ('spf=pass smtp.mailfrom="a; dmarc=pass header.from=connectica.example "@evil.example', "evil.example"),
        (r'spf=pass smtp.mailfrom="a\"; dmarc=pass"@evil.example', "evil.example"),
        ('spf=pass smtp.mailfrom="radek@firma.cz"', "firma.cz"),
        ('spf=pass smtp.mailfrom="radek@firma.cz and more"', ""),
        ('spf=pass smtp.mailfrom="a@evil.example@firma.cz"', ""),
    ],
)
def test_a_domain_is_what_follows_the_last_sign_outside_quotes(written, domain):
    [result] = authentication_results.parse(f"mx.example; {written}").results
    assert result.properties["smtp.mailfrom"].domain == domain


@pytest.mark.parametrize(
    "written",
    [
        "mx.example; dkim=pass (a (nested (comment) here) with \\) and \\( signs) header.d=a.example",
        'mx.example; dkim=pass reason="a \\" dmarc=pass header.from=b.example" header.d=a.example',
        "mx.example 1; dkim/1=pass header.d=a.example;",
        '"mx.example"; dkim=pass header.b="Ab/+=" header.d=a.example header.s=2026 header.a=rsa-sha256',
        "mx.example;dkim=pass(2048-bit key; unprotected)header.d=a.example header.b=Ab/c+d==",
    ],
)
def test_comments_quotes_versions_and_reasons_hide_nothing_and_add_nothing(written):
    [(method, verdict, properties)] = said(written)
    assert (method, verdict, properties["header.d"]) == ("dkim", "pass", "a.example")


@pytest.mark.parametrize(
    "written",
    [
        "",
        ";",
        "mx.example; ",
        "mx.example; ; dkim=pass",
        "mx.example dkim=pass",
        "mx.example 2; dkim=pass header.d=a.example",
        "mx.example; dkim/2=pass header.d=a.example",
        "mx.example; none; dkim=pass header.d=a.example",
        "mx.example; dkim=pass; none",
        "mx.example; dkim pass",
        "mx.example; dkim==pass",
        "mx.example; dkim=pass header.d",
        "mx.example; dkim=pass header.d=",
        "mx.example; dkim=pass header=a.example",
        "mx.example; dkim=pass action=none header.d=a.example",
        "mx.example; dkim=pass header.d=a.example header.d=b.example",
        "mx.example; dkim=pass header.d=a.example @b.example",
        "mx.example; dkim=pass header.d=a.example reason=late",
        "mx.example; dkim=pass (header.d=a.example",
        "mx.example; dkim=pass ((a) header.d=a.example",
        "mx.example; dkim=pass header.d=a.example)",
        'mx.example; dkim=pass header.d="a.example',
        'mx.example; dkim=pass header.d="a"b.example',
        'mx.example; dkim=pass header.d=a."example"',
        "mx.example; dkim=pass header.d=<a.example>",
        "mx.example; dkim=pass header.d=a.example, b.example",
        "mx.example; dkim=pass header.d=a\x00.example",
        "mx.example; dkim=pass header.d=á.example",
        "mx.example; dkim=pass (á) header.d=a.example",
        "mx.example; dkim=pass\nheader.d=a.example",
        "mx.example; dkim=pass\rheader.d=a.example",
        "mx.example; -dkim=pass header.d=a.example",
        "mx.example; dkim=pass header.d=a.example x=dmarc=pass",
        "mx.example; spf=pass smtp.mailfrom=a@b@c.example",
        'mx.example; spf=pass smtp.mailfrom="a"b@c.example',
        "mx.example; spf=pass smtp.mailfrom=a@c.example.",
        "mx.example; dkim=pass " + "(" * 200 + ")" * 200 + " header.d=a.example",
        "mx.example; dkim=pass header.d=a.example" + " " * LONGEST,
    ],
)
def test_what_breaks_the_grammar_is_not_understood(written):
    with pytest.raises(NotUnderstood):
        authentication_results.parse(written)


FRAGMENTS = st.sampled_from(
    [*"=()\\@./; 1", '"', "mx.example", "dkim", "pass", "header.d", "a.example", "\r\n ", "none"]
)


@given(st.lists(FRAGMENTS, max_size=60).map("".join) | st.text(max_size=200))
def test_any_text_is_read_or_refused_and_breaks_nothing(written):
    try:
        authentication_results.parse(written)
    except NotUnderstood as refused:
        assert str(refused)


@pytest.mark.parametrize("piece", ["(", '"', '" ', "a=", ".", "; ", "\\", "@", "a.b=c "])
def test_the_longest_header_of_one_sign_is_refused_at_once(piece):
    with pytest.raises(NotUnderstood):
        authentication_results.parse(("mx.example; dkim=pass " + piece * LONGEST)[:LONGEST])
