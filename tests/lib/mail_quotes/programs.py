"""What mail programs put around the mail they answer, in five languages: attribution lines, headers, containers."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

WHO, ADDRESS = "Petra Malá", "petra.mala@connectica.example"

# Attributions above marked or unmarked history: program and language → the line.
LINES = {
    "gmail cs": f"pá 27. 11. 2026 v 9:12 odesílatel {WHO} <{ADDRESS}> napsal:",
    "gmail sk": f"pi 27. 11. 2026 o 9:12 {WHO} <{ADDRESS}> napísal(a):",
    "gmail en": f"On Fri, Nov 27, 2026 at 9:12 AM {WHO} <{ADDRESS}> wrote:",
    "gmail de": f"Am Fr., 27. Nov. 2026 um 09:12 Uhr schrieb {WHO} <{ADDRESS}>:",
    "gmail pl": f"pt., 27 lis 2026 o 09:12 {WHO} <{ADDRESS}> napisał(a):",
    "thunderbird cs": f"Dne 27. 11. 2026 v 9:12 {WHO} (Connectica) napsal(a):",
    "thunderbird sk": f"Dňa 27. 11. 2026 o 9:12 {WHO} napísal(a):",
    "thunderbird en": f"On 27/11/2026 09:12, {WHO} wrote:",
    "thunderbird de": f"Am 27.11.26 um 09:12 schrieb {WHO}:",
    "thunderbird pl": f"W dniu 27.11.2026 o 09:12, {WHO} pisze:",
    "apple cs": f"27. 11. 2026 v 9:12, {WHO} <{ADDRESS}>:",
    "apple cs, newer": f"27. 11. 2026 v 9:12, {WHO} <{ADDRESS}> napsal(a):",
    "apple sk": f"27. 11. 2026 o 9:12, {WHO} <{ADDRESS}>:",
    "apple en": f"On 27 Nov 2026, at 9:12, {WHO} <{ADDRESS}> wrote:",
    "apple de": f"Am 27.11.2026 um 09:12 schrieb {WHO} <{ADDRESS}>:",
    "apple pl": f"Wiadomość napisana przez {WHO} <{ADDRESS}> w dniu 27 lis 2026, o godz. 09:12:",
    "yahoo cs": f"V pátek 27. listopadu 2026 9:12:33 SEČ, {WHO} <{ADDRESS}> napsal(a):",
    "yahoo en": f"On Friday, November 27, 2026 at 09:12:33 AM GMT+1, {WHO} <{ADDRESS}> wrote:",
    "yahoo de": f"Am Freitag, 27. November 2026 um 09:12:33 MEZ hat {WHO} <{ADDRESS}> Folgendes geschrieben:",
    "yahoo pl": f"W dniu piątek, 27 listopada 2026 09:12:33 CET {WHO} <{ADDRESS}> napisał(a):",
    "evolution cs": f"V Pá, 27. 11. 2026 v 09:12 +0100, {WHO} píše:",
    "evolution, another cs": f"{WHO} píše v Pá 27. 11. 2026 v 09:12 +0100:",
    "evolution en": f"On Fri, 2026-11-27 at 09:12 +0100, {WHO} wrote:",
    "evolution de": f"Am Freitag, dem 27.11.2026 um 09:12 +0100 schrieb {WHO}:",
    "evolution pl": f"W dniu pią, 27.11.2026 o godzinie 09∶12 +0100, użytkownik {WHO} napisał:",
    "proton cs": f"Dne pátek 27. listopadu 2026 v 9:12, {WHO} <{ADDRESS}> napsal(a):",
    "proton en": f"On Friday, November 27th, 2026 at 9:12 AM, {WHO} <{ADDRESS}> wrote:",
    "roundcube cs": f"Dne 2026-11-27 09:12, {WHO} napsal:",
    "roundcube pl": f"W dniu 2026-11-27 09:12, {WHO} napisał(a):",
    "roundcube de": f"Am 2026-11-27 09:12, schrieb {WHO}:",
    "onet pl": f"Dnia 27 listopada 2026 09:12 {WHO} <{ADDRESS}> napisał(a):",
    "seamonkey en": f"{WHO} wrote on 27.11.26 09:12:",
    "tutanota cs": f"27. 11. 2026 09:12 od {ADDRESS}:",
    "tutanota de": f"27. Nov. 2026, 09:12 von {ADDRESS}:",
    "k-9 de": f"Am 27. November 2026 09:12:33 MEZ schrieb {WHO} <{ADDRESS}>:",
    "gmail cs, a long name": f"pá 27. 11. 2026 v 9:12 odesílatel {WHO} – technická podpora <{ADDRESS}> napsal:",
    "android cs, a long name": f"Dne pá 27. 11. 2026 v 9:12 uživatel {WHO} (technická podpora) <{ADDRESS}> napsal:",
    "zoho": f"---- On Fri, 27 Nov 2026 09:12:33 +0100 {WHO} <{ADDRESS}> wrote ---",
}

_ROWS = {
    "cs": ("Od", "Odesláno", "Komu", "Předmět", "pátek 27. listopadu 2026 9:12"),
    "sk": ("Od", "Odoslané", "Komu", "Predmet", "piatok 27. novembra 2026 9:12"),
    "en": ("From", "Sent", "To", "Subject", "Friday, November 27, 2026 9:12 AM"),
    "de": ("Von", "Gesendet", "An", "Betreff", "Freitag, 27. November 2026 09:12"),
    "pl": ("Od", "Wysłane", "Do", "Temat", "piątek, 27 listopada 2026 09:12"),
}
_LABELS = {
    "cs": "Původní zpráva",
    "sk": "Pôvodná správa",
    "en": "Original Message",
    "de": "Ursprüngliche Nachricht",
    "pl": "Wiadomość oryginalna",
}
FORWARD_LABELS = {
    "cs": "Přeposlaná zpráva",
    "sk": "Preposlaná správa",
    "en": "Forwarded message",
    "de": "Weitergeleitete Nachricht",
    "pl": "Przekazana wiadomość",
}


def headers(language: str, who: str = WHO, address: str = ADDRESS) -> list[str]:
    """Outlook's rows."""
    sender, sent, to, subject, when = _ROWS[language]
    return [f"{sender}: {who} <{address}>", f"{sent}: {when}", f"{to}: Jan Novák", f"{subject}: RE: Tiskárna"]


