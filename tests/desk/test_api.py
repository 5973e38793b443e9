"""Core API v1: the server and docs/core-api.yaml say the same, and the promises of the cursor and the keys hold."""

import copy
import gzip
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from portal.cores.records import TicketRecord, Tombstone
from portal.desk.api import create_api
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.ticketing import tickets

DOCUMENT = yaml.safe_load((Path(__file__).parent.parent.parent / "docs" / "core-api.yaml").read_text())
OPERATIONS = {
    operation["operationId"]: (address, method)
    for address, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
TOKEN = "c" * 40
LET_IN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def api(store):
    return create_api(store, TOKEN)


@pytest.fixture
def core(api):
    """A client that is let in: core("/changes?limit=2") -> the answer."""
    client = api.test_client()

    def ask(address, **note):
        if note:
            return client.post(f"/core/v1{address}", headers=LET_IN, json=note)
        return client.get(f"/core/v1{address}", headers=LET_IN)

    return ask


def everything(core, cursor="", limit=2):
    """Every change from a cursor on, page by page, and the last cursor."""
    found = []
    while True:
        page = core(f"/changes?limit={limit}&cursor={cursor}").json
        found += page["changes"]
        cursor = page["cursor"]
        if not page["more"]:
            return found, cursor


@pytest.fixture
def full_desk(store, compose, technician_writes):
    """A desk that has something to tell of every kind."""
    number = intake.receive(store, compose(files=[("a.txt", "text/plain", b"a")])).ticket
    technician_writes(number, "Hotovo.\nPROGP85:1\nSTAV: be invoiced\nTERMIN: 1.1.2030\nSCHVALIT: Smíme?")
    intake.receive(store, compose("Cizí", sender="x@seznam.cz"))
    tickets.remove(store, intake.receive(store, compose("Pryč")).ticket)
    return create_api(store, TOKEN)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_server_answers_as_its_document_says(full_desk, operation, mode):
    """Requests that fit the document and requests that do not: status, type, headers and body are what it says."""
    _compare(full_desk, DOCUMENT, operation, mode)


def test_a_server_that_differs_from_its_document_is_noticed(full_desk):
    other = copy.deepcopy(DOCUMENT)
    other["components"]["schemas"]["Ticket"]["properties"]["state"]["enum"] = ["new"]
    with pytest.raises(FailureGroup, match="Response violates schema"):
        _compare(full_desk, other, "changes", GenerationMode.POSITIVE)


def _compare(api, written, operation, mode):
    address, method = OPERATIONS[operation]
    document = schemathesis.openapi.from_dict(written | {"servers": [{"url": "/core/v1"}]})
    document.app = api

    @given(case=document[address][method].as_strategy(generation_mode=mode))
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def answers(case):
        case.call_and_validate(headers=LET_IN | {"Accept-Encoding": "identity"}, excluded_checks=_excused(case))

    answers()


def _excused(case):
    """Checks that would ask for more than the document promises."""
    excused = []
    if (case.query or {}).get("cursor"):  # a made-up cursor fits any schema and is rightly refused
        excused.append(positive_data_acceptance)
    if not case.meta.is_negative_at(ParameterLocation.BODY):  # unknown parameters are ignored, the token is set by us
        excused.append(negative_data_rejection)
    return excused


def test_the_document_has_every_route_and_no_other(api):
    served = {
        (rule.rule.removeprefix("/core/v1").replace("<core_id>", "{core_id}"), method.lower())
        for rule in api.url_map.iter_rules()
        if rule.rule.startswith("/core/v1/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert set(OPERATIONS.values()) == served


def test_the_documents_records_are_the_portals_own():
    schemas = DOCUMENT["components"]["schemas"]
    for name, struct in [("Ticket", TicketRecord), ("Tombstone", Tombstone)]:
        assert set(schemas[name]["properties"]) == {*struct.__struct_fields__, "type"}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer č"])
@pytest.mark.parametrize("address", ["/changes", "/companies", "/prices", "/attachments/1", "/tickets/1/notes", "/x"])
def test_without_the_token_nothing_is_told(api, address, header):
    headers = {} if header is None else {"Authorization": header}
    answer = api.test_client().get(f"/core/v1{address}", headers=headers)
    assert answer.status_code == 401
    assert answer.json == {"error": "a bearer token is needed"}


def test_a_reader_sees_every_ticket_once_and_the_last_one_again(store, core, compose):
    numbers = [intake.receive(store, compose(f"{n}")).ticket for n in range(7)]
    found, cursor = everything(core, limit=3)
    told = [ticket["number"] for ticket in found]
    assert list(dict.fromkeys(told)) == numbers
    again, same = everything(core, cursor)
    assert ([ticket["number"] for ticket in again], same) == (numbers[-1:], cursor)


def test_a_mail_set_aside_is_told_without_its_sender_and_words(store, compose):
    received = intake.receive(store, compose("Tajné", sender="Radek Vymazal <radek@connectica.cz>"))
    assert intake.aside(store) == [{"core_id": "1", "reason": received.reason}]
    intake.drop(store, 1)
    assert intake.aside(store) == []


def test_a_changed_ticket_comes_again_at_its_newest_place_and_whole(store, core, compose, tag):
    numbers = [intake.receive(store, compose(f"{n}")).ticket for n in range(4)]
    _, cursor = everything(core)
    intake.receive(store, compose("Dodatek", subject=tag(numbers[1])))
    found, _ = everything(core, cursor)
    assert [ticket["number"] for ticket in found] == [numbers[3], numbers[1]]
    assert len(found[-1]["messages"]) == 2
    assert [ticket["number"] for ticket in everything(core)[0]][-1] == numbers[1]


def test_changes_during_a_run_are_never_missed(store, core, compose, tag):
    """A reader pages while tickets change in any order; at its end it has the newest form of every ticket."""
    chance = random.Random(7)
    numbers = [intake.receive(store, compose(f"{n}")).ticket for n in range(12)]
    mirror, cursor = {}, ""
    for step in range(60):
        page = core(f"/changes?limit={chance.choice([2, 3, 5])}&cursor={cursor}").json
        mirror |= {ticket["number"]: ticket for ticket in page["changes"]}
        cursor = page["cursor"]
        if step < 40:
            intake.receive(store, compose(f"změna {step}", subject=tag(chance.choice(numbers))))
    assert mirror == {ticket["number"]: ticket for ticket in everything(core)[0]}


def test_an_empty_desk_has_an_empty_page(core):
    page = core("/changes").json
    assert (page["changes"], page["more"]) == ([], False)
    assert core(f"/changes?cursor={page['cursor']}").status_code == 200


@pytest.mark.parametrize("cursor", ["x", "!!!", "MQ", "a" * 5000, "č", "%00", "LTE"])
def test_a_cursor_that_is_not_ours_is_400(core, cursor):
    answer = core(f"/changes?cursor={cursor}")
    assert answer.status_code == 400
    assert "cursor" in answer.json["error"]


def test_a_cursor_of_another_store_or_of_the_future_is_400(store, core, compose, tmp_path):
    other = create_api(Store(tmp_path / "other.db"), TOKEN).test_client()
    foreign = other.get("/core/v1/changes", headers=LET_IN).json["cursor"]
    assert core(f"/changes?cursor={foreign}").status_code == 400
    intake.receive(store, compose())
    newest = core("/changes").json["cursor"]
    with store.write() as db:
        db.execute("DELETE FROM change")  # as after a restore from an older backup
    assert core(f"/changes?cursor={newest}").status_code == 400


@pytest.mark.parametrize("limit", ["0", "1", "501", "-2", "2.0", "", "x", "９", "9" * 400])
def test_a_limit_that_cannot_page_is_400(core, limit):
    assert core(f"/changes?limit={limit}").status_code == 400


def test_heavy_tickets_make_shorter_pages(store, core, compose, monkeypatch):
    for n in range(5):
        intake.receive(store, compose(f"{n} " + "dlouhý text " * 100))
    monkeypatch.setattr("portal.desk.serializers.HEAVIEST_PAGE", 1500)
    page = core("/changes?limit=500").json
    assert (len(page["changes"]), page["more"]) == (2, True)
    assert len({ticket["number"] for ticket in everything(core, limit=500)[0]}) == 5


def test_internal_notes_and_their_files_are_never_told(store, core, opened, technician_writes):
    technician_writes(opened, "INTERNI\nTajné.", files=[("tajne.txt", "text/plain", b"tajne")])
    assert "Tajné" not in core("/changes").text
    assert "tajne" not in core("/changes").text
    with store.read() as db:
        hidden = db.execute("SELECT id FROM attachment").fetchone()["id"]
    assert core(f"/attachments/{hidden}").status_code == 404


def test_an_attachment_is_a_harmless_download(store, core, compose):
    page = b"<script>alert(1)</script>"
    number = intake.receive(store, compose(files=[('žlutý "kůň";.html', "text/html", page)])).ticket
    [ticket] = [found for found in core("/changes").json["changes"] if found["number"] == number]
    [file] = ticket["messages"][0]["attachments"]
    answer = core(f"/attachments/{file['core_id']}")
    assert (answer.data, file["size"]) == (page, len(page))
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("core_id", ["0", "-1", "99", "1 OR 1=1", "１", "9" * 40, "1.0"])
def test_an_attachment_that_is_not_there_is_404(core, core_id):
    assert core(f"/attachments/{core_id}").status_code == 404


def test_an_attachment_of_a_removed_ticket_is_404(store, core, compose):
    number = intake.receive(store, compose(files=[("a.txt", "text/plain", b"a")])).ticket
    tickets.remove(store, number)
    assert core("/attachments/1").status_code == 404


def test_a_note_is_written_once_a_key(store, core, opened):
    first = core(f"/tickets/{opened}/notes", text="Poznámka", key="k1")
    second = core(f"/tickets/{opened}/notes", text="Poznámka", key="k1")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    assert core(f"/tickets/{opened}/notes", text="Jiná", key="k1").status_code == 409
    with store.read() as db:
        assert db.execute("SELECT count(*) FROM message WHERE text = 'Poznámka' AND public = 0").fetchone()[0] == 1


def test_ten_tellers_with_one_key_write_one_note(store, api, opened):
    def tell(_):
        with api.test_client() as client:
            note = {"text": "Ano", "key": "k", "decision": "approved"}
            return client.post(f"/core/v1/tickets/{opened}/notes", headers=LET_IN, json=note).status_code

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(tell, range(10))) == [200] * 9 + [201]
    assert len([letter for letter in outbox.letters_of(store, opened) if letter.kind == "decided"]) == 1


def test_a_note_on_no_ticket_is_404(core, opened):
    assert core("/tickets/20269999/notes", text="x", key="k").status_code == 404
    assert core(f"/tickets/{opened}/notes", text="x", key="k", approval="77").status_code == 404


@pytest.mark.parametrize(
    "note",
    [
        {"text": "", "key": "k"},
        {"text": "x", "key": ""},
        {"text": "x"},
        {"key": "k"},
        {"text": 1, "key": "k"},
        {"text": "x", "key": "k" * 201},
        {"text": "x", "key": "a b"},
        {"text": "x", "key": "k", "decision": "maybe"},
    ],
)
def test_a_note_that_makes_no_sense_is_400_and_says_why(core, opened, note):
    answer = core(f"/tickets/{opened}/notes", **note)
    assert answer.status_code == 400
    assert answer.json["error"]


@pytest.mark.parametrize("body", [b"[]", b"null", b"{", b"\xff", b'"x"'])
def test_a_note_that_is_no_object_is_400(api, opened, body):
    answer = api.test_client().post(
        f"/core/v1/tickets/{opened}/notes", headers=LET_IN, data=body, content_type="application/json"
    )
    assert answer.status_code == 400


def test_a_decision_closes_the_question_and_reaches_the_technician(opened, core, record, letters, technician_writes):
    technician_writes(opened, "Zeptám se.\nSCHVALIT: Můžeme koupit disk?")
    [approval] = record(opened)["approvals"]
    told = {"text": "Kupte ho.", "approval": approval["core_id"], "decision": "approved"}
    assert core(f"/tickets/{opened}/notes", key="k1", **told).status_code == 201
    assert record(opened)["approvals"] == []
    [(recipient, _, text)] = letters(opened, "decided")
    assert recipient == "radek@connectica.cz"
    assert "schváleno" in text
    assert "Můžeme koupit disk?" in text
    assert "Kupte ho." in text
    core(f"/tickets/{opened}/notes", key="k2", **(told | {"decision": "declined"}))
    assert record(opened)["approvals"] == []


def test_a_note_of_a_megabyte_with_markup_and_controls_is_harmless(core, opened, letters):
    text = "<script>alert(1)</script>\x00\r\nBcc: x@y.cz\r\n" + "a" * 1_000_000
    assert core(f"/tickets/{opened}/notes", text=text, key="k", decision="declined").status_code == 201
    assert "Bcc: x@y.cz" in letters(opened, "decided")[0][2]


def test_a_request_that_is_too_large_is_413(api, opened):
    answer = api.test_client().post(
        f"/core/v1/tickets/{opened}/notes", headers=LET_IN, json={"text": "a" * 9_000_000, "key": "k"}
    )
    assert answer.status_code == 413
    assert answer.json["error"]


def test_big_answers_are_packed_for_who_accepts_it(store, api, compose):
    intake.receive(store, compose("dlouhý text " * 1000))
    client = api.test_client()
    plain = client.get("/core/v1/changes", headers=LET_IN)
    packed = client.get("/core/v1/changes", headers=LET_IN | {"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    assert packed.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(("address", "status"), [("/nothing", 404), ("/tickets/1/notes", 405)])
def test_every_error_is_plain_words_in_json(core, address, status):
    answer = core(address)
    assert answer.status_code == status
    assert answer.json["error"]
    assert "<" not in answer.text


def test_a_ticket_tells_the_tag_by_which_answers_to_the_portals_letters_find_it(store, core, compose, tag):
    number = intake.receive(store, compose()).ticket
    [ticket] = core("/changes").json["changes"]
    assert ticket["tag"] == tag(number)
    manager = compose("Ano.", sender="manazerka@strojirny-vltava.example", subject=f"Re: {ticket['tag']} Smíme to?")
    assert intake.receive(store, manager).ticket == number
