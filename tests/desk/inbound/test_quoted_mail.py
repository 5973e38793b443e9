"""What mails with quotes, forwards and lines for the desk become: the page, the letters, the hours."""

import pytest

from portal.desk.inbound import intake

THUNDERBIRD = "Dne 2. 11. 2026 v 10:22 Jan Novák (Connectica) napsal(a):"
GMAIL = "po 2. 11. 2026 v 10:22 odesílatel Connectica <noc@connectica.cz> napsal:"
LINE = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"


@pytest.mark.parametrize(
    "quote",
    [
        f"{THUNDERBIRD}\n> Jan Novák píše:\n>\n> nejde mi tiskárna.",
        f"{GMAIL}\n\n> nejde mi tiskárna.\n> SITE80:9,00",
        "Am 02.11.26 um 10:22 schrieb Jan Novák:\n> nejde mi tiskárna.",
        "V Po, 2. 11. 2026 v 10:22 +0100, Jan Novák píše:\n> nejde mi tiskárna.",
    ],
)
def test_a_technician_answers_below_the_quote(quote, opened, technician_writes, letters, hours, page):  # noqa: PLR0917
    technician_writes(opened, f"{quote}\n\nDobrý den, zkuste ji vypnout.\n\nPROGP85:0,25\n\n-- \nRadek Vymazal")
    [(recipient, _, text)] = letters(opened, "answer")
    assert recipient == "jan@strojirny-vltava.example"
    assert text.startswith("Dobrý den, zkuste ji vypnout.\n\n-- \nRadek Vymazal")
    assert "nejde mi" not in text
    assert hours(opened) == [("PROGP85", "0.25")]
    visible, folded = page(opened)
    assert visible.strip() == "Dobrý den, zkuste ji vypnout."
    assert "nejde mi tiskárna." in folded
    assert "PROGP85" not in visible + folded


@pytest.mark.parametrize("mark", ["> ", ">", " > "])
def test_a_technician_answers_between_the_lines(mark, opened, technician_writes, letters, hours, page):  # noqa: PLR0917
    technician_writes(
        opened,
        f"Dobrý den,\n\n{THUNDERBIRD}\n{mark}Kdy přijdete?\n\nV úterý v 9:00.\n\n{mark}A kolik to bude stát?\n\n"
        "Pokrývá to paušál.\n\nPROGP85:0,50\n",
    )
    [(_, _, text)] = letters(opened, "answer")
    visible, folded = page(opened)
    for place in (text, visible):
        asked, answered = place.index("Kdy přijdete?"), place.index("V úterý v 9:00.")
        assert asked < answered < place.index("A kolik to bude stát?") < place.index("Pokrývá to paušál.")
        assert "PROGP85" not in place
    assert (hours(opened), folded) == ([("PROGP85", "0.50")], "")


def test_an_employee_answers_between_the_lines(opened, technician_writes, employee_writes, letters, page):
    technician_writes(opened, "Jaký je název počítače?\nKdy můžeme přijít?")
    employee_writes(
        opened, f"{GMAIL}\n> Jaký je název počítače?\n\nPC-114\n\n> Kdy můžeme přijít?\n\nV úterý po 13.\n"
    )
    [(recipient, _, text)] = letters(opened, "employee_wrote")
    assert recipient == "radek@connectica.cz"
    for line in ("> Jaký je název počítače?", "PC-114", "> Kdy můžeme přijít?", "V úterý po 13."):
        assert line in text and line in page(opened)[0]


FORWARDS = [
    "---------- Forwarded message ---------\nOd: Banka <b@x.example>\nDate: po 2. 11. 2026 v 8:01\n"
    "Subject: Ověřte účet\nTo: <jan@strojirny-vltava.example>\n\nZadejte PIN.",
    "________________________________\nOd: Dodavatel CNC <servis@cnc.example>\nOdesláno: pondělí 2. listopadu 2026"
    " 8:10\nKomu: Jan Novák\nPředmět: Aktualizace\n\nZadejte PIN.",
    "-------- Přeposlaná zpráva --------\nPředmět: Ověřte účet\nDatum: Mon, 2 Nov 2026 8:01\nOd: Banka <b@x.cz>\n"
    "Komu: jan@strojirny-vltava.example\n\n> Zadejte PIN.",
    "Začátek přeposílané zprávy:\n\n> Od: Banka <b@x.example>\n> Předmět: Ověřte účet\n> Datum: 2. listopadu 2026"
    "\n>\n> Zadejte PIN.",
    "-----Ursprüngliche Nachricht-----\nVon: Bank <b@podvod.example>\nGesendet: Montag, 2. November 2026 08:10\n"
    "An: Jan\nBetreff: Konto\n\nZadejte PIN.",
]


