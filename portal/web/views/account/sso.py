"""Single sign-on: out to the company's own identity provider, back with its answer, and the links a person makes.

Everything that ties an answer to this browser is in its signed cookie, for one answer and ten minutes. The content
policy lets no form lead to a foreign host: after a form a page of ours sends the browser on.
"""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal import clock
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import invitations, rate_limits, sso_identities, sso_providers
from portal.domain.accounts.rate_limits import AttemptKind
from portal.domain.accounts.sso_providers import IdentityProvider
from portal.domain.audit import events as audit
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.domain.users.sessions import FirstProof
from portal.errors import ProviderAway, ProviderError, ProviderLied, ProviderRefused
from portal.lib.encryption import SealBroken
from portal.oidc import flow
from portal.oidc.flow import ProvenIdentity, ProviderClient, SignInRequest
from portal.web import rendering
from portal.web.auth import access_control, login, reauthentication

PATIENCE = timedelta(minutes=10)  # between going out and coming back
SIGN_IN, LINK, ACCEPT = "sign_in", "link", "accept"  # what somebody went out for

FAILURES: dict[type[Exception], tuple[int, Any, Any]] = {  # what happened: status, title, what to do now
    ProviderAway: (
        503,
        lambda: _("Your company's sign-in does not answer"),
        lambda: _("It may be overloaded or switched off. Please try again in a few minutes."),
    ),
    ProviderRefused: (
        403,
        lambda: _("Your company's sign-in said no"),
        lambda: _("You were not signed in. If you did not turn back yourself, ask your company's administrator."),
    ),
    ProviderLied: (
        403,
        lambda: _("This answer cannot be believed"),
        lambda: _("You were not signed in: what came back was not meant for this page, or has expired. Start again."),
    ),
    SealBroken: (
        500,
        lambda: _("Something broke"),
        lambda: _("It is our fault, and it has been written down. Please try again."),
    ),
}

bp = Blueprint("sso", __name__)
bp.before_request(reauthentication.stop_unless_fresh)  # a link opens the account
bp.after_request(rendering.keep_quiet)  # an answer's address holds a code


@bp.get("/sign-in/sso")
def choose() -> AnyResponse:
    domain, onward = request.args.get("domain", ""), request.args.get("next", "")
    provider = sso_providers.by_domain(domain)
    if provider is not None:
        return _onward(_beginning(provider, onward=onward))
    refusal = _("No company signs in here from this domain. Is it written right?") if domain else ""
    return rendering.minimal("sso/choose.html", domain=domain[:254], onward=onward, refusal=refusal)


@bp.get("/sign-in/sso/<provider>")
def begin(provider: str) -> AnyResponse:
    found, onward = sso_providers.by_slug(provider), request.args.get("next", "")
    if current_user.is_authenticated:
        return redirect(login.own_address(onward))
    return redirect(_set_out(found, purpose=SIGN_IN, onward=onward))


@bp.get("/sign-in/sso/<provider>/answer")
def answer(provider: str) -> AnyResponse:
    found, went_out = sso_providers.by_slug(provider), _came_back(provider)
    rate_limits.count(AttemptKind.ELSEWHERE, address=access_control.address())
    identity = flow.who(_client(found), SignInRequest(*went_out["asked"]), request.args)
    return DONE[went_out["purpose"]](found, identity, went_out)


@bp.post("/invitation/<token>/sso/<provider>")
def accept(token: str, provider: str) -> AnyResponse:
    invitation = invitations.opened(token)
    found = sso_providers.by_slug_of(invitation.company_id, provider)
    return _onward(_set_out(found, purpose=ACCEPT, key=token))


@bp.post("/account/sso/<provider>")
def link(provider: str) -> AnyResponse:
    found = sso_providers.by_slug_of(current_user.company_id, provider)
    return _onward(_set_out(found, purpose=LINK))


@bp.post("/account/sso/<provider>/unlink")
def unlink(provider: str) -> AnyResponse:
    found = sso_providers.by_slug_of(current_user.company_id, provider)
    with unit_of_work():
        sso_identities.unlink(current_user.id, found, but_session=current_user.session_id)
        audit.note(audit.SSO_UNLINKED, access_control.actor(), about=provider)
    flash(_("Unlinked."))
    return redirect(url_for("account.show"))


@bp.errorhandler(SealBroken)
@bp.errorhandler(ProviderError)
def sorry(error: ProviderError | SealBroken) -> Response:
    """Nobody was signed in: written down without anything secret, and said plainly."""
    slug = (request.view_args or {}).get("provider", "")
    why = str(error) or "the client secret was sealed under another SECRET_KEY: give it anew"
    current_app.logger.warning("single sign-on by %s: %s", slug, why)
    found = sso_providers.by_slug(slug)
    _refused(found, f"{slug}: {why}")
    status, title, words = next(FAILURES[kind] for kind in type(error).__mro__ if kind in FAILURES)
    return _page(status, title(), words(), found)


