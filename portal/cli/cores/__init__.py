"""connectica-portal core: whether a store of tickets keeps the promises of Core API v1."""

import sys
from contextlib import nullcontext
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from portal import config
from portal.cli.cores.gateway import gateway
from portal.cores.conformance import report, suite
from portal.cores.conformance.stage import VERBS, ProgramStage
from portal.cores.conformance.suite import Outcome, Verdict
from portal.errors import PortalError

cli = AppGroup("core", help="A store of tickets behind the portal, yours or ours.")
cli.add_command(gateway)


@cli.command("check")
@click.argument("url", required=False)
@click.option(
    "--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="It holds the token."
)
@click.option("--write", "ticket", default="", help="core_id of a ticket that may get notes of the trial.")
@click.option("--stage", "program", default="", help="A program that plays the core's users, see `core verbs`.")
@click.option("--only", multiple=True, help="The name of a promise, as --json has it; may be given again.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the report as JSON, too.")
@click.option("--junit", "junit_file", type=click.Path(path_type=Path), help="Write the report as JUnit, too.")
@with_appcontext
def check(url: str | None, **how: str | tuple[str, ...] | Path | None) -> None:
    """Try the promises of Core API v1 on the core at URL, or that of the settings. Exit status 1 for a broken one."""
    address = url or current_app.config["CORE_URL"]
    try:
        outcomes = _tried(address, how)
    except PortalError as error:
        raise click.ClickException(str(error)) from error
    for name, made in (("json_file", report.as_json(address, outcomes)), ("junit_file", report.as_junit(outcomes))):
        if isinstance(path := how[name], Path):
            path.write_text(made + "\n", encoding="utf-8")
    click.echo(report.summary(outcomes))
    if any(outcome.verdict in {Verdict.BROKEN, Verdict.UNKNOWN} for outcome in outcomes):
        sys.exit(1)


@cli.command("verbs")
def verbs() -> None:
    """What a stage program is asked to do: one JSON object a line in, one a line out."""
    click.echo('In: {"verb": "mail_in", …}  out: {"result": …} or {"missing": true} or {"error": "words"}\n')
    for name, words in VERBS.items():
        click.echo(f"{name:<18}{words}")


def _tried(url: str, how: dict[str, str | tuple[str, ...] | Path | None]) -> list[Outcome]:
    file, program = how["token_file"], str(how["program"])
    if isinstance(file, Path):
        token = file.read_text(encoding="utf-8").strip()
    elif url != current_app.config["CORE_URL"]:
        raise click.ClickException("write --token-file: the token of the settings is for their own core alone")
    else:
        token = config.core_token(current_app.config)
    only = [str(name) for name in how["only"]] if isinstance(how["only"], tuple) else []
    with ProgramStage(program) if program else nullcontext() as stage:
        return suite.run(
            url,
            token,
            write_to=str(how["ticket"]),
            stage=stage,
            only=only,
            told=lambda one: click.echo(report.line(one)),
        )
