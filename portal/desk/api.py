"""Core API v1 over the desk: what the portal's sync reads and the one thing it writes."""

from flask import Flask

from portal.desk.store import Store


def create_api(store: Store, token: str) -> Flask:
    """The Core API as a WSGI application, under /core/v1, behind a bearer token."""
    api = Flask(__name__, static_folder=None)
    return api
