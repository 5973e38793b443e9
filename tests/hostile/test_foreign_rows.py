"""Rows on both sides: what company A does with company B's ids changes nothing there and shows nothing of it."""

from datetime import date
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import event, select

from portal import clock
from portal.db import db
from portal.domain.accounts import password_resets
from portal.domain.approvals.consents import ServiceConsent
from portal.domain.approvals.deputies import Deputy
from portal.domain.approvals.models import Approval
from portal.domain.billing import invoice_snapshots
from portal.domain.notifications.outbox import Letter
from portal.domain.questions.models import Question, QuestionMessage
from portal.domain.rules.approval_rules import ApprovalRule
from portal.domain.users.models import Person
from tests.factories import mirror
from tests.factories.billing import Ledger
from tests.hostile.walk import token_of
from tests.web.conftest import MARKER

ANSWERS = {
    "answer": "approve",
    "approve_scope": "always",
    "text": "Proč?",
    "note": "Ano.",
    "first": "2026-11-20",
    "last": "2026-11-30",
}


def _rows_of_b(world):
    """What is written about company B in the tables that A's managers write to."""
    db.session.rollback()
    db.session.expire_all()
    kept = {}
    for table in (ServiceConsent, Deputy, Question, ApprovalRule):
        kept[table.__name__] = [
            tuple(str(getattr(row, column.key)) for column in table.__table__.columns)
            for row in db.session.scalars(
                select(table).where(table.company_id == world.b.company.id).order_by(table.id)
            )
        ]
    said = select(QuestionMessage.text, QuestionMessage.side).order_by(QuestionMessage.id)
    kept["said"] = [tuple(row) for row in db.session.execute(said)]
    kept["approval"] = [tuple(row) for row in db.session.execute(select(Approval.id, Approval.state, Approval.note))]
    return kept


def test_no_post_with_a_foreign_id_changes_a_row(app, world, manager):
    before, token = _rows_of_b(world), token_of(manager)
    ids = {
        "approval_id": world.b.approval_id,
        "consent_id": world.b.consent_id,
        "absence_id": world.b.absence_id,
        "question_id": world.b.question_id,
        "entry_id": world.b.entry.id,
        "rule_id": world.b.rule_id,
    }
    tried = 0
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods and rule.arguments and rule.arguments <= ids.keys():
            with app.test_request_context():
                address = app.url_for(rule.endpoint, **{name: ids[name] for name in rule.arguments})
            answer = manager.post(address, data=ANSWERS | {"csrf_token": token})
            assert answer.status_code == 404, f"{rule} answers {answer.status_code}"
            tried += 1
    assert tried >= 5
    assert _rows_of_b(world) == before


def test_a_deputy_from_elsewhere_named_in_a_form_is_not_appointed(world, manager):
    before = _rows_of_b(world)
    form = {"deputy": world.b.viewer.id, "deputy_id": world.b.viewer.id, "csrf_token": token_of(manager)}
    assert manager.post("/deputies", data=ANSWERS | form).status_code in (404, 422)
    assert _rows_of_b(world) == before
    appointed = select(Deputy.deputy_id).where(Deputy.company_id == world.a.company.id)
    assert set(db.session.scalars(appointed)) == {world.a.viewer.id}


@pytest.mark.parametrize("address", ["/log", "/log/log.csv", "/log/log.xlsx"])
def test_the_log_and_its_files_are_the_companys_own(app, world, sign_in, address):
    """Both companies have events; each sees all of its own and none of the other's."""
    for one in (world.a, world.b):
        sign_in(one.manager).get(f"/tickets/{one.ticket.number}")
    for own, other in ((world.a, world.b), (world.b, world.a)):
        said = _text_of(sign_in(own.manager).get(address))
        assert own.ticket.number in said
        assert other.ticket.number not in said
        assert other.manager.email not in said
        assert own is world.b or MARKER not in said


def _text_of(answer):
    assert answer.status_code == 200
    if "spreadsheet" not in answer.mimetype:
        return answer.get_data(as_text=True)
    book = CalamineWorkbook.from_object(BytesIO(answer.data))
    return str([book.get_sheet_by_name(name).to_python() for name in book.sheet_names])


@pytest.fixture
def bills(app):
    """Company A was invoiced in October, B in September and October; their hours differ."""
    with clock.set_to(mirror.NOW):
        ledger = Ledger()
        ledger.price("PROGP85", "1000")
        a, b = ledger.company("Strojírny A"), ledger.company(f"Strojírny B {MARKER}")
        for company, hours, month in ((a, "1.25", 10), (b, "7.75", 10), (b, "3.00", 9)):
            ticket = ledger.ticket(company, state="done")
            ledger.entry(ticket, hours, "PROGP85", f"2026-{month:02}-05T10:00", invoiced_on=date(2026, month, 28))
        people = ledger.person(a), ledger.person(b)
        invoice_snapshots.freeze()
        db.session.commit()
        yield people


@pytest.mark.parametrize("ending", ["", ".csv", ".xlsx"])
def test_an_invoice_is_the_companys_own_month_for_month(bills, sign_in, ending):
    of_a, of_b = (sign_in(person) for person in bills)
    own, theirs = (_text_of(client.get(f"/invoices/2026-10{ending}")) for client in (of_a, of_b))
    assert "1250" in _digits(own) and "7750" not in _digits(own) and MARKER not in own
    assert "7750" in _digits(theirs) and "1250" not in _digits(theirs)
    assert of_b.get(f"/invoices/2026-09{ending}").status_code == 200
    foreign, missing = (of_a.get(f"/invoices/{month}{ending}") for month in ("2026-09", "2026-08"))
    assert foreign.status_code == missing.status_code == 404


def _digits(text):
    return text.replace("\xa0", "").replace(" ", "").replace(",", ".")


class _Work:
    """The statements a request sends: its cost, which no busy machine changes."""

    def __enter__(self):
        self.sent = []
        event.listen(db.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_):
        event.remove(db.engine, "before_cursor_execute", self._note)

    def _note(self, connection, cursor, statement, *rest):
        self.sent.append(statement)


def test_a_reset_costs_and_says_the_same_for_an_account_and_for_nobody(app, world):
    db.session.get_one(Person, world.b.viewer.id).active = False
    db.session.commit()
    client = app.test_client()
    seen = []
    addresses = (
        "first@a.example",
        "nobody@a.example",
        "manager@a.example",
        "viewer@b.example",
        "MANAGER@A.example ",
        "no address",
    )
    for email in addresses:
        token = token_of(client, "/password/forgotten")
        with _Work() as work:
            answer = client.post("/password/forgotten", data={"email": email, "csrf_token": token})
        told = {name: value for name, value in answer.headers if name not in ("Set-Cookie", "X-Request-ID")}
        seen.append((answer.status_code, answer.data, told, work.sent))
    assert all(one == seen[1] for one in seen[1:])  # the first request of a place begins its counter
    assert password_resets.write_due() == 2


def test_an_invitation_costs_and_says_the_same_for_an_account_elsewhere_and_for_nobody(world, manager):
    seen = []
    for email in ("warm@x.example", "manager@b.example", "nobody@x.example"):
        token = token_of(manager, "/people")
        form = {"email": email, "name": "Iva", "role": "viewer", "language": "cs", "csrf_token": token}
        with _Work() as work:
            answer = manager.post("/people", data=form)
        page = manager.get("/people").text.replace(email, "X")
        seen.append((answer.status_code, answer.location, len(work.sent), "X" in page))
    assert seen[1] == seen[2]
    assert {"manager@b.example", "nobody@x.example"} <= set(db.session.scalars(select(Letter.to)))
