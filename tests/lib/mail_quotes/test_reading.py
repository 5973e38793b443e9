"""What of a mail its sender wrote: in every program and language, wherever the own words stand."""

import time

import pytest

from portal.lib.mail_quotes import html, markup, reading
from portal.lib.mail_quotes.lines import Part
from portal.lib.mail_quotes.reading import About
from tests.lib.mail_quotes import programs

OLD = ["Dobrý den,", "zkuste ji vypnout.", "", "Petra"]


def said(text, about=None, *parts):
    found = reading.read_text(text, about)
    return [line.text for line, part in found if part in (parts or (Part.OWN,)) and line.text.strip()]


def said_in_html(source, about=None, *parts):
    found = reading.read(html.lines_of(markup.read(source)), about)
    return [line.text for line, part in found if part in (parts or (Part.OWN,)) and line.text.strip()]


def test_a_mail_of_own_words_is_its_own():
    assert said("Dobrý den,\n\nnejde tisk.") == ["Dobrý den,", "nejde tisk."]


@pytest.mark.parametrize(
    "text",
    [
        "Už jde.\n\nOn Nov 3, 2026, at 4:19 PM, jnovak wrote:\n\n> Nejde to.",
        "Už jde.\n\nOn Tuesday, November 3, 2026 at 16:19, podpora it wrote:\n> Nejde to.",
        "Už jde.\n\nDne 3. 11. 2026 v 16:19, jnovak napsal:\n> Nejde to.",
        "Už jde.\n\n> Předmět: Tisk\n> Od: noc@connectica.cz\n> Komu: jan@x.example\n> Datum: 2. listopadu 2026 17:44"
        "\n>\n> Nejde to.",
    ],
)
def test_history_of_a_login_or_below_its_subject_is_history_with_it(text):
    found = reading.read_text(text)
    assert [line.text for line, part in found if part is Part.OWN and line.text] == ["Už jde."]
    assert Part.CITED not in found.parts


def test_a_name_with_small_words_in_it_announces_marked_history():
    line = "On Fri, Nov 27, 2026 at 9:12 AM Connectica, support and networks <noc@connectica.example> wrote:"
    assert said(f"Už jde.\n\n{line}\n\n{programs.marked(OLD)}") == ["Už jde."]
    assert "Nic víc." in said(f"Už jde.\n\n{line}\n\nNic víc.")


@pytest.mark.parametrize("line", programs.LINES.values(), ids=programs.LINES.keys())
@pytest.mark.parametrize("shape", [str, programs.wrapped], ids=["whole", "wrapped"])
def test_history_below_an_attribution_is_history_with_it(line, shape):
    marked = programs.marked(OLD)
    for history in (marked, f"\n{marked}", "\n".join(OLD) if not line.startswith(programs.WHO) else marked):
        assert said(f"Už jde.\n\n{shape(line)}\n{history}") == ["Už jde."]


@pytest.mark.parametrize("line", programs.LINES.values(), ids=programs.LINES.keys())
def test_an_answer_below_or_between_is_own_and_the_history_is_not(line):
    assert said(f"{line}\n{programs.marked(OLD)}\n\nUž jde.") == ["Už jde."]
    between = f"{line}\n> Kdy?\n\nZítra.\n\n> A za kolik?\n\nZa nic.\n\n> Petra"
    assert said(between) == ["Zítra.", "Za nic."]
    assert said(between, None, Part.ANSWERED)[1:] == ["Kdy?", "A za kolik?"]
    assert said(between, None, Part.HISTORY) == ["Petra"]


@pytest.mark.parametrize("block", programs.BLOCKS.values(), ids=programs.BLOCKS.keys())
def test_history_below_copied_headers_is_history_with_them(block):
    assert said("\n".join(["Už jde.", "", *block, "", *OLD])) == ["Už jde."]


@pytest.mark.parametrize("program", programs.HTML)
def test_history_in_html_is_history_wherever_the_own_words_stand(program):
    how = programs.HTML[program]
    quote = how.whole(programs.LINES["gmail cs"], programs.paragraphs(OLD))
    assert said_in_html(f"<div>Už jde.</div>{quote}") == ["Už jde."]
    if how.piece:
        assert said_in_html(f"{quote}<div>Už jde.</div>") == ["Už jde."]
        between = (
            f"{how.whole('27. 11. 2026 v 9:12, P <p@x.cz>:', '<p>Kdy?</p>')}<p>Zítra.</p>{how.piece('<p>Kde?</p>')}"
        )
        assert said_in_html(between) == ["Zítra."]
        assert said_in_html(between, None, Part.ANSWERED)[1:] == ["Kdy?"]


