"""Your account: the second factor, passkeys, recovery codes, and where you are signed in."""

import segno
from flask import Blueprint, Response, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import passkeys, sso_identities, sso_providers, totp, two_factor
from portal.domain.audit import events as audit
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.permissions import Right
from portal.web import rendering
from portal.web.auth import access_control, credentials, login, reauthentication, user_agents, webauthn
from portal.web.auth.access_control import actor

bp = Blueprint("account", __name__, url_prefix="/account")

bp.before_request(reauthentication.stop_unless_fresh)


@bp.get("")
def show() -> Response:
    return rendering.render(
        page="account/show.html",
        factors=two_factor.of(current_user.id),
        passkeys=passkeys.of(current_user.id),
        sessions=sessions.of(current_user.id),
        providers=sso_providers.of(current_user.company_id),
        linked=sso_identities.linked(current_user.id),
        in_words=user_agents.in_words,
        must=access_control.must_have_second_factor(),
        staff_are_eased=current_user.company is None and not current_app.config["STAFF_SECOND_FACTOR"],
        may_require=current_user.company is not None and current_user.may(Right.GIVE_ACCESS),
    )


@bp.get("/second-factor")
def choose() -> AnyResponse:
    """The ways to a second factor: the first page of somebody who must have one and has none."""
    factors = two_factor.of(current_user.id)
    if factors.any and access_control.lacks_second_factor():
        return redirect(url_for(".prove"))
    return rendering.render(
        page="account/choose.html",
        factors=factors,
        must=access_control.lacks_second_factor(),
        passkeys_are_possible=passkeys.are_possible(),
        this_browser=user_agents.in_words(request.user_agent.string),
    )


@bp.post("/codes")
def begin_codes() -> AnyResponse:
    totp.begin(current_user.id)
    return redirect(url_for(".codes"))


@bp.get("/codes")
def codes() -> AnyResponse:
    return _codes_page()


@bp.post("/codes/confirm")
def confirm_codes() -> AnyResponse:
    recovery = two_factor.confirm_codes(actor(), current_user.session_id, request.form.get("code", ""))
    if recovery is None:
        return _codes_page(_("This code is not right. Is the clock of your phone right? Try the next code."))
    return _secured(recovery, _("Codes of your app now protect your account."))


@bp.post("/codes/remove")
def remove_codes() -> AnyResponse:
    has_more = two_factor.remove_codes(
        actor(), current_user.session_id, is_required=access_control.must_have_second_factor()
    )
    return _weakened(has_more, _("Codes of your app are not asked for any more."))


@bp.post("/passkeys/challenge")
def challenge() -> Response:
    given = webauthn.give(webauthn.ADD)
    return webauthn.as_json(
        passkeys.to_make(current_user.id, email=current_user.email, name=current_user.name, challenge=given)
    )


@bp.post("/passkeys")
def add_passkey() -> AnyResponse:
    name, written = request.form.get("name", ""), request.form.get("credential", "")
    taken = webauthn.take(webauthn.ADD)
    recovery = two_factor.add_passkey(actor(), current_user.session_id, name=name, written=written, challenge=taken)
    return _secured(recovery, _("The passkey is yours to sign in with."))


@bp.post("/passkeys/<int:passkey_id>/remove")
def remove_passkey(passkey_id: int) -> AnyResponse:
    has_more = two_factor.remove_passkey(
        actor(), current_user.session_id, passkey_id, is_required=access_control.must_have_second_factor()
    )
    return _weakened(has_more, _("The passkey opens nothing here any more. Delete it on your device, too."))


@bp.post("/recovery-codes")
def make_recovery_codes() -> Response:
    recovery = two_factor.new_recovery_codes(actor())
    return rendering.render(page="account/recovery.html", recovery=recovery)


@bp.post("/sessions/<int:session_id>/end")
def end_session(session_id: int) -> AnyResponse:
    with unit_of_work():
        sessions.end_one(current_user.id, session_id)
        audit.note(audit.SESSIONS_ENDED, actor())
    flash(_("That browser is signed out."))
    return redirect(url_for(".show"))


@bp.post("/sessions/end-others")
def end_others() -> AnyResponse:
    with unit_of_work():
        sessions.end_others(current_user.id, current_user.session_id)
        audit.note(audit.SESSIONS_ENDED, actor())
    flash(_("Every other browser is signed out."))
    return redirect(url_for(".show"))


@bp.post("/company/second-factor")
def require() -> AnyResponse:
    required = request.form.get("required") == "on"
    two_factor.require_of(actor(), access_control.own_company().id, required=required)
    flash(_("Saved."))
    return redirect(url_for(".show"))


@bp.get("/prove")
def prove() -> Response:
    return _proof_page()


@bp.post("/prove")
def give_proof() -> AnyResponse:
    code, password = request.form.get("code", ""), request.form.get("password", "")
    if password and _may_prove_by_password():
        refusal, by_second_factor = credentials.refusal_of_password(current_user, password), False
    else:
        refusal, by_second_factor = credentials.refusal_of_code(current_user, code), True
    return _proof_page(refusal) if refusal else _proved(by_second_factor=by_second_factor)


@bp.post("/prove/challenge")
def prove_challenge() -> Response:
    given = webauthn.give(webauthn.PROVE)
    return webauthn.as_json(passkeys.to_show(given, person_id=current_user.id))


@bp.post("/prove/passkey")
def prove_by_passkey() -> AnyResponse:
    refusal = credentials.refusal_of_passkey(current_user, webauthn.PROVE)
    return _proof_page(refusal) if refusal else _proved(by_second_factor=True)


def _may_prove_by_password() -> bool:
    counts = sso_providers.allow_password(current_user.company_id) and people.has_password(current_user.id)
    return counts and reauthentication.is_as_strong_as_can_be()


def _proved(*, by_second_factor: bool) -> AnyResponse:
    onward = login.own_address(request.form.get("next", ""))
    login.renew(second_factor=by_second_factor or current_user.has_second_factor)
    return redirect(onward)


def _secured(recovery: list[str], words: str) -> AnyResponse:
    """A factor more: this session has just proved it. The recovery codes are shown if there are new ones."""
    login.renew(second_factor=True)
    flash(words)
    return (
        rendering.render(page="account/recovery.html", recovery=recovery) if recovery else redirect(url_for(".show"))
    )


def _weakened(has_more: bool, words: str) -> AnyResponse:
    login.renew(second_factor=has_more and current_user.has_second_factor)
    flash(words)
    return redirect(url_for(".show"))


def _codes_page(refusal: str = "") -> AnyResponse:
    """The waiting secret as a picture and in letters; where there is none, the page that begins one."""
    secret = totp.waiting_secret(current_user.id)
    if secret is None:
        return redirect(url_for(".choose"))
    picture = segno.make_qr(totp.address(secret, current_user.email))
    return rendering.render(
        page="account/codes.html",
        refusal=refusal,
        picture=picture.svg_data_uri(scale=5, border=3, dark="#000", light="#fff"),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    )


def _proof_page(refusal: str = "") -> Response:
    return rendering.render(
        page="account/prove.html",
        refusal=refusal,
        onward=login.own_address(request.values.get("next", "")),
        factors=two_factor.of(current_user.id),
        by_password=_may_prove_by_password(),
        passkeys_are_possible=passkeys.are_possible(),
    )
