"""The browser's side: signed-in clients, and two look-alike companies where B's every text carries a marker."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import clock
from portal.db import db
from portal.domain.accounts import invitations, saved_views, sso_providers, two_factor
from portal.domain.accounts.sso_providers import New
from portal.domain.approvals import consents, decisions, deputies, requests
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import AtExpiry, Scope
from portal.domain.approvals.requests import Asking
from portal.domain.companies.reader import Reader
from portal.domain.questions import workflow
from portal.domain.rules import approval_rules
from portal.domain.rules.approval_rules import Terms
from portal.domain.tickets.models import State
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.models import Person
from portal.domain.users.permissions import MANAGER, STAFF, VIEWER
from tests.actors import acting
from tests.factories import mirror

MARKER = "XQMARKERQX"  # in every text of company B; nobody else may ever see it


class Browser(FlaskClient):
    """Each request in an application context of its own, as on a server: nothing is remembered but cookies."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        with self.application.app_context():
            return super().open(*args, **kwargs)


@pytest.fixture
def app(app: Flask) -> Flask:
    app.test_client_class = Browser
    return app


@pytest.fixture
def at_a_moment() -> Iterator[None]:
    with clock.set_to(mirror.NOW):
        yield


@pytest.fixture
def sign_in(app: Flask) -> Callable[[Person], FlaskClient]:
    """A client with the session that signing in would have given this person."""

    def signed_in(person: Person) -> FlaskClient:
        client = app.test_client()
        was_asked = person.company_id is None or two_factor.of(person.id).any  # staff must have a second factor
        key = sessions.start(person.id, how="password", second_factor=was_asked)
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = key, True
        return client

    return signed_in


@pytest.fixture
def world(app: Flask, tmp_path: Path, at_a_moment: None) -> SimpleNamespace:
    """Companies A and B with one full ticket each, their people, and Connectica's staff."""
    folder = tmp_path / "attachments"
    one = SimpleNamespace(**{name: _company(name, mark, folder) for name, mark in (("a", ""), ("b", MARKER))})
    one.a.passkey_id = one.a.session_id = 1_999_999_999  # only B has these
    one.a.provider = SimpleNamespace(slug="nobodys")
    one.b.passkey_id, one.b.session_id = mirror.passkey(one.b.manager, MARKER).id, _session_of(one.b.manager)
    one.staff = mirror.person(None, role=STAFF, email="staff@connectica.example", name="Dana Dispečerová")
    one.b.provider = sso_providers.add(
        New(
            slug="vodarny",
            name=f"Microsoft 365 {MARKER}",
            company=one.b.company,
            client_id="portal",
            secret=MARKER,
            issuer="https://login.b.example",
        )
    )
    mirror.settle()
    return one


@pytest.fixture
def manager(world: SimpleNamespace, sign_in: Callable[[Person], FlaskClient]) -> FlaskClient:
    return sign_in(world.a.manager)


def _company(name: str, mark: str, folder: Path) -> SimpleNamespace:
    owner = mirror.company(f"Strojírny {name.upper()} {mark}".strip())
    asks = mirror.employee(owner, f"Řehoř Kučera {mark}".strip())
    serves = mirror.technician("Petr Svoboda")
    ticket = mirror.ticket(
        owner,
        f"Příliš žluťoučký kůň {mark}".strip(),
        requester=asks,
        served_by=serves,
        due_at=clock.now() - timedelta(hours=2),
        opened_at=clock.now() - timedelta(days=1),
    )
    asked = mirror.message(
        ticket,
        f"<p>Tiskárna nejede. {mark}</p>",
        author=asks.name,
        quoted=f"<p>Starší text {mark}</p>",
        sender_verified=False,
    )
    picture = mirror.attachment(asked, f"snímek {mark}.png".replace(" .", "."), data=PNG, folder=folder)
    said = mirror.message(
        ticket,
        f"<p>Opraveno. {mark}</p>",
        side="technician",
        author="Petr Svoboda",
        sent_at=ticket.opened_at + timedelta(minutes=30),
    )
    entry = mirror.time_entry(ticket, "1.00", under=said)
    mirror.time_entry(ticket, "0.25", "KONZ95", worked_at=said.sent_at + timedelta(minutes=5))
    mirror.event(ticket, "technician", "Petr Svoboda", at=ticket.opened_at + timedelta(minutes=1))
    mirror.event(ticket, "state", State.OPEN, old=State.DONE, at=ticket.opened_at + timedelta(minutes=2))
    mirror.event(ticket, "due", "2026-11-24", at=ticket.opened_at + timedelta(minutes=3))
    db.session.commit()
    manager = mirror.person(owner, role=MANAGER, email=f"manager@{name}.example", name=f"Jana {mark}".strip())
    viewer = mirror.person(owner, role=VIEWER, email=f"viewer@{name}.example", name="Karel Čtenář")
    asked_for = _asked_of(owner, ticket, entry, manager=manager, viewer=viewer, mark=mark)
    return SimpleNamespace(
        **asked_for,
        company=owner,
        ticket=ticket,
        asked=asked,
        said=said,
        picture=picture,
        entry=entry,
        manager=manager,
        viewer=viewer,
        employee=asks,
        technician=serves,
    )


def _session_of(person: Person) -> int:
    return people.visitor(sessions.start(person.id, how="password")).session_id


def _asked_of(owner, ticket, entry, *, manager, viewer, mark: str) -> dict[str, Any]:
    """An open approval, a standing consent with the decision it came from, an absence and an open question."""
    staff = mirror.person(None, role=STAFF, email=f"asks{owner.id}@connectica.example", name="Dana Dispečerová")
    day = clock.today()
    given = requests.ask(acting(staff), ticket.id, Asking(f"Smíme vždy? {mark}", until=day, at_expiry=AtExpiry.STAY))
    always = Decision(approve=True, scope=Scope.UNTIL, valid_until=day, note=f"Ano. {mark}")
    decisions.decide(acting(manager), given.approval_id, always)
    consent = consents.in_force(Reader.of(owner, confidential=True))[0].consent
    consent_id, consent.valid_until = consent.id, day - timedelta(days=1)  # over, so that the next one is open
    db.session.commit()
    asked = requests.ask(acting(staff), ticket.id, Asking(f"Smíme? {mark}", until=day, at_expiry=AtExpiry.STAY))
    absence = deputies.appoint(acting(manager), owner, deputy_id=viewer.id, first=day, last=day)
    question_id = workflow.ask(acting(manager), owner, entry.id, f"Proč hodina? {mark}")
    invitations.invite(
        acting(manager), owner, email=f"new@b{owner.id}.example", name=mark, role=VIEWER, language="cs"
    )
    saved_views.save(manager, name=f"Můj pohled {mark}", query="overdue=1", starts=False)
    return {
        "view_id": saved_views.of(manager)[0].id,
        "invitation_id": invitations.open_of(owner)[0].id,
        "approval_id": asked.approval_id,
        "consent_id": consent_id,
        "absence_id": absence.id,
        "question_id": question_id,
        "rule_id": approval_rules.choose(acting(manager), owner, Terms(amount=Decimal(1000), category=mark[:40])),
    }


PNG = bytes.fromhex(  # one clear pixel
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d494441"
    "54789c6360606060000000050001a5f645400000000049454e44ae426082"
)
