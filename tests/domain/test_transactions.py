"""A change and its row of the log are one transaction, however the process ends: for every verb that is logged."""

import ast
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from flask import current_app
from sqlalchemy import func, select

import portal.domain
from portal import clock
from portal.db import Base, db
from portal.db.unit_of_work import UnitOfWorkError, unit_of_work
from portal.domain.accounts import (
    access,
    email_changes,
    invitations,
    passkeys,
    password_change,
    password_resets,
    rate_limits,
    sso_identities,
    sso_providers,
    totp,
    two_factor,
)
from portal.domain.accounts.passkeys import Challenge
from portal.domain.approvals import consents, decisions, deputies, link_answers, requests
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import AtExpiry, Scope
from portal.domain.approvals.requests import Asking
from portal.domain.audit import events as audit
from portal.domain.audit.events import AuditEvent
from portal.domain.billing import budgets, disclosure
from portal.domain.billing.agreements import entering
from portal.domain.billing.disclosure import Shown
from portal.domain.billing.vat import treatments
from portal.domain.billing.vat.treatments import Treatment
from portal.domain.companies.reader import Reader
from portal.domain.notifications.outbox import Letter
from portal.domain.privacy import erasure
from portal.domain.questions import workflow
from portal.domain.rules import approval_rules as rules
from portal.domain.rules.approval_rules import Terms
from portal.domain.users import models as people
from portal.domain.users import passwords, sessions
from portal.domain.users.permissions import VIEWER
from portal.errors import Refused
from portal.lib import encryption, urls
from portal.lib.periods import month_of
from tests.actors import ADDRESS, acting
from tests.device import Device
from tests.dying import MOMENTS, died_at_the_log
from tests.factories import mirror
from tests.factories.approvals import MONDAY, Office, letters_to, token_in

DOMAIN = Path(portal.domain.__file__).parent
PORTAL = "https://portal.example"
PASSWORD = "modrý kůň skáče přes plot"
SAVED_BEFORE = {"attempt", "used_challenge"}  # what counts or is used up is saved whatever comes after
OF_THE_VERB = {  # verbs of several transactions: the tables that the logged one changes
    "email_changes.confirm": {"person"},
    "erasure.forget": {"person", "employee", "letter"},
}


@pytest.fixture
def office(app) -> Iterator[Office]:
    urls.are(base_url=PORTAL, noc="noc@connectica.cz")
    with clock.set_to(MONDAY):
        office = Office()
        office.entry = office.ledger.entry(office.ticket, "3.00", at="2026-11-20T10:00")
        office.manager.password = passwords.hash_of(mirror.PASSWORD)
        db.session.commit()
        yield office


VERBS: dict[str, Callable[[Office], Callable[[], object]]] = {}  # a verb: what readies it; what that returns does it


def verb(ready: Callable[[Office], Callable[[], object]]) -> Callable[[Office], Callable[[], object]]:
    """Written down under the name of the verb: access__end is access.end."""
    VERBS[ready.__name__.replace("__", ".")] = ready
    return ready


@verb
def access__change_role(office):
    return lambda: access.change_role(acting(office.manager), office.company, office.other_manager.id, VIEWER)


@verb
def access__end(office):
    return lambda: access.end(acting(office.manager), office.company, office.viewer.id)


@verb
def access__deactivate(office):
    return lambda: access.deactivate(acting(office.manager), office.viewer.email)


@verb
def access__activate(office):
    people.deactivate(office.viewer.email)
    return lambda: access.activate(acting(office.manager), office.viewer.email)


@verb
def email_changes__wish(office):
    return lambda: email_changes.wish(acting(office.manager), email="nova@vltava.example", password=mirror.PASSWORD)


@verb
def email_changes__confirm(office):
    email_changes__wish(office)()
    old, new = _keys("address")
    email_changes.confirm(old, address=ADDRESS)
    return lambda: email_changes.confirm(new, address=ADDRESS)


@verb
def email_changes__stop(office):
    email_changes__wish(office)()
    return lambda: email_changes.stop(_keys("address")[0], address=ADDRESS)


@verb
def invitations__invite(office):
    wanted = {"email": "novy@vltava.example", "name": "Karel Nový", "role": VIEWER, "language": "cs"}
    return lambda: invitations.invite(acting(office.manager), office.company, **wanted)


