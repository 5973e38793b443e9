"""The demo's own pages: what the desk wrote to people, and a form to write to it. Installed in the demo only."""

import email
import smtplib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import make_msgid
from ipaddress import ip_address
from pathlib import Path

from flask import Blueprint, Flask, abort, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.errors import NotFound, Refused
from portal.lib.i18n import msgid
from portal.lib.smtp import SENT
from portal.web import rendering

ACCOUNTS = (  # who can sign in, with PASSWORD
    ("manazer@strojirny-vltava.example", "Strojírny Vltava, a. s."),
    ("manazer@tri-lipy.example", "Pekárna U Tří lip, s. r. o."),
    ("manazer@ak-hora.example", "Advokátní kancelář Hora"),
    ("dispecink@connectica.example", "Connectica"),
)
PASSWORD = "connectica-demo"  # noqa: S105 - the demo's, shown on its sign-in page
SHOWN = 100  # newest letters on the list

bp = Blueprint("demo", __name__, url_prefix="/demo/mail")


@dataclass(frozen=True, slots=True)
class ShownLetter:
    """A mail the desk or the portal sent: where its file is, and what a reader of mail would show."""

    name: str
    sender: str
    recipients: str
    subject: str
    sent_at: datetime | None
    text: str
    files: tuple[str, ...]


def install(app: Flask) -> None:
    """The pages, and what the sign-in page says about accounts; nothing at all outside the demo."""
    if app.config["DEMO"]:
        app.register_blueprint(bp)
        app.jinja_env.globals.update(demo_accounts=ACCOUNTS, demo_password=PASSWORD)


@bp.before_request
def stop_unless_at_this_machine() -> None:
    """Letters of everybody lie open here, so nobody else may come near them."""
    if not request.remote_addr or not ip_address(request.remote_addr).is_loopback:
        abort(404)


@bp.get("")
def index() -> str:
    letters = [_read(path) for path in _files()[:SHOWN]]
    return rendering.plain("demo/index.html", letters=letters, noc=current_app.config["NOC_ADDRESS"])


@bp.get("/<name>")
def show(name: str) -> str:
    letter = next((_read(path) for path in _files() if path.stem == name), None)
    if letter is None:
        raise NotFound
    return rendering.plain("demo/show.html", letter=letter)


@bp.post("")
def write() -> Response:
    letter = _written(request.form["sender"], request.form["subject"], request.form["text"])
    host, _colon, port = current_app.config["DEMO_SMTP"].rpartition(":")
    try:
        with smtplib.SMTP(host, int(port), timeout=20) as server:
            server.sendmail(letter["From"].addresses[0].addr_spec, letter["To"], letter.as_bytes())
    except OSError as error:
        raise Refused(msgid("The demo's desk takes no mail now.")) from error
    flash(_("Sent. Within seconds it is a ticket of the company."))
    return redirect(url_for(".index"))


def _files() -> list[Path]:
    """The files of all letters, the desk's and the portal's own, newest first."""
    folders = (Path(current_app.config["DESK_FOLDER"]) / "outbox", Path(current_app.config["INSTANCE"]) / "letters")
    found = [path for folder in folders for path in folder.glob("*.eml")]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _read(path: Path) -> ShownLetter:
    mail = email.message_from_bytes(path.read_bytes(), policy=default)
    body = mail.get_body(("plain",))
    return ShownLetter(
        name=path.stem,
        sender=str(mail["From"]),
        recipients=str(mail["To"]),
        subject=str(mail["Subject"]),
        sent_at=mail["Date"].datetime if mail["Date"] else None,
        text=body.get_content() if body else "",
        files=tuple(part.get_filename("?") for part in mail.iter_attachments()),
    )


def _written(sender: str, subject: str, text: str) -> EmailMessage:
    """Raises Refused for what cannot stand in a mail's head."""
    letter = EmailMessage(policy=SENT)
    try:
        letter["From"] = sender.strip()
        letter["To"] = current_app.config["NOC_ADDRESS"]
        letter["Subject"] = subject.strip()
    except ValueError as error:
        raise Refused(msgid("An address and a subject are one line each.")) from error
    if not all(address.domain for address in letter["From"].addresses) or not letter["From"].addresses:
        raise Refused(msgid("An address and a subject are one line each."))
    letter["Message-ID"] = make_msgid(domain="demo.example")
    letter.set_content(text)
    return letter
