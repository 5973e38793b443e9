"""Reauthentication: whoever changes an account's credentials must have proved recently who they are."""

from flask import redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.accounts import two_factor
from portal.domain.users import sessions

FRESH = {  # what changes the locks of an account: the page to go on with after a proof, if none was given lately
    "account.begin_codes": "account.choose",
    "account.codes": "account.codes",
    "account.confirm_codes": "account.codes",
    "account.remove_codes": "account.show",
    "account.challenge": "account.choose",
    "account.add_passkey": "account.choose",
    "account.remove_passkey": "account.show",
    "account.make_recovery_codes": "account.show",
    "account.require": "account.show",
    "sso.link": "account.show",
    "sso.unlink": "account.show",
}


def stop_unless_fresh() -> AnyResponse | None:
    """Before a request that changes the locks: first to the proof, if none was given lately."""
    page = FRESH.get(request.endpoint or "")
    if page is None or is_fresh():
        return None
    return redirect(url_for("account.prove", next=url_for(page)))


def is_fresh() -> bool:
    return sessions.is_fresh(current_user.session_proved_at) and is_as_strong_as_can_be()


def is_as_strong_as_can_be() -> bool:
    """Whether this session has seen a second factor, or its person has none to show."""
    return current_user.has_second_factor or not two_factor.of(current_user.id).any
