"""Every part of a mail, in order, and of alternatives what says most."""

import base64
import quopri

import pytest

from portal.desk.inbound import mime
from portal.desk.inbound.parts import contents

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\nx").decode()
PICTURE = (
    f"Content-Type: image/png; name=snimek.png\nContent-Disposition: inline\n"
    f"Content-Transfer-Encoding: base64\n\n{PNG}"
)
PERSON = "From: Jan <jan@strojirny-vltava.example>\nSubject: Dotaz\nMessage-ID: <a@b.example>\nMIME-Version: 1.0\n"


def part(text: str, kind: str = "plain", more: str = "") -> str:
    return f"Content-Type: text/{kind}; charset=utf-8{more}\n\n{text}"


def multipart(kind: str, *parts: str, mark: str = "b1") -> str:
    whole = "".join(f"--{mark}\n{each}\n" for each in parts)
    return f'Content-Type: multipart/{kind}; boundary="{mark}"\n\n{whole}--{mark}--\n'


def read(content: str) -> mime.Mail:
    return mime.read((PERSON + content).encode())


# Side by side


def test_text_and_html_side_by_side_are_both_shown_in_order():
    said = read(multipart("mixed", part("Prosím o nový toner."), part("<p>Patička <b>firmy</b></p>", "html")))
    assert said.text == "Prosím o nový toner.\n\nPatička firmy"
    assert said.html == "<div>Prosím o nový toner.</div>\n<p>Patička <b>firmy</b></p>"


def test_three_texts_keep_their_order():
    said = read(multipart("mixed", part("první"), part("<p>druhý</p>", "html"), part("třetí\nřádek")))
    assert said.text == "první\n\ndruhý\n\ntřetí\nřádek"
    assert said.html.index("první") < said.html.index("druhý") < said.html.index("třetí<br>řádek")


def test_a_list_adds_its_footer_to_a_mail_of_two_forms():
    both = multipart("alternative", part("Nejde tisk."), part("<p>Nejde tisk.</p>", "html"), mark="b2")
    said = read(multipart("mixed", both, part("Konference IT")))
    assert said.text == "Nejde tisk.\n\nKonference IT"
    assert said.html == "<p>Nejde tisk.</p>\n<div>Konference IT</div>"


def test_plain_texts_side_by_side_stay_plain():
    said = read(multipart("mixed", part("první"), part("druhý")))
    assert (said.text, said.html) == ("první\n\ndruhý", "")


def test_a_picture_between_texts_stands_in_its_place():
    said = read(multipart("mixed", part("Toto hlásí:"), PICTURE, part("Co s tím?")))
    assert said.text == "Toto hlásí:\n\n[obrázek: snimek.png]\n\nCo s tím?"
    [picture] = said.files
    assert said.html == f'<div>Toto hlásí:</div>\n<p><img src="cid:{picture.content_id}"></p>\n<div>Co s tím?</div>'


def test_a_picture_between_html_stands_in_its_place_once():
    shown = PICTURE.replace("Content-Disp", "Content-ID: <jedna@x>\nContent-Disp")
    said = read(
        multipart("mixed", part('<p>Zde: <img src="cid:jedna@x"></p>', "html"), shown, part("<p>Dál</p>", "html"))
    )
    assert said.html.count("cid:jedna@x") == 1
    other = read(multipart("mixed", part("<p>Zde:</p>", "html"), shown, part("<p>Dál</p>", "html")))
    assert other.html == '<p>Zde:</p>\n<p><img src="cid:jedna@x"></p>\n<p>Dál</p>'


def test_a_picture_behind_the_text_is_a_file_as_any_other():
    said = read(multipart("mixed", part("V příloze snímek."), PICTURE))
    assert (said.text, said.html, len(said.files)) == ("V příloze snímek.", "", 1)


# Alternatives


def test_of_two_forms_the_text_is_the_plain_one_and_the_looks_are_html():
    said = read(
        multipart("alternative", part("Nejde tisk, prosím."), part("<p>Nejde <b>tisk</b>, prosím.</p>", "html"))
    )
    assert (said.text, said.html) == ("Nejde tisk, prosím.", "<p>Nejde <b>tisk</b>, prosím.</p>")


