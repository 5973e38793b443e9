"""What is believed of a provider's answer: every way to forge one is tried, by a server that signs anything."""

from datetime import timedelta

import pytest
from werkzeug import Response

from portal import clock
from portal.errors import ProviderAway, ProviderError, ProviderLied, ProviderRefused
from portal.oidc import connection, discovery, flow
from portal.oidc.flow import ProviderClient, SignInRequest
from tests import providers
from tests.providers import OBJECT, SECRET, SUBJECT, TENANT

BACK = "http://127.0.0.1:8000/sign-in/sso/vltava/answer"
OTHER_TENANT = "ffffffff-4b5a-6978-8796-a5b4c3d2e1f0"


@pytest.fixture
def liar():
    with providers.liar() as told:
        yield told


def _client(told, **more):
    return ProviderClient(issuer=told.issuer, client_id="portal", secret=SECRET, redirect_address=BACK, **more)


def _who(told, **more):
    client, asked = _client(told, **more), SignInRequest.anew()
    back = providers.come_back(flow.address_to_ask(client, asked))
    return flow.who(client, asked, providers.parameters(back))


def test_an_honest_provider_is_believed(liar):
    who = _who(liar)
    assert (who.issuer, who.tenant, who.subject, who.name) == (liar.issuer, "", SUBJECT, "Jana Nováková")


def test_of_entra_a_person_is_tenant_and_object_id(liar):
    liar.claims = providers.entra()
    who = _who(liar, tenant=TENANT)
    assert (who.tenant, who.subject, who.email) == (TENANT, OBJECT, "jana@a.example")


LIES = {
    "another issuer": {"claims": {"iss": "http://127.0.0.1:1"}},
    "no issuer": {"claims": {"iss": None}},
    "another audience": {"claims": {"aud": "another client"}},
    "no audience": {"claims": {"aud": None}},
    "two audiences and nobody it was made for": {"claims": {"aud": ["portal", "another client"]}},
    "made for another client": {"claims": {"aud": ["portal", "another client"], "azp": "another client"}},
    "made for another client alone": {"claims": {"azp": "another client"}},
    "another nonce": {"claims": {"nonce": "of another question"}},
    "no nonce": {"claims": {"nonce": None}},
    "expired": {"claims": {"exp": 1}},
    "never expires": {"claims": {"exp": None}},
    "expires in words": {"claims": {"exp": "tomorrow"}},
    "expires at no number": {"claims": {"exp": float("nan")}},
    "made long ago": {"claims": {"iat": 1_000_000_000}},
    "made in the future": {"claims": {"iat": 4_000_000_000}},
    "made never": {"claims": {"iat": None}},
    "not valid yet": {"claims": {"nbf": 4_000_000_000}},
    "nobody": {"claims": {"sub": ""}},
    "no subject": {"claims": {"sub": None}},
    "a subject that is a list": {"claims": {"sub": [SUBJECT]}},
    "a subject with a line break": {"claims": {"sub": "jana\nadmin"}},
    "a subject without end": {"claims": {"sub": "j" * 256}},
    "amr that is no list": {"claims": {"amr": "mfa"}},
    "no signature": {"sign": providers.unsigned},
    "the public key as a secret": {"sign": providers.by_public_key},
    "another key under the known name": {"sign": providers.by_another_key},
    "an unknown key": {"sign": providers.by_unknown_key},
    "a key in the token itself": {"sign": providers.by_key_in_header},
    "another kind of key": {"sign": providers.by_curve},
    "changed after signing": {"sign": providers.changed_after_signing},
    "critical extensions nobody knows": {"sign": providers.with_unknown_extension},
    "no token at all": {"sign": lambda *_: ""},
    "a token of words": {"sign": lambda *_: "not a token"},
    "a token nested without end": {"sign": lambda *_: providers._bytes(b"[" * 100_000) + ".e30.e30"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_forged_token_is_not_believed(liar, lie):
    for name, value in LIES[lie].items():
        setattr(liar, name, value)
    with pytest.raises(ProviderLied):
        _who(liar)


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": OTHER_TENANT},
        {"tid": None},
        {"tid": [TENANT]},
        {"oid": None},
        {"oid": 7},
    ],
)
def test_a_token_of_another_tenant_or_without_object_id_is_not_believed(liar, claims):
    liar.claims = providers.entra(**claims)
    with pytest.raises(ProviderLied):
        _who(liar, tenant=TENANT)


