"""What an administrator types: flask demo | sync | desk | people | prices."""

from flask import Flask

from portal.cli import demo, desk, people, sync

GROUPS = (demo.cli, desk.cli, people.cli, sync.cli)


def install(app: Flask) -> None:
    """Every command group, one module each."""
    for group in GROUPS:
        app.cli.add_command(group)
