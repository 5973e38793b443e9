"""The lines by which a technician steers a ticket: time, STAV, DNE, OPRAVA, TERMIN, RESI, SCHVALIT… Pure."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time

from portal import clock, timecodes
from portal.desk.inbound import correction_lines, line_spellings, time_lines
from portal.desk.inbound.correction_lines import CorrectionLine
from portal.errors import BadTimeCode
from portal.lib.mail_quotes import reading
from portal.lib.mail_quotes.lines import Part
from portal.lib.mail_quotes.reading import Reading
from portal.timecodes import TimeCode

LONGEST_QUESTION = 1000  # characters of one SCHVALIT line
MOST_FOLLOWED = 500  # lines of one mail that are done; of more the technician is told
MOST_PEOPLE = 100  # addresses that one mail adds
MOST_QUESTIONS = 20  # for the manager, by one mail; each is a letter, too

# What technicians call the states, without diacritics and case.
STATES = {
    "open": ("otevrene", "otevreny", "otevreno", "otevrit", "open", "opened", "new"),
    "to_be_invoiced": (
        "be invoiced",
        "to be invoiced",
        "to_be_invoiced",
        "k fakturaci",
        "fakturovat",
        "vyreseno",
        "vyresene",
        "solved",
        "resolved",
    ),
    "error": ("error", "chyba", "chybny"),
    "done": ("dokoncene", "dokonceno", "dokonceny", "hotovo", "uzavreno", "done", "closed"),
}
NO_DUE = ("-", "zrusit", "bez terminu", "none")
_STATE_OF = {word: state for state, words in STATES.items() for word in words}
_STATES_SAID = "otevřené, be invoiced, error nebo dokončené"

_BLANKS = re.compile(r"\s{2,}")
_KEYED = re.compile(r"^([^\W\d_]{2,12})\s*:\s*(.*)$")
_TIME_SHAPED = re.compile(r"^([A-Za-z][A-Za-z0-9]{2,19})\s*:\s*([-+]?[\d.,].*)$")
_CATEGORY_SHAPED = re.compile(r"^([A-Z]{2,}[0-9]{1,4})\s*:\s*\S")
_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_DAY = re.compile(r"^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?:\s+(?:v\s+)?(\d{1,2})[:.](\d{2}))?$")
_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$")
_END_OF_WORK = time(23, 59)  # a due date without a time is due within its day
_WORDLESS = ("interni", "internal", "duverne", "confidential")  # they may stand in their line alone
_YES, _NO = ("", "ano", "yes"), ("ne", "no")


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that was not taken, and why, for the technician."""

    line: str
    reason: str


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a technician's mail asks for. due: a moment, None for no change, NO_DUE_AT for no due date any more."""

    times: tuple[TimeCode, ...] = ()
    day: date | None = None  # when the time was worked that says no day of its own
    corrections: tuple[CorrectionLine, ...] = ()
    state: str = ""
    due: datetime | None = None
    technician: str = ""  # as written: a login or an address
    questions: tuple[str, ...] = ()
    people: tuple[str, ...] = ()  # addresses that are to take part
    requester: str = ""  # the address for whom a new ticket is opened
    internal: bool = False
    confidential: bool | None = None  # None: as it was
    problems: tuple[Problem, ...] = ()
    taken: frozenset[int] = frozenset()  # line numbers that were meant for us, understood or not
    cut: tuple[tuple[int, str], ...] = ()  # times within sentences, by line number: the rest of the line stays

    def text(self, text: str) -> str:
        """The mail's text without the lines that were meant for us."""
        kept = [line for at, line in enumerate(text.split("\n")) if at not in self.taken]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()

    def lines(self, text: str) -> list[str]:
        """The lines that were meant for us."""
        lines = text.split("\n")
        return [lines[at] for at in sorted(self.taken)]


NO_DUE_AT = datetime.min.replace(tzinfo=UTC)


class _Unclear(Exception):
    """A line that was meant for us and cannot be followed; the text is the reason."""


def read(said: str | Reading, categories: Collection[str]) -> Instructions:
    """The instructions in the sender's own lines, wherever they stand; history and signature are never read.

    Time that stands in a quote or below the signature is not booked; it is taken out, and told of where it is not
    plainly a copy of what was booked before.
    """
    found = said if isinstance(said, Reading) else reading.read_text(said)
    lines = [line_spellings.written_plainly(_squeezed(line.text), categories, _STATE_OF) for line in found.lines]
    edges = _edges(lines, found.own)
    gathered = _Gathered(categories)
    read_already = -1
    for at in found.own:
        if lines[at] and at > read_already:
            line, read_already = _whole(lines, found, at, categories)
            if not gathered.take(line, range(at, read_already + 1), at_edge=at in edges):
                gathered.take_within(line, at)
    _add_unread(gathered, found, lines)
    return gathered.instructions()


