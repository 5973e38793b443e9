"""Whose mail it is: only what our own mail server plainly says, about the one address in From."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.desk.inbound import mime
from portal.desk.inbound.senders import sender_auth

OURS = "mx.connectica.example"
FROM = "Radek Vymazal <radek@connectica.example>"


def proved(*claims: str, sender: str = FROM, more: str = "") -> str:
    """The domain that proves a mail of the sender, given these Authentication-Results, topmost first."""
    headers = "".join(f"Authentication-Results: {claim}\r\n" for claim in claims)
    raw = f"{headers}From: {sender}\r\n{more}Subject: x\r\n\r\nx\r\n"
    return sender_auth.proving_domain(mime.read(raw.encode()), OURS)


@pytest.mark.parametrize(
    ("results", "domain"),
    [
        ("dmarc=pass (p=REJECT sp=NONE dis=NONE) header.from=connectica.example", "connectica.example"),
        ("dkim=pass header.d=connectica.example header.i=@connectica.example", "connectica.example"),
        ("dkim=pass header.i=radek@mail.connectica.example", "mail.connectica.example"),
        ("dkim=fail header.d=list.example; dkim=pass header.d=Connectica.Example", "connectica.example"),
        ("spf=pass smtp.mailfrom=bounces@mail.connectica.example", "mail.connectica.example"),
        ('spf=pass smtp.mailfrom="x; y"@connectica.example', "connectica.example"),
        ("dmarc=none header.from=connectica.example; dkim=pass header.d=connectica.example", "connectica.example"),
        ("auth=pass smtp.auth=Radek@connectica.example", "connectica.example"),
        (
            "spf=softfail smtp.mailfrom=x@list.example; dmarc=pass header.from=connectica.example",
            "connectica.example",
        ),
    ],
)
def test_a_plain_pass_of_the_senders_organisation_proves_the_sender_and_says_by_whom(results, domain):
    assert proved(f"{OURS}; {results}") == domain


@pytest.mark.parametrize(
    "results",
    [
        # text that is somebody else's: quoted, commented, a reason
        'spf=pass smtp.mailfrom="a; dmarc=pass header.from=connectica.example "@evil.example',
        'spf=pass smtp.mailfrom="a\\"; dmarc=pass header.from=connectica.example; x=\\""@evil.example',
        "spf=pass (a (b) ; dmarc=pass header.from=connectica.example ; c) smtp.mailfrom=x@evil.example",
        "spf=pass (((a) b) dkim=pass header.d=connectica.example) smtp.mailfrom=x@evil.example",
        'dkim=pass reason="dkim=pass header.d=connectica.example" header.d=evil.example',
        'dkim=fail reason="; dkim=pass header.d=connectica.example;" header.d=connectica.example',
        'dkim=pass header.i="x header.d=connectica.example "@evil.example',
        'dkim=pass header.i="x header.d=connectica.example "',
        "dkim=pass header.d=evil.example header.i=@connectica.example",
        "dkim=pass header.d=connectica.example header.i=@evil.example",
        "dkim=pass header.d=x@connectica.example",
        # a server that quotes nothing: what was put in breaks the grammar, or meets the true verdict
        "spf=pass smtp.mailfrom=a; dmarc=pass header.from=connectica.example @evil.example",
        "spf=pass smtp.mailfrom=a; dmarc=pass header.from=connectica.example; dmarc=fail header.from=evil.example",
        "dmarc=pass header.from=connectica.example; dmarc=pass header.from=evil.example",
        # signed in, but not as the one in From
        "auth=pass smtp.auth=petra@connectica.example",
        "auth=pass smtp.auth=radek",
        "auth=pass smtp.auth=radek@connectica.example.evil.example",
        'auth=pass smtp.auth="x smtp.auth=radek@connectica.example "@evil.example',
        "auth=fail smtp.auth=radek@connectica.example",
        "auth=pass smtp.mailfrom=radek@connectica.example",
        "auth=pass smtp.auth=radek@connectica.example; dmarc=fail header.from=connectica.example",
        # DMARC has the last word
        "dmarc=fail header.from=connectica.example; dkim=pass header.d=connectica.example",
        "dkim=pass header.d=connectica.example; dmarc=fail (p=NONE) header.from=connectica.example",
        "dmarc=temperror header.from=connectica.example; spf=pass smtp.mailfrom=connectica.example",
        "dmarc=bestguesspass header.from=connectica.example; dkim=pass header.d=connectica.example",
        "dmarc=pass header.from=evil.example; dkim=pass header.d=connectica.example",
        "dmarc=pass; dkim=pass header.d=connectica.example",
        'dmarc=pass header.from="a connectica.example"',
        # not this domain, not a verdict, not a method that names the sender
        "dkim=pass header.d=evil.example",
        "dkim=pass header.d=example",
        "dkim=pass header.d=connectica.example.evil.example",
        "dkim=pass header.d=notconnectica.example",
        "dkim=neutral header.d=connectica.example",
        "dkim=passed header.d=connectica.example",
        "dkim=pass",
        "iprev=pass policy.iprev=connectica.example",
        "x-dkim=pass header.d=connectica.example",
        "spf=pass smtp.helo=connectica.example",
        "iprev=pass policy.iprev=radek@connectica.example",
        "arc=pass header.d=connectica.example",
        "none",
    ],
)
def test_whatever_is_not_plainly_a_pass_proves_nothing(results):
    assert proved(f"{OURS}; {results}") == ""


@pytest.mark.parametrize(
    ("address", "signer"),
    [
        ("info@firma.co.uk", "co.uk"),
        ("info@firma.co.uk", "other.co.uk"),
        ("info@firma.cz", "cz"),
        ("info@firma.github.io", "github.io"),
        ("info@firma.github.io", "other.github.io"),
        ("info@co.uk", "co.uk"),
        ("info@firma.example", "example"),
    ],
)
def test_a_public_suffix_signs_for_nobody(address, signer):
    for results in (f"dkim=pass header.d={signer}", f"spf=pass smtp.mailfrom=x@{signer}"):
        assert proved(f"{OURS}; {results}", sender=address) == ""


def test_only_the_topmost_header_of_our_own_server_speaks_for_a_mail():
    good = "dmarc=pass header.from=connectica.example"
    assert proved(f"mx.evil.example; {good}") == ""
    assert proved(f"mx.evil.example; {good}", f"{OURS}; {good}") == ""
    assert proved(f"{OURS}; none", f"{OURS}; {good}") == ""
    assert proved(f"({OURS}) mx.evil.example; {good}") == ""
    assert proved(f'"{OURS} x"; {good}') == ""
    assert proved(f"{OURS}.evil.example; {good}") == ""
    assert proved(f"{OURS} 2; {good}") == ""
    assert proved(f"{OURS}; {good}", "mx.list.example; dmarc=fail header.from=connectica.example")


@pytest.mark.parametrize(
    "lower",
    [
        f"{OURS}; dmarc=fail header.from=connectica.example",
        f"{OURS}; dmarc=permerror",
        f"{OURS}; dmarc=fail (not closed",
    ],
)
def test_a_lower_header_of_our_server_is_heard_when_it_speaks_against_the_mail(lower):
    assert proved(f"{OURS}; dkim=pass header.d=connectica.example", lower) == ""


def test_a_header_too_long_to_read_whole_proves_nothing():
    long = (
        f"{OURS}; dkim=pass header.d=connectica.example;" + " " * 20_000 + "dmarc=fail header.from=connectica.example"
    )
    assert proved(long) == ""


@pytest.mark.parametrize(
    ("sender", "more"),
    [
        (f"{FROM}, x@evil.example", ""),
        (f"x@evil.example, {FROM}", ""),
        (FROM, "From: x@evil.example\r\n"),
        ("radek@connectica.example <x@evil.example>", ""),
        ("", "Sender: radek@connectica.example\r\n"),
        ("undisclosed", "Reply-To: radek@connectica.example\r\n"),
        ("=?utf-8?q?x=40connectica=2Eexample?= <x@evil.example>", ""),
        ("a" * 3000 + f" {FROM}", ""),
    ],
)
def test_only_the_one_address_of_the_one_from_is_proved(sender, more):
    assert proved(f"{OURS}; dkim=pass header.d=connectica.example", sender=sender, more=more) == ""


def test_a_desk_that_trusts_no_server_proves_nothing():
    raw = f"Authentication-Results: ; dkim=pass header.d=connectica.example\r\nFrom: {FROM}\r\n\r\nx".encode()
    assert sender_auth.proving_domain(mime.read(raw), "") == ""


# What a forger controls, put by a careful server into quotes and comments, beside the truth that nothing passed.
WORDS = [
    "dmarc",
    "dkim",
    "spf",
    "=pass ",
    "header.from=",
    "header.d=",
    "smtp.mailfrom=",
    "connectica.example",
    "none",
]
PIECES = st.sampled_from([*"@()\\ .1/", '"', "; ", "\r\n ", "reason=", "none", OURS, *WORDS])
FORGED = st.lists(PIECES, max_size=25).map("".join)


def quoted(text: str) -> str:
    return '"' + text.replace("\r\n", "").replace("\\", "\\\\").replace('"', '\\"') + '"'


def commented(text: str) -> str:
    safe = text.replace("\r\n", "").replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"({safe})"


@given(FORGED, FORGED, FORGED, st.sampled_from(["fail", "none", "pass"]))
def test_no_words_of_a_forger_become_a_pass_at_a_server_that_quotes(envelope, reason, comment, verdict):
    truth = (
        f"{OURS}; spf=pass {commented(comment)} smtp.mailfrom={quoted(envelope)}@evil.example;"
        f" dkim=fail reason={quoted(reason)} header.i={quoted(envelope)}@evil.example;"
        f" dmarc={verdict} {commented(reason)} header.from=evil.example"
    )
    assert proved(truth) == ""


@given(FORGED, FORGED)
def test_no_words_of_a_forger_outweigh_the_verdict_of_a_server_that_quotes_nothing(envelope, comment):
    truth = f"spf=pass ({comment}) smtp.mailfrom={envelope}@evil.example; dmarc=fail header.from=connectica.example"
    assert proved(f"{OURS}; {truth}") == ""


def bare(written: str) -> str:
    """The header without quoted strings and comments, by the plainest means; empty where they do not close."""
    kept, depth, is_quoted, is_escaped = [], 0, False, False
    for sign in written:
        if is_escaped:
            is_escaped = False
        elif sign == "\\" and (is_quoted or depth):
            is_escaped = True
        elif is_quoted:
            is_quoted = sign != '"'
        elif sign == "(" or (sign == ")" and depth):
            depth += 1 if sign == "(" else -1
            kept.append(" ")
        elif not depth:
            is_quoted = sign == '"'
            kept.append('"' if is_quoted else sign)
    return "" if depth or is_quoted else "".join(kept)


@given(FORGED)
def test_what_is_believed_is_plainly_written(words):
    """Whenever arbitrary words are believed, one result among them is a pass of the domain in so many words."""
    if proved(f"{OURS}; {words}"):
        plain = " ".join(bare(words).split()).lower()
        assert any(
            result.replace(" ", "").startswith(
                ("dmarc=pass", "dkim=pass", "spf=pass", "auth=pass", "dmarc/1=pass", "dkim/1=pass")
            )
            and "connectica.example" in result
            for result in plain.split(";")
        )


def test_a_header_of_raw_letters_outside_ascii_proves_nothing():
    raw = f"Authentication-Results: {OURS}; dkim=pass (ř) header.d=connectica.example\r\nFrom: {FROM}\r\n\r\nx"
    assert sender_auth.proving_domain(mime.read(raw.encode()), OURS) == ""
    assert sender_auth.proving_domain(mime.read(raw.encode("iso-8859-2")), OURS) == ""
