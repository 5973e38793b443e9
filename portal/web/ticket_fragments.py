"""The ticket list as HTML: rows and parts are drawn once for what they show (docs/decisions/0002)."""

from flask import render_template
from markupsafe import Markup

from portal.domain.billing import disclosure
from portal.domain.companies.reader import Reader
from portal.domain.tickets import listing
from portal.domain.tickets import models as tickets
from portal.domain.tickets.listing import TicketFilter, TicketPage
from portal.web import fragment_cache, languages
from portal.web.fragment_cache import Fragment


def part(reader: Reader, wanted: TicketFilter, found: TicketPage) -> Fragment:
    """What htmx gets: the list with what changes around it, or only more rows. It holds nothing of the reader."""
    counts = {} if wanted.after else tickets.counts(reader)
    within = listing.counts(reader, wanted) if wanted.narrows and not wanted.after else counts
    name = (reader.company_id, wanted, found, _look(reader), (*counts.values(), *within.values()))
    kept = fragment_cache.parts().one(name)
    if kept is not None:
        return kept
    template = "tickets/_more.html" if wanted.after else "tickets/_results.html"
    drawn = render_template(
        template, wanted=wanted, counts=counts, within=within, found=found, rows=rows(reader, found)
    )
    made = Fragment.of(drawn)
    return fragment_cache.parts().keep(name, made) if _is_common(wanted) else made


def rows(reader: Reader, found: TicketPage) -> list[Markup]:
    """The rows of the tickets found, in their order. A change makes another version; becoming late another row."""
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