def test_clocks_may_differ_a_little(liar):
    now = int(clock.now().timestamp())
    skew = int(flow.SKEW.total_seconds()) - 5
    liar.claims = {"exp": now - skew, "iat": now + skew}
    assert _who(liar).subject == SUBJECT
    liar.claims = {"exp": now - skew - 60}
    with pytest.raises(ProviderLied):
        _who(liar)


ANSWERS = {
    "another state": {"state": "of another browser"},
    "no state": {"state": None},
    "another provider's": {"iss": "http://127.0.0.1:1"},
    "not saying whose": {"iss": None},
    "no code": {"code": None},
    "an empty code": {"code": ""},
    "a code without end": {"code": "c" * 5000},
}


@pytest.mark.parametrize("change", ANSWERS)
def test_an_answer_that_is_not_to_our_question_is_not_believed(liar, change):
    client, asked = _client(liar), SignInRequest.anew()
    back = providers.come_back(flow.address_to_ask(client, asked))
    with pytest.raises(ProviderLied):
        flow.who(client, asked, providers.parameters(providers.with_parameters(back, **ANSWERS[change])))
    assert "/token" not in liar.asked


def test_a_code_of_another_question_is_worth_nothing(liar):
    """PKCE: whoever stole a code lacks the verifier."""
    client = _client(liar)
    stolen = providers.parameters(providers.come_back(flow.address_to_ask(client, SignInRequest.anew())))["code"]
    asked = SignInRequest.anew()
    back = providers.come_back(flow.address_to_ask(client, asked))
    with pytest.raises(ProviderRefused, match="invalid_grant"):
        flow.who(client, asked, providers.parameters(back) | {"code": stolen})


def test_a_code_is_good_once(liar):
    client, asked = _client(liar), SignInRequest.anew()
    brought = providers.parameters(providers.come_back(flow.address_to_ask(client, asked)))
    flow.who(client, asked, brought)
    with pytest.raises(ProviderRefused):
        flow.who(client, asked, brought)


def test_an_address_counts_only_when_the_provider_vouches_for_it(liar):
    for said, email in (({"email_verified": True}, "jana@a.example"), ({"email_verified": "true"}, ""), ({}, "")):
        liar.claims = {"email": "Jana@A.example", **said}
        assert _who(liar).email == email
    liar.claims = providers.entra(email="boss@a.example", email_verified=True)
    assert _who(liar, tenant=TENANT).email == "jana@a.example"


def test_what_proved_the_person_is_read_from_amr_acr_and_acrs(liar):
    liar.claims = {"amr": ["pwd", "mfa", 7], "acr": "gold", "acrs": ["c1"]}
    assert _who(liar).proofs == {"pwd", "mfa", "gold", "c1"}


def test_keys_are_remembered_and_asked_for_once_more_when_one_is_unknown(liar):
    with clock.set_to(clock.now()):
        _who(liar)
        _who(liar)
    assert liar.asked.count("/keys") == liar.asked.count("/.well-known/openid-configuration") == 1
    liar.key = type(liar.key).generate_key(2048, {"kid": "second"})
    liar.header = {"kid": "second"}
    with clock.set_to(clock.now() + discovery.NEW_KEYS):
        assert _who(liar).subject == SUBJECT
    assert liar.asked.count("/keys") == 2


def test_unknown_keys_do_not_make_us_ask_without_end(liar):
    liar.sign = providers.by_unknown_key
    with clock.set_to(clock.now()):
        for _ in range(3):
            with pytest.raises(ProviderLied):
                _who(liar)
    assert liar.asked.count("/keys") == 1


