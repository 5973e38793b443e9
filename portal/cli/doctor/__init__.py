"""connectica-portal doctor: tries what a person would curse about; each line what, how it stands, what to do."""

import json
import logging
import sys
from dataclasses import asdict

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.cli.doctor import checks

MARKS = {"well": "ok  ", "doubt": "?   ", "ill": "ILL "}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same for programs.")
@with_appcontext
def doctor(*, as_json: bool) -> None:
    """Try settings, database, folders, disk, mail, core and backup. Exit status 1 when something is ill."""
    logging.disable()  # what is wrong is in the findings, once
    try:
        findings = list(checks.everything(current_app.config))
    finally:
        logging.disable(logging.NOTSET)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in findings], ensure_ascii=False, indent=1))
    else:
        for one in findings:
            click.echo(f"{MARKS[one.state]}{one.what:<10} {one.found}{f' → {one.mend}' if one.mend else ''}")
    if any(one.state == "ill" for one in findings):
        sys.exit(1)
