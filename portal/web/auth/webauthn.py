"""Challenges for passkeys: made for one browser and one purpose, kept in its signed cookie until answered."""

from datetime import datetime

from flask import Response, session

from portal.domain.accounts.passkeys import Challenge

SIGN_IN, SECOND_STEP, ADD, PROVE = "sign in", "second step", "add", "prove"  # one never serves for another


def give(purpose: str) -> Challenge:
    """A new one, in place of any before."""
    challenge = Challenge.new()
    session["challenge"] = {"for": purpose, "value": challenge.value, "at": challenge.made_at.isoformat()}
    return challenge


def take(purpose: str) -> Challenge | None:
    """The one this browser was given for that purpose; it is gone from here."""
    kept = session.pop("challenge", None)
    if kept is None or kept["for"] != purpose:
        return None
    return Challenge(kept["value"], datetime.fromisoformat(kept["at"]))


def as_json(options: str) -> Response:
    """What the page's script hands to the browser."""
    response = Response(options, mimetype="application/json")
    response.cache_control.no_store = True
    return response
