"""Downloads: a report becomes a file on the way out, from the disk and in pieces."""

from tempfile import TemporaryFile

from flask import Response, request, send_file, stream_with_context
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.domain import audit, visits
from portal.exports import rows_csv
from portal.exports import report as reports
from portal.exports import workbook as workbooks
from portal.exports.report import Report
from portal.web import pages


def workbook(report: Report, name: str) -> AnyResponse:
    """The report as a workbook, written to a file without a name that is gone once it is sent."""
    file = TemporaryFile()  # noqa: SIM115 - the answer closes it
    try:
        reports.write(report, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    _note(f"{name}.xlsx")
    response = send_file(file, mimetype=workbooks.MEDIA_TYPE, as_attachment=True, download_name=f"{name}.xlsx")
    return _private(response)


def csv(report: Report, name: str) -> AnyResponse:
    """The report as CSV, made while it is sent."""
    _note(f"{name}.csv")
    response = Response(stream_with_context(rows_csv.pieces(report)), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
    return _private(response)


def _private(response: AnyResponse) -> AnyResponse:
    response.cache_control.no_store = True
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _note(about: str) -> None:
    if request.method == "GET":  # HEAD takes nothing away
        audit.note(audit.DOWNLOADED, about=about, **pages.signature())
        visits.note(current_user, visits.EXPORT)
