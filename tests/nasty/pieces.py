"""Text of about a given length made of one piece again and again."""

from collections.abc import Callable


def numbered(pattern: str, length: int) -> str:
    """The pattern with its number, again and again, up to about that length."""
    many = max(1, length // (len(pattern) + 3))
    return "".join(pattern.replace("#", str(at)) for at in range(many))


def repeated(piece: str) -> Callable[[int], str]:
    """The piece again and again, up to about the length that is asked for."""
    return lambda n: piece * max(1, n // len(piece.encode()))