def _squeezed(line: str) -> str:
    """A line as it is; of one that no person writes the blanks as one: a search would begin at each of them."""
    return line if len(line) <= LONGEST_QUESTION else _BLANKS.sub(" ", line)


@dataclass(slots=True)
class _Gathered:
    """What was understood so far: in lists, for a mail of a megabyte has 50,000 lines."""

    categories: Collection[str]
    asked: Instructions = field(default_factory=Instructions)
    problems: list[Problem] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    cut: list[tuple[int, str]] = field(default_factory=list)
    followed: int = 0
    untold: int = 0  # problems beyond those a letter can tell
    is_day_unknown: bool = False  # a line about the day of time was not understood

    def take(self, line: str, at: Iterable[int], *, at_edge: bool) -> bool:
        """Follow a line; False when it is ordinary text. Beyond MOST_FOLLOWED it is taken out and not done."""
        is_over = self.followed >= MOST_FOLLOWED
        before = _NOTHING_ASKED if is_over else self.asked
        try:
            further = _understood(before, line, at_edge, self.categories)
        except (_Unclear, BadTimeCode) as error:
            self.tell(line, str(error))
        else:
            if further is before:
                return False
            if is_over:
                self.tell(line, _TOO_MANY)
            else:
                self.asked = further
        self.followed += 1
        self.taken.extend(at)
        return True

    def take_within(self, line: str, at: int) -> None:
        """Cut time out of an ordinary line, and tell of it."""
        words = time_lines.inside(line, self.categories)
        if words:
            self.tell(words, "stojí uvnitř věty, nezapočítali jsme to; napište čas na vlastní řádek")
            self.cut.append((at, words))

    def tell(self, line: str, reason: str) -> None:
        self.is_day_unknown = self.is_day_unknown or folded(line[:100]).partition(":")[0].strip() in _OF_DAYS
        if len(self.problems) < MOST_FOLLOWED:
            self.problems.append(Problem(line, reason))
        else:
            self.untold += 1

    def instructions(self) -> Instructions:
        asked, problems = self.asked, tuple(self.problems)
        if self.untold:
            problems += (Problem("…", f"a dalších takových řádků: {self.untold}; nic z nich jsme neudělali"),)
        if self.is_day_unknown:  # its technician is told, and writes the time again
            problems += tuple(
                Problem(str(code), "nevíme, který den; čas jsme nezapsali") for code in asked.times if not code.day
            )
            asked = replace(asked, times=tuple(code for code in asked.times if code.day))
        return replace(asked, problems=problems, taken=frozenset(self.taken), cut=tuple(self.cut))


_NOTHING_ASKED = Instructions()
_TOO_MANY = f"e-mail má pro nás víc než {MOST_FOLLOWED} řádků, tento jsme už neudělali"


def may_name_requester(text: str) -> bool:
    """Whether it is worth to read the lines for a requester; most mails name none."""
    return _NAMES_REQUESTER.search(text) is not None


_NAMES_REQUESTER = re.compile(r"(?<![^\W_])(?:za|requester)(?![^\W_])", re.IGNORECASE)


def _whole(lines: Sequence[str], found: Reading, at: int, categories: Collection[str]) -> tuple[str, int]:
    """A question on the lines it was wrapped over, time on two cells of a table, and the number of the last line."""
    line, last = lines[at], at
    below = next((after for after in range(at + 1, min(at + 4, len(lines))) if lines[after]), None)
    if below and found.parts[below] is Part.OWN and time_lines.is_split(line, lines[below], categories):
        return f"{line.rstrip(': ')}: {lines[below]}", below
    keyed = _KEYED.match(line)
    if not (keyed and folded(keyed[1]) in _OF_SENTENCES):
        return line, at
    while (
        last + 1 < len(lines)
        and last - at < MOST_WRAPPED
        and len(found.lines[last].text) >= _WRAPS_FROM
        and not line.endswith(("?", "!", "."))
        and found.parts[last + 1] is Part.OWN
        and lines[last + 1]
        and not _KEYED.match(lines[last + 1])
    ):
        last += 1
        line = f"{line} {lines[last]}"
    return line, last


def _add_unread(gathered: _Gathered, found: Reading, lines: Sequence[str]) -> None:
    """The lines of time that are not booked: a copy of what was booked goes silently, others are told of."""
    categories = gathered.categories
    at_end = _at_end(found, lines, categories)
    for at, part in enumerate(found.parts):
        reason = _BELOW if at in at_end else _UNREAD.get(part)
        if reason is None or not lines[at] or not time_lines.is_time(lines[at], categories):
            continue
        if reason:
            gathered.tell(lines[at], reason)
        gathered.taken.append(at)


