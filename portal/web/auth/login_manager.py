"""Flask-Login's user: found by a signed cookie that names a session which the database can end."""

from flask import Flask
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect

from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.models import Visitor

csrf = CSRFProtect()


def install(app: Flask) -> None:
    """The visitor of every request, and a token in every form."""
    app.config.update(
        WTF_CSRF_SSL_STRICT=False,  # the page of a link sends no referrer; the token alone is the proof
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a page left open over lunch still works
    )
    csrf.init_app(app)
    door = LoginManager(app)
    door.session_protection = None  # a phone changes its address; the cookie is signed anyway
    door.user_loader(_visitor)


def _visitor(session_key: str) -> Visitor | None:
    visitor = people.visitor(session_key)
    if visitor is not None:
        sessions.notice(visitor.session_id, visitor.session_seen_at)
    return visitor