@pytest.mark.parametrize(
    "text",
    [
        "Prosím přesunout monitor:\nOd: kancelář 101\nKomu: kancelář 204, paní Benešová\nMonitor má číslo 5521.",
        "Přesun:\nOd: sklad\nDo: dílna\nDatum: 1. 12. 2026\nPředmět: 3 ks PC",
        "Dovolená:\nOd: 1. 12. 2026\nDo: 5. 12. 2026",
        "Kolega napsal:\nzkuste restart\na ono to nepomohlo.",
        "Dne 27. 11. 2026 v 10:00 mi kolega napsal:\nzkuste restart",
        "V pátek 27. 11. 2026 v 10:22 Petr píše test z fyziky:\npotřebuje počítač",
        "From: zítřka nejde VPN\nTo: je problém",
        "Od: zítřka fakturujeme jinak\nproto prosím o změnu",
        "Na straně 3 je:\n- jedna\n- dvě",
        "---\nPoznámka pod čarou",
        "Prosím doinstalovat:\n--\nOffice\n--\nAcrobat\nDěkuji",
        "Prosím doinstalovat:\n\n--\n\nOffice\n\n--\n\nAcrobat\n\nDěkuji",
        "Prosím doinstalovat:\n--\nOffice\nDěkuji",
        "Prosím:\n-- \nOffice\n-- \nAcrobat",
        "--------------------\nCeník 2026\n--------------------\nTiskárna: 8 900 Kč",
        "Von: Büro 101\nAn: Büro 204",
        "From: kancelář\nSent: včera poštou\nDíky",
        "Petr Novák napsal dne 27. 11. 2026 v 9:15:\nzkuste to",
        "Bitte umziehen:\nVon: Büro 1\nAn: Büro 2\nDatum: 1.12.2026 8:00 Uhr\nBetreff: PC",
        "Výpadky:\n27. 11. 2026 9:12 od Petr:\nnešel internet",
    ],
)
def test_what_only_looks_like_history_is_own(text):
    assert said(text) == [line for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize(
    "mail",
    [
        "Chyba:\n\n> Get-Mailbox novak\n> access denied\n\nCo s tím?",
        "Chyba:\n\n> Get-Mailbox novak\n> access denied",
        "> Get-Mailbox novak\nVypíše chybu.",
    ],
)
def test_marked_lines_that_nobody_announced_are_content(mail):
    assert Part.HISTORY not in reading.read_text(mail).parts
    assert Part.CITED in reading.read_text(mail).parts


def test_marked_lines_that_were_said_before_are_history():
    about = About(earlier=("Dobrý den,\nrestartujte prosím počítač.",))
    assert said("Nepomohlo.\n\n> restartujte prosím počítač.", about) == ["Nepomohlo."]
    assert said("Nepomohlo.\n\n> restartujte", about, Part.HISTORY) == ["restartujte"]
    assert said("Nepomohlo.\n\n> něco docela jiného", about, Part.CITED) == ["něco docela jiného"]


def test_an_indentation_is_content_and_a_quote_of_a_mail_program_is_history():
    assert said_in_html(
        '<p>Nainstalujte:</p><blockquote style="margin:0 0 0 40px">7-Zip</blockquote><p>Díky</p>'
    ) == [
        "Nainstalujte:",
        "Díky",
    ]
    assert said_in_html("<p>A:</p><blockquote>7-Zip</blockquote>", None, Part.CITED) == ["7-Zip"]
    assert said_in_html('<p>Ano.</p><blockquote type="cite">7-Zip?</blockquote>', None, Part.HISTORY) == ["7-Zip?"]


@pytest.mark.parametrize("language", programs.FORWARD_LABELS)
@pytest.mark.parametrize("dashes", ["----------", "--------", "------"])
def test_a_forwarded_mail_is_content(language, dashes):
    label = f"{dashes} {programs.FORWARD_LABELS[language]} {dashes}"
    text = "\n".join(
        ["Je to podvod?", "", label, *programs.headers(language, "Banka", "b@x.example"), "", "Klikněte."]
    )
    assert said(text, None, Part.FORWARDED)[-1] == "Klikněte."
    assert Part.HISTORY not in reading.read_text(text).parts


@pytest.mark.parametrize(
    "subject", ["FW: Chyba", "Fwd: Chyba", "WG: Chyba", "PD: Chyba", "[EXT] FW: Chyba", "FW: FW: x"]
)
def test_outlooks_headers_are_a_forward_when_the_subject_says_so(subject):
    text = "\n".join(["Prosím o vyřešení.", "", "_" * 32, *programs.headers("cs"), "", "Nainstalujte verzi 4.2."])
    assert said(text, About(subject=subject), Part.FORWARDED)[-1] == "Nainstalujte verzi 4.2."
    assert said(text, About(subject="RE: Chyba"), Part.HISTORY)[-1] == "Nainstalujte verzi 4.2."


def test_a_first_mail_holds_history_only_of_us_and_its_sender():
    us = reading.known_people(names=["Connectica"], domains=["connectica.example"])
    about = About(opening=True, known=us)
    ours = "Danke.\n\nAm 27.11.26 um 10:22 schrieb Connectica:\n> Bitte neu starten."
    foreign = "Řešte to.\n\nDne 27. 11. 2026 v 9:12 Dodavatel CNC napsal(a):\n> Vyměňte fuser."
    assert said(ours, about) == ["Danke."]
    assert Part.HISTORY not in reading.read_text(foreign, about).parts
    assert said(foreign, about, Part.FORWARDED)[-1] == "Vyměňte fuser."


def test_a_first_mail_that_copies_its_senders_own_headers_forwards_them():
    jan = ("Jan Novák", "jan@vltava.example")
    known = reading.known_people(names=["Connectica", jan[0]], addresses=[jan[1]])
    text = "\n".join(["Viz.", "", *programs.headers("cs", *jan), "", "Nejde tisk."])
    assert said(text, About(opening=True, author=jan, known=known), Part.FORWARDED)[-1] == "Nejde tisk."
    assert said(text, About(author=jan, known=known), Part.HISTORY)[-1] == "Nejde tisk."


def test_a_mail_of_somebody_outside_the_conversation_is_content_in_an_answer_too():
    known = reading.known_people(
        addresses=["jan@vltava.example"], domains=["connectica.example"], names=["Petra Malá"]
    )
    text = "\n".join(["Viz.", "", *programs.headers("cs", "Dodavatel", "d@jinde.example"), "", "Vyměňte fuser."])
    assert said(text, About(known=known), Part.FORWARDED)[-1] == "Vyměňte fuser."
    ours = "\n".join(["Viz.", "", *programs.headers("cs"), "", "Vyměňte fuser."])
    assert said(ours, About(known=known)) == ["Viz."]


def test_a_signature_ends_before_a_postscript():
    text = "Hotovo.\n\n-- \nRadek Vymazal\nConnectica\n\nPS: Klíč je u vrátného."
    assert said(text) == ["Hotovo.", "PS: Klíč je u vrátného."]
    below = "Prosím přijďte až v úterý, v pondělí tu nebudu."
    assert said(f"Hotovo.\n-- \nJan Novák\nDílna\n\n{below}") == ["Hotovo.", below]
    assert said("Hotovo.\n\nOdesláno z iPhonu\n\nJeště: klíč je u vrátného.") == [
        "Hotovo.",
        "Ještě: klíč je u vrátného.",
    ]


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nRadek",
        "\n--\nRadek Vymazal",
        "\n--\nRadek\n+420 777 123 456",
        "Odesláno z iPhonu",
        "Sent from my iPhone",
    ],
)
def test_a_signature_is_told_apart(signature):
    found = reading.read_text(f"Hotovo.\n{signature}")
    assert [line.text for line, part in found if part is Part.OWN and line.text] == ["Hotovo."]