@pytest.mark.parametrize(
    "stand_in",
    [
        "Tato zpráva je v HTML, váš program ji neumí zobrazit.",
        "Your e-mail client does not support HTML messages.",
        "Pro zobrazení této zprávy ji otevřete v prohlížeči.",
        "View this email in your browser",
        "",
        " - ",
    ],
)
def test_a_text_that_only_stands_in_for_the_html_is_not_what_was_said(stand_in):
    said = read(multipart("alternative", part(stand_in), part("<p>Prosím o reset hesla pro Evu.</p>", "html")))
    assert said.text == "Prosím o reset hesla pro Evu."
    assert said.html == "<p>Prosím o reset hesla pro Evu.</p>"


@pytest.mark.parametrize("html", ["<html><body></body></html>", "<div>&nbsp;</div>", "<style>p{}</style><br>"])
def test_an_empty_html_is_no_form_of_the_message(html):
    said = read(multipart("alternative", part("Prosím o reset hesla."), part(html, "html")))
    assert (said.text, said.html) == ("Prosím o reset hesla.", "")


def test_an_html_that_holds_something_else_is_shown_below_the_text():
    footer = "<p>Důvěrné sdělení společnosti Strojírny Vltava, a. s.</p>"
    said = read(multipart("alternative", part("Prosím o reset hesla pro Evu."), part(footer, "html")))
    assert said.text.startswith("Prosím o reset hesla pro Evu.\n\nDůvěrné sdělení")
    assert said.html.index("reset hesla") < said.html.index("Důvěrné")


def test_pages_of_an_apple_mail_are_joined_to_its_text():
    rich = multipart("mixed", part("<p>Začátek</p>", "html"), PICTURE, part("<p>konec</p>", "html"), mark="b3")
    said = read(multipart("alternative", part("Začátek\nkonec"), rich))
    assert said.text.replace("\n", " ").split()[:1] == ["Začátek"]
    assert said.html.startswith("<p>Začátek</p>\n<p><img")
    assert said.html.endswith("<p>konec</p>")


@pytest.mark.parametrize("kind", ["x-amp-html", "watch-html"])
def test_a_form_for_other_programs_is_neither_text_nor_file(kind):
    said = read(multipart("alternative", part("Zpráva"), part("<i>AMP</i>", kind), part("<p>Zpráva</p>", "html")))
    assert (said.text, said.html, said.files) == ("Zpráva", "<p>Zpráva</p>", ())


# Bodies that are called or wrapped unusually


@pytest.mark.parametrize(
    "content",
    [
        part("Toto je zpráva.", more='; name="message.txt"'),
        part("<p>Toto je zpráva.</p>", "html", '; name="body.html"'),
        'Content-Disposition: inline; filename="text.txt"\n' + part("Toto je zpráva."),
        multipart("mixed", part("Toto je zpráva.", more='; name="a.txt"'), PICTURE),
        multipart(
            "alternative",
            part("Toto je zpráva.", more="; name=a"),
            part("<p>Toto je zpráva.</p>", "html", "; name=b"),
        ),
    ],
)
def test_a_body_with_a_name_is_the_message(content):
    said = read(content)
    assert said.text == "Toto je zpráva."
    assert not [file for file in said.files if file.media_type.startswith("text/")]


@pytest.mark.parametrize("where", [0, 1])
def test_a_text_with_a_name_beside_a_body_is_a_file(where):
    parts = [part("Posílám záznam."), part("ERROR 5", more='; name="log.txt"')]
    said = read(multipart("mixed", *(parts[::-1] if where else parts)))
    assert said.text == "Posílám záznam."
    assert [file.name for file in said.files] == ["log.txt"]


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: multipart/mixed",
        'Content-Type: multipart/mixed; boundary="neni-to"',
        'Content-Type: multipart/mixed; boundary=""',
        "Content-Type: multipart/related; type=text/html",
    ],
)
def test_a_multipart_whose_boundary_is_missing_is_read_by_the_one_it_uses(head):
    said = read(f"{head}\n\n--XX--yy\n{part('Nejde VPN.')}\n--XX--yy\n{PICTURE}\n--XX--yy--\n")
    assert said.text == "Nejde VPN."
    assert [file.name for file in said.files] == ["snimek.png"]


def test_a_multipart_that_is_none_is_text():
    assert read("Content-Type: multipart/mixed\n\nJen text.\n").text == "Jen text."


