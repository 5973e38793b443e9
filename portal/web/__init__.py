"""What a browser sees: the gate, the pages, one blueprint a noun."""

from flask import Flask

from portal import logs
from portal.web import (
    account,
    accounts,
    address_changes,
    apologies,
    approvals,
    assets,
    attachments,
    compression,
    consents,
    decide,
    demo,
    deputies,
    devices,
    filters,
    fragments,
    gate,
    health,
    hooks,
    hours,
    invitations,
    invoices,
    languages,
    log,
    metrics,
    overview,
    pages,
    passwords,
    people,
    questions,
    second_step,
    settings,
    sign_in,
    sso,
    staff,
    staff_approvals,
    staff_people,
    staff_questions,
    start,
    tickets,
)

BLUEPRINTS = (
    sign_in.bp,
    second_step.bp,
    sso.bp,
    start.bp,
    overview.bp,
    approvals.bp,
    decide.bp,
    consents.bp,
    deputies.bp,
    questions.bp,
    staff_approvals.bp,
    staff_questions.bp,
    tickets.bp,
    hours.bp,
    invoices.bp,
    attachments.bp,
    settings.bp,
    account.bp,
    passwords.bp,
    address_changes.bp,
    invitations.bp,
    people.bp,
    log.bp,
    staff_people.bp,
    staff.bp,
    health.bp,
    hooks.bp,
    metrics.bp,
)


def install(app: Flask) -> None:
    """Everything a browser can reach. What is installed first touches a request first and an answer last."""
    compression.install(app)
    logs.install(app)
    metrics.install(app)
    gate.install(app)
    accounts.install(app)
    devices.install(app)
    languages.install(app)
    assets.install(app)
    filters.install(app)
    pages.install(app)
    fragments.install(app)
    apologies.install(app)
    hooks.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    demo.install(app)
