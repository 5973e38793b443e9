"""The ticket list as HTML: rows and parts are drawn once for what they show (docs/decisions/0002)."""

from dataclasses import astuple
from typing import Any
from urllib.parse import urlencode

from flask import render_template, url_for
from flask_login import current_user
from markupsafe import Markup

from portal.domain.billing import disclosure, prices
from portal.domain.companies.reader import Reader
from portal.domain.read_models import listing, search_hits
from portal.domain.read_models.listing import TicketFilter, TicketPage, Within
from portal.domain.read_models.search_hits import Hit
from portal.domain.read_models.ticket_conditions import Only
from portal.domain.tickets import models as tickets
from portal.domain.users.permissions import Right
from portal.exports import tickets as ticket_files
from portal.web import fragment_cache, languages
from portal.web.fragment_cache import Fragment


def part(reader: Reader, wanted: TicketFilter, found: TicketPage) -> Fragment:
    """What htmx gets: the list with what changes around it, or only more rows. It holds nothing of the reader."""
    counts = {} if wanted.after else tickets.counts(reader)
    within = None if wanted.after else listing.within(reader, wanted, counts)
    files = current_user.may(Right.EXPORT_TICKETS)
    name = (reader.company_id, wanted, found, _look(reader), files, tuple(counts.values()), _numbers(within))
    kept = fragment_cache.parts().one(name)
    if kept is not None:
        return kept
    template = "tickets/_more.html" if wanted.after else "tickets/_results.html"
    drawn = render_template(
        template,
        wanted=wanted,
        counts=counts,
        found=found,
        rows=rows(reader, found, wanted.words),
        **(about(reader, wanted, within) if within else {}),
    )
    made = Fragment.of(drawn)
    return fragment_cache.parts().keep(name, made) if _is_common(wanted) else made


def about(reader: Reader, wanted: TicketFilter, within: Within) -> dict[str, Any]:
    """What stands around the list: numbers of what is found, ticks of the filter, and files for whom they are."""
    return {
        "within": within.tickets,
        "worked": within.worked,
        "ticks": list(Only),
        "chips": _chips(reader, wanted) if wanted.narrows else [],
        "hides_hours": disclosure.of(reader).hides_hours,
        "currency": prices.list_of(reader).currency if within.worked else "",
        "files": wanted.to_args() if current_user.may(Right.EXPORT_TICKETS) else None,
    }


def _chips(reader: Reader, wanted: TicketFilter) -> list[tuple[str, str, str]]:
    """Label and value of what narrows the list beside its state, and the list without it."""
    parts = (part for part in ticket_files.parts(reader, wanted) if part[0] != "state" and part[2])
    return [(label, value, _address(wanted.to_args(**{name: ""}))) for name, label, value in parts]


def _address(args: dict[str, str]) -> str:
    return f"{url_for('tickets.index')}?{urlencode(args)}" if args else url_for("tickets.index")


def _numbers(within: Within | None) -> tuple[Any, ...] | None:
    return within and (*within.tickets.values(), within.worked and astuple(within.worked))


def rows(reader: Reader, found: TicketPage, words: str) -> list[Markup]:
    """The rows of the tickets found, in their order; where words were searched, each with its passage."""
    drawn = _drawn(reader, found)
    if not words.strip() or not drawn:
        return drawn
    shown = listing.rows(reader, [key.id for key in found.keys])
    hits = search_hits.of(reader, shown.values(), words)
    return [row + _hit(hits.get(key.id)) for row, key in zip(drawn, found.keys, strict=False)]


def _hit(hit: Hit | None) -> Markup:
    is_told = hit is not None and (hit.passage or hit.in_file or hit.files)
    return Markup(render_template("tickets/_hit.html", hit=hit)) if is_told else Markup()  # noqa: S704 - our own template escapes


def _drawn(reader: Reader, found: TicketPage) -> list[Markup]:
    """Rows as everybody of that look sees them. A change makes another version; becoming late another row."""
    look = _look(reader)
    names = [(key.id, key.version, key.is_overdue, look) for key in found.keys]
    drawn = fragment_cache.pieces().of(names)
    missing = {name[0]: at for at, name in enumerate(names) if drawn[at] is None}
    if missing:
        hides_hours = disclosure.of(reader).hides_hours
        for id_, ticket in listing.rows(reader, missing).items():
            row = Markup(render_template("tickets/_row.html", ticket=ticket, hides_hours=hides_hours))  # noqa: S704 - our own template escapes
            drawn[missing[id_]] = fragment_cache.pieces().keep(names[missing[id_]], row)
    return [row for row in drawn if row is not None]


def _look(reader: Reader) -> tuple[str, bool, bool]:
    """Of whom a row is kept for everybody."""
    return languages.current(), disclosure.of(reader).hides_hours, reader.reads_confidential


def _is_common(wanted: TicketFilter) -> bool:
    """Few ask again for what somebody typed, or for pages far down."""
    return not wanted.words and not wanted.after
