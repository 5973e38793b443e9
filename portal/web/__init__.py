"""What a browser sees: the gate, the pages, one blueprint a noun."""

from flask import Flask

from portal.web import (
    accounts,
    apologies,
    assets,
    attachments,
    compression,
    filters,
    gate,
    health,
    hooks,
    languages,
    pages,
    settings,
    staff,
    start,
    ticket_rows,
    tickets,
)

BLUEPRINTS = (
    start.bp,
    tickets.bp,
    attachments.bp,
    settings.bp,
    staff.bp,
    health.bp,
    hooks.bp,
)


def install(app: Flask) -> None:
    """Everything a browser can reach. What is installed first touches a request first and an answer last."""
    compression.install(app)
    gate.install(app)
    accounts.install(app)
    languages.install(app)
    assets.install(app)
    filters.install(app)
    pages.install(app)
    ticket_rows.install(app)
    apologies.install(app)
    hooks.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
