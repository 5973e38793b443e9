"""Access control for every route: denied unless a row below allows it, and only to whom the row names."""

from collections.abc import Set
from urllib.parse import SplitResult, urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.accounts import two_factor
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.users import permissions
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person, Visitor
from portal.domain.users.permissions import CORE, WATCHDOG, Right
from portal.errors import Misconfigured, NotFound

PUBLIC = {  # endpoints anybody may reach, signed in or not
    "static",
    "sign_in.show",
    "sign_in.enter",
    "sign_in.challenge",
    "sign_in.enter_by_passkey",
    "sign_in.leave",
    "second_step.show",  # these four ask for the first proof themselves
    "second_step.enter",
    "second_step.challenge",
    "second_step.enter_by_passkey",
    "sso.choose",
    "sso.begin",
    "sso.answer",
    "sso.accept",  # its token is the key
    "health.show",
    "start.favicon",
    "decide.show",  # the token in the address is the key
    "decide.answer",
    "invitations.show",  # so it is in these
    "invitations.accept",
    "passwords.open_link",
    "passwords.use_link",
    "address_changes.open_link",
    "address_changes.answer",
    "passwords.ask",
    "passwords.wish",
    "demo.index",  # these three exist in the demo only, for this machine only
    "demo.show",
    "demo.write",
}
SIGNED = {  # endpoints that look at a signature or a token themselves: the role of whoever has it
    "hooks.core": CORE,
    "metrics.show": WATCHDOG,
}
FOR_ENROLMENT = {  # all that is open to somebody who must have a second factor and has not proved one
    "account.choose",
    "account.begin_codes",
    "account.codes",
    "account.confirm_codes",
    "account.challenge",
    "account.add_passkey",
    "account.prove",
    "account.give_proof",
    "account.prove_challenge",
    "account.prove_by_passkey",
}
NEEDS = {  # a blueprint or an endpoint: the right it needs; the endpoint's own row wins
    "start": Right.HAVE_ACCOUNT,
    "overview": Right.HAVE_ACCOUNT,  # staff are sent on to theirs
    "settings": Right.HAVE_ACCOUNT,
    "account": Right.HAVE_ACCOUNT,
    "account.require": Right.GIVE_ACCESS,
    "passwords": Right.HAVE_ACCOUNT,
    "address_changes": Right.HAVE_ACCOUNT,
    "people": Right.GIVE_ACCESS,
    "sso.link": Right.HAVE_ACCOUNT,
    "sso.unlink": Right.HAVE_ACCOUNT,
    "log": Right.READ_LOG,
    "tickets": Right.READ,
    "saved_views": Right.READ,
    "tickets.workbook": Right.EXPORT_TICKETS,
    "tickets.csv": Right.EXPORT_TICKETS,
    "attachments": Right.READ,
    "approvals": Right.READ,  # a reader may be a deputy: the domain knows who decides
    "consents": Right.READ,
    "consents.revoke": Right.CONSENT,
    "deputies": Right.READ,
    "deputies.appoint": Right.CONSENT,
    "deputies.dismiss": Right.CONSENT,
    "rules": Right.RULES,
    "questions": Right.READ,
    "questions.write": Right.ASK,
    "questions.ask": Right.ASK,
    "questions.reply": Right.ASK,
    "questions.take_back": Right.ASK,
    "hours": Right.READ_MONEY,
    "hours.workbook": Right.EXPORT,
    "hours.csv": Right.EXPORT,
    "invoices": Right.READ_MONEY,
    "invoices.upcoming_workbook": Right.EXPORT,
    "invoices.upcoming_csv": Right.EXPORT,
    "invoices.workbook": Right.EXPORT,
    "invoices.csv": Right.EXPORT,
    "invoices.set_budget": Right.BUDGET,
    "invoices.set_mail": Right.EXPORT,
    "staff": Right.SERVE,
    "staff_approvals": Right.SERVE,
    "staff_questions": Right.SERVE,
    "staff_agreements": Right.SERVE,
    "staff_people": Right.ADMINISTER,
    "hooks.core": Right.WAKE,
    "metrics.show": Right.WATCH,
}

LARGEST_BODY = 2 * 1024 * 1024  # bytes of any request; nobody uploads files here
NO_FEATURES = (  # what no page of ours uses, so that nothing that slipped into one can; passkeys stay ours to ask for
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "compute-pressure",
    "display-capture",
    "gamepad",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
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
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Origin-Agent-Cluster": "?1",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in NO_FEATURES),
}
FOR_MACHINES = {
    "health.show",
    "hooks.core",
    "metrics.show",
}  # asked on this machine, past the proxy; no links in them
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")  # the same, as an address's parts say it
USUAL_PORTS = {"http": 80, "https": 443}


