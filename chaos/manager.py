"""The company's manager, who decides whatever is asked, in the portal's own domain: each time a note to tell."""

import threading
from collections.abc import Callable
from contextlib import suppress

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal.db import db
from portal.domain.approvals import decisions
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import Approval, ApprovalState
from portal.domain.companies.models import Company
from portal.domain.users import models as people
from portal.domain.users import permissions
from portal.domain.users.models import Person
from portal.errors import PortalError

EMAIL = "manager@vltava.example"
_LOOKS_UP = 0.3  # seconds


class Manager:
    """Decides in a thread while the context is open."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Manager":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _work(self) -> None:
        with self._app.app_context():
            while not self._stop.wait(_LOOKS_UP):
                with suppress(SQLAlchemyError, PortalError):  # busy: at the next look
                    _decide_all(self._stop.is_set)
                db.session.remove()


def hired() -> None:
    """An account of the one company there is. Commits."""
    company = db.session.scalars(select(Company)).one()
    people.add(
        email=EMAIL, name="Marie Malá", company=company, role=permissions.MANAGER, language="cs", password_hash=""
    )


def undecided() -> int:
    """How many questions wait for an answer."""
    return len(_open())


def _open() -> list[int]:
    return list(
        db.session.scalars(select(Approval.id).where(Approval.state == ApprovalState.OPEN).order_by(Approval.id))
    )


def _decide_all(is_stopped: Callable[[], bool]) -> None:
    manager = db.session.scalars(select(Person).where(Person.email == EMAIL)).one()
    for approval_id in _open():
        if is_stopped():
            return
        decisions.decide(manager, approval_id, Decision(approve=approval_id % 2 == 0))
