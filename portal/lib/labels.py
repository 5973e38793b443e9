"""Words the program knows by value and people by label: each member of an enum carries what a page says of it."""

from enum import StrEnum


class Labelled(StrEnum):
    """MEMBER = "value", label (a msgid), tone (the colour family of its badge), meaning (one sentence, a msgid)."""

    _value_: str
    label: str
    tone: str
    meaning: str

    def __new__(cls, value: str, label: str = "", tone: str = "", meaning: str = "") -> "Labelled":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.tone, member.meaning = label, tone, meaning
        return member
