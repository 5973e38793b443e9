"""Mails composed of parts that are known: no own word is missing or folded, no word of history counts or is open."""

from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.desk.inbound import mail_commands, message_text, mime
from portal.lib.mail_quotes.reading import About, known_people
from portal.sync.html import message_body, sanitize
from tests.lib.mail_quotes import programs
from tests.sync.conftest import message

KNOWN = {"SITE80"}
US = known_people(domains=["connectica.example"], names=["Connectica", "Petra Malá"])
ABOUT = About(subject="Re: [Connectica #20260017] Tiskárna", author=("Jan Novák",), known=US)

OWN = st.sampled_from(
    [
        "Už to jde, díky.",
        "PC-114 stojí v kanceláři 101.",
        "Od: kancelář 101",
        "Komu: kancelář 204",
        "kolega napsal:",
        "V úterý po 13. hodině.",
        "Cena je 2 400 Kč: prosím o schválení",
        "- první bod",
        "2) druhý bod",
        "Dne 3. 12. přijdu v 9:00",
        "https://x.example/navod",
        "PS: klíče má vrátnice.",
        "Předmět smlouvy: servis tiskáren",
        "From: warehouse 3",
        "An: Lager 3",
        "On Monday at 9:00 we meet in room 5.",
        "Am 3.12. um 9:00 komme ich: bitte öffnen",
        "W dniu 3.12. o 9:00 będę w biurze",
        "Dňa 3. 12. prídem o 9:00",
        "Petr říká, že 3. 12. 2026 v 9:15 psal jan@x.example kvůli faktuře",
        "-----",
        "Funguje to; jen někdy se to zasekne a musím počítač vypnout a zapnout, což zdržuje celou účtárnu.",
    ]
)
# None of these words is in any own line.
OLD = st.sampled_from(
    [
        "HISTORIE zkuste restart",
        "HISTORIE SITE80:9,00",
        "SITE80:9,00",
        "STAV: dokončené",
        "HISTORIE Kdy můžeme přijít?",
        "SCHVALIT: HISTORIE koupit disk?",
        "Od: HISTORIE",
        "INTERNI",
    ]
)
SIGNATURES = st.sampled_from(["", "-- \nJan Novák\n+420 777 123 456", "Odesláno z iPhonu", "--\nJan Novák\nDílna"])
LINES = st.sampled_from(sorted(programs.LINES.values()))
own_lines = st.lists(OWN, min_size=1, max_size=4)
old_lines = st.lists(OLD, min_size=1, max_size=4)
times = st.sampled_from([[], ["SITE80:0,25"], ["*SITE80: 0,25*"], ["- SITE80:0,25", "STAV: open"]])


def shown_of(text, html="", about=ABOUT):
    body = message_body.of(message("m", text, html=html), about)
    return sanitize.plain(body.visible), sanitize.plain(body.quoted)


def words(text):
    return " ".join(text.split())


def check(text, html, own, booked, about=ABOUT):
    """What the page shows open, what a letter carries, what is booked."""
    read = message_text.of(text, html, about)
    asked = mail_commands.read(read.words.reading, KNOWN)
    told = read.words.told(asked.taken)
    assert [str(code) for code in asked.times] == booked
    assert (asked.questions, asked.internal) == ((), False)
    assert all("pod citovanou" in problem.reason for problem in asked.problems)
    visible, _ = shown_of(read.words.text(asked.taken), read.html(asked.taken) if html else "", about)
    for place in (told, visible):
        assert all(words(line.lstrip("-0123456789.) ")) in words(place) for line in own), place
        assert "HISTORIE" not in place and "SITE80" not in place and "INTERNI" not in place, place


def text_of(where, line, own, old, signature):
    history = f"{line}\n{programs.marked(old)}"
    mine = "\n".join(own)
    if where == "above":
        return f"{mine}\n\n{signature}\n\n{history}\n"
    if where == "signature below":
        return f"{mine}\n\n{history}\n\n{signature}\n"
    return f"{history}\n\n{mine}\n\n{signature}\n"


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.sampled_from(["above", "below", "signature below"]), LINES, st.tuples(own_lines, times, old_lines), SIGNATURES
)
def test_plain_mails_above_and_below(where, line, parts, signature):
    own, asked, old = parts
    text = text_of(where, line, [*own, "", *asked], old, signature)
    check(text, "", own, ["SITE80:0,25"] if asked else [])


def flowed(text, width):
    """The text as format=flowed writes it: lines that go on end with a space, some are stuffed with one."""
    return "\n".join(row for line in text.split("\n") for row in _flowed_line(line, width))


