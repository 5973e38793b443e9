"""The ticket list as HTML: each row is drawn once for a version and a language, and so is what surrounds them."""

from collections.abc import Callable

from flask import render_template
from markupsafe import Markup

from portal.domain.billing import disclosure
from portal.domain.companies.reader import Reader
from portal.domain.tickets import listing
from portal.domain.tickets import models as tickets
from portal.domain.tickets.listing import TicketFilter, TicketPage
from portal.domain.tickets.models import State
from portal.web import formatting, fragment_cache, languages
from portal.web.fragment_cache import Fragment

STAND_INS = {state: 900_000_000_000 + place for place, state in enumerate(State)}  # as many tickets as nobody has
ROWS_STAND_HERE = Markup("<!-- rows -->")


def part(reader: Reader, wanted: TicketFilter, found: TicketPage) -> Fragment:
    """What htmx gets: the list with what changes around it, or only more rows. It holds nothing of the reader."""
    counts = None if wanted.after else tickets.counts(reader)
    look = (languages.current(), disclosure.of(reader).hides_hours, reader.reads_confidential)
    name = (reader.company_id, wanted, found, look, counts and tuple(counts.values()))
    kept = fragment_cache.parts().one(name)
    if kept is not None:
        return kept
    if counts is None:
        drawn = Fragment.of(rows(reader, found) + pager(wanted, found))
    else:
        drawn = Fragment.of(around("tickets/_results.html", reader, wanted, counts, found))
    return fragment_cache.parts().keep(name, drawn) if _is_common(wanted) else drawn


def around(
    template: str, reader: Reader, wanted: TicketFilter, counts: dict[State, int], found: TicketPage
) -> Markup:
    """The list with its rows: all but them and the counts depends on the filter and the language alone."""

    def draw(numbers: dict[State, int]) -> str:
        return render_template(template, wanted=wanted, counts=numbers, found=found, rows=ROWS_STAND_HERE)

    if _is_common(wanted):
        name = (template, wanted, tuple(counts), languages.current(), bool(found.keys))
        piece = _counted(_kept_or(name, lambda: draw({state: STAND_INS[state] for state in counts})), counts)
    else:
        piece = draw(counts)
    inside = rows(reader, found) + pager(wanted, found)
    return Markup(piece.replace(ROWS_STAND_HERE, inside))  # noqa: S704 - all of it comes from escaping templates


def _counted(piece: str, counts: dict[State, int]) -> str:
    """The piece with the counts for their stand-ins: while a sync runs they change all the time, and nothing else."""
    ours = {formatting.number(STAND_INS[state]): formatting.number(count) for state, count in counts.items()}
    ours[formatting.number(sum(STAND_INS[state] for state in counts))] = formatting.number(sum(counts.values()))
    for stand_in, count in ours.items():
        piece = piece.replace(stand_in, count)
    return piece


def rows(reader: Reader, found: TicketPage) -> Markup:
    """The rows of the tickets found, in their order."""
    hides_hours = disclosure.of(reader).hides_hours
    look = (languages.current(), hides_hours, reader.reads_confidential)
    names = [(key.id, key.version, key.is_overdue, look) for key in found.keys]  # becoming late makes another row
    drawn = fragment_cache.pieces().of(names)
    missing = {name[0]: at for at, name in enumerate(names) if drawn[at] is None}
    if missing:
        for id_, ticket in listing.rows(reader, missing).items():
            row = render_template("tickets/_row.html", ticket=ticket, hides_hours=hides_hours)
            drawn[missing[id_]] = fragment_cache.pieces().keep(names[missing[id_]], Markup(row))  # noqa: S704 - it escapes
    return Markup("".join(row for row in drawn if row is not None))  # noqa: S704 - from an escaping template


def pager(wanted: TicketFilter, found: TicketPage) -> Markup:
    """The row after the last: where the list goes on."""
    if not found.following:
        return Markup("")
    name = ("pager", wanted, found.following, languages.current())
    return _kept_or(name, lambda: render_template("tickets/_pager.html", wanted=wanted, found=found))


def _is_common(wanted: TicketFilter) -> bool:
    """What somebody typed, or leafed far into, is hardly asked for twice."""
    return not wanted.words and not wanted.after


def _kept_or(name: tuple, draw: Callable[[], str]) -> Markup:
    piece = fragment_cache.pieces().one(name)
    return piece if piece is not None else fragment_cache.pieces().keep(name, Markup(draw()))  # noqa: S704 - it escapes
