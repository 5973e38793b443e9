"""What an administrator types: flask demo | sync | desk | people | prices."""

from flask import Flask

from portal.cli import companies, demo, desk, letters, people, prices, sync

GROUPS = (companies.cli, demo.cli, desk.cli, letters.cli, people.cli, prices.cli, sync.cli)


def install(app: Flask) -> None:
    """Every command group, one module each."""
    for group in GROUPS:
        app.cli.add_command(group)
