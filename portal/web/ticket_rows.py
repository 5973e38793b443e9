"""The ticket list as HTML: each row is drawn once for a version and a language, and so is what surrounds them."""

from collections.abc import Callable

from flask import render_template
from markupsafe import Markup

from portal.domain import disclosure, ticket_list
from portal.domain.companies import Company
from portal.domain.states import State
from portal.domain.ticket_list import Key, Page, TicketFilter
from portal.web import fragments, languages

ROWS_STAND_HERE = Markup("<!-- rows -->")


def drawn(company: Company, keys: list[Key]) -> Markup:
    """The rows of these tickets, in this order. Holds nothing of the reader but their language."""
    hides_hours = disclosure.of(company).hides_hours
    look = (languages.current(), hides_hours)
    names = [(key.id, key.version, key.is_overdue, look) for key in keys]  # becoming late makes another row
    rows = fragments.kept().of(names)
    missing = {name[0]: at for at, name in enumerate(names) if rows[at] is None}
    if missing:
        for id_, ticket in ticket_list.rows(company, missing).items():
            row = render_template("tickets/_row.html", ticket=ticket, hides_hours=hides_hours)
            rows[missing[id_]] = fragments.kept().keep(names[missing[id_]], row)
    return Markup("".join(row for row in rows if row is not None))  # noqa: S704 - each made by an escaping template


def around(template: str, wanted: TicketFilter, counts: dict[State, int], found: Page, rows: Markup) -> Markup:
    """The list with these rows: all but them depends on the filter, the counts and the language alone."""

    def draw() -> str:
        return render_template(template, wanted=wanted, counts=counts, found=found, rows=ROWS_STAND_HERE)

    is_common = not wanted.words and not wanted.after  # what somebody typed is hardly asked for twice
    name = (template, wanted, tuple(counts.values()), languages.current(), bool(found.keys))
    piece = _kept_or(name, draw) if is_common else Markup(draw())  # noqa: S704 - made by an escaping template
    return Markup(piece.replace(ROWS_STAND_HERE, rows + pager(wanted, found)))  # noqa: S704 - so is all of this


def pager(wanted: TicketFilter, found: Page) -> Markup:
    """The row after the last: where the list goes on."""
    if not found.following:
        return Markup("")
    name = ("pager", wanted, found.following, languages.current())
    return _kept_or(name, lambda: render_template("tickets/_pager.html", wanted=wanted, found=found))


def _kept_or(name: tuple, draw: Callable[[], str]) -> Markup:
    (piece,) = fragments.kept().of([name])
    return piece if piece is not None else fragments.kept().keep(name, draw())