@pytest.mark.parametrize("forward", FORWARDS)
def test_what_an_employee_forwards_is_content(forward, store, compose, letters, page):
    number = intake.receive(store, compose(f"Je to podvod?\n\n{forward}", subject="FW: Ověřte účet")).ticket
    [(_, _, text)] = letters(number, "new_ticket")
    visible, folded = page(number)
    assert "Je to podvod?" in text and "Zadejte PIN." in text
    assert "Je to podvod?" in visible and "Zadejte PIN." in visible and not folded


@pytest.mark.parametrize("forward", FORWARDS)
def test_what_a_technician_forwards_reaches_the_employee(forward, opened, technician_writes, letters, hours, page):  # noqa: PLR0917
    technician_writes(opened, f"Posílám vyjádření.\n\nPROGP85:0,50\n\n{forward}\nPROGP85:9,00")
    [(_, _, text)] = letters(opened, "answer")
    assert "Zadejte PIN." in text and "PROGP85" not in text
    assert hours(opened) == [("PROGP85", "0.50")]
    assert "PROGP85:9,00" in letters(opened, "not_understood")[0][2]
    assert "Zadejte PIN." in page(opened)[0] and "PROGP85" not in "".join(page(opened))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Chyba:\n\n> Get-Mailbox novak\n> access denied\n\nCo s tím?", ""),
        ("Chyba:\n> Get-Mailbox novak\n> access denied", ""),
        ("Prosím přesunout:\nOd: kancelář 101\nKomu: kancelář 204\nGet-Mailbox novak, access denied", ""),
        ("Prosím:\n--\nGet-Mailbox novak\n--\naccess denied\nDěkuji", ""),
        (
            "",
            '<div>Prosím:</div><blockquote style="margin:0 0 0 40px"><div>Get-Mailbox novak</div>'
            "<div>access denied</div></blockquote><div>do pondělí.</div>",
        ),
        ("Předávám.\n\nDne 2. 11. 2026 v 9:00 Dodavatel CNC napsal(a):\n> Get-Mailbox novak\n> access denied", ""),
    ],
)
def test_a_first_mail_is_open_as_a_whole(text, html, store, compose, letters, page):  # noqa: PLR0917
    number = intake.receive(store, compose(text, html=html)).ticket
    visible, folded = page(number)
    [(_, _, letter)] = letters(number, "new_ticket")
    for place in (visible, letter):
        assert "Get-Mailbox novak" in place and "access denied" in place
    assert folded == ""


def test_a_line_that_a_mailbox_marked_is_a_line(store, compose, letters, page):
    number = intake.receive(store, compose("Dobrý den,\n\n>From zítřka nejde VPN.")).ticket
    assert "\nFrom zítřka" in page(number)[0]
    assert "\nFrom zítřka" in letters(number, "new_ticket")[0][2]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Už jde.\n\nDňa 2. 11. 2026 o 10:22 Petra Malá napísal(a):\n> Skúste reštart.", ""),
        ("Už jde.\n\nAm 02.11.26 um 10:22 schrieb Connectica:\n> Skúste reštart.", ""),
        ("Už jde.\n\nW dniu 2.11.2026 o 10:22, Connectica pisze:\n> Skúste reštart.", ""),
        ("Už jde.\n\n-----Petra Malá napsal(a): -----\nKomu: jan\nOd: Petra\n\nSkúste reštart.", ""),
        (
            "Už jde.\n\n"
            + "_" * 62
            + "\n> Od: noc@connectica.cz\n> Datum: 2.11.2026 9:12\n> Předmět: X\n>\n> Skúste reštart.",
            "",
        ),
        (
            "",
            f'<p>Už jde.</p><div><div style="{LINE}"><p><b>Von:</b> Connectica &lt;noc@connectica.cz&gt;<br><b>'
            "Gesendet:</b> Montag, 2. November 2026 10:22<br><b>An:</b> Jan<br><b>Betreff:</b> X</p></div></div>"
            "<p>Skúste reštart.</p>",
        ),
        (
            "👍",
            '<div><img data-emoji="x" alt="👍" src="https://x.example/72.png"></div><br><div class="gmail_quote">'
            f'<div class="gmail_attr">{GMAIL}<br></div>'
            '<blockquote class="gmail_quote">Skúste reštart.</blockquote></div>',
        ),
    ],
)
def test_history_is_folded_with_its_announcement(  # noqa: PLR0917
    text, html, opened, technician_writes, employee_writes, letters, page
):
    technician_writes(opened, "Restart?")
    employee_writes(opened, text, html=html)
    visible, folded = page(opened)
    assert visible.strip() in {"Už jde.", "👍"}
    assert "Skúste reštart." in folded
    [(_, _, letter)] = letters(opened, "employee_wrote")
    assert "reštart" not in letter and visible.strip() in letter