def test_answers_in_colour_within_the_history_stay_with_what_they_answer():
    history = '<p>Kdy?</p><p><span style="color:red">V úterý.</span></p><p>Kolik?</p>'
    history += '<p><font color="#0000ff">Dva.</font></p>'
    mail = f"<p>Odpovědi níže.</p>{programs.HTML['outlook'].whole('', history)}<p>Petra</p>"
    assert said_in_html(mail, None, Part.INSERTED) == ["V úterý.", "Dva."]
    assert {"Kdy?", "Kolik?"} <= set(said_in_html(mail, None, Part.ANSWERED))
    assert said_in_html(mail, None, Part.HISTORY) == ["Petra"]


def test_an_answer_in_colour_on_the_line_of_its_question_stays():
    history = '<p>Jaký je název? <span style="color:rgb(255, 0, 0)">PC-114</span></p><p>Konec</p>'
    mail = f"<p>Červeně.</p>{programs.HTML['outlook on the web'].whole('', history)}"
    assert said_in_html(mail, None, Part.INSERTED) == ["Jaký je název? PC-114"]


def test_answers_typed_into_unmarked_history_stay_with_what_they_answer():
    asked = ["Jaký je název počítače?", "Kdy můžeme přijít?"]
    mail = "\n".join(
        ["Níže.", "", *programs.headers("cs"), "", asked[0], "PC-114", asked[1], "Ano, v úterý.", "", "-- ", "P"]
    )
    about = About(earlier=("Dobrý den, ano.\n" + "\n".join(asked),))
    assert said(mail, about, Part.INSERTED) == ["PC-114", "Ano, v úterý."]
    assert said(mail, about, Part.ANSWERED)[-2:] == asked
    assert said(mail.replace("PC-114\n", "").replace("Ano, v úterý.\n", ""), about, Part.INSERTED) == []


