"""connectica-portal letters: send what waits, write what the calendar asks for, show what does not leave."""

from pathlib import Path

import click
from flask import current_app

from portal.cli.command_group import Commands
from portal.clock import prague
from portal.domain.billing import budgets
from portal.domain.notifications import outbox
from portal.mailer import monthly_summary, worker
from portal.mailer.postman import Postman, postman

cli = Commands("letters", help="The portal's own mail.")


@cli.command()
def send() -> None:
    """Write the monthly summaries and budget alerts whose time it is, and send every letter that waits."""
    written = monthly_summary.write_due()
    told = budgets.alert()
    left = worker.deliver(chosen_postman(), sender=current_app.config["NOC_ADDRESS"])
    click.echo(f"{written} summaries written, {told} budget alerts, {left} letters sent")


@cli.command()
def late() -> None:
    """Letters that should have left by now, and why they have not."""
    for letter in outbox.late():
        click.echo(f"{prague(letter.written_at):%Y-%m-%d %H:%M}  {letter.to}  {letter.subject}: {letter.trouble}")


def chosen_postman() -> Postman:
    """Where the settings send letters."""
    return postman(current_app.config["MAIL_OUT"], Path(current_app.config["INSTANCE"]) / "letters")
