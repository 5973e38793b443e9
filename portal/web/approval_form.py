"""The form of a decision, shared by the portal and the page behind a link: button pressed, message after."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _

from portal.domain.approvals import decisions, link_answers, requests
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import Scope
from portal.domain.companies.reader import Reader
from portal.domain.users.actor import Actor
from portal.errors import Refused
from portal.lib import periods
from portal.lib.i18n import msgid

APPROVE, DECLINE, ASK = "approve", "decline", "ask"


def give(actor: Actor, approval_id: int, form: Mapping[str, str], *, read: Reader) -> str:
    """Do what the form of a person signed in says, of what they read; the words to show them."""
    if not _is_whole(form):
        approvals.show(read, approval_id)  # what is not there is not found, whatever the form says
    return _done(
        form,
        decide=lambda decision: decisions.decide(actor, approval_id, decision, read=read),
        ask_back=lambda note: requests.ask_back(actor, approval_id, note, read=read),
    )


def give_by_link(token: str, form: Mapping[str, str], *, address: str) -> str:
    """Do what the form of a link's page says; the words to show."""
    return _done(
        form,
        decide=lambda decision: link_answers.decide(token, decision, address=address),
        ask_back=lambda note: link_answers.ask_back(token, note, address=address),
    )


def _done(form: Mapping[str, str], *, decide: Callable[[Decision], Any], ask_back: Callable[[str], Any]) -> str:
    pressed, note = form.get("answer", ""), form.get("note", "")
    if pressed == ASK:
        ask_back(note)
        return _("Connectica has been asked. You will be told the answer.")
    if pressed not in {APPROVE, DECLINE}:
        raise Refused(msgid("Choose an answer."))
    decide(_decision(form, approve=pressed == APPROVE, note=note))
    if pressed == APPROVE:
        return _("Approved. Connectica has been told.")
    return _("Declined. Connectica has been told.")


def _is_whole(form: Mapping[str, str]) -> bool:
    """Whether the form says what was pressed and how far it reaches."""
    scopes = {form.get(f"{answer}_scope", Scope.TICKET) for answer in (APPROVE, DECLINE)}
    return form.get("answer") in {APPROVE, DECLINE, ASK} and scopes <= set(Scope)


def _decision(form: Mapping[str, str], *, approve: bool, note: str) -> Decision:
    """The scope chosen for the button that was pressed: each has its own choice."""
    written = form.get("approve_scope" if approve else "decline_scope", Scope.TICKET)
    if written not in set(Scope):
        raise Refused(msgid("This answer cannot reach that far."))
    return Decision(
        approve=approve, note=note, scope=Scope(written), valid_until=periods.day(form.get("valid_until"))
    )
