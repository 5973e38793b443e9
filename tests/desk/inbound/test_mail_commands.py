"""The lines by which technicians steer tickets."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.desk.inbound import mail_commands
from portal.desk.inbound.mail_commands import NO_DUE_AT
from portal.timecodes import TimeCode

KNOWN = {"PROGP85", "SPRAVA60", "KONZULTACE"}
pytestmark = pytest.mark.usefixtures("at_noon")


def read(text):
    return mail_commands.read(text, KNOWN)


def test_several_lines_of_time_add_up_and_leave_the_text():
    asked = read("Hotovo.\n\nPROGP85:1,00\n  SPRAVA60 : 0.25\n*PROGP85:2*\n")
    assert asked.times == tuple(
        TimeCode(category, Decimal(hours))
        for category, hours in [("PROGP85", "1.00"), ("SPRAVA60", "0.25"), ("PROGP85", "2.00")]
    )
    assert asked.text("Hotovo.\n\nPROGP85:1,00\n  SPRAVA60 : 0.25\n*PROGP85:2*\n") == "Hotovo."


def test_a_known_category_may_be_written_small():
    assert read("progp85:0,5").times == (TimeCode("PROGP85", Decimal("0.50")),)


@pytest.mark.parametrize("written", ["-1", "999", "1,005", "jedna"])
def test_time_that_cannot_be_billed_comes_back_with_a_reason_and_is_not_shown(written):
    asked = read(f"Hotovo.\nPROGP85:{written}")
    assert not asked.times
    assert asked.problems[0].line == f"PROGP85:{written}"
    assert asked.problems[0].reason
    assert asked.text(f"Hotovo.\nPROGP85:{written}") == "Hotovo."


def test_an_unknown_category_is_taken_where_technicians_write_lines():
    assert read("Hotovo.\n\nNEZNAMA: 2").times == (TimeCode("NEZNAMA", Decimal("2.00")),)
    assert read("NOVA70:1\nA ještě jsem restartoval server.").times == (TimeCode("NOVA70", Decimal("1.00")),)


@pytest.mark.parametrize("sentence", ["PIN: 1234 a heslo jsem poslal.", "POZOR: restart v 18:00", "Tel.: 5"])
def test_a_sentence_with_a_colon_stays_a_sentence(sentence):
    text = f"{sentence}\nDěkuji za trpělivost."
    assert read(text) == mail_commands.Instructions()


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ("be invoiced", "to_be_invoiced"),
        ("Be Invoiced", "to_be_invoiced"),
        ("K FAKTURACI", "to_be_invoiced"),
        ("otevřené", "open"),
        ("otevrene", "open"),
        ("Dokončené", "done"),
        ("closed", "done"),
        ("error", "error"),
    ],
)
def test_a_state_is_understood_however_it_is_written(written, state):
    assert read(f"STAV: {written}").state == state


def test_the_first_of_two_states_holds_and_the_other_comes_back():
    asked = read("STAV: done\nSTAV: open")
    assert asked.state == "done"
    assert [problem.line for problem in asked.problems] == ["STAV: open"]


def test_a_sentence_about_the_state_of_things_is_no_state():
    asked = read("Stav: tiskárna zase tiskne.\nDěkuji.")
    assert (asked.state, asked.problems, asked.taken) == ("", (), set())


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ("24.11.2026", datetime(2026, 11, 24, 22, 59, tzinfo=UTC)),
        ("24. 11. 2026 14:30", datetime(2026, 11, 24, 13, 30, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, 22, 59, tzinfo=UTC)),
        ("2026-11-24T14:30+01:00", datetime(2026, 11, 24, 13, 30, tzinfo=UTC)),
        ("2027-07-01 08:00", datetime(2027, 7, 1, 6, 0, tzinfo=UTC)),
        ("zrušit", NO_DUE_AT),
    ],
)
def test_a_due_date_is_a_moment_in_prague(written, due):
    assert read(f"TERMÍN: {written}").due == due


@pytest.mark.parametrize("written", ["31.2.2027", "zítra", "1.11.2026", "24.11.2099", "2026-13-01", ""])
def test_a_due_date_that_is_none_comes_back(written):
    asked = read(f"TERMIN: {written}")
    assert asked.due is None
    assert len(asked.problems) == 1


def test_one_mail_may_say_everything():
    asked = read("ŘEŠÍ: Petra.Mala\nSCHVÁLIT: Můžeme koupit disk?\nINTERNÍ\nPROGP85:1")
    assert (asked.technician, asked.questions, asked.internal) == ("petra.mala", ("Můžeme koupit disk?",), True)
    assert asked.text("ŘEŠÍ: Petra.Mala\nSCHVÁLIT: Můžeme koupit disk?\nINTERNÍ\nPROGP85:1") == ""


def test_a_known_category_below_the_signature_is_not_billed_and_the_technician_hears_of_it():
    asked = read("Hotovo.\n-- \nRadek\nPROGP85:3")
    assert not asked.times
    assert "podpisem" in asked.problems[0].reason


def test_lines_of_quoted_history_are_never_read():
    history = "Dne 02.11.2026 v 11:40 Jan napsal(a):\n> PROGP85:8"
    for text in (f"Hotovo.\n\n{history}", "Hotovo.\n\n-----Původní zpráva-----\nOd: Jan\nSTAV: done\nPROGP85:9\nJan"):
        asked = read(text)
        assert (asked.times, asked.state, asked.problems) == ((), "", ())
        assert "PROGP85" not in asked.text(text)


def test_lines_below_and_between_what_is_quoted_are_read():
    asked = read("Dne 02.11.2026 v 11:40 Jan napsal(a):\n> Kdy?\nZítra.\nSPRAVA60:1\n> Kde?\nTam.\nSTAV: done")
    assert (asked.state, [str(code) for code in asked.times]) == ("done", ["SPRAVA60:1,00"])


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("přeposlané", "Viz.\n\n---------- Přeposlaná zpráva ---------\nOd: Petra\n\nHotovo.\nPROGP85:3"),
        ("citaci", "Chyba:\n> PROGP85:3\nDíky"),
    ],
)
def test_time_in_a_forwarded_or_cited_text_is_neither_booked_nor_shown_and_the_technician_hears_of_it(where, text):
    asked = read(text)
    assert (asked.times, [where in problem.reason for problem in asked.problems]) == ((), [True])
    assert "PROGP85" not in asked.text(text)


@pytest.mark.parametrize(
    "line",
    [
        "- SPRAVA60: 1,50",
        "   - SPRAVA60:1,50",
        "1. SPRAVA60:1,50",
        "a) SPRAVA60:1,50",
        "– SPRAVA60: 1,50",
        "• SPRAVA60:1.5",
        "*SPRAVA60: 1,50*",
        "**SPRAVA60:** 1,50",
        "_SPRAVA60: 1,50_",
        "„SPRAVA60: 1,50“",
        "»SPRAVA60:1,50«",
        "`SPRAVA60:1,50`",
        "SPRAVA60 1,50",
        "SPRAVA60=1,50",
        "SPRAVA60 = 1,50",
        "SPRAVA60 – 1,50",
        "SPRAVA 60:1,50",
        "Sprava60: 1,50 h",
        "SPRAVA60： 1,50",
        "SPRAVA60\u200b:\u00a01,50",
        "\u2066SPRAVA60:1,50\u2069",
        "SPRAVA60: 1:30",
        "SPRAVA60: 90 min",
        "SPRAVA60: 1 h 30 min",
        "SPRAVA60: 1,5 hodiny",
        "SPRAVA60:1,50.",
    ],
)
def test_time_is_understood_in_every_spelling_of_one_meaning(line):
    for text in (f"Hotovo.\n\n{line}\n", f"{line}\n\nDěkuji, hezký den."):
        asked = read(text)
        assert (asked.times, asked.problems) == ((TimeCode("SPRAVA60", Decimal("1.50")),), ())
        assert "60" not in asked.text(text)


@pytest.mark.parametrize(
    "line",
    [
        "SPRAVA60: 20 min",
        "SPRAVA60: 1:20",
        "SPRAVA60: hodina",
        "SPRAVA60:",
        "NOVA70 1,00",
        "NOVA70=1,00",
        "OPRAVA: 1,00",
        "STAVV: done",
        "TERMNI: 24.11.2026",
        "SCHVALT: Můžeme?",
        "STORNO: včerejšek",
    ],
)
def test_a_line_that_nearly_hits_comes_back_and_is_not_shown(line):
    text = f"Hotovo.\n\n{line}\n\nDěkuji, hezký den."
    asked = read(text)
    assert not asked.times
    assert [problem.line for problem in asked.problems] == [line]
    assert line.split()[0] not in asked.text(text)


@pytest.mark.parametrize(
    "sentence",
    [
        "SPRAVA60 je levnější než PROGP85.",
        "Sprava 60 počítačů trvá dlouho.",
        "HP400 2 ks",
        "Konzultace s vámi byla milá.",
        "POZNÁMKA: klíč je u vrátného",
        "DŮLEŽITÉ: nevypínat",
        "IP: 10.0.0.1",
        "SPRAVA 600 stanic",
        "- 7-Zip",
        "1. krok",
    ],
)
def test_a_sentence_that_names_a_category_stays_a_sentence(sentence):
    asked = read(f"Dobrý den,\n{sentence}\nDěkuji.")
    assert asked == mail_commands.Instructions()


def test_time_that_ends_a_mail_below_unmarked_history_is_not_booked_and_the_technician_hears_of_it():
    text = "Hotovo.\n\n-----Původní zpráva-----\nOd: Jan\n\nNejde tisk.\n\nPROGP85:9\n"
    asked = read(text)
    assert (asked.times, ["pod citovanou" in problem.reason for problem in asked.problems]) == ((), [True])
    assert "PROGP85" not in asked.text(text)


def test_time_within_a_sentence_is_not_booked_and_the_technician_hears_of_it():
    asked = read("Hotovo, tiskárna tiskne (PROGP85:1,00).\nDěkuji.")
    assert (asked.times, asked.taken, asked.cut) == ((), set(), ((0, "PROGP85:1,00"),))
    assert [problem.line for problem in asked.problems] == ["PROGP85:1,00"]


def test_a_question_that_a_program_wrapped_is_whole():
    first = "SCHVALIT: Souhlasíte s nákupem dvou licencí Acrobat Standard pro účtárnu"
    asked = read(f"Dobrý den.\n\n{first}\nza 2 400 Kč ročně?\n\nDěkuji")
    assert asked.questions == ("Souhlasíte s nákupem dvou licencí Acrobat Standard pro účtárnu za 2 400 Kč ročně?",)
    assert "ročně" not in asked.text(f"Dobrý den.\n\n{first}\nza 2 400 Kč ročně?\n\nDěkuji")


@pytest.mark.parametrize(
    "written",
    ["petra.mala@x.cz<mailto:petra.mala@x.cz>", "[petra.mala@x.cz](mailto:petra.mala@x.cz)", "Petra.Mala@x.cz"],
)
def test_an_address_that_a_program_wrote_twice_is_one(written):
    assert read(f"RESI: {written}").technician == "petra.mala@x.cz"


@given(st.text(alphabet=st.sampled_from("PROG85:,.1 \nSTAVdoneINTRMŘEŠÍ-\u00a0*"), max_size=200))
def test_any_text_can_be_read_and_what_was_not_taken_is_kept(text):
    asked = read(text)
    kept = asked.text(text)
    untouched = [line for at, line in enumerate(text.split("\n")) if at not in asked.taken and line.strip()]
    assert [line.strip() for line in kept.split("\n") if line.strip()] == [line.strip() for line in untouched]


@pytest.mark.parametrize(
    ("line", "is_confidential"),
    [
        ("DUVERNE", True),
        ("DŮVĚRNÉ", True),
        ("DUVERNE:", True),
        ("DUVERNE: ano", True),
        ("DUVERNE: ne", False),
        ("Důvěrné: ne", False),
        ("CONFIDENTIAL", True),
        ("Důvěrné údaje posílám.", None),
        ("nic", None),
    ],
)
def test_a_line_marks_the_ticket_as_confidential_or_not(line, is_confidential):
    asked = read(f"Hotovo.\n\n{line}\n")
    assert asked.confidential is is_confidential
    assert not asked.problems


def test_what_cannot_be_confidential_comes_back_with_a_reason():
    assert read("DUVERNE: možná").problems
    twice = read("DUVERNE\nDUVERNE: ne")
    assert twice.confidential is True
    assert twice.problems


def test_of_more_lines_than_anybody_writes_the_rest_is_not_done_but_told_and_not_shown():
    written = [f"PROGP85:{number % 20 + 1},{number // 20 + 11}" for number in range(mail_commands.MOST_FOLLOWED + 2)]
    text = "\n".join(["Hotovo.", *written])
    asked = read(text)
    assert [f"PROGP85:{time.hours}".replace(".", ",") for time in asked.times] == written[:-2]
    assert [problem.line for problem in asked.problems] == written[-2:]
    assert asked.text(text) == "Hotovo."


def test_what_a_letter_cannot_tell_of_is_counted():
    asked = read("PROGP85:-1\n" * (mail_commands.MOST_FOLLOWED + 7))
    assert len(asked.problems) == mail_commands.MOST_FOLLOWED + 1
    assert "7" in asked.problems[-1].reason


def test_one_line_adds_no_more_people_than_a_conversation_has():
    asked = read("PRIDAT: " + ", ".join(f"a{number}@b.cz" for number in range(mail_commands.MOST_PEOPLE + 1)))
    assert (asked.people, len(asked.problems)) == ((), 1)


@pytest.mark.parametrize(
    "written",
    [
        "ＰＲＯＧＰ８５:０,２５",
        "PRОGР85: 0,25",  # with a Cyrillic О and Р
        "☑ PROGP85: 0,25",
        "[x] PROGP85: 0,25",
        "➢ PROGP85 0,25",
        "-> PROGP85: 0,25",
        "[PROGP85: 0,25]",
        "{PROGP85: 0,25}",
        "PROGP85\n0,25",
        "PROGP85:\n\n0,25 h",
    ],
)
def test_time_in_letters_boxes_and_cells_of_any_kind_is_booked(written):
    asked = read(f"Hotovo.\n\n{written}\n")
    assert asked.times == (TimeCode("PROGP85", Decimal("0.25")),)
    assert asked.text(f"Hotovo.\n\n{written}\n") == "Hotovo."


@pytest.mark.parametrize(
    "written",
    [
        "0,25 PROGP85",
        "0,25 h PROGP85",
        "Čas: PROGP85 0,25",
        "Celkem 0.25 - PROGP85",
        "2 h PROGP85",
        "PROGP85/0,25",
        "PROGP85,0,25",
        "PROGP85 x 0,25",
    ],
)
def test_time_that_is_turned_around_is_told_of_and_cut(written):
    asked = read(f"Hotovo.\n\n{written}\n")
    assert (asked.times, asked.cut) == ((), ((2, written),))
    assert asked.problems[0].line == written


@pytest.mark.parametrize(
    "sentence", ["Za 900,00 PROGP85 už neúčtujeme.", "Verze 1.25.3 PROGP85 funguje.", "Ceník PROGP85 platí."]
)
def test_a_category_in_a_sentence_is_no_time(sentence):
    assert read(sentence) == mail_commands.Instructions()


@pytest.mark.parametrize("between", [" = ", "=", " - ", " – ", " "])
def test_a_line_without_its_colon_is_understood_where_it_leaves_no_doubt(between):
    asked = read(
        f"STAV{between}be invoiced\nRESI{between}petra.mala\nTERMÍN{between}24.11.2026\n"
        f"PŘIDAT{between}marie@strojirny-vltava.example\nSCHVALIT{between}Můžeme koupit disk?\nDUVERNE{between}ano"
    )
    assert (asked.state, asked.technician, asked.questions) == (
        "to_be_invoiced",
        "petra.mala",
        ("Můžeme koupit disk?",),
    )
    assert (asked.people, asked.confidential, asked.problems) == (("marie@strojirny-vltava.example",), True, ())
    assert asked.due is not None


@pytest.mark.parametrize(
    "sentence", ["STAV TISKÁREN NA DÍLNĚ", "ZA hodinu jsem tam.", "DUE to a fault", "Stav – dobrý"]
)
def test_a_heading_that_begins_like_a_line_of_ours_stays(sentence):
    assert read(f"{sentence}\nDěkuji.") == mail_commands.Instructions()


@pytest.mark.parametrize("written", ["INTERNE", "INTERNÍ!", "Interní poznámka".upper(), "INTERN", "INTERNI."])
def test_a_word_that_keeps_a_mail_from_the_company_is_understood_misspelt(written):
    assert read(f"Klient neplatí.\n{written}").internal


@pytest.mark.parametrize("written", ["INTERNET", "Interní systém nejde", "INTERNÍ SÍŤ", "DŮVĚRA"])
def test_words_that_only_resemble_it_are_words(written):
    assert read(written) == mail_commands.Instructions()


def test_one_mail_asks_no_more_questions_than_a_manager_can_answer():
    asked = read("".join(f"SCHVALIT: Můžeme koupit {number} disků?\n" for number in range(30)))
    assert len(asked.questions) == mail_commands.MOST_QUESTIONS
    assert len(asked.problems) == 30 - mail_commands.MOST_QUESTIONS
    assert "nejvýš" in asked.problems[0].reason


def test_blanks_in_a_long_line_do_not_hide_what_it_asks():
    asked = read("STAV:" + " " * 5000 + "be invoiced")
    assert asked.state == "to_be_invoiced"