@verb
def invitations__repeat(office):
    invitations__invite(office)()
    invitation_id = invitations.open_of(office.company)[0].id
    return lambda: invitations.repeat(acting(office.manager), office.company, invitation_id)


@verb
def invitations__withdraw(office):
    invitations__invite(office)()
    invitation_id = invitations.open_of(office.company)[0].id
    return lambda: invitations.withdraw(acting(office.manager), office.company, invitation_id)


@verb
def invitations__accept(office):
    invitations__invite(office)()
    (key,) = _keys("invitation")
    return lambda: invitations.accept(key, name="Karel Nový", password=PASSWORD, address=ADDRESS)


@verb
def invitations__accept_elsewhere(office):
    invitations__invite(office)()
    (key,), provider = _keys("invitation"), _provider(office)
    return lambda: invitations.accept_elsewhere(key, provider, "subject", name="Karel", address=ADDRESS)


@verb
def password_change__change(office):
    session = people.visitor(sessions.start(office.manager.id, how="password")).session_id
    said = {"present": mirror.PASSWORD, "new": PASSWORD, "session_id": session}
    return lambda: password_change.change(acting(office.manager), **said)


@verb
def password_resets__use(office):
    password_resets.wish(office.manager.email)
    password_resets.write_due()
    return lambda: password_resets.use(_keys("password")[0], PASSWORD, address=ADDRESS)


@verb
def two_factor__confirm_codes(office):
    totp.begin(office.manager.id)
    code = _code_of(office.manager.id, confirmed=False)
    return lambda: two_factor.confirm_codes(acting(office.manager), 0, code)


@verb
def two_factor__add_passkey(office):
    person = office.manager

    def add() -> object:
        challenge = Challenge.new()
        options = passkeys.to_make(person.id, email=person.email, name=person.name, challenge=challenge)
        written = Device(PORTAL).make(options)
        return two_factor.add_passkey(acting(person), 0, name="Telefon", written=written, challenge=challenge)

    return add


@verb
def two_factor__new_recovery_codes(office):
    two_factor__confirm_codes(office)()
    return lambda: two_factor.new_recovery_codes(acting(office.manager))


@verb
def two_factor__remove_codes(office):
    two_factor__confirm_codes(office)()
    return lambda: two_factor.remove_codes(acting(office.manager), 0, is_required=False)


@verb
def two_factor__remove_passkey(office):
    passkey_id = mirror.passkey(office.manager).id
    db.session.commit()
    return lambda: two_factor.remove_passkey(acting(office.manager), 0, passkey_id, is_required=False)


@verb
def two_factor__take_away(office):
    two_factor__confirm_codes(office)()
    return lambda: two_factor.take_away(acting(office.staff), office.manager.email)


@verb
def two_factor__require_of(office):
    return lambda: two_factor.require_of(acting(office.manager), office.company.id, required=True)


@verb
def sso_identities__make_viewer(office):
    provider = _provider(office)
    said = {"email": "novy@vltava.example", "name": "Karel Nový", "address": ADDRESS}
    return lambda: sso_identities.make_viewer(provider, "subject", **said)


@verb
def consents__revoke(office):
    asked = office.ask()
    decisions.decide(acting(office.manager), asked.approval_id, Decision(approve=True, scope=Scope.ALWAYS))
    consent_id = consents.in_force(Reader.of(office.company))[0].consent.id
    return lambda: consents.revoke(acting(office.manager), office.company, consent_id)


@verb
def decisions__decide(office):
    asked = office.ask()
    return lambda: decisions.decide(acting(office.manager), asked.approval_id, Decision(approve=True))


@verb
def deputies__appoint(office):
    days = {"deputy_id": office.viewer.id, "first": clock.today(), "last": clock.today()}
    return lambda: deputies.appoint(acting(office.manager), office.company, **days)


@verb
def deputies__dismiss(office):
    absence_id = deputies__appoint(office)().id
    return lambda: deputies.dismiss(acting(office.manager), office.company, absence_id)


@verb
def link_answers__decide(office):
    office.ask()
    token = token_in(letters_to(office.manager)[0])
    return lambda: link_answers.decide(token, Decision(approve=False), address=ADDRESS)


@verb
def link_answers__ask_back(office):
    office.ask()
    token = token_in(letters_to(office.manager)[0])
    return lambda: link_answers.ask_back(token, "Kolik to bude stát?", address=ADDRESS)


