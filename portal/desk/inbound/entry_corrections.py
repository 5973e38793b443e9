"""Following the lines that put time right: on this ticket, one's own entries, and only where one entry is meant."""

import sqlite3
from collections.abc import Sequence

from portal.desk.inbound.correction_lines import CorrectionLine, CorrectionVerb
from portal.desk.ticketing import entries, tickets
from portal.desk.ticketing.directory import DeskTechnician
from portal.desk.ticketing.entries import DeskEntry, Why
from portal.desk.ticketing.tickets import DeskTicket
from portal.errors import NotFound, Refused

MOST_SHOWN = 8  # entries told to a technician whose line was not clear


class UnclearCorrection(Exception):
    """Nothing was changed; the text says why and what stands there, in Czech."""


def follow(db: sqlite3.Connection, ticket: DeskTicket, technician: DeskTechnician, asked: CorrectionLine) -> str:
    """Do what the line asks; what the technician should know of it, mostly nothing. Raises UnclearCorrection."""
    entry = _meant(entries.of_ticket(db, ticket), technician, asked)
    why = Why(by=technician.name, reason=asked.reason)
    try:
        _done(db, entry, asked, why)
    except (Refused, NotFound) as error:
        raise UnclearCorrection(_REFUSED.get(type(error), "tak to změnit nejde") + f"; zůstává {entry}") from error
    if entry.invoiced_on:
        return f"zápis je vyfakturovaný za {entry.invoiced_on:%-m/%Y}; rozdíl bude na příští faktuře"
    return ""


def _done(db: sqlite3.Connection, entry: DeskEntry, asked: CorrectionLine, why: Why) -> None:
    if asked.verb is CorrectionVerb.REMOVE:
        entries.remove(db, entry, why)
    elif asked.new is not None:
        entries.correct(db, entry, why, category=asked.new.category, hours=asked.new.hours, day=asked.new.day)
    elif asked.target.isdigit():
        entries.move(db, entry, tickets.by_number(db, asked.target), why)
    else:
        entries.correct(db, entry, why, category=asked.target)


_REFUSED: dict[type[Exception], str] = {
    NotFound: "takový požadavek není",
    Refused: "tím by se nic nezměnilo, nebo je zápis vyfakturovaný jiné společnosti",
}


def _meant(found: Sequence[DeskEntry], technician: DeskTechnician, asked: CorrectionLine) -> DeskEntry:
    """The one entry the line means. Raises UnclearCorrection."""
    alike = [entry for entry in found if (entry.category, entry.hours) == (asked.old.category, asked.old.hours)]
    alike = [entry for entry in alike if asked.old.day in (None, entry.day)]
    own = [entry for entry in alike if entry.technician_email == technician.email]
    if len(own) == 1:
        return own[0]
    if own:
        raise UnclearCorrection(
            f"takových zápisů je tu víc, nic jsme nezměnili: {_shown(own)}; doplňte den,"
            " například STORNO SPRAVA60:1,00 26.11., nebo napište dispečinku"
        )
    if alike:
        raise UnclearCorrection(f"to je zápis kolegy: {_shown(alike)}; opravit ho může dispečink")
    mine = [entry for entry in found if entry.technician_email == technician.email]
    stands = f"máte tu: {_shown(mine)}" if mine else "nemáte tu žádný zápis"
    raise UnclearCorrection(f"takový váš zápis na požadavku není, nic jsme nezměnili; {stands}")


def _shown(found: Sequence[DeskEntry]) -> str:
    more = f" a {len(found) - MOST_SHOWN} dalších" if len(found) > MOST_SHOWN else ""
    return ", ".join(str(entry) for entry in found[:MOST_SHOWN]) + more
