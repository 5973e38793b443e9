"""Calendar invitations in words: what, when, where, and who asks (RFC 5545, as far as a reader cares). Pure."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from portal import clock

_LONGEST = 200_000  # characters that are read
_MOST = 3  # events that are told
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"^([A-Za-z-]{1,40})((?:;[^:\"]*+(?:\"[^\"]*\"[^:\"]*+)*+)?):(.*)$")
_MOMENT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z?))?$")
_ZONE = re.compile(r"TZID=\"?([^;:\"]{1,80})", re.IGNORECASE)
_NAME = re.compile(r"CN=(?:\"([^\"]{1,200})\"|([^;:\"]{1,200}))", re.IGNORECASE)
_STATUS = re.compile(r"PARTSTAT=\"?([A-Z-]{1,40})", re.IGNORECASE)
_DAYS = ("po", "út", "st", "čt", "pá", "so", "ne")
_HEADINGS = {
    "REQUEST": "Pozvánka",
    "PUBLISH": "Událost",
    "CANCEL": "Zrušená schůzka",
    "REPLY": "Odpověď na pozvánku",
    "COUNTER": "Návrh jiného času",
    "ADD": "Pozvánka",
}
_ANSWERS = {"ACCEPTED": "přijato", "DECLINED": "odmítnuto", "TENTATIVE": "nezávazně přijato"}
_WINDOWS = {  # what Windows calls the zones we meet
    "central europe standard time": "Europe/Prague",
    "central european standard time": "Europe/Warsaw",
    "w. europe standard time": "Europe/Berlin",
    "romance standard time": "Europe/Paris",
    "gmt standard time": "Europe/London",
    "e. europe standard time": "Europe/Bucharest",
    "fle standard time": "Europe/Kyiv",
    "eastern standard time": "America/New_York",
    "pacific standard time": "America/Los_Angeles",
}


@dataclass(slots=True)
class _Event:
    facts: dict[str, tuple[str, str]] = field(default_factory=dict)  # name: its parameters and its value
    answers: list[str] = field(default_factory=list)  # of who was asked


def in_words(calendar: str, *, briefly: bool = False) -> str:
    """What the calendar says, a line a fact; empty when it says nothing. briefly: without the description."""
    method, events = _read(calendar[:_LONGEST])
    return "\n\n".join(_told(event, method, briefly=briefly) for event in events[:_MOST])


def _read(calendar: str) -> tuple[str, list[_Event]]:
    method, events, is_within, inner = "", [], False, 0
    for line in _FOLD.sub("", calendar).splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        name, parameters, value = found[1].upper(), found[2], found[3]
        if name in {"BEGIN", "END"}:
            block = value.strip().upper()
            if block in {"VEVENT", "VTODO"}:
                is_within, inner = name == "BEGIN", 0
                events += [_Event()] if is_within else []
            elif is_within:
                inner += 1 if name == "BEGIN" else -1
        elif name == "METHOD" and not is_within:
            method = value.strip().upper()
        elif is_within and not inner and len(events) <= _MOST:
            _note(events[-1], name, parameters, value)
    return method, [event for event in events if event.facts]


def _note(event: _Event, name: str, parameters: str, value: str) -> None:
    if name == "ATTENDEE":
        status = _STATUS.search(parameters)
        event.answers.append(status[1].upper() if status else "")
    else:
        event.facts.setdefault(name, (parameters, value))


def _told(event: _Event, method: str, *, briefly: bool) -> str:
    heading = _HEADINGS.get(method, "Událost")
    if method == "REPLY" and event.answers:
        heading = f"{heading} ({_ANSWERS.get(event.answers[0], 'bez odpovědi')})"
    said = (
        f"{heading}: {_text(event, 'SUMMARY') or '(bez názvu)'}",
        _line("Kdy", _when(event)),
        _line("Kde", _text(event, "LOCATION")),
        _line("Pořádá", _organizer(event)),
        "" if briefly else _after_a_line(_text(event, "DESCRIPTION")),
    )
    return "\n".join(line for line in said if line)


def _line(label: str, words: str) -> str:
    return f"{label}: {words}" if words else ""


def _after_a_line(words: str) -> str:
    return f"\n{words}" if words else ""


def _text(event: _Event, name: str) -> str:
    _, value = event.facts.get(name, ("", ""))
    return re.sub(r"\\(.)", lambda mark: "\n" if mark[1] in "nN" else mark[1], value).strip()


def _organizer(event: _Event) -> str:
    parameters, value = event.facts.get("ORGANIZER", ("", ""))
    name = _NAME.search(parameters)
    email = re.sub(r"^mailto:", "", value.strip(), flags=re.IGNORECASE)
    shown = ((name[1] or name[2]) if name else "").strip()
    return f"{shown} <{email}>" if shown and email and shown != email else shown or email


def _when(event: _Event) -> str:
    start, end = _moment(event, "DTSTART"), _moment(event, "DTEND")
    if start is None:
        return ""
    if not isinstance(start, datetime):
        return _day(start)
    began = f"{_day(start)} {start:%H:%M}"
    if not isinstance(end, datetime):
        return began
    return f"{began}–{end:%H:%M}" if end.date() == start.date() else f"{began} – {_day(end)} {end:%H:%M}"


def _day(day: date) -> str:
    return f"{_DAYS[day.weekday()]} {day.day}. {day.month}. {day.year}"


def _moment(event: _Event, name: str) -> date | datetime | None:
    """A day, or a moment in Prague; None when it says neither."""
    parameters, value = event.facts.get(name, ("", ""))
    found = _MOMENT.match(value.strip())
    try:
        if found is None:
            return None
        year, month, day = int(found[1]), int(found[2]), int(found[3])
        if not found[4]:
            return date(year, month, day)
        zone = UTC if found[7] else _zone(parameters)
        return clock.prague(datetime(year, month, day, int(found[4]), int(found[5]), tzinfo=zone))
    except (ValueError, OverflowError):
        return None


def _zone(parameters: str) -> ZoneInfo:
    found = _ZONE.search(parameters)
    name = found[1].strip() if found else ""
    try:
        return ZoneInfo(_WINDOWS.get(name.lower(), name)) if name else clock.PRAGUE
    except (KeyError, ValueError, OSError):
        return clock.PRAGUE