@pytest.mark.parametrize(
    ("kind", "written", "words"),
    [
        ("markdown", "**Nejde tisk**\n\n- PC-1", "**Nejde tisk**\n\n- PC-1"),
        ("enriched", "<bold>Nejde</bold> tisk,\nprosím.\n\n\nDíky << 3", "Nejde tisk, prosím.\n\nDíky < 3"),
        ("richtext", "<bold>Nejde</bold> tisk.<nl>Díky", "Nejde tisk.\nDíky"),
    ],
)
def test_other_kinds_of_text_are_the_message(kind, written, words):
    said = read(part(written, kind))
    assert (said.text, said.files) == (words, ())


# What is attached


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "Nabídka_ tisk 3D.eml"),
        ('; name="ForwardedMessage.eml"', "Nabídka_ tisk 3D.eml"),
        ('; name="forwarded message (2).eml"', "Nabídka_ tisk 3D.eml"),
        ('; name="cena toneru.eml"', "cena toneru.eml"),
    ],
)
def test_a_forwarded_mail_is_named_by_its_subject(name, shown):
    inner = "From: a@b.example\nSubject: =?utf-8?Q?Nab=C3=ADdka:_tisk?= 3D\n\nText nabídky."
    said = read(multipart("mixed", part("Viz příloha."), f"Content-Type: message/rfc822{name}\n\n{inner}"))
    [file] = said.files
    assert file.name == shown
    assert "Text nabídky.".encode() in file.content


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_mail_attached_in_an_encoding_opens_as_the_mail_it_is(encoding):
    head = "From: a@b.example\r\nSubject: Cena\r\nContent-Type: text/plain\r\n\r\n"
    inner = f"{head}Toner = 900 Kč, jiný text dále.\r\n".encode()
    packed = base64.encodebytes(inner) if encoding == "base64" else quopri.encodestring(inner)
    head = f"Content-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n"
    said = read(multipart("mixed", part("Přeposílám."), head + packed.decode()))
    [file] = said.files
    assert file.name == "Cena.eml"
    assert mime.read(file.content).text.startswith("Toner = 900 Kč")


@pytest.mark.parametrize(
    "kind", ["pkcs7-mime; smime-type=enveloped-data", "x-pkcs7-mime", "pkcs7-mime; smime-type=signed-data"]
)
def test_a_sealed_mail_is_said_plainly(kind):
    said = read(f'Content-Type: application/{kind}; name="smime.p7m"\nContent-Transfer-Encoding: base64\n\nMIAG\n')
    assert said.text == contents.SEALED
    assert [file.name for file in said.files] == ["smime.p7m"]


def test_an_encrypted_mail_of_pgp_is_said_plainly():
    version = "Content-Type: application/pgp-encrypted\n\nVersion: 1"
    secret = 'Content-Type: application/octet-stream; name="encrypted.asc"\n\n-----BEGIN PGP MESSAGE-----'
    said = read(multipart("encrypted; protocol=pgp", version, secret))
    assert said.text == contents.ENCRYPTED
    assert "encrypted.asc" in [file.name for file in said.files]


def test_what_is_encrypted_within_a_text_is_said_and_kept():
    armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n=abcd\n-----END PGP MESSAGE-----"
    said = read(part(f"Dobrý den,\n{armour}\nNovák"))
    assert said.text == f"Dobrý den,\n{contents.ENCRYPTED}\nNovák"
    assert [file.content.decode() for file in said.files] == [armour]


def test_of_a_signed_text_only_the_words_are_shown():
    signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nNejde tisk.\n- -- \nNovák\n"
    signature = "-----BEGIN PGP SIGNATURE-----\n\niQ\n-----END PGP SIGNATURE-----"
    assert read(part(signed + signature)).text == "Nejde tisk.\n-- \nNovák"


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("", "Schůzka k serveru"),
        (part("Přijďte prosím.") + "\n--b1\n", "Přijďte prosím."),
    ],
)
def test_an_invitation_is_said_in_words_and_kept(head, text):
    ics = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
        "DTSTART;TZID=Central Europe Standard Time:20261203T133000\r\n"
        "DTEND;TZID=Central Europe Standard Time:20261203T143000\r\n"
        "SUMMARY:Schůzka k serveru\r\nLOCATION:Sklad\\, 2. patro\r\n"
        'DESCRIPTION:Klíče má\r\n  vrátnice.\\nDěkuji\r\nORGANIZER;CN="Novák, Jan":mailto:jan@x.example\r\n'
        "BEGIN:VALARM\r\nDESCRIPTION:Budík\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    said = read(
        f'Content-Type: multipart/alternative; boundary="b1"\n\n--b1\n{head}{part(ics, "calendar")}\n--b1--\n'
    )
    assert text in said.text
    assert "Pozvánka: Schůzka k serveru\nKdy: čt 3. 12. 2026 13:30–14:30\nKde: Sklad, 2. patro\n" in said.text
    assert "Pořádá: Novák, Jan <jan@x.example>" in said.text
    assert ("Klíče má vrátnice.\nDěkuji" in said.text) == (not head)
    assert "Budík" not in said.text
    assert [file.media_type for file in said.files] == ["text/calendar"]