def test_what_a_scanner_or_a_company_adds_below_a_quote_answers_nothing():
    history = f"{programs.LINES['thunderbird cs']}\n{programs.marked(OLD)}"
    for notice in ("Tento e-mail je důvěrný.", "This e-mail is confidential.", "Bez virů. www.avast.com"):
        assert said(f"Už jde.\n\n{history}\n\n{notice}") == ["Už jde."]


def test_a_line_above_a_sum_is_no_line_of_outlook():
    source = '<p>Tabulka</p><div style="border-top:solid #E1E1E1 1.0pt"><p>Součet: 5</p></div><p>Díky</p>'
    assert said_in_html(source) == ["Tabulka", "Součet: 5", "Díky"]


def test_headers_without_a_date_are_an_example():
    text = "Prosím pravidlo:\nOd: noc@connectica.example\nKomu: a@b.cz\nPředmět: Faktura\nPřesunout do složky."
    assert Part.HISTORY not in reading.read_text(text).parts


def test_a_coloured_signature_and_a_mail_all_in_colour_open_no_history():
    for history in (
        '<p>Zkuste to.</p><p>S pozdravem</p><p style="color:#c00000">Connectica s.r.o.</p>',
        '<p style="color:#0000ff">Zkuste to.</p><p style="color:#0000ff">A napište.</p>',
    ):
        mail = f"<p>Už jde.</p>{programs.HTML['outlook'].whole('', history)}"
        assert said_in_html(mail, None, Part.INSERTED, Part.ANSWERED) == []


FOOTER = (
    "Odpovědí se požadavku ujmete. Řádky na konci vašeho textu:\n"
    "PROGP85:1,00 · STAV: be invoiced · TERMIN: 24.11.2026 · RESI: jmeno.prijmeni · SCHVALIT: otázka"
    " · PRIDAT: adresa · DUVERNE · INTERNI"
)


@pytest.mark.parametrize(
    "quoted",
    [
        FOOTER,
        programs.marked(FOOTER.split("\n")),
        programs.marked(["-- ", *FOOTER.split("\n")]),
        programs.marked(FOOTER.replace(" · RESI", " ·\nRESI").replace(" na konci", "\nna konci").split("\n")),
        FOOTER.replace("·", "?"),
        FOOTER.replace("\n", " "),
    ],
)
def test_our_own_small_print_is_found_wherever_it_is_quoted(quoted):
    text = f"Hotovo.\n\nDne 27. 11. 2026 v 9:12 Connectica napsal(a):\n> Dobrý den\n{quoted}"
    found = reading.read_text(text)
    left = "\n".join(line.text for line, part in found if part is not Part.FOOTER)
    assert "Hotovo." in left and "Dobrý den" in left
    assert not any(word in left for word in ("STAV", "RESI", "SCHVALIT", "INTERNI", "ujmete", "vašeho textu"))


@pytest.mark.parametrize(
    "hostile",
    [
        "> " * 50_000,
        "Od: a <a@b.cz>\n" * 20_000,
        "On 1. 1. 2026 1:11 " * 10_000,
        "Dne 27. 11. 2026 v 9:12\n" * 20_000,
        "> Dne 27. 11. 2026 v 9:12 Petr napsal(a):\nx\n" * 10_000,
        "-----" * 50_000,
        "Dne 1. 1. 2026 v 1:11 P <a@b.cz> napsal:\n\n" * 10_000,
        "\n" * 300_000 + "> x",
        "--\n\n" * 50_000,
    ],
)
def test_hostile_text_is_read_in_a_time_in_proportion_to_its_length(hostile):
    started = time.process_time()
    reading.read_text(hostile)
    assert time.process_time() - started < 30


@pytest.mark.parametrize(
    "hostile",
    [
        "<blockquote>" * 140 + "x<br>" * 20_000,
        "<blockquote>x</blockquote>y" * 10_000,
        '<span style="color:red">x</span> ' * 12_000,
        '<span style="display:none">x</span> ' * 12_000,
        '<div id="divRplyFwdMsg">Od: x</div>' * 10_000,
        '<div class="gmail_quote"><div class="gmail_attr">x</div></div>' * 5_000,
    ],
)
def test_hostile_html_is_read_in_a_time_in_proportion_to_its_length(hostile):
    started = time.process_time()
    reading.read(html.lines_of(markup.read(hostile)))
    assert time.process_time() - started < 30
