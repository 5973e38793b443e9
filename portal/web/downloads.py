"""Downloads: a report becomes a file on the way out, from the disk and in pieces."""

from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from typing import IO
from urllib.parse import quote

from flask import Response, request, send_file, stream_with_context
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import last_seen
from portal.domain.audit import events as audit
from portal.domain.users.models import Visitor
from portal.domain.users.permissions import Right
from portal.exports import csv_writer
from portal.exports import report as reports
from portal.exports import xlsx as workbooks
from portal.exports.file_names import FileName
from portal.exports.report import Report
from portal.web.auth import access_control


def may(person: Visitor) -> bool:
    """Whether a person is offered files and the budget; the gate decides the same at the door."""
    return person.may(Right.EXPORT)


def workbook(report: Report, name: FileName) -> AnyResponse:
    """The report as a workbook, written to a file without a name that is gone once it is sent."""
    return noted(book(lambda file: reports.write(report, file), name), name, "xlsx")


def csv(report: Report, name: FileName) -> AnyResponse:
    """The report as CSV, made while it is sent."""
    return noted(text(csv_writer.pieces(report), name), name, "csv")


def book(write: Callable[[IO[bytes]], object], name: FileName) -> AnyResponse:
    """Any workbook, as whoever writes it into a file does."""
    file = TemporaryFile()  # noqa: SIM115 - the answer closes it
    try:
        write(file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return _attached(send_file(file, mimetype=workbooks.MEDIA_TYPE), name, "xlsx")


def text(pieces: Iterator[bytes], name: FileName) -> AnyResponse:
    """Any CSV, in pieces."""
    return _attached(Response(stream_with_context(pieces), mimetype="text/csv"), name, "csv")


def _attached(response: AnyResponse, name: FileName, ending: str) -> AnyResponse:
    """The answer as a file to keep."""
    spoken = quote(f"{name.spoken}.{ending}", safe="")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{name.plain}.{ending}\"; filename*=UTF-8''{spoken}"
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.cache_control.no_store = True
    return response


def noted(response: AnyResponse, name: FileName, ending: str) -> AnyResponse:
    """Written down in the audit log; HEAD takes nothing away."""
    if request.method == "GET":
        with unit_of_work():
            audit.note(audit.DOWNLOADED, access_control.actor(), about=f"{name.plain}.{ending}")
        last_seen.note(current_user, last_seen.EXPORT)
    return response
