"""Canaille, an OpenID provider from PyPI, as a process of its own: three people, clients register themselves.

python -m tests.canaille_server PORT
"""

import sys

import canaille
from canaille.app import models
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

# Their user name is their subject. Ivan never consents to anything: canaille remembers who did.
PEOPLE = {name: f"correct horse of {name}" for name in ("jana", "petr", "ivan")}


def run(port: int) -> None:
    app = canaille.create_app(
        config={
            "SECRET_KEY": "a secret of the provider of a test",
            "SERVER_NAME": f"127.0.0.1:{port}",
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "FORCE_HTTPS": False, "SMTP": None},
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)],
                "DYNAMIC_CLIENT_REGISTRATION_OPEN": True,
                "TRUSTED_DOMAINS": [],  # so that it asks for consent, and may be refused
            },
        },
        env_file="/nonexistent",
    )
    with app.app_context():
        for name, password in PEOPLE.items():
            person = models.User(user_name=name, formatted_name=f"{name.title()} Nováková", family_name="Nováková")
            person.emails, person.password = [f"{name}@a.example"], password
            app.backend.save(person)
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    run(int(sys.argv[1]))
