"""One change, one transaction: the one place outside the sync where a transaction of the session ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from portal.db import db

_OPEN, _BROKEN = "unit of work", "broken unit of work"  # what the session remembers while one is open


class UnitOfWorkError(Exception):
    """The code broke a rule of this module. Nothing of the unit was saved."""


@contextmanager
def unit_of_work(*, alone: bool = False) -> Iterator[None]:
    """Save everything done within, or, after any error, nothing. Use it as `with unit_of_work():` or as a decorator.

    A unit within another takes part in the outer one: it only flushes, so that the database's objections are raised
    where they belong, and the outer one commits. When the inner one fails, the outer one cannot be saved either:
    catch an error outside of the outermost unit.

    alone: what is done must be saved whatever comes after, as a try that counts or a challenge that is used up. Such
    a unit raises UnitOfWorkError inside another one, which could undo it.
    """
    session = db.session()
    if session.info.get(_OPEN):
        if alone:
            raise UnitOfWorkError("this is saved whatever comes after: do it before the unit of work begins")
        try:
            yield
            session.flush()
        except BaseException:
            session.rollback()
            session.info[_BROKEN] = True
            raise
        return
    session.info[_OPEN] = True
    try:
        yield
        if session.info.get(_BROKEN):
            raise UnitOfWorkError("an inner unit of work failed and its error was caught: catch it further out")
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_OPEN)
        session.info.pop(_BROKEN, None)
