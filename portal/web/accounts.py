"""Accounts at the door: Flask-Security over the domain's people, signing in and signing out."""

from typing import Any

from flask import Flask, request, session
from flask_babel import gettext as _
from flask_login import user_logged_out
from flask_security import LoginForm, Security, UserDatastore, user_authenticated
from flask_wtf.csrf import CSRFProtect

from portal.domain import attempts, audit, people
from portal.domain.people import Person, Role, Visitor
from portal.web import pages

csrf = CSRFProtect()


def install(app: Flask) -> None:
    """Who is asking, by a signed cookie that names a session the database can end."""
    app.config.update(
        SECURITY_LOGIN_URL="/sign-in",
        SECURITY_LOGOUT_URL="/sign-out",
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/sign-in",
        SECURITY_LOGIN_USER_TEMPLATE="sign_in/show.html",
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of a scheme
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH={"argon2"},  # argon2 salts each password itself
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False, "test_environment": True},
        SECURITY_FLASH_MESSAGES=False,  # its words are not in our languages
        SECURITY_REGISTERABLE=False,
        WTF_CSRF_SSL_STRICT=False,  # the page of a link sends no referrer; the token alone is the proof
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a page left open over lunch still works
    )
    csrf.init_app(app)
    security = Security(app, _People(), login_form=SignInForm, render_template=_security_page)
    security.login_manager.user_loader(people.visitor)
    security.login_manager.request_loader(lambda request: None)  # nobody signs in by a token in an address
    security.login_manager.session_protection = None  # a phone changes its address; the cookie is signed anyway
    # Flask-Principal would build an identity for each request; the gate asks the visitor's roles itself.
    app.before_request_funcs[None].remove(security.principal._on_before_request)
    user_authenticated.connect(_signed_in, app)
    user_logged_out.connect(_signed_out, app)


class SignInForm(LoginForm):
    """An address and a password. One answer for every failure, and no more tries than a person needs."""

    remember = None  # a session ends with the browser

    def validate(self, **kwargs: Any) -> bool:
        self.refusal = _("We do not know this address with this password.")
        email = (self.email.data or "").strip().lower()
        address = request.remote_addr or ""
        if attempts.too_many(email, address):
            self.refusal = _("Too many attempts. Please try again in a quarter of an hour.")
            return False
        if super().validate(**kwargs):
            attempts.forget(email, address)
            return True
        audit.note(
            audit.SIGN_IN_FAILED,
            company_id=getattr(self.user, "company_id", None),  # nobody, for an address we do not know
            about=email,
            address=address,
        )
        return False


class _People(UserDatastore):
    """What Flask-Security needs to know of our people."""

    def __init__(self) -> None:
        super().__init__(Person, Role)

    def find_user(self, case_insensitive: bool = False, **wanted: Any) -> Person | None:
        return (
            people.by_session_key(wanted["fs_uniquifier"])
            if "fs_uniquifier" in wanted
            else people.by_email(wanted["email"])
        )

    def put(self, model: Person) -> Person:
        return model  # it is in the session already: found there

    def commit(self) -> None:
        people.keep()


def _security_page(template: str, **context: Any) -> str:
    return pages.plain(template, **context)


def _signed_in(app: Flask, user: Person, **_: Any) -> None:
    session.pop("csrf_token", None)  # a token given before signing in is worth nothing after it
    audit.note(audit.SIGNED_IN, company_id=user.company_id, person_id=user.id, address=request.remote_addr or "")


def _signed_out(app: Flask, user: Visitor, **_: Any) -> None:
    people.end_sessions(user.id)
    audit.note(audit.SIGNED_OUT, company_id=user.company_id, person_id=user.id, address=request.remote_addr or "")
