"""Health: whether the database answers and how true the mirror is, in words a machine can read."""

from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from portal.db import db
from portal.domain import mirror


def now() -> dict[str, Any]:
    """database: ok | away; core: ok | away | unknown; mirror_age_seconds since the core was last read to its end."""
    try:
        age = mirror.age()
    except SQLAlchemyError:
        db.session.rollback()
        return {"database": "away", "core": "unknown", "mirror_age_seconds": None}
    core = "unknown" if age.seconds is None and not age.trouble else "away" if age.trouble else "ok"
    return {"database": "ok", "core": core, "mirror_age_seconds": age.seconds}
