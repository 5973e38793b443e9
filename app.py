"""What flask and the WSGI server find: app."""

import sys

from portal import create_app, logs
from portal.errors import Misconfigured

try:
    app = create_app()
except Misconfigured as error:
    sys.exit(f"The portal does not start.\n{error}")
logs.configure(app.config["LOG_LEVEL"], app.config["LOG_FORMAT"])
