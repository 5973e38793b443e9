"""The year played into a real desk: every mail becomes what its story wanted."""

import email
import sqlite3
from email.policy import default

from portal.demo import people
from portal.desk.outbound import outbox


def rows(store, question):
    with store.read() as db:
        return [tuple(row) for row in db.execute(question)]


def test_every_mail_became_what_its_story_wanted(played):
    _store, result, _folder = played
    assert result.surprises == []
    assert result.tickets == 60
    assert (len(result.invoiced), len(result.supplements)) == (11, 1)


def test_all_four_states_are_there_and_old_months_are_closed(played):
    store, _result, _folder = played
    states = {state for (state,) in rows(store, "SELECT DISTINCT state FROM ticket")}
    assert states >= {"open", "to_be_invoiced", "done"}
    late = "SELECT count(*) FROM time_entry JOIN ticket ON ticket.id = ticket WHERE state = 'to_be_invoiced'"
    assert rows(store, f"{late} AND worked_at < '2026-09-01' AND invoiced_on IS NULL") == [(0,)]


def test_the_odd_cases_of_the_invoice_are_there(played):
    store, _result, _folder = played
    assert rows(store, "SELECT count(*) FROM time_entry WHERE category = 'PROGP58'") == [(1,)]
    assert rows(store, "SELECT max(hundredths) FROM time_entry")[0][0] > 800
    repeated = "SELECT count(*) AS n FROM message GROUP BY ticket, text, side HAVING n > 1 AND length(text) > 40"
    assert rows(store, repeated)
    after_done = "SELECT count(*) FROM time_entry JOIN ticket ON ticket.id = ticket WHERE state = 'done'"
    assert rows(store, f"{after_done} AND invoiced_on IS NULL")[0][0] >= 1
    reopened = "SELECT count(*) FROM event WHERE kind = 'state' AND old = 'done' AND new = 'open'"
    assert rows(store, reopened)[0][0] >= 1


def test_managers_are_asked_and_time_is_written_by_several_technicians(played):
    store, _result, _folder = played
    assert rows(store, "SELECT count(*) FROM approval")[0][0] == 4
    assert rows(store, "SELECT count(DISTINCT technician_email) FROM time_entry")[0][0] >= 5


def test_only_the_newest_letters_lie_in_the_folder_and_none_waits(played):
    store, result, folder = played
    assert outbox.waiting(store) == 0
    lying = list((folder / "outbox").glob("*.eml"))
    assert 0 < len(lying) < result.letters / 4
    letter = email.message_from_bytes(lying[0].read_bytes(), policy=default)
    assert "[Connectica #" in letter["Subject"]


def test_the_price_of_programming_changes_within_the_year_and_one_company_has_its_own(played):
    store, _result, _folder = played
    assert len(rows(store, "SELECT rate FROM price WHERE category = 'PROGP85'")) == 2
    assert rows(store, "SELECT company FROM price WHERE company != ''") == [("vltava",)]
    assert {login for (login,) in rows(store, "SELECT login FROM technician")} == {
        one.login for one in people.TECHNICIANS
    }


def test_a_playing_store_is_an_ordinary_one_afterwards(played):
    store, _result, _folder = played
    with sqlite3.connect(f"file:{store.path}?mode=ro", uri=True) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_one_company_has_prepaid_hours_nearly_used_up(played):
    store, _result, _folder = played
    ((company, amount, inside, over),) = rows(store, "SELECT company, amount, rate_inside, rate_over FROM agreement")
    assert (company, inside, over) == ("hora", "", "")  # its figures stay those of the price list
    worked = (
        "SELECT sum(hundredths) FROM time_entry JOIN ticket ON ticket.id = ticket WHERE ticket.company = 'hora'"
        " AND worked_at >= (SELECT valid_from FROM agreement) AND removed_at IS NULL"
    )
    used = (rows(store, worked)[0][0] or 0) / 100
    assert used == 0 or used <= float(amount) < used / 0.9 + 1


def test_there_is_a_correction_a_supplement_and_work_written_down_later(played):
    store, _result, _folder = played
    corrections = "SELECT reason FROM correction WHERE invoiced_on IS NOT NULL AND old_hundredths = 1000"
    assert rows(store, corrections) == [("překlep, šlo o jednu hodinu",)]
    assert rows(store, "SELECT count(*) FROM document WHERE supplement > 0")[0][0] >= 1
    is_later = "JOIN message ON message.id = message WHERE date(worked_at) < date(sent_at)"
    later = f"SELECT count(*) FROM time_entry {is_later}"
    assert rows(store, later)[0][0] >= 1