def _sign_in(provider: IdentityProvider, identity: ProvenIdentity, went_out: dict[str, Any]) -> AnyResponse:
    person = sso_identities.person_of(provider, identity.subject) or _made(provider, identity)
    if person is None:
        _refused(provider, f"{provider.slug}: unknown {identity.subject}")
        return _unknown(provider)
    return _arrive(person, provider, identity, onward=went_out["onward"])


def _link(provider: IdentityProvider, identity: ProvenIdentity, went_out: dict[str, Any]) -> AnyResponse:
    if not current_user.is_authenticated or current_user.id != went_out["person"]:
        raise ProviderLied("somebody else is signed in than who went out to link")
    with unit_of_work():
        sso_identities.link(current_user.id, provider, identity.subject)
        audit.note(audit.SSO_LINKED, access_control.actor(), about=provider.slug)
    flash(_("Linked. From now on you can sign in with your company's account."))
    return redirect(url_for("account.show"))


def _accept(provider: IdentityProvider, identity: ProvenIdentity, went_out: dict[str, Any]) -> AnyResponse:
    with unit_of_work():
        person = invitations.accept_elsewhere(
            went_out["key"], provider, identity.subject, name=identity.name, address=access_control.address()
        )
        audit.note(audit.SSO_LINKED, access_control.actor_for(person), about=provider.slug)
    return _arrive(person, provider, identity)


DONE = {SIGN_IN: _sign_in, LINK: _link, ACCEPT: _accept}


def _arrive(person: Person, provider: IdentityProvider, identity: ProvenIdentity, *, onward: str = "") -> AnyResponse:
    has_both = provider.counts_as_second_factor(identity.proofs)
    return login.arrive(person, how=FirstProof.SSO, onward=onward, second_factor=has_both)


def _made(provider: IdentityProvider, identity: ProvenIdentity) -> Person | None:
    return sso_identities.make_viewer(
        provider, identity.subject, email=identity.email, name=identity.name, address=access_control.address()
    )


@unit_of_work()
def _refused(provider: IdentityProvider, about: str) -> None:
    audit.note(audit.SSO_REFUSED, Actor(None, provider.company, access_control.address()), about=about)


def _set_out(provider: IdentityProvider, *, purpose: str, onward: str = "", key: str = "") -> str:
    """The provider's address to go to; what its answer must fit is kept in the cookie from now on."""
    asked = SignInRequest.anew()
    address = flow.address_to_ask(_client(provider), asked)
    session["sso"] = {
        "provider": provider.slug,
        "purpose": purpose,
        "onward": login.own_address(onward),
        "key": key,
        "person": current_user.id if current_user.is_authenticated else None,
        "asked": [asked.state, asked.nonce, asked.verifier],
        "until": (clock.now() + PATIENCE).isoformat(),
    }
    return address


def _came_back(provider: str) -> dict[str, Any]:
    """What this browser went out for; it is used up by asking. Raises ProviderLied when it did not, or long ago."""
    went_out = session.pop("sso", None)
    if went_out is None or went_out["provider"] != provider:
        raise ProviderLied("this browser did not ask")
    if clock.now() > datetime.fromisoformat(went_out["until"]):
        raise ProviderLied("the answer came too late")
    return went_out


def _client(provider: IdentityProvider) -> ProviderClient:
    return ProviderClient(
        issuer=provider.issuer,
        client_id=provider.client_id,
        secret=provider.secret,
        tenant=provider.tenant,
        redirect_address=provider.redirect_address,
        wants_address=provider.makes_viewers,
    )


def _onward(address: str) -> Response:
    """A page that the browser leaves by itself: the answer to a form must not lead to a foreign host."""
    response = rendering.minimal("sso/onward.html", address=address)
    response.headers["Refresh"] = f"0; url={address}"
    return response


def _beginning(provider: IdentityProvider, *, onward: str) -> str:
    return url_for("sso.begin", provider=provider.slug, next=onward or None)


def _unknown(provider: IdentityProvider) -> Response:
    return _page(
        403,
        _("Nobody here is linked with your company's account"),
        _(
            "If you have an account here, sign in with its password and link the two under Account and security. "
            "Otherwise ask your IT manager for an invitation."
        ),
        None,
    )


def _page(status: int, title: str, words: str, provider: IdentityProvider | None) -> Response:
    again = _beginning(provider, onward="") if provider else ""
    return rendering.minimal("sso/failed.html", status=status, title=title, words=words, again=again)
