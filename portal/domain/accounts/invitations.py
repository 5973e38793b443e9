"""Invitations: a letter with a key, by which somebody makes their own account of a company, or of Connectica."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, update

from portal import clock
from portal.db import db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import access, open_invitations, rate_limits, sso_identities, sso_providers
from portal.domain.accounts.open_invitations import Invitation
from portal.domain.accounts.sso_providers import IdentityProvider
from portal.domain.audit import events as audit
from portal.domain.companies.models import Company
from portal.domain.notifications import outbox, rendering
from portal.domain.users import models as people
from portal.domain.users import passwords
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person, Visitor
from portal.errors import NotFound, Refused
from portal.lib import text, tokens, urls
from portal.lib.i18n import msgid

LASTS = timedelta(days=7)
KEPT = timedelta(days=30)  # after it is over: an address nobody made an account of is no longer needed


def open_of(company: Company | None) -> Sequence[Invitation]:
    """Those that can still be accepted, newest first."""
    return db.session.scalars(open_invitations.of(company).order_by(Invitation.id.desc())).all()


def company_of(invitation_id: int) -> Company | None:
    """Into which company an invitation is, for Connectica's administrators. Raises NotFound."""
    found = db.session.get(Invitation, invitation_id)
    if found is None:
        raise NotFound
    return found.company


def invite(actor: Actor, company: Company | None, *, email: str, name: str, role: str, language: str) -> None:
    """Write to somebody that they may make an account; an earlier invitation of theirs ends. Commits.

    Whoever invites learns nothing of other companies: an address with an account elsewhere is told that it has one.
    Raises Refused for what is no address, no role here, or a colleague who has an account already.
    """
    email, name = people.address(email), text.line(name)
    if role not in access.roles_in(company):
        raise Refused(msgid("There is no role called %(role)s."), role=role)
    if language not in rendering.LANGUAGES:
        raise Refused(msgid("There is no such language."))
    if any(colleague.email == email for colleague in access.of(company)):
        raise Refused(msgid("%(email)s has an account already."), email=email)
    rate_limits.count(rate_limits.AttemptKind.LETTER, account=str(actor.known.id))
    _invite(actor, company, email=email, name=name, role=role, language=language)


def repeat(actor: Actor, company: Company | None, invitation_id: int) -> None:
    """The same once more, under a new key and from today on. Commits. Raises NotFound."""
    found = _one(company, invitation_id)
    invite(actor, company, email=found.email, name=found.name, role=found.role, language=found.language)


@unit_of_work()
def withdraw(actor: Actor, company: Company | None, invitation_id: int) -> None:
    """The key in the letter opens nothing any more. Commits. Raises NotFound."""
    found = _one(company, invitation_id)
    found.withdrawn_at = clock.now()
    audit.note(audit.INVITATION_WITHDRAWN, actor, company_id=found.company_id, about=found.email)


def opened(token: str) -> Invitation:
    """The open invitation of a key. Changes nothing. Raises NotFound for every other key, and once its author may
    invite nobody any more."""
    found = db.session.scalar(open_invitations.alive().where(Invitation.token_hash == tokens.hash_of(token)))
    if found is None or _account(found.email) is not None:
        raise NotFound
    return found


def accept(token: str, *, name: str, password: str, address: str) -> Person:
    """Create account, once whoever else tries at the same moment. Commits. Raises NotFound, Refused."""
    found = opened(token)
    name = text.needed(name, longest=100)
    company = found.company
    if not sso_providers.allow_password(found.company_id):
        raise Refused(msgid("Your company wants you to sign in with its own account."))
    passwords.check(password, about=(name, found.email, company.name if company else ""))
    return _join(found, name=name, password_hash=passwords.hash_of(password), address=address)


@unit_of_work()
def accept_elsewhere(token: str, provider: IdentityProvider, subject: str, *, name: str, address: str) -> Person:
    """The same without a password, for whom the provider has just named: the two are linked. Commits.

    name: what the provider calls them, for an invitation that says none. Raises NotFound, Refused.
    """
    found = opened(token)
    if found.company_id != provider.company_id:
        raise NotFound
    if sso_identities.is_anybodys(provider, subject, living=True):
        raise Refused(sso_identities.TAKEN)
    name = found.name or text.line(name)[:100] or found.email.partition("@")[0]
    person = _join(found, name=name, password_hash=None, address=address)
    sso_identities.link(person.id, provider, subject)
    return person


@unit_of_work()
def sweep() -> None:
    """Delete invitations that have been over for long. Commits."""
    db.session.execute(delete(Invitation).where(Invitation.expires_at < clock.now() - KEPT))


@unit_of_work()
def _invite(actor: Actor, company: Company | None, *, email: str, name: str, role: str, language: str) -> None:
    db.session.execute(
        update(Invitation)
        .where(Invitation.email == email, Invitation.id.in_(open_invitations.ids(open_invitations.of(company))))
        .values(withdrawn_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    key, kept = tokens.new()
    now = clock.now()
    invitation = Invitation(
        company_id=company.id if company else None,
        email=email,
        name=name,
        role=role,
        language=language,
        invited_by=actor.known.id,
        at=now,
        expires_at=now + LASTS,
        token_hash=kept,
    )
    db.session.add(invitation)
    db.session.flush()
    _write(actor.known, company, invitation, key)
    audit.note(audit.INVITED, actor, company_id=invitation.company_id, about=f"{email}: {role}")


@unit_of_work()
def _join(found: Invitation, *, name: str, password_hash: str | None, address: str) -> Person:
    taken = rows_changed(
        update(Invitation)
        .where(Invitation.id == found.id, Invitation.id.in_(open_invitations.ids(open_invitations.alive())))
        .values(accepted_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if not taken:
        raise NotFound
    person = people.join(
        email=found.email,
        name=text.line(name),
        company=found.company,
        role=found.role,
        language=found.language,
        password_hash=password_hash,
    )
    audit.note(audit.JOINED, Actor.of(person, address=address), about=found.role)
    return person


def _write(by: Person | Visitor, company: Company | None, invitation: Invitation, key: str) -> None:
    facts = {"by": by.name, "company": company.name if company else "Connectica", "until": invitation.expires_at}
    if _account(invitation.email) is None:
        kind, link = "invitation", urls.link(f"/invitation/{key}")
    else:
        kind, link = "invitation_known", urls.link("/sign-in")
    subject, text = rendering.letter(invitation.language, kind, link=link, **facts)
    outbox.write(
        key=f"invitation:{invitation.id}", to=invitation.email, name=invitation.name, subject=subject, text=text
    )


def _account(email: str) -> Person | None:
    """A living account of this address; one whose access was ended may be invited anew."""
    person = people.by_email(email)
    return person if person is not None and person.active else None


def _one(company: Company | None, invitation_id: int) -> Invitation:
    found = db.session.scalar(open_invitations.of(company).where(Invitation.id == invitation_id))
    if found is None:
        raise NotFound
    return found
