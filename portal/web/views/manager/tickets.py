"""Tickets: the list, and one with its conversation."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.questions import models as questions
from portal.domain.read_models import conversation, listing
from portal.domain.read_models.listing import TicketFilter
from portal.domain.tickets import models as tickets
from portal.exports import tickets as ticket_files
from portal.web import downloads, languages, navigation, rendering, ticket_fragments
from portal.web.auth.access_control import actor, own_reader

bp = Blueprint("tickets", __name__)


@bp.get("/tickets")
def index() -> Response:
    reader, wanted = own_reader(), TicketFilter.parse(request.args.to_dict())
    found = listing.find(reader, wanted)
    if rendering.wants_part():
        return rendering.send_part(ticket_fragments.part(reader, wanted, found))
    counts = navigation.around().counts
    return rendering.render(
        page="tickets/index.html",
        has_parts=True,
        wanted=wanted,
        counts=counts,
        **ticket_fragments.about(reader, wanted, listing.within(reader, wanted, counts)),
        found=found,
        rows=ticket_fragments.rows(reader, found, wanted.words),
        requesters=tickets.requesters(reader),
        technicians=tickets.technicians(reader),
    )


@bp.get("/tickets.xlsx")
def workbook() -> AnyResponse:
    found = _found()
    answer = downloads.book(lambda file: ticket_files.write(found, file), found.file_name)
    return downloads.noted(answer, found.file_name, "xlsx")


@bp.get("/tickets.csv")
def csv() -> AnyResponse:
    found = _found()
    answer = downloads.text(ticket_files.pieces(found), found.file_name)
    return downloads.noted(answer, found.file_name, "csv")


def _found() -> ticket_files.FoundTickets:
    return ticket_files.FoundTickets(own_reader(), TicketFilter.parse(request.args.to_dict()), languages.current())


@bp.get("/tickets/<number>")
def show(number: str) -> Response:
    ticket = conversation.show(own_reader(), number, before=request.args.get("before", type=rendering.row_id))
    with unit_of_work():
        audit.note(audit.OPENED_TICKET, actor(), about=ticket.number)
    around = navigation.around()
    return rendering.render(
        page="tickets/show.html",
        ticket=ticket,
        answered=questions.answered_of(own_reader(), ticket.number) if around.answered else [],
        in_question=around.in_question,
        back=f"{_list_before()}#ticket-{ticket.number}",
    )


def _list_before() -> str:
    """The list as it was narrowed when its reader came from there, or the whole list."""
    came, whole = urlsplit(request.referrer or ""), url_for("tickets.index")
    is_ours = came.netloc == request.host and came.path == whole
    return f"{whole}?{came.query}" if is_ours and came.query else whole
