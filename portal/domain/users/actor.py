"""Who does something, for which company and from where: what every change that is logged is told."""

from dataclasses import dataclass

from portal.domain.companies.models import Company
from portal.domain.users.models import Person, Visitor
from portal.errors import NotFound


@dataclass(frozen=True, slots=True)
class Actor:
    """Made once a request by access control, and by the command line for the operator at the server."""

    person: Person | Visitor | None  # None: a stranger, or the operator
    company: Company | None  # whose log tells of it, unless what is done says another; None: Connectica's own
    address: str  # the IP the request came from; empty at the server itself

    @classmethod
    def of(cls, person: Person | Visitor, *, address: str) -> "Actor":
        """Somebody we know, for their own company."""
        return cls(person=person, company=person.company, address=address)

    @property
    def known(self) -> Person | Visitor:
        """The person. Raises NotFound for a stranger, who can do nothing that needs one."""
        if self.person is None:
            raise NotFound
        return self.person

    @property
    def company_id(self) -> int | None:
        return self.company.id if self.company else None


OPERATOR = Actor(person=None, company=None, address="")  # at the server: what is done says for whom
