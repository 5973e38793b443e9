"""What flask and the WSGI server find: app."""

from portal import create_app

app = create_app()
