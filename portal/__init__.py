"""The portal: a client company's view of its helpdesk. create_app() is its table of contents."""

from typing import Any

from flask import Flask
from flask_migrate import Migrate

from portal import cli, config, web
from portal.db import db, engine_options
from portal.domain.audit import events as audit
from portal.domain.privacy import retention
from portal.lib import encryption, urls
from portal.lib.security import private_files, tls


def create_app(**overrides: Any) -> Flask:
    """The portal as a WSGI application; overrides win over the environment, for tests and tools."""
    values = config.load() | overrides
    config.check(values)
    instance = values["INSTANCE"]
    app = Flask(
        __name__,
        instance_path=str(instance),
        template_folder=config.ROOT / "templates",
        static_folder=config.ROOT / "static",
    )
    app.config.from_mapping(values)
    app.config["SECRET_KEY"] = config.secret(values, "SECRET_KEY")  # makes the instance folder, if need be
    app.config["CORE_HOOK_SECRET"] = config.secret(values, "CORE_HOOK_SECRET")
    app.config["SQLALCHEMY_DATABASE_URI"] = values["DATABASE_URL"] or f"sqlite:///{instance / 'portal.db'}"

    if instance.is_dir():
        private_files.make_folder(instance)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(app.config["SQLALCHEMY_DATABASE_URI"])

    audit.keep(days=app.config["AUDIT_KEEP_DAYS"])
    retention.keep(days=app.config["KEEP_TICKETS_DAYS"])
    urls.are(base_url=app.config["BASE_URL"], noc=app.config["NOC_ADDRESS"])
    tls.trust(app.config["TLS_CA"])
    encryption.keyed_by(app.config["SECRET_KEY"])
    db.init_app(app)
    Migrate(app, db, directory=str(config.ROOT / "portal" / "migrations"), render_as_batch=True)
    web.install(app)
    cli.install(app)
    return app