def test_answers_in_colour_are_open_and_reach_the_technician(
    opened, technician_writes, employee_writes, letters, page
):
    technician_writes(opened, "Jaký je název počítače?")
    html = (
        f'<p>Odpovídám červeně.</p><div><div style="{LINE}"><p><b>Od:</b> Connectica &lt;noc@connectica.cz&gt;<br>'
        "<b>Odesláno:</b> pondělí 2. listopadu 2026 10:22<br><b>Předmět:</b> X</p></div></div>"
        '<p>Jaký je název počítače?</p><p><span style="color:#FF0000">PC-114</span></p><p>S pozdravem</p>'
    )
    employee_writes(opened, "", html=html)
    [(_, _, letter)] = letters(opened, "employee_wrote")
    for place in (letter, page(opened)[0]):
        assert place.index("Jaký je název") < place.index("PC-114")
    assert "S pozdravem" in page(opened)[1]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hotovo.\n\n*PROGP85: 0,25*\n", "<div>Hotovo.</div><div><br></div><div><b>PROGP85: 0,25</b></div>"),
        ("Hotovo.\n\n   - PROGP85: 0,25\n", "<div>Hotovo.</div><div><ul><li>PROGP85: 0,25</li></ul></div>"),
        ("Hotovo.\n\n1. PROGP85: 0,25\n", "<div>Hotovo.</div><ol><li><i>PROGP85: 0,25</i></li></ol>"),
        ("Hotovo.\n\n„PROGP85: 0,25“\n", "<p>Hotovo.</p><p><u>„PROGP85: 0,25“</u></p>"),
        ("Hotovo.\n\nPROGP85: 0,25\n", "<p>Hotovo.</p><p><span>PROG</span><b>P85</b>: 0,25</p>"),
        ("Tato zpráva je psána v HTML, váš program ji neumí zobrazit.", "<p>Hotovo.</p><p>PROGP85: 0,25</p>"),
        ("", "<p>Hotovo.</p><table><tr><td>PROGP85: 0,25</td></tr></table>"),
        ("", "Hotovo.<br>PROGP85: 0,25<br><br>"),
        ("Hotovo.\nPROGP85:0,25", ""),
    ],
)
def test_a_time_line_is_booked_in_whatever_markup_and_shown_nowhere(  # noqa: PLR0917
    text, html, opened, technician_writes, letters, hours, record, page
):
    technician_writes(opened, text, html=html)
    assert hours(opened) == [("PROGP85", "0.25")]
    assert letters(opened, "answer")[0][2].startswith("Hotovo.\n\n-- \nConnectica")
    assert page(opened)[0].strip() == "Hotovo."
    assert "PROGP85" not in str(record(opened)["messages"]) and "P85" not in str(record(opened)["messages"])
    assert letters(opened, "not_understood") == []


def test_a_wrapped_question_is_asked_whole(opened, technician_writes, letters, record, page):
    whole = "Souhlasíte s nákupem dvou licencí Acrobat Standard pro účtárnu za 2 400 Kč ročně?"
    text = f"Docházejí licence.\n\nSCHVALIT: {whole.replace('účtárnu za', 'účtárnu' + chr(10) + 'za')}\n"
    technician_writes(opened, text, html=f"<p>Docházejí licence.</p><p>SCHVALIT: {whole}</p>")
    assert [approval["question"] for approval in record(opened)["approvals"]] == [whole]
    assert "ročně" not in letters(opened, "answer")[0][2] + "".join(page(opened))


