"""Tickets: the list, and one with its conversation."""

from flask import Blueprint, Response, request

from portal.domain import audit, conversations, ticket_list, tickets
from portal.domain.ticket_list import TicketFilter
from portal.web import pages, ticket_rows
from portal.web.gate import own_company

bp = Blueprint("tickets", __name__)


@bp.get("/tickets")
def index() -> Response:
    company, wanted = own_company(), TicketFilter.parse(request.args)
    found = ticket_list.find(company, wanted)
    shown = {"wanted": wanted, "found": found, "rows": ticket_rows.drawn(company, found.keys)}
    if wanted.after and pages.wants_part():
        return pages.render(page="tickets/index.html", part="tickets/_more.html", **shown)
    shown["counts"] = tickets.counts(company)
    if pages.wants_part():
        return pages.render(page="tickets/index.html", part="tickets/_part.html", **shown)
    return pages.render(
        page="tickets/index.html",
        part="tickets/_part.html",
        requesters=tickets.requesters(company),
        technicians=tickets.technicians(company),
        **shown,
    )


@bp.get("/tickets/<number>")
def show(number: str) -> Response:
    ticket = conversations.show(own_company(), number, before=request.args.get("before", type=pages.row_id))
    audit.note(audit.OPENED_TICKET, about=ticket.number, **pages.signature())
    return pages.render(page="tickets/show.html", ticket=ticket)
