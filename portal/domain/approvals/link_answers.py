"""Answering an approval by the link of a letter: no account is opened by it, and it answers one question once."""

from dataclasses import dataclass

from portal.db import db
from portal.domain.approvals import decisions, links, requests
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.deputies import Approver
from portal.domain.approvals.links import ApprovalLink
from portal.domain.approvals.models import ApprovalCard, Channel, card
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.errors import NotFound, Refused
from portal.lib.i18n import msgid


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What a genuine link shows, and to whom."""

    card: ApprovalCard
    person: Person
    stands_for: Person | None
    may_answer: bool
    may_consent: bool  # beyond this ticket


def opened(token: str) -> OpenedLink:
    """What a link shows: the question, or how it ended. Changes nothing. Raises NotFound."""
    link = links.genuine(token)
    person, found = _holder(link), card(link.approval_id)
    approver = _approver(person, found)
    if approver is None and (found.approval.is_open or found.is_confidential):
        raise NotFound  # the right it was made for is gone
    return OpenedLink(
        card=found,
        person=person,
        stands_for=approver.stands_for if approver else None,
        may_consent=approver is not None and approver.is_manager,
        may_answer=link.used_at is None and found.approval.waits_for_manager and not found.approval.is_too_late,
    )


def decide(token: str, decision: Decision, *, address: str) -> None:
    """Approve or decline as the person the link was made for. Commits. Raises as decisions.decide does."""
    link = _usable(token)
    decisions.decide(Actor.of(_holder(link), address=address), link.approval_id, decision, channel=Channel.LINK)


def ask_back(token: str, note: str, *, address: str) -> None:
    """Ask Connectica for more; the link is used up by it, another comes with the answer. Commits."""
    link = _usable(token)
    requests.ask_back(Actor.of(_holder(link), address=address), link.approval_id, note, by_link=True)


def _usable(token: str) -> ApprovalLink:
    link = links.genuine(token)
    found = card(link.approval_id)
    if found.approval.is_open and _approver(_holder(link), found) is None:
        raise NotFound
    if not found.approval.is_open:
        raise decisions.already_decided(found.approval)
    if link.used_at is not None:
        raise Refused(msgid("This link has been used already; the answer will bring you another."))
    return link


def _holder(link: ApprovalLink) -> Person:
    person = db.session.get_one(Person, link.person_id)
    if not person.active:
        raise NotFound
    return person


def _approver(person: Person, found: ApprovalCard) -> Approver | None:
    if person.company_id != found.company_id:
        raise NotFound
    return next((one for one in decisions.who_decides(found) if one.person.id == person.id), None)