# What stands above unmarked history, and is followed by nothing of the sender's.
BLOCKS: dict[str, list[str]] = {}
for _language, _label in _LABELS.items():
    BLOCKS[f"outlook {_language}"] = headers(_language)
    BLOCKS[f"outlook with a rule {_language}"] = ["_" * 32, *headers(_language)]
    BLOCKS[f"outlook in bold {_language}"] = [
        f"*{row.partition(':')[0]}:*{row.partition(':')[2]}" for row in headers(_language)
    ]
    BLOCKS[f"old outlook {_language}"] = [f"-----{_label}-----", *headers(_language)]
    BLOCKS[f"samsung {_language}"] = [f"-------- {_label} --------", *headers(_language)]
    BLOCKS[f"em client {_language}"] = [f"------ {_label} ------", *headers(_language)]
BLOCKS |= {
    "seznam": [
        "---------- Původní e-mail ----------",
        f"Od: {WHO} <{ADDRESS}>",
        "Komu: jan.novak@vltava.example",
        "Datum: 27. 11. 2026 9:12:00",
        "Předmět: Tiskárna",
    ],
    "em client without colons": [
        "------ Original Message ------",
        f'From "{WHO}" <{ADDRESS}>',
        "To jan.novak@vltava.example <jan.novak@vltava.example>",
        "Date 27.11.2026 9:12:33",
        "Subject Re: Tiskárna",
    ],
    "gmx": [
        "Gesendet: Freitag, 27. November 2026 um 09:12 Uhr",
        f"Von: {WHO} <{ADDRESS}>",
        "An: jan.novak@vltava.example",
        "Betreff: Tiskárna",
    ],
    "hcl notes": [
        f"-----{WHO} napsal(a): -----",
        "Komu: jan.novak@vltava.example",
        f"Od: {WHO} <{ADDRESS}>",
        "Datum: 27.11.2026 09:12",
        "Předmět: Tiskárna",
    ],
    "outlook, many recipients": [
        f"From: {WHO} <{ADDRESS}>",
        "Sent: Friday, November 27, 2026 9:12 AM",
        "To: Jan Novák <jan.novak@vltava.example>; Marie Benešová",
        "<marie.benesova@vltava.example>; Petr Svoboda <petr@vltava.example>",
        "Subject: RE: Tiskárna",
    ],
}


