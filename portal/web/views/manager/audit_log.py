"""The audit log as a company's managers read it, and as they take it away."""

from flask import Blueprint, Response, request
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.audit import report
from portal.domain.audit.events import Group
from portal.domain.audit.report import LogFilter
from portal.exports import audit_log as log_files
from portal.web import downloads, languages, rendering
from portal.web.auth.access_control import actor, own_reader

bp = Blueprint("log", __name__, url_prefix="/log")


@bp.get("")
def index() -> Response:
    reader, wanted = own_reader(), LogFilter.parse(request.args)
    lines, following = report.find(reader, wanted, before=request.args.get("before", type=rendering.row_id))
    return rendering.render(
        page="audit_log/index.html",
        wanted=wanted,
        lines=lines,
        following=following,
        people=report.people(reader),
        groups=list(Group),
    )


@bp.get("/log.xlsx")
def workbook() -> AnyResponse:
    return downloads.book(lambda file: log_files.write(_taken(), file), log_files.file_name(own_reader()))


@bp.get("/log.csv")
def csv() -> AnyResponse:
    return downloads.text(log_files.pieces(_taken()), log_files.file_name(own_reader()))


def _taken() -> log_files.Taken:
    """What is taken away; that it is, is the newest line of it. HEAD takes nothing away."""
    if request.method == "GET":
        with unit_of_work():
            audit.note(audit.EXPORTED_LOG, actor())
    return log_files.Taken(
        reader=own_reader(),
        wanted=LogFilter.parse(request.args),
        by=current_user.name,
        language=languages.current(),
    )
