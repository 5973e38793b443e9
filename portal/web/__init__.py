"""What a browser sees: the gate, the pages, one blueprint a noun."""

from flask import Flask


def install(app: Flask) -> None:
    """Everything a browser can reach."""
