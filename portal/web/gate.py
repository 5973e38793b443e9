"""The gate in front of every route: closed unless a row below opens it, and only as wide as the row says."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.companies import Company
from portal.domain.people import MANAGER, STAFF, VIEWER
from portal.errors import NotFound

PUBLIC = {  # endpoints anybody may reach, signed in or not
    "static",
    "security.login",
    "security.logout",
    "health.show",
    "hooks.core",  # signed by the core
    "start.favicon",
    "decide.show",  # the token in the address is the key
    "decide.answer",
    "demo.index",  # these three exist in the demo only, for this machine only
    "demo.show",
    "demo.write",
}
COMPANY = frozenset({MANAGER, VIEWER})
EVERYBODY = frozenset({MANAGER, VIEWER, STAFF})
NOBODY: frozenset[str] = frozenset()  # comes with a library, has no use here
MAY = {  # a blueprint or an endpoint: the roles that may reach it; the endpoint's own row wins
    "start": EVERYBODY,
    "tickets": COMPANY,
    "attachments": COMPANY,
    "settings": EVERYBODY,
    "staff": frozenset({STAFF}),
    "security.verify": NOBODY,
    "security.static": NOBODY,
    "staff_approvals": frozenset({STAFF}),
    "staff_questions": frozenset({STAFF}),
    "overview": EVERYBODY,
    "approvals": COMPANY,  # a reader may be a deputy: the domain knows
    "consents": COMPANY,
    "consents.revoke": frozenset({MANAGER}),
    "deputies": COMPANY,
    "deputies.appoint": frozenset({MANAGER}),
    "deputies.dismiss": frozenset({MANAGER}),
    "questions": COMPANY,
    "questions.write": frozenset({MANAGER}),
    "questions.ask": frozenset({MANAGER}),
    "questions.reply": frozenset({MANAGER}),
    "questions.take_back": frozenset({MANAGER}),
    "hours": COMPANY,
    "hours.workbook": frozenset({MANAGER}),
    "hours.csv": frozenset({MANAGER}),
    "invoices": COMPANY,
    "invoices.upcoming_workbook": frozenset({MANAGER}),
    "invoices.upcoming_csv": frozenset({MANAGER}),
    "invoices.workbook": frozenset({MANAGER}),
    "invoices.csv": frozenset({MANAGER}),
    "invoices.set_budget": frozenset({MANAGER}),
    "invoices.set_mail": frozenset({MANAGER}),
}

LARGEST_BODY = 2 * 1024 * 1024  # bytes of any request; nobody uploads files here
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]


def install(app: Flask) -> None:
    """Put the gate in front of everything, and the headers on every answer."""
    base = urlsplit(app.config["BASE_URL"])
    is_tls = base.scheme == "https"
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        TRUSTED_HOSTS=LOOPBACK if base.hostname in ("127.0.0.1", "localhost", "::1") else [base.hostname],
        SESSION_COOKIE_NAME="__Host-portal" if is_tls else "portal",  # no neighbour of our name can set that one
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_tls,
    )
    if app.config["PROXIES"]:
        hops = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    headers = list((HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if is_tls else {})).items())
    app.before_request(_stop_unless_open)
    app.after_request(lambda response: _with_headers(response, headers))


def own_company() -> Company:
    """The company of the person signed in: the first argument of every read. Staff have none and find nothing."""
    company = current_user.company
    if company is None:
        raise NotFound
    return company


def roles_of(endpoint: str) -> frozenset[str] | None:
    """Who may reach an endpoint; None when nobody has said so, and then nobody may."""
    return MAY.get(endpoint, MAY.get(endpoint.rpartition(".")[0]))


def _stop_unless_open() -> AnyResponse | None:
    if isinstance(request.routing_exception, SecurityError):
        raise request.routing_exception  # a host that is not ours: no address could be made for it
    endpoint = request.endpoint
    if endpoint in PUBLIC:
        return None
    if not current_user.is_authenticated:
        return _to_sign_in()
    if endpoint is None:
        return None  # no such address: Flask says so itself
    allowed = roles_of(endpoint)
    if allowed is None or not allowed & current_user.role_names:
        abort(404)
    return None


def _to_sign_in() -> AnyResponse:
    """To the sign-in page, and back here afterwards if here can be asked for by an address."""
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for("security.login")})
    return redirect(url_for("security.login", next=here if here != "/" else None))


def _with_headers(response: Response, headers: list[tuple[str, str]]) -> Response:
    """What a view set itself, stays: a file has a stricter policy than a page."""
    set_already = {name.lower() for name, _ in response.headers}
    for name, value in headers:
        if name.lower() not in set_already:
            response.headers.add(name, value)
    return response
