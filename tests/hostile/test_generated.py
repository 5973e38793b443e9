"""Whatever stands in addresses, queries, forms and headers: no page breaks, and none shows company B to others.

The names of fields are read from templates and code, so that a new one is attacked from its first day on.
"""

import io
import os
import re
import zipfile
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.config import ROOT
from portal.web.auth import access_control
from tests.hostile.walk import PARTS, address, routes, token_of, values_of
from tests.web.conftest import MARKER

REQUESTS = int(os.environ.get("HOSTILE_REQUESTS", "120"))  # of each person, on each database
PRODUCT = "670592745"  # what {{12345*54321}} becomes where a text is taken for a template
HOSTILE = (
    "",
    " ",
    "\0",
    "a\0b",
    "\r\nSet-Cookie: x=y",
    "'",
    '"',
    "' OR 1=1 --",
    '" OR ""="',
    "%",
    "_%_",
    "\\",
    "* NEAR(",
    "AND",
    "{{12345 * 54321}}",
    "{% for a in b %}",
    "{$12345 * 54321}",
    "${12345 * 54321}",
    "#{12345 * 54321}",
    "%(x)s",
    "%s%n",
    "{0.__class__}",
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "../../etc/passwd",
    "=1+1",
    "＝cmd",
    "\u202e",
    "\ufeff",
    "\ud7ff\uffff",
    "😀" * 40,
    "ﬀİı",
    "x" * 5001,
    "9" * 400,
    "-1",
    "0",
    "1e999",
    "NaN",
    "-0",
    "0x10",
    "١٢٣",
    "1_000",
    " 1 ",
    "2147483648",
    "9223372036854775808",
    "2026-11-23",
    "0000-00-00",
    "9999-12-31",
    "2026-02-30",
    "2026-W01",
    "10000-01-01",
    "-2026-01-01",
    "2026-11-23T00:00:00Z",
    "all",
    "none",
    "open",
    "done",
    "desc",
    "asc",
    "number",
    "subject",
    "category",
    "technician",
    "approve",
    "decline",
    "ask",
    "ticket",
    "until",
    "ever",
    "yes",
    "stop",
    "confirm",
    "cs",
    "en",
    "xx",
    "manager",
    "viewer",
    "staff",
    "staff_admin",
    "dark",
    "2026",
    "2026-11",
    "2026-13",
    "2026-q4",
    "crowns",
    "hours",
    "now",
    "daily",
    "never",
    "manager@b.example",
    "a@b",
    "a@b.example",
)
RAW = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f", b"a\xffb")
HEADERS = (
    {},
    {"Accept-Language": "xx-\xff;q=z,,"},
    {"Range": "bytes=5-1"},
    {"If-None-Match": '"x", *'},
    {"If-Modified-Since": "nonsense"},
    {"Accept-Encoding": "zstd;q=nan, *;q=0"},
    {"User-Agent": "\xff" * 999},
    {"Cookie": 'portal=x; theme="><script>; device=a.b.c; language=../..'},
    {"X-Forwarded-For": "'; --, \xff"},
    {"Content-Type": "multipart/form-data; boundary="},
    {"Content-Type": "application/json"},
    {"Referer": "\xff"},
    *PARTS,
)


def _fields() -> list[str]:
    """Every name a form or a query may have."""
    templates = " ".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    code = " ".join(path.read_text() for part in ("web", "domain") for path in (ROOT / "portal" / part).rglob("*.py"))
    named = set(re.findall(r'\sname="([\w.]+)"', templates))
    asked = set(re.findall(r'(?:\.get(?:list)?\(|\bform\[|args\[)"(\w+)"', code))
    return sorted((named | asked) - {"csrf_token"})


def _requests(app, world):
    """(method, address, query, form, headers): of every route that is, with everything that could be in it."""
    ids = [*values_of(world.b).values(), *values_of(world.a).values()]
    numbers = st.sampled_from([*(one for one in ids if isinstance(one, int)), 0, 1, 2**31 - 1, 2**31, 2**63, 10**30])
    texts = st.one_of(
        st.sampled_from(HOSTILE),
        st.sampled_from([str(one) for one in ids]),
        st.text(max_size=20),
        st.dates().map(str),
        st.integers().map(str),
        st.decimals().map(str),
    )
    pairs = st.lists(
        st.tuples(st.sampled_from(_fields()), st.one_of(texts.map(_bytes), st.sampled_from(RAW))), max_size=12
    )

    @st.composite
    def one(draw):
        rule = draw(st.sampled_from(list(routes(app))))
        chosen = {}
        for name in sorted(rule.arguments):
            is_number = name.endswith("_id")
            chosen[name] = draw(numbers if is_number else texts.filter(bool))
        method = draw(st.sampled_from([*sorted(rule.methods - {"OPTIONS"}), "POST", "PUT"]))
        return method, address(app, rule, chosen), draw(pairs), draw(pairs), draw(st.sampled_from(HEADERS))

    return one()


