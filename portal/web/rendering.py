"""Pages and parts: the one place that knows a browser may want only a part of a page (htmx)."""

from typing import Any

from flask import Flask, Request, Response, make_response, render_template, request
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter, Map, UnicodeConverter
from werkzeug.utils import cached_property

from portal.domain.users import models as people
from portal.domain.users.models import Visitor
from portal.domain.users.permissions import ACCOUNTANT, MANAGER, STAFF, STAFF_ADMIN, VIEWER
from portal.web import languages, navigation
from portal.web.fragment_cache import Fragment

LARGEST_ID = 2**31 - 1
VARY = "HX-Request, HX-Request-Type, HX-Boosted, HX-History-Restore-Request"


ROLE_NAMES = {  # as the page says them, the widest first
    MANAGER: _l("IT manager"),
    ACCOUNTANT: _l("Accountant"),
    VIEWER: _l("Reader"),
    STAFF_ADMIN: _l("Connectica administrator"),
    STAFF: _l("Connectica staff"),
}


def install(app: Flask) -> None:
    """What a number in an address may be, and what every template may ask besides its context and the filters."""
    app.request_class = NulFreeRequest
    app.url_map.converters.update({"int": RowId, "default": WordConverter, "string": WordConverter})
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        language=languages.current,
        role_name=role_name,
        role_names=ROLE_NAMES,
        age_in_words=age_in_words,
        initials=people.initials,
    )


def render(
    *, page: str, part: str | None = None, has_parts: bool = False, status: int = 200, **context: Any
) -> Response:
    """The whole page, or, when htmx asks for it and the view has one, its part. Context goes to either.

    A whole page is never stored: after signing out, Back shows nothing. has_parts says that the same address
    answers with parts elsewhere (send_part).
    """
    if part and wants_part():
        return send_part(Fragment.of(render_template(part, **context)), status=status)
    response = make_response(render_template(page, frame=navigation.frame(current_user), **context), status)
    response.headers["Cache-Control"] = "no-store"
    if part or has_parts:
        response.headers["Vary"] = VARY
    return response


def send_part(part: Fragment, *, status: int = 200) -> Response:
    """A part that is drawn already.

    It holds no token and nothing that changes by itself, so it carries an ETag and may be answered by 304.
    """
    response = Response(bytes(part), status, mimetype="text/html")
    response.headers["Vary"] = VARY
    response.headers["Cache-Control"] = "private, no-cache"
    if status == 200 and request.method == "GET":
        response.set_etag(part.tag, weak=True)
        response.make_conditional(request)
    return response


class NulFreeRequest(Request):
    """A request whose query holds no NUL: PostgreSQL keeps no such letter, so nothing that is asked for has one."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        given = super().args
        kept = [(name, value.replace("\0", "")) for name, value in given.items(multi=True)]
        return self.parameter_storage_class(kept)


class RowId(IntegerConverter):
    """A number in an address, `<int:…>`: one that a row could have; any other is no address."""

    regex = "[0-9]{1,10}"

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=LARGEST_ID)


class WordConverter(UnicodeConverter):
    """A text in an address, `<…>`: without control letters, which no name of ours has and no database takes."""

    def __init__(self, map: Map, **length: int) -> None:
        super().__init__(map, **length)
        self.regex = self.regex.replace("[^/]", r"[^/\x00-\x1f\x7f]")


def row_id(written: str) -> int:
    """An id from an address; raises ValueError for what no row could have."""
    value = int(written)
    if not 0 < value <= LARGEST_ID:
        raise ValueError(written)
    return value


def minimal(page: str, status: int = 200, **context: Any) -> Response:
    """A page without a frame for whoever opens it, signed in or not; never stored."""
    response = make_response(plain(page, **context), status)
    response.cache_control.no_store = True
    return response


def keep_quiet(response: Response) -> Response:
    """The address is a key: no page that follows learns it, nothing keeps it, no search engine lists it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.cache_control.no_store = True
    return response


def plain(page: str, **context: Any) -> str:
    """A page for somebody who may not be signed in: the same look without a company's frame."""
    return render_template(page, frame=None, **context)


def wants_part() -> bool:
    """Whether htmx will swap the answer into a page that is there already."""
    return is_from_htmx() and request.headers.get("HX-Request-Type", "partial") == "partial"


def is_from_htmx() -> bool:
    """Whether htmx asks; not when it follows a boosted link or restores a page for Back: that wants all of it."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def role_name(person: Visitor) -> str:
    """What a person is here, as the page says it."""
    return next((str(name) for role, name in ROLE_NAMES.items() if role in person.role_names), "")


def age_in_words(seconds: int) -> str:
    """How old the data are, in the unit a person would say it in."""
    if seconds < 60:
        return ngettext("Data %(num)s second old", "Data %(num)s seconds old", seconds)
    if seconds < 3600:
        return ngettext("Data %(num)s minute old", "Data %(num)s minutes old", seconds // 60)
    if seconds < 48 * 3600:
        return ngettext("Data %(num)s hour old", "Data %(num)s hours old", seconds // 3600)
    return ngettext("Data %(num)s day old", "Data %(num)s days old", seconds // 86400)
