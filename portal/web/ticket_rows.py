"""Rows of the ticket list: each drawn once for a ticket's version and a language, and kept."""

from collections import OrderedDict
from threading import Lock

from flask import Flask, current_app, render_template
from markupsafe import Markup

from portal import clock
from portal.domain import disclosure, ticket_list
from portal.domain.companies import Company
from portal.domain.ticket_list import Key
from portal.web import languages

KEPT = 20_000  # rows, some 10 MB: what many readers leaf through in a morning


class _Kept:
    """The rows used last, as many as fit; safe for the threads of one process."""

    def __init__(self) -> None:
        self._rows: OrderedDict[tuple, Markup] = OrderedDict()
        self._lock = Lock()

    def of(self, keys: list[tuple]) -> list[Markup | None]:
        with self._lock:
            for key in keys:
                if key in self._rows:
                    self._rows.move_to_end(key)
            return [self._rows.get(key) for key in keys]

    def keep(self, key: tuple, row: Markup) -> None:
        with self._lock:
            self._rows[key] = row
            while len(self._rows) > KEPT:
                self._rows.popitem(last=False)


def install(app: Flask) -> None:
    """One store of rows for each application: two databases number their tickets alike."""
    app.extensions["ticket_rows"] = _Kept()


def drawn(company: Company, keys: list[Key]) -> Markup:
    """The rows of these tickets as HTML, in this order. Holds nothing of the reader but their language."""
    kept: _Kept = current_app.extensions["ticket_rows"]
    hides_hours = disclosure.of(company).hides_hours
    now, language = clock.now(), languages.current()
    # A row says whether its ticket is late: another row from the moment it becomes so.
    names = [
        (key.id, key.version, language, hides_hours, key.due_at is not None and key.due_at < now) for key in keys
    ]
    rows = kept.of(names)
    missing = [name for name, row in zip(names, rows, strict=True) if row is None]
    if missing:
        told = ticket_list.rows(company, [name[0] for name in missing])
        for name in missing:
            if name[0] in told:
                html = render_template("tickets/_row.html", ticket=told[name[0]], hides_hours=hides_hours)
                kept.keep(name, Markup(html))  # noqa: S704 - made by an escaping template
        rows = kept.of(names)
    return Markup("").join(row for row in rows if row is not None)