@pytest.mark.parametrize("who", ["manager", "viewer", "staff", "admin", "stranger"])
def test_no_request_breaks_a_page_or_shows_company_b(app, world, sign_in, who):
    person = {"staff": world.staff, "admin": world.admin}.get(who) or getattr(world.a, who, None)
    session = _Session(app, lambda: sign_in(person) if person else app.test_client())

    @settings(
        max_examples=REQUESTS,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(_requests(app, world))
    def attack(request):
        method, path, query, form, headers = request
        answer = session.ask(method, path, query, form, headers)
        said = f"{method} {path}?{urlencode(query)} with {form} and {headers}"
        assert answer.status_code < 500 or answer.status_code in (501, 503), f"{answer.status}: {said}"
        shown = _opened(answer.data)
        assert PRODUCT not in shown, f"a template was made of: {said}"
        leads_to = urlsplit(answer.headers.get("Location", "/"))
        assert (leads_to.scheme, leads_to.netloc, leads_to.path[:1]) == ("", "", "/"), said
        assert "x=y" not in answer.headers.get("Set-Cookie", ""), said
        if who in ("manager", "viewer", "stranger"):
            assert MARKER not in shown, f"company B is shown by: {said}"

    attack()


NASTY = (  # bytes, as an address or a form may hold them
    b"\0",
    b"1\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"9" * 400,
    b"-1",
    b"2147483648",
    b"1e999",
    b"{{12345*54321}}",
    b"' OR 1=1 --",
    b"%",
    b"9999-12-31",
    b"\xe2\x80\xae",
    b"x" * 70_000,
)


@pytest.mark.parametrize("who", ["manager", "admin", "stranger"])
def test_one_nasty_value_in_every_field_and_every_address_breaks_nothing(app, world, sign_in, who):
    person = {"manager": world.a.manager, "admin": world.admin}.get(who)
    session = _Session(app, lambda: sign_in(person) if person else app.test_client())
    for turn, rule in enumerate(routes(app)):
        on_many = (NASTY * 2)[turn % len(NASTY) :][:3]  # three of them on each route, all of them on many
        for value in dict.fromkeys((b"\0", b"1\0", *on_many)):  # what only one of the databases refuses: everywhere
            everywhere = [(name, value) for name in _fields()]
            path = address(app, rule, values_of(world.a))
            words = {name for name in rule.arguments if not name.endswith("_id")}
            odd = re.sub(r"<(\w+)>", quote(value[:500]), str(rule)) if words == rule.arguments and words else path
            for method in rule.methods - {"OPTIONS", "HEAD"}:
                for where, fields in ((path, everywhere), (odd, [])):
                    answer = session.ask(method, where, fields, fields, {})
                    assert answer.status_code < 500, f"{method} {rule} with {value[:20]!r}"
                    assert MARKER not in _opened(answer.data) or who == "admin", f"{method} {rule}: {value[:20]!r}"


class _Session:
    """A person's browser with a good token; signed in again when an attack ended the session."""

    def __init__(self, app, enter) -> None:
        self._enter = enter
        self._begin()

    def _begin(self) -> None:
        self._client = self._enter()
        self._token = token_of(self._client)

    def ask(self, method, path, query, form, headers):
        if method != "GET":
            form = [*form, ("csrf_token", self._token)]
        kind = headers.get("Content-Type", "application/x-www-form-urlencoded")
        answer = self._client.open(
            f"{path}{'&' if '?' in path else '?'}{urlencode(query)}" if query else path,
            method=method,
            headers={name: value for name, value in headers.items() if name != "Content-Type"},
            content_type=kind,
            data=urlencode(form) if method != "GET" else None,
        )
        if "Cookie" in headers or (answer.status_code == 302 and "/sign-in" in answer.location):
            self._begin()
        return answer


def _opened(data: bytes) -> str:
    """What somebody reads in an answer; a workbook's parts one after the other."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            data = b"\n".join(book.read(name) for name in book.namelist())
    return data.decode("utf-8", "replace")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def test_the_fields_are_really_found():
    assert {"q", "state", "after", "sort", "valid_until", "email", "password", "amount"} <= set(_fields())
    assert "static" in access_control.PUBLIC