def _at_end(found: Reading, lines: Sequence[str], categories: Collection[str]) -> set[int]:
    """Lines of time that end a mail below unmarked history: somebody may have typed them there just now."""
    ends = set()
    for at in reversed(range(len(lines))):
        if lines[at] and not time_lines.is_time(lines[at], categories):
            break
        if lines[at] and found.parts[at] is Part.HISTORY and not found.lines[at].depth:
            ends.add(at)
    return ends


_BELOW = "stojí pod citovanou zprávou, nepoznáme, kdo ho psal; pošlete ho prosím znovu nad ní"
# Why time in these parts is not booked; no word where it was booked when it was written.
_UNREAD = {
    Part.SIGNATURE: "stojí pod podpisem, tam řádky nečteme",
    Part.FORWARDED: "stojí v přeposlané zprávě, tam řádky nečteme",
    Part.CITED: "stojí v citaci, tam řádky nečteme",
    Part.INSERTED: "stojí uvnitř citované zprávy, tam řádky nečteme",
    Part.ANSWERED: "",
    Part.HISTORY: "",
}


def _understood(asked: Instructions, line: str, at_edge: bool, categories: Collection[str]) -> Instructions:
    if folded(line).rstrip(": ") in _WORDLESS and line[:3].isupper():
        return _VERBS[folded(line).rstrip(": ")](asked, "")
    correction = correction_lines.understood(line, categories)
    if correction is not None:
        return replace(asked, corrections=(*asked.corrections, correction))
    keyed = _KEYED.match(line)
    if keyed and folded(keyed[1]) in _VERBS:
        return _followed(asked, keyed[1], keyed[2].strip())
    code = time_lines.understood(line, categories)
    if code is not None:
        return replace(asked, times=(*asked.times, code))
    if keyed and keyed[1].isupper() and (meant := _nearly(folded(keyed[1]))):
        raise _Unclear(f"řádek {keyed[1]} neznáme{meant}")
    if _means_time(line, at_edge, categories):
        rest, day = time_lines.day_apart(line)
        head, _, tail = rest.partition(":")
        code = timecodes.parse(f"{head.strip().upper()}:{tail}")
        return replace(asked, times=(*asked.times, code.on(day)))
    return asked


def _nearly(key: str) -> str:
    """What a key in capitals was probably meant to be, as a sentence's end; empty for a word of its own."""
    if key in _NOT_OURS:
        return ""
    near = difflib.get_close_matches(key, _VERBS, n=1, cutoff=0.8)
    if near:
        return f"; nemyslíte {near[0].upper()}?"
    return (
        "; známe čas, například PROGP85:1,00, a STAV, TERMIN, RESI, SCHVALIT, DNE, OPRAVA, STORNO, PRESUN"
        if key in _MEANT
        else ""
    )


def _followed(asked: Instructions, key: str, value: str) -> Instructions:
    try:
        return _VERBS[folded(key)](asked, value)
    except _Unclear:
        if not key.isupper():
            return asked  # "Stav: tiskárna zase tiskne" is a sentence
        raise


def _state(asked: Instructions, value: str) -> Instructions:
    state = _STATE_OF.get(folded(value).rstrip("."))
    if not state:
        raise _Unclear(f"„{value}“ není stav; napište {_STATES_SAID}")
    if asked.state and asked.state != state:
        raise _Unclear("stav je v e-mailu dvakrát a pokaždé jiný, platí ten první")
    return replace(asked, state=state)


def _due(asked: Instructions, value: str) -> Instructions:
    return replace(asked, due=NO_DUE_AT if folded(value) in NO_DUE else _moment(value))


def _worked(asked: Instructions, value: str) -> Instructions:
    try:
        day = time_lines.worked_day(value)
    except BadTimeCode as error:
        raise _Unclear(str(error)) from error
    if asked.day not in (None, day):
        raise _Unclear("DNE je v e-mailu dvakrát a pokaždé jinak; napište den k času, například PROGP85:1,00 26.11.")
    return replace(asked, day=day)


def _technician(asked: Instructions, value: str) -> Instructions:
    if not re.fullmatch(r"[^\s,;]{2,100}", value):
        raise _Unclear("chybí přihlašovací jméno technika, například RESI: radek.vymazal")
    return replace(asked, technician=value.lower())


def _question(asked: Instructions, value: str) -> Instructions:
    if len(value) < 3:
        raise _Unclear("chybí otázka pro IT manažera, například SCHVALIT: Můžeme koupit nový disk?")
    if len(value) > LONGEST_QUESTION:
        raise _Unclear(f"otázka je delší než {LONGEST_QUESTION} znaků")
    if len(asked.questions) >= MOST_QUESTIONS:
        raise _Unclear(f"jedním e-mailem lze položit nejvýš {MOST_QUESTIONS} otázek")
    return replace(asked, questions=(*asked.questions, value))


