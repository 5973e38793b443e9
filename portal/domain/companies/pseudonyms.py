"""Naming: what hours and invoices call a company's employees: files and prints may leave the house without names."""

from collections.abc import Callable, Mapping

from sqlalchemy import select

from portal.db import db
from portal.domain.companies.contacts import Employee
from portal.domain.companies.reader import Reader
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled
from portal.lib.redaction import Named, Redaction

NOBODY = "N. N."  # nomen nescio: a name we do not know, or do not tell


class Naming(Labelled):
    """By name, by initials, or by a pseudonym: the same one for the same employee in every file."""

    NAMES = "names", msgid("by name")
    INITIALS = "initials", msgid("by initials")
    PSEUDONYMS = "pseudonyms", msgid("by pseudonym")

    @property
    def as_arg(self) -> str | None:
        """The same as an address says it: nothing for the names themselves."""
        return None if self is Naming.NAMES else self.value

    @classmethod
    def parse(cls, args: Mapping[str, str]) -> "Naming":
        """What an address asks for; what makes no sense is not asked."""
        wanted = args.get("people", "")
        return cls(wanted) if wanted in set(cls) else cls.NAMES

    def called(self, employee_id: int, name: str) -> str:
        """What an employee is called; nobody stays nobody."""
        return _CALLED[self](employee_id, name) if name else ""


def pseudonym(number: int | str) -> str:
    """Nobody, with a number of our own that tells two of them apart."""
    return f"{NOBODY} {number}"


def _initials(_employee_id: int, name: str) -> str:
    return " ".join(f"{word[0].upper()}." for word in name.split() if word[0].isalpha()) or NOBODY


_CALLED: dict[Naming, Callable[[int, str], str]] = {
    Naming.NAMES: lambda employee_id, name: name,
    Naming.INITIALS: _initials,
    Naming.PSEUDONYMS: lambda employee_id, name: pseudonym(employee_id),
}


class Calling:
    """One reading of a company's rows in one way of naming: what employees are called, in texts about them, too."""

    def __init__(self, reader: Reader, naming: Naming) -> None:
        self._naming = naming
        self._known: dict[int, Named] = {}
        self._alone: dict[int, Redaction] = {}
        if naming is not Naming.NAMES:
            known = select(Employee.id, Employee.name, Employee.email).where(Employee.company_id == reader.company_id)
            self._known = {row.id: self._named(row.id, row.name, row.email) for row in db.session.execute(known)}
        self._everybody = Redaction.of(self._known.values())

    def person(self, employee_id: int, name: str) -> str:
        return self._naming.called(employee_id, name)

    def text(self, words: str, employee_id: int) -> str:
        """A text without the employees' names and addresses; of whom it is about, the last name alone is one, too."""
        if self._naming is Naming.NAMES or not words:
            return words
        return self._about(employee_id).out_of(self._everybody.out_of(words))

    def _about(self, employee_id: int) -> Redaction:
        if employee_id not in self._alone:
            known = [self._known[employee_id]] if employee_id in self._known else []
            self._alone[employee_id] = Redaction.of(known, alone=True)
        return self._alone[employee_id]

    def _named(self, employee_id: int, name: str, email: str) -> Named:
        return Named(name, email, self._naming.called(employee_id, name or email))
