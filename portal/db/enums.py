"""A column that holds one word of an enum: text in the database, a member of the enum everywhere else."""

from enum import StrEnum
from types import NoneType
from typing import Any

from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator


class EnumText(TypeDecorator[Any]):
    """Written are members only; nothing: the text that stands for None in a column that is never NULL.

    A word that is none of the enum (of another release, say) is read as it is: whoever shows it has to cope.
    """

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum], *, nothing: str | None = None) -> None:
        super().__init__()
        self.words, self.nothing = words, nothing
        # A column that is never NULL is compared with None as the text that stands for it; any other one by IS NULL.
        self.coerce_to_is_types = (NoneType,) if nothing is None else ()
        self._members: dict[str | None, StrEnum | None] = {word.value: word for word in words}
        if nothing is not None:
            self._members[nothing] = None

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return self.nothing if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return self._members.get(value, value)