@dataclass(frozen=True, slots=True)
class Program:
    """How a program quotes in HTML: above the sender's words, around single quoted lines, or below nothing."""

    whole: Callable[[str, str], str]  # (attribution, history as HTML) → the quote
    piece: Callable[[str], str] | None = None  # one quoted piece between answers


def _outlook(attribution: str, history: str) -> str:
    rows = "<br>".join(f"<b>{row.partition(':')[0]}:</b>{escape(row.partition(':')[2])}" for row in headers("cs"))
    line = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"
    return f'<div><div style="{line}"><p class="MsoNormal">{rows}</p></div></div>{history}'


def _outlook_web(attribution: str, history: str) -> str:
    rows = "<br>".join(f"<b>{row.partition(':')[0]}:</b>{escape(row.partition(':')[2])}" for row in headers("en"))
    return f'<div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr">{rows}</div><div>{history}</div>'


def _gmail(attribution: str, history: str) -> str:
    attr = f'<div dir="ltr" class="gmail_attr">{escape(attribution)}<br></div>'
    return (
        f'<br><div class="gmail_quote gmail_quote_container">{attr}'
        f'<blockquote class="gmail_quote">{history}</blockquote></div>'
    )


def _yahoo(attribution: str, history: str) -> str:
    return f'<div class="yahoo_quoted"><div><div>{escape(attribution)}</div><div><br></div>{history}</div></div>'


def _proton(attribution: str, history: str) -> str:
    quote = f'<blockquote class="protonmail_quote" type="cite">{history}</blockquote>'
    return f'<div class="protonmail_quote">{escape(attribution)}<br>{quote}</div>'


def _apple(attribution: str, history: str) -> str:
    return f'<div><blockquote type="cite"><div>{escape(attribution)}</div><br><div>{history}</div></blockquote></div>'


def _thunderbird(attribution: str, history: str) -> str:
    return (
        f'<div class="moz-cite-prefix">{escape(attribution)}<br></div><blockquote type="cite">{history}</blockquote>'
    )


def _evolution(attribution: str, history: str) -> str:
    return f"<div>{escape(attribution)}</div><blockquote type=cite>{history}</blockquote>"


def _seznam(attribution: str, history: str) -> str:
    rows = "<br>".join(escape(row) for row in BLOCKS["seznam"])
    return f"<br><aside>{rows}<br><br><blockquote>{history}</blockquote></aside>"


def _cite(history: str) -> str:
    return f'<blockquote type="cite">{history}</blockquote>'


HTML = {
    "gmail": Program(_gmail, lambda history: f'<blockquote class="gmail_quote">{history}</blockquote>'),
    "outlook": Program(_outlook),
    "outlook on the web": Program(_outlook_web),
    "yahoo": Program(_yahoo),
    "proton": Program(_proton, _cite),
    "apple": Program(_apple, _cite),
    "thunderbird": Program(_thunderbird, _cite),
    "evolution": Program(_evolution, _cite),
    "seznam": Program(_seznam),
}


def marked(lines: list[str]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in lines)


def paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def wrapped(line: str, width: int = 60) -> str:
    """As a narrow program breaks an attribution."""
    if len(line) <= width:
        return line
    at = line.rfind(" ", 0, width)
    return f"{line[:at]}\n{line[at + 1 :]}"