def _flowed_line(line, width):
    if line in {"-- ", ""}:
        return [line]
    marks = ">" * (len(line) - len(line.lstrip(">")))
    words_ = line.lstrip("> ").rstrip().split(" ")
    rows = [words_[0]]
    for word in words_[1:]:
        if len(rows[-1]) + len(word) < width:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    stuffed = [f" {row}" if marks or row.startswith((" ", ">", "From ")) else row for row in rows]
    return [f"{marks}{row}{' ' if at < len(rows) - 1 else ''}" for at, row in enumerate(stuffed)]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(["above", "below", "signature below"]),
    LINES,
    st.tuples(own_lines, times, old_lines),
    st.integers(16, 78),
)
def test_flowed_mails_above_and_below(where, line, parts, width):
    own, asked, old = parts
    text = text_of(where, line, [*own, "", *asked], old, "-- \nJan Novák")
    head = "From: jan@x.example\nSubject: Re\nContent-Type: text/plain; charset=utf-8; format=flowed\n\n"
    said = mime.read((head + flowed(text, width)).encode())
    check(said.text, "", own, ["SITE80:0,25"] if asked else [])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(programs.BLOCKS)), own_lines, times, old_lines, SIGNATURES)
def test_plain_mails_above_copied_headers(block, own, asked, old, signature):
    text = "\n".join([*own, "", *asked, "", signature, "", *programs.BLOCKS[block], "", *old])
    check(text, "", own, ["SITE80:0,25"] if asked else [])


def divs(lines):
    return "".join(f"<div>{escape(line) or '<br>'}</div>" for line in lines)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(programs.HTML)),
    LINES,
    st.tuples(own_lines, times, old_lines),
    st.booleans(),
    st.booleans(),
)
def test_html_mails_above_and_below_with_and_without_a_text(program, line, parts, is_below, has_text):
    own, asked, old = parts
    how = programs.HTML[program]
    mine, quote = divs([*own, "", *asked]), how.whole(line, programs.paragraphs(old))
    is_below = is_below and how.piece is not None
    html = f"<html><body>{quote}{mine}</body></html>" if is_below else f"<html><body>{mine}{quote}</body></html>"
    text = text_of("below" if is_below else "above", line, [*own, "", *asked], old, "") if has_text else ""
    check(text, html, own, ["SITE80:0,25"] if asked else [])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    LINES, st.lists(st.tuples(OLD, OWN), min_size=2, max_size=4), times, st.sampled_from(["", "thunderbird", "apple"])
)
def test_answers_between_quoted_lines(line, pairs, asked, program):
    booked = ["SITE80:0,25"] if asked else []
    if program:
        piece = programs.HTML[program].piece
        html = f"<div>{escape(line)}</div>" + "".join(
            f"{piece(programs.paragraphs([question]))}<p>{escape(answer)}</p>" for question, answer in pairs
        )
        html, text = f"{html}{divs(asked)}", ""
    else:
        html, text = "", line + "\n" + "\n".join(f"> {question}\n\n{answer}\n" for question, answer in pairs)
        text = "\n".join([text, *asked])
    read = message_text.of(text, html, ABOUT)
    found = mail_commands.read(read.words.reading, KNOWN)
    assert ([str(code) for code in found.times], found.questions, found.internal) == (booked, (), False)
    told = read.words.told(found.taken)
    visible, _ = shown_of(read.words.text(found.taken), read.html(found.taken) if html else "")
    for place in (told, visible):
        assert "SITE80:" not in place.replace("HISTORIE SITE80:", "")
        for question, answer in pairs:
            assert words(answer.lstrip("-0123456789.) ")) in words(place)
            assert question.startswith("SITE80") or words(question) in words(place)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(own_lines, st.sampled_from(sorted(programs.FORWARD_LABELS)), st.booleans())
def test_forwards_are_content(own, language, as_outlook):
    rows = programs.headers(language, "Banka", "info@banka.example")
    label = "_" * 32 if as_outlook else f"---------- {programs.FORWARD_LABELS[language]} ---------"
    text = "\n".join([*own, "", label, *rows, "", "Klikněte na odkaz.", "SITE80:9,00"])
    about = About(subject="FW: Ověřte účet", known=US)
    read = message_text.of(text, "", about)
    found = mail_commands.read(read.words.reading, KNOWN)
    assert found.times == ()
    assert len(found.problems) == 1
    visible, quoted = shown_of(read.words.text(found.taken), about=about)
    assert "Klikněte na odkaz." in read.words.told(found.taken) and "Klikněte na odkaz." in visible
    assert quoted == "" and "SITE80" not in visible


@pytest.mark.parametrize("text", ["👍", "Ano", "ok\n\nOdesláno z iPhonu"])
def test_the_shortest_answers_are_open(text):
    visible, quoted = shown_of(f"{text}\n\n{programs.LINES['gmail cs']}\n> HISTORIE?")
    assert words(text.split("\n")[0]) == words(visible)
    assert "HISTORIE" in quoted