def install(app: Flask) -> None:
    """Put the gate in front of everything, and the headers on every answer."""
    base = urlsplit(app.config["BASE_URL"])
    if base.scheme not in USUAL_PORTS or not base.hostname:
        raise Misconfigured(f"PORTAL_BASE_URL={base.geturl()!r}: an address like https://portal.example is needed")
    ours = _addresses(base)
    is_tls = base.scheme == "https"
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        TRUSTED_HOSTS=LOOPBACK if ours is None else [base.hostname, *LOOPBACK],
        SESSION_COOKIE_NAME="__Host-portal" if is_tls else "portal",  # no neighbour of our name can set that one
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_tls,
    )
    if app.config["PROXIES"]:
        hops = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    headers = list((HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if is_tls else {})).items())
    app.before_request(lambda: _stop_at_other_hosts(ours))
    app.before_request(_forget_the_last_actor)
    app.before_request(_stop_unless_open)
    app.after_request(lambda response: _with_headers(response, headers))


def actor() -> Actor:
    """Who asks, for which company and from where: made once a request, at the first call. A stranger is one, too."""
    if "actor" not in g:
        known = current_user._get_current_object() if current_user.is_authenticated else None
        g.actor = Actor.of(known, address=address()) if known else Actor(None, None, address())
    return g.actor


def actor_for(person: Person | Visitor) -> Actor:
    """Somebody who has just proved who they are, or tries to: nobody, or not yet they, is signed in."""
    return Actor.of(person, address=address())


def address() -> str:
    """The IP that the request came from."""
    return request.remote_addr or ""


def own_company() -> Company:
    """The company of the person signed in: the first argument of every change. Staff have none and find nothing."""
    company = current_user.company
    if company is None:
        raise NotFound
    return company


def own_reader() -> Reader:
    """The person signed in, as somebody who looks: the first argument of every read. Made once for a request."""
    if "reader" not in g:
        g.reader = permissions.reader(own_company(), current_user.role_names)
    found: Reader = g.reader
    return found


def right_for(endpoint: str) -> Right:
    """The right an endpoint needs. Raises KeyError when no row says so: it is closed then."""
    return NEEDS[endpoint] if endpoint in NEEDS else NEEDS[endpoint.rpartition(".")[0]]


def must_have_second_factor() -> bool:
    """Whether the person signed in must have a second factor: Connectica's people, and those of strict companies."""
    of_staff = current_app.config["STAFF_SECOND_FACTOR"]
    return two_factor.is_required(current_user.role_names, current_user.company, of_staff=of_staff)


def lacks_second_factor() -> bool:
    """Whether they must have one and this session has seen none: then they see nothing but the way to one."""
    return not current_user.has_second_factor and must_have_second_factor()


def _addresses(base: SplitResult) -> set[str] | None:
    """What the Host header of a request to us may say; None on our own machine, where any port is ours."""
    if base.hostname in LOOPBACK_NAMES:
        return None
    port = base.port or USUAL_PORTS[base.scheme]
    return {f"{base.hostname}:{port}"} | ({str(base.hostname)} if port == USUAL_PORTS[base.scheme] else set())


def _stop_at_other_hosts(ours: set[str] | None) -> None:
    """Flask has looked at the name. Whatever else stands in that header stands in no address of ours."""
    if isinstance(request.routing_exception, SecurityError):
        raise request.routing_exception  # a host that is not ours: no address could be made for it
    host = request.headers.get("Host", "")
    from_here = request.endpoint in FOR_MACHINES and urlsplit(f"//{host}").hostname in LOOPBACK_NAMES
    if host not in (ours or {request.host}) and not (from_here and host == request.host):
        raise SecurityError


def _forget_the_last_actor() -> None:
    """Flask may lend one `g` to several requests, inside a test's context for instance."""
    g.pop("actor", None)


def _stop_unless_open() -> AnyResponse | None:
    endpoint = request.endpoint
    if endpoint in PUBLIC or _opens_to_a_signature(endpoint):
        return None
    if not current_user.is_authenticated:
        return _to_sign_in()
    if lacks_second_factor() and endpoint not in FOR_ENROLMENT:
        return _to("account.choose")
    if endpoint is None:
        return None  # no such address: Flask says so itself
    if not _opens_to(endpoint, current_user.role_names):
        abort(404)
    return None


def _opens_to_a_signature(endpoint: str | None) -> bool:
    return endpoint in SIGNED and _opens_to(endpoint, {SIGNED[endpoint]})


def _opens_to(endpoint: str, role_names: Set[str]) -> bool:
    try:
        return permissions.allows(role_names, right_for(endpoint))
    except KeyError:
        return False  # a route without a row; a test says so before anybody meets it


def _to_sign_in() -> AnyResponse:
    """To the sign-in page, and back here afterwards if here can be asked for by an address."""
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    return _to("sign_in.show", next=here if here != "/" else None)


def _to(endpoint: str, **values: str | None) -> AnyResponse:
    """To another page, the whole of it, also when only a part was asked for."""
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for(endpoint)})
    return redirect(url_for(endpoint, **values))  # type: ignore[arg-type]


def _with_headers(response: Response, headers: list[tuple[str, str]]) -> Response:
    """What a view set itself, stays: a file has a stricter policy than a page."""
    set_already = {name.lower() for name, _ in response.headers}
    for name, value in headers:
        if name.lower() not in set_already:
            response.headers.add(name, value)
    return response
