"""What a browser sees: the gate, the pages, one blueprint a noun."""

from flask import Flask

from portal import logs
from portal.web import assets, compression, error_pages, formatting, fragment_cache, languages, rendering
from portal.web.auth import access_control, known_devices, login_manager
from portal.web.views.account import (
    account,
    email_changes,
    invitations,
    passwords,
    saved_views,
    settings,
    sign_in,
    sso,
    two_factor,
)
from portal.web.views.machines import demo, favicon, health, hooks, metrics
from portal.web.views.manager import (
    approval_link,
    approvals,
    attachments,
    audit_log,
    consents,
    deputies,
    hours,
    invoices,
    overview,
    people,
    questions,
    rules,
    tickets,
)
from portal.web.views.staff import agreements as staff_agreements
from portal.web.views.staff import approvals as staff_approvals
from portal.web.views.staff import home
from portal.web.views.staff import people as staff_people
from portal.web.views.staff import questions as staff_questions

BLUEPRINTS = (
    sign_in.bp,
    two_factor.bp,
    sso.bp,
    favicon.bp,
    overview.bp,
    approvals.bp,
    approval_link.bp,
    consents.bp,
    deputies.bp,
    rules.bp,
    questions.bp,
    staff_approvals.bp,
    staff_questions.bp,
    tickets.bp,
    hours.bp,
    invoices.bp,
    attachments.bp,
    settings.bp,
    saved_views.bp,
    account.bp,
    passwords.bp,
    email_changes.bp,
    invitations.bp,
    people.bp,
    audit_log.bp,
    staff_people.bp,
    staff_agreements.bp,
    home.bp,
    health.bp,
    hooks.bp,
    metrics.bp,
)


def install(app: Flask) -> None:
    """Everything a browser can reach. What is installed first touches a request first and an answer last."""
    compression.install(app)
    logs.install(app)
    metrics.install(app)
    access_control.install(app)
    login_manager.install(app)
    known_devices.install(app)
    languages.install(app)
    assets.install(app)
    formatting.install(app)
    rendering.install(app)
    fragment_cache.install(app)
    error_pages.install(app)
    hooks.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    demo.install(app)