@verb
def requests__ask(office):
    asking = Asking("Smíme?", until=clock.today() + timedelta(days=4), at_expiry=AtExpiry.STAY)
    return lambda: requests.ask(acting(office.staff), office.ticket.id, asking)


@verb
def requests__withdraw(office):
    asked = office.ask()
    return lambda: requests.withdraw(acting(office.staff), asked.approval_id)


@verb
def requests__ask_back(office):
    asked = office.ask()
    return lambda: requests.ask_back(acting(office.manager), asked.approval_id, "Kolik to bude stát?")


@verb
def requests__answer(office):
    asked = office.ask()
    requests.ask_back(acting(office.manager), asked.approval_id, "Kolik to bude stát?")
    return lambda: requests.answer(acting(office.staff), asked.approval_id, "Dvacet tisíc.")


@verb
def budgets__choose(office):
    month = month_of(clock.today())
    return lambda: budgets.choose(acting(office.manager), office.company, month, unit="hours", amount="20")


@verb
def treatments__choose(office):
    return lambda: treatments.choose(acting(office.staff), office.company, Treatment.ABROAD, date(2026, 11, 1))


@verb
def approval_rules__choose(office):
    return lambda: rules.choose(acting(office.manager), office.company, Terms(amount=Decimal(5)))


@verb
def approval_rules__end(office):
    rule_id = approval_rules__choose(office)()
    return lambda: rules.end(acting(office.manager), office.company, rule_id)


PREPAID = {"amount": "20", "unit": "hours", "every": "month"}


@verb
def entering__choose(office):
    month = month_of(clock.today())
    return lambda: entering.choose(acting(office.staff), office.company, month, PREPAID)


@verb
def entering__remove(office):
    entering__choose(office)()
    (row,) = entering.listed(office.company)
    return lambda: entering.remove(acting(office.staff), office.company, row.id)


@verb
def disclosure__choose(office):
    return lambda: disclosure.choose(acting(office.staff), office.company, Shown.NOTHING)


@verb
def workflow__ask(office):
    return lambda: workflow.ask(acting(office.manager), office.company, office.entry.id, "Proč tři hodiny?")


@verb
def workflow__reply(office):
    question_id = workflow__ask(office)()
    return lambda: workflow.reply(acting(office.manager), office.company, question_id, "Ještě něco.")


@verb
def workflow__take_back(office):
    question_id = workflow__ask(office)()
    return lambda: workflow.take_back(acting(office.manager), office.company, question_id)


@verb
def workflow__answer(office):
    question_id = workflow__ask(office)()
    return lambda: workflow.answer(acting(office.staff), question_id, "I s cestou.")


@verb
def workflow__uphold(office):
    question_id = workflow__ask(office)()
    return lambda: workflow.uphold(acting(office.staff), question_id, "I s cestou.")


@verb
def erasure__forget(office):
    people.deactivate(office.viewer.email)
    folder = Path(current_app.config["INSTANCE"]) / "attachments"
    return lambda: erasure.forget(acting(office.staff), erasure.seek(office.viewer.email), folder)


def test_every_logged_verb_that_promises_to_commit_is_tried_here():
    logged = {name for name, function in _promising().items() if "audit.note" in _reached(function)}
    assert set(VERBS) == logged, "write down, beside the others, how the new verb is readied and done"


def test_whoever_promises_to_commit_opens_a_unit_of_work():
    without = [name for name, function in _promising().items() if "unit_of_work" not in _reached(function)]
    assert not without, f"put @unit_of_work() above them, or take the promise back: {', '.join(without)}"


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_saves_its_change_with_the_log_switched_off(office, monkeypatch, name):
    do = VERBS[name](office)
    before = _saved(name)
    monkeypatch.setattr(audit, "note", lambda *_args, **_facts: None)
    do()
    db.session.rollback()
    assert _saved(name) != before, f"{name} promises to commit and only its line of the log did"


@pytest.mark.parametrize("name", VERBS)
def test_a_change_and_its_log_row_are_both_there_or_neither(office, name):
    do = VERBS[name](office)
    before, number = _saved(name), _events()
    for moment in MOMENTS:
        assert died_at_the_log(do, moment), f"{name} was over before it wrote its row of the log"
        assert _saved(name) == before, f"{name} saves its change before its row of the log: use one unit of work"
        assert _events() == number
    do()
    db.session.rollback()
    assert _saved(name) != before
    addresses = set(db.session.scalars(select(AuditEvent.address).order_by(AuditEvent.id).offset(number)))
    assert addresses == {ADDRESS}, f"{name} has to hand its actor on to audit.note()"