def test_a_withdrawn_key_is_forgotten_after_a_while(liar):
    _who(liar)
    liar.shown = [type(liar.key).generate_key(2048, {"kid": "second"}).as_dict(private=False)]
    with clock.set_to(clock.now() + discovery.REMEMBERED), pytest.raises(ProviderLied):
        _who(liar)


BROKEN = {
    "describes itself as another": {"metadata": {"issuer": "http://127.0.0.1:1"}},
    "keys elsewhere without TLS": {"metadata": {"jwks_uri": "http://keys.example/keys"}},
    "token at a bare number": {"metadata": {"token_endpoint": "https://169.254.169.254/latest"}},
    "token at a number in disguise": {"metadata": {"token_endpoint": "https://0x7f000001/"}},
    "a browser led to a script": {"metadata": {"authorization_endpoint": "javascript:alert(1)"}},
    "a name and a password in its address": {"metadata": {"token_endpoint": "https://us:pw@login.example/"}},
    "no token endpoint": {"metadata": {"token_endpoint": None}},
    "only keys that share a secret": {"shown": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}]},
    "only short keys": {"shown": [{"kty": "RSA", "kid": "first", "e": "AQAB", "n": "u" * 86}]},
    "keys that are none": {"shown": [{"kty": "RSA"}, {"kty": 7}, {}]},
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_provider_that_describes_itself_wrongly_is_not_asked(liar, fault):
    for name, value in BROKEN[fault].items():
        setattr(liar, name, value)
    with pytest.raises(ProviderError):
        flow.address_to_ask(_client(liar), SignInRequest.anew())


JUNK = {
    "a page": lambda _: Response("<html>Sign in!</html>", mimetype="text/html"),
    "broken JSON": lambda _: Response("{", mimetype="application/json"),
    "a list": lambda _: Response("[]", mimetype="application/json"),
    "no text": lambda _: Response(b"\xff\xfe\x00", mimetype="application/json"),
    "nothing": lambda _: Response(""),
    "too much": lambda _: Response(b" " * (connection.MOST_BYTES + 1)),
    "elsewhere": lambda _: Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    "a fault": lambda _: Response("Traceback", 500),
    "bad gzip": lambda _: Response(b"not gzip", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("page", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize("junk", JUNK)
def test_junk_from_a_provider_is_one_of_our_errors(liar, page, junk):
    liar.answers[page] = JUNK[junk]
    with pytest.raises(ProviderError):
        _who(liar)


def test_a_provider_that_is_away_is_left_alone_for_a_few_seconds(liar):
    liar.answers["/.well-known/openid-configuration"] = lambda _: Response("", 503)
    with clock.set_to(clock.now()):
        for _ in range(3):
            with pytest.raises(ProviderAway):
                _who(liar)
    assert len(liar.asked) == 1
    liar.answers.clear()
    with clock.set_to(clock.now() + discovery.PAUSE):
        assert _who(liar).subject == SUBJECT


def test_a_provider_that_drips_is_away(liar, monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE", 0.3)

    def drip(_request):
        import time

        def pieces():
            for _ in range(50):
                yield b" "
                time.sleep(0.05)

        return Response(pieces(), mimetype="application/json")

    liar.answers["/keys"] = drip
    with pytest.raises(ProviderAway):
        _who(liar)


def test_nobody_listening_is_away():
    with pytest.raises(ProviderAway):
        discovery.known("http://127.0.0.1:9")


def test_an_address_is_asked_only_by_tls_or_on_this_machine():
    for address, is_safe in {
        "https://login.example/v2.0": True,
        "http://login.example/": False,
        "http://127.0.0.1:8800": True,
        "http://127.0.0.1.evil.example": False,
        "https://us@login.example": False,
        "ftp://login.example": False,
        "https://": False,
        "https://login.example:port": False,
    }.items():
        assert connection.is_safe(address) is is_safe, address


def test_the_time_a_key_is_remembered_is_about_an_hour():
    assert timedelta(minutes=5) < discovery.REMEMBERED <= timedelta(hours=24)
