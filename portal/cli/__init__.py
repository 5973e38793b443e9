"""What an administrator types: connectica-portal serve | sync | desk | people | prices | sso | …"""

import click
from flask import Flask

from portal.cli import backup, companies, cores, demo, desk, doctor, mail, people, prices, serve, sso, sync
from portal.domain.users import permissions
from portal.domain.users.permissions import OPERATOR, Right

COMMANDS: dict[click.Command, Right] = {  # groups, one module each, and single commands: the right they need
    doctor.doctor: Right.OPERATE,
    companies.cli: Right.ADMINISTER,
    cores.cli: Right.OPERATE,
    demo.cli: Right.OPERATE,
    desk.cli: Right.OPERATE,
    mail.cli: Right.OPERATE,
    people.cli: Right.ADMINISTER,
    prices.cli: Right.OPERATE,
    backup.backup: Right.OPERATE,
    backup.restore: Right.OPERATE,
    serve.serve: Right.OPERATE,
    sso.cli: Right.ADMINISTER,
    sync.cli: Right.OPERATE,
}


def install(app: Flask) -> None:
    """Every command of the policy, for `flask` and for tests."""
    for command in allowed():
        app.cli.add_command(command)


def allowed() -> list[click.Command]:
    """Every command that the policy gives to whoever types commands on the server."""
    return [command for command, right in COMMANDS.items() if permissions.allows({OPERATOR}, right)]
