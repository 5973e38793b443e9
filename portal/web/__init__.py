"""What a browser sees: the gate, the pages, one blueprint a noun."""

from flask import Flask

from portal.web import (
    accounts,
    apologies,
    assets,
    compression,
    filters,
    gate,
    languages,
    pages,
    settings,
    staff,
    start,
    tickets,
)

BLUEPRINTS = (
    start.bp,
    tickets.bp,
    settings.bp,
    staff.bp,
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
    apologies.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