def _people(asked: Instructions, value: str) -> Instructions:
    found = [address.lower() for address in _ADDRESS.findall(value)]
    if not found:
        raise _Unclear("chybí adresa, například PRIDAT: jan.novak@firma.cz")
    people = tuple(dict.fromkeys((*asked.people, *found)))
    if len(people) > MOST_PEOPLE:
        raise _Unclear(f"přidat jedním e-mailem lze nejvýš {MOST_PEOPLE} adres")
    return replace(asked, people=people)


def _requester(asked: Instructions, value: str) -> Instructions:
    found = list(dict.fromkeys(address.lower() for address in _ADDRESS.findall(value)))
    if len(found) != 1:
        raise _Unclear("napište jednu adresu zaměstnance, například ZA: jan.novak@firma.cz")
    return replace(asked, requester=found[0])


def _internal(asked: Instructions, value: str) -> Instructions:
    if value:
        raise _Unclear("INTERNI stojí na řádku samo a platí pro celý e-mail")
    return replace(asked, internal=True)


def _confidential(asked: Instructions, value: str) -> Instructions:
    if folded(value) not in (*_YES, *_NO):
        raise _Unclear("napište DUVERNE, nebo DUVERNE: ne")
    is_wanted = folded(value) in _YES
    if asked.confidential not in (None, is_wanted):
        raise _Unclear("DUVERNE je v e-mailu dvakrát a pokaždé jinak, platí to první")
    return replace(asked, confidential=is_wanted)


_VERBS: dict[str, Callable[[Instructions, str], Instructions]] = {
    "stav": _state,
    "state": _state,
    "termin": _due,
    "due": _due,
    "resi": _technician,
    "owner": _technician,
    "schvalit": _question,
    "approve": _question,
    "pridat": _people,
    "participant": _people,
    "za": _requester,
    "requester": _requester,
    "duverne": _confidential,
    "confidential": _confidential,
    "dne": _worked,
    "interni": _internal,
    "internal": _internal,
}


WORDS = tuple(_VERBS)  # by which lines begin, without diacritics
_OF_DAYS = {"dne"}
_OF_SENTENCES = {"schvalit", "approve"}
_NOT_OURS = {"stal", "stav"}
# What technicians write in the belief that the desk does it.
_MEANT = {
    "cas",
    "hodiny",
    "fakturovat",
}
MOST_WRAPPED = 6  # lines of one question
_WRAPS_FROM = 55  # letters of a line that a program may have broken


def _moment(value: str) -> datetime:
    day = _DAY.match(value)
    try:
        if day:
            at = time(int(day[4]), int(day[5])) if day[4] else _END_OF_WORK
            due = datetime.combine(datetime(int(day[3]), int(day[2]), int(day[1])), at, clock.PRAGUE)  # noqa: DTZ001
        elif _ISO.match(value):
            due = datetime.fromisoformat(value)
            due = datetime.combine(due, _END_OF_WORK) if len(value) == 10 else due
            due = due if due.tzinfo else due.replace(tzinfo=clock.PRAGUE)
        else:
            raise _Unclear(f"„{value}“ není termín; napište například 24.11.2026 nebo 24.11.2026 14:30")
    except (ValueError, OverflowError) as error:
        raise _Unclear(f"„{value}“ není den v kalendáři") from error
    if due <= clock.now():
        raise _Unclear("termín už uplynul")
    if due.year > clock.today().year + 10:
        raise _Unclear("termín je za více než deset let")
    return due.astimezone(UTC)


def _means_time(line: str, at_edge: bool, categories: Collection[str]) -> bool:
    """Whether a line is time: a known category, the shape of one, or an unknown word with hours among such lines."""
    head = line.partition(":")[0].strip().upper()
    if ":" in line and head in categories:
        return True
    if _CATEGORY_SHAPED.match(line):
        return True
    return at_edge and bool(_TIME_SHAPED.match(line)) and line.partition(":")[0].strip().isupper()


def _edges(lines: Sequence[str], own: Iterable[int]) -> set[int]:
    """The sender's last lines, as long as they look like ours: there a word nobody knows may still be a category."""
    edge: set[int] = set()
    for at in reversed(list(own)):
        line = lines[at]
        if line and not _TIME_SHAPED.match(line) and not _KEYED.match(line) and folded(line) not in _WORDLESS:
            break
        edge.add(at)
    return edge


def folded(text: str) -> str:
    """Lower-case, without diacritics and double spaces."""
    letters = unicodedata.normalize("NFKD", text[:LONGEST_QUESTION].casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())