def test_an_error_saves_nothing_of_a_unit(office):
    with pytest.raises(Refused), unit_of_work():
        office.company.name = "Jiná"
        db.session.flush()
        raise Refused("no")
    assert office.company.name != "Jiná"


def test_a_unit_within_another_is_saved_by_the_outer_one(office):
    before = _saved()
    with unit_of_work():
        disclosure.choose(acting(office.staff), office.company, Shown.NOTHING)
        assert _saved() == before
    assert _saved() != before


def test_a_unit_whose_inner_one_failed_is_not_saved_by_mistake(office):
    before = _saved()
    with pytest.raises(UnitOfWorkError), unit_of_work():
        office.company.name = "Jiná"
        try:
            with unit_of_work():
                raise Refused("no")
        except Refused:
            pass
    assert _saved() == before


def test_what_counts_whatever_comes_after_is_no_part_of_a_unit(office):
    with pytest.raises(UnitOfWorkError), unit_of_work():
        rate_limits.count(rate_limits.AttemptKind.LETTER, account="1")


def _saved(name: str = "") -> dict[str, list[str]]:
    """What another connection sees: every row but the log's."""
    wanted = OF_THE_VERB.get(name)
    with db.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in Base.metadata.sorted_tables
            if (table.name in wanted if wanted else table.name not in SAVED_BEFORE | {"audit_event", "audit_name"})
        }


def _events() -> int:
    with db.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(AuditEvent)).scalar_one()


def _keys(kind: str) -> list[str]:
    """The keys in the letters written so far, oldest first."""
    texts = db.session.scalars(select(Letter.text).order_by(Letter.id))
    return [key for text in texts for key in re.findall(rf"/{kind}/(\S+)", text)]


def _provider(office: Office) -> sso_providers.IdentityProvider:
    new = sso_providers.New(
        slug="vltava",
        name="Microsoft 365",
        company=office.company,
        client_id="portal",
        secret="tajne",
        issuer="https://login.vltava.example",
        domains=("vltava.example",),
        makes_viewers=True,
    )
    return sso_providers.add(new)


def _code_of(person_id: int, *, confirmed: bool) -> str:
    row = totp._of(person_id, confirmed=confirmed)
    key = bytes.fromhex(encryption.unseal(row.secret))
    return HOTP(key, totp.DIGITS, SHA1()).generate(int(clock.now().timestamp()) // totp.STEP).decode()


@cache
def _modules() -> dict[str, SimpleNamespace]:
    """Every module of the domain: its functions, and what it imports from the domain, by the names it has for it."""
    found = {}
    for path in sorted(DOMAIN.rglob("*.py")):
        tree = ast.parse(path.read_text())
        named = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("portal.domain"):
                for alias in node.names:
                    named[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        dotted = ".".join(("portal.domain", *path.relative_to(DOMAIN).with_suffix("").parts))
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        found[dotted] = SimpleNamespace(functions=functions, named=named)
    return found


def _promising() -> dict[str, tuple[str, str]]:
    """Public functions of the domain whose docstring says that they commit, as `module.function`."""
    return {
        f"{dotted.rpartition('.')[2]}.{name}": (dotted, name)
        for dotted, module in _modules().items()
        for name, function in module.functions.items()
        if not name.startswith("_") and re.search(r"\b[Cc]ommits\b", ast.get_docstring(function) or "")
    }


@cache
def _reached(function: tuple[str, str]) -> frozenset[str]:
    """Every name that a function says, or that a function of the domain it calls says."""
    seen, waiting, said = set(), [function], set()
    while waiting:
        dotted, name = waiting.pop()
        module = _modules().get(dotted)
        if (dotted, name) in seen or module is None or name not in module.functions:
            continue
        seen.add((dotted, name))
        for node in ast.walk(module.functions[name]):
            if isinstance(node, ast.Name):
                said.add(node.id)
                owner, _, its = module.named.get(node.id, "").rpartition(".")
                waiting += [(dotted, node.id), (owner, its)]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                said.add(f"{node.value.id}.{node.attr}")
                waiting.append((module.named.get(node.value.id, ""), node.attr))
    return frozenset(said)