# Text as it was typed


@pytest.mark.parametrize(
    ("more", "written", "words"),
    [
        (
            "",
            "Nejde se přihlásit do \nsystému, prosím \no pomoc.\n\nDíky",
            "Nejde se přihlásit do systému, prosím o pomoc.\n\nDíky",
        ),
        ("; delsp=yes", "Nejde při \nhlášení.\n \nDíky", "Nejde přihlášení.\n\nDíky"),
        ("", "> citace \n> dál\n>> hlubší\nmoje \nslova", "> citace dál\n>> hlubší\nmoje slova"),
        ("", " From zítřka nejde.\n-- \nNovák", "From zítřka nejde.\n-- \nNovák"),
        (
            "",
            "Objednáme. \nSCHVALIT: Koupíme \ntiskárnu?\nPROGP85:1,00 \nDíky",
            "Objednáme.\nSCHVALIT: Koupíme tiskárnu?\nPROGP85:1,00\nDíky",
        ),
    ],
)
def test_flowed_text_has_its_paragraphs(more, written, words):
    assert read(part(written, more=f"; format=flowed{more}")).text == words


def test_a_line_of_a_mailbox_loses_its_escape_and_a_quote_keeps_its_own():
    assert (
        read(part("Dobrý den,\n>From pondělí nejde VPN.\nDíky")).text == "Dobrý den,\nFrom pondělí nejde VPN.\nDíky"
    )
    assert read(part("> Ahoj\n>From pondělí\n> dál")).text == "> Ahoj\n>From pondělí\n> dál"


# Heads


@pytest.mark.parametrize("stray", ["Content analysis details", "tohle tu nemá co dělat", "\x80\x81 (1.2 points)"])
def test_a_line_among_the_headers_that_is_none_is_passed_over(stray):
    raw = f"Received: x\n{stray}\n{PERSON}Content-Type: text/plain; charset=utf-8\n\nNejde mi VPN.".encode()
    said = mime.read(raw)
    assert (said.sender.email, said.subject, said.text) == ("jan@strojirny-vltava.example", "Dotaz", "Nejde mi VPN.")
    assert mime.fingerprint(raw)[0] == "<a@b.example>"


def test_words_below_the_headers_without_an_empty_line_stay_words():
    assert mime.read(b"From: jan@x.example\nSubject: a\nNejde mi VPN.\nDiky\n\nJan").text.startswith("Nejde mi VPN.")


@pytest.mark.parametrize(
    ("sender", "more", "name", "email"),
    [
        (
            "Jan Novák via IT <it@x.example>",
            "X-Original-From: Jan Novák <jan@x.example>",
            "Jan Novák",
            "jan@x.example",
        ),
        ("'Eva' via Podpora <it@x.example>", "Reply-To: eva@x.example", "Eva", "eva@x.example"),
        ("Jan přes IT <it@x.example>", "X-Original-Sender: jan@x.example", "Jan", "jan@x.example"),
        ("Jan via IT <it@x.example>", "Reply-To: a@x.example, b@x.example", "Jan via IT", "it@x.example"),
        ("Jan Novák <jan@x.example>", "Reply-To: jan@jinde.example", "Jan Novák", "jan@x.example"),
        ("Via Roma <roma@x.example>", "Reply-To: jan@jinde.example", "Via Roma", "roma@x.example"),
    ],
)
def test_who_wrote_through_a_list_that_changed_from_is_the_sender(sender, more, name, email):
    said = mime.read(f"From: {sender}\n{more}\nSubject: a\n\nx".encode())
    assert said.sender == mime.Address(name, email)
    assert said.is_relayed == (email not in sender)


def test_parts_without_end_are_bounded():
    nested = "x"
    for number in range(200):
        nested = multipart("mixed", nested, mark=f"n{number}")
    with pytest.raises(mime.UnreadableMail):
        read(nested)
    with pytest.raises(mime.UnreadableMail):
        read(multipart("mixed", *(["Content-Type: application/pdf\n\nx"] * 600)))
