"""The policy: every right there is, and the roles that have it. Pages, files, hooks and commands ask it alone."""

from collections.abc import Set
from enum import StrEnum

from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.lib.i18n import msgid

MANAGER, ACCOUNTANT, VIEWER = "manager", "accountant", "viewer"
STAFF, STAFF_ADMIN = "staff", "staff_admin"
# Nobody's accounts: who signs a hook, who scrapes figures, and who types commands on the server.
CORE, WATCHDOG, OPERATOR = "core", "watchdog", "operator"

ROLES = {  # a role an account may have: what it is for
    MANAGER: msgid("decides, asks and exports for a company"),
    ACCOUNTANT: msgid("reads and exports hours and invoices, no conversation"),
    VIEWER: msgid("reads what a company may see"),
    STAFF: msgid("serves all companies for Connectica"),
    STAFF_ADMIN: msgid("serves, and looks after Connectica's own accounts and every company's access"),
}
INCLUDES = {STAFF_ADMIN: frozenset({STAFF})}  # who has this role has those, too
OF_CONNECTICA = frozenset({STAFF, STAFF_ADMIN})  # belong to no company; everybody else to exactly one


class Right(StrEnum):
    """What somebody may do. Whose data it may be done to is another question: `_visible_to` answers that."""

    HAVE_ACCOUNT = "have_account"  # their own settings, sessions and second factor
    READ = "read"  # tickets, their conversations and files, approvals and questions of the own company
    READ_MONEY = "read_money"  # hours and invoices, with the one line of what was done
    READ_CONFIDENTIAL = "read_confidential"  # more of a confidential ticket than that it is there
    READ_LOG = "read_log"  # who did and opened what in the own company
    EXPORT = "export"  # hours and invoices as files
    EXPORT_TICKETS = "export_tickets"
    ASK = "ask"  # about a time entry
    CONSENT = "consent"  # end a standing consent, appoint a deputy
    BUDGET = "budget"
    RULES = "rules"  # what the company wants to be asked about before it is invoiced
    GIVE_ACCESS = "give_access"  # invite colleagues of the own company, see and end their access
    SERVE = "serve"  # Connectica's side: every company's requests, questions and standing
    ADMINISTER = "administer"  # Connectica's accounts, every company's access and settings
    WAKE = "wake"  # tell the sync that something changed
    WATCH = "watch"  # figures of how the portal stands
    OPERATE = "operate"  # anything the command line can do


RIGHTS: dict[Right, frozenset[str]] = {
    Right.HAVE_ACCOUNT: frozenset({MANAGER, ACCOUNTANT, VIEWER, STAFF}),
    Right.READ: frozenset({MANAGER, VIEWER}),
    Right.READ_MONEY: frozenset({MANAGER, ACCOUNTANT, VIEWER}),
    Right.READ_CONFIDENTIAL: frozenset({MANAGER}),
    Right.READ_LOG: frozenset({MANAGER}),
    Right.EXPORT: frozenset({MANAGER, ACCOUNTANT}),
    Right.EXPORT_TICKETS: frozenset({MANAGER}),
    Right.ASK: frozenset({MANAGER}),
    Right.CONSENT: frozenset({MANAGER}),
    Right.BUDGET: frozenset({MANAGER}),
    Right.RULES: frozenset({MANAGER}),
    Right.GIVE_ACCESS: frozenset({MANAGER}),
    Right.SERVE: frozenset({STAFF}),
    Right.ADMINISTER: frozenset({STAFF_ADMIN, OPERATOR}),
    Right.WAKE: frozenset({CORE}),
    Right.WATCH: frozenset({WATCHDOG}),
    Right.OPERATE: frozenset({OPERATOR}),
}


def allows(role_names: Set[str], right: Right) -> bool:
    """Whether anybody of these roles has the right. No role has none, and nobody has a right without a row."""
    return not RIGHTS.get(right, frozenset()).isdisjoint(role_names)


def reader(company: Company, role_names: Set[str]) -> Reader:
    """Somebody of these roles, as they look at their company."""
    return Reader.of(company, confidential=allows(role_names, Right.READ_CONFIDENTIAL))


def with_included(role: str) -> frozenset[str]:
    """The role itself and those that come with it."""
    return INCLUDES.get(role, frozenset()) | {role}
