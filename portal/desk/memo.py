"""Memoised results: what is worked out of a mail before the store is locked is not repeated under the lock."""

from collections.abc import Callable, Hashable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Memo:
    """Answers of functions that depend on nothing but what they are given, which has to be hashable."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}

    def of(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """What the function answers; it is asked once."""
        key = (function, args, tuple(named.items()))
        if key not in self._known:
            self._known[key] = function(*args, **named)
        answer: T = self._known[key]
        return answer