def test_a_doubled_address_hands_over(opened, technician_writes, record):
    text = "Předávám.\n\nRESI: petra@connectica.cz<mailto:petra@connectica.cz>\n"
    technician_writes(
        opened, text, html='<p>Předávám.</p><p>RESI: <a href="mailto:petra@connectica.cz">petra@connectica.cz</a></p>'
    )
    assert record(opened)["technician"]["name"] == "Petra Malá"


def test_links_lists_and_commands_of_html_reach_the_employee(opened, technician_writes, letters):
    html = (
        '<p>Návod je <a href="https://navody.example/vpn">zde</a>.</p><pre><code>ipconfig /release\n'
        "ipconfig /renew</code></pre><ol><li>vypnout</li><li>zapnout</li></ol><p>PROGP85: 0,25</p>"
    )
    technician_writes(opened, "", html=html)
    text = letters(opened, "answer")[0][2]
    assert "zde <https://navody.example/vpn>." in text
    assert "ipconfig /release\nipconfig /renew\n" in text
    assert "1. vypnout\n2. zapnout" in text


@pytest.mark.parametrize("style", ["display:none;max-height:0", "mso-hide:all", "font-size:0"])
def test_hidden_words_are_neither_on_the_page_nor_in_letters(style, store, compose, letters, page):
    html = f'<div style="{style}">XQZ náhled</div><p>Tiskárna nejde.</p>'
    number = intake.receive(store, compose("", html=html)).ticket
    assert page(number)[0].strip() == "Tiskárna nejde."
    assert "XQZ" not in letters(number, "new_ticket")[0][2]


@pytest.mark.parametrize("as_html", [False, True])
def test_our_small_print_quoted_by_a_technician_is_nowhere(as_html, opened, technician_writes, letters, record, page):  # noqa: PLR0917
    [(_, _, told)] = letters(opened, "new_ticket")
    assert "STAV: be invoiced" in told
    quoted = "\n".join(f"> {line}".rstrip() for line in told.splitlines())
    if as_html:
        body = "<br>".join(told.splitlines())
        html = f'<p>Podívám se.</p><div class="moz-cite-prefix">{THUNDERBIRD}<br></div>'
        html += f'<blockquote type="cite">{body}</blockquote>'
        technician_writes(opened, "", html=html)
    else:
        technician_writes(opened, f"Podívám se.\n\n{THUNDERBIRD}\n{quoted}")
    said = "".join(page(opened)) + letters(opened, "answer")[0][2] + str(record(opened)["messages"][-1])
    assert "Podívám se." in said and "nejde tiskárna" in said
    assert not any(word in said for word in ("STAV:", "SCHVALIT", "RESI:", "DUVERNE", "ujmete"))


def test_times_that_differ_in_text_and_html_are_told(opened, technician_writes, letters, hours):
    words = "Hotovo, tiskárna na dílně už zase tiskne, a to i oboustranně a barevně."
    technician_writes(opened, f"{words}\n\nPROGP85:2,00\n", html=f"<p>{words}</p><p>PROGP85:1,00</p>")
    assert hours(opened) == [("PROGP85", "1.00")]
    assert "PROGP85:2,00" in letters(opened, "not_understood")[0][2]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hotovo, tiskne (PROGP85:1,00).", ""),
        ("", "<p>Hotovo, tiskne (<b>PROGP85:1,00</b>).</p>"),
        ("Hotovo, tiskne. PROGP85:1,00", "<p>Hotovo, tiskne. PROGP85:1,00</p>"),
    ],
)
def test_time_within_a_sentence_reaches_nobody_but_its_technician(  # noqa: PLR0917
    text, html, opened, technician_writes, letters, hours, record
):
    technician_writes(opened, text, html=html)
    assert hours(opened) == []
    assert "PROGP85:1,00" in letters(opened, "not_understood")[0][2]
    assert "Hotovo, tiskne" in letters(opened, "answer")[0][2]
    assert "PROGP85" not in letters(opened, "answer")[0][2] + str(record(opened)["messages"])
