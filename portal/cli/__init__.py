"""What an administrator types: flask demo | sync | desk | people | prices."""

from flask import Flask


def install(app: Flask) -> None:
    """Every command group, one module each."""
