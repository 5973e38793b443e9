"""What of a mail's text its sender wrote: everything but quoted history and the signature. Pure."""

import re
from dataclasses import dataclass

_DAYS = r"(dne|on|am|le|po|út|st|čt|pá|so|ne)\b"
_OLDER = r"(původní (zpráva|e-?mail)|přeposlaná zpráva|original message|forwarded message)"
# A line that starts the quote; up to three lines are joined before matching, because mail programs wrap it.
_STARTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^{_DAYS}(?=.*(\d{{4}}|\d:\d\d|@)).{{5,250}}\b(napsala?(\(a\))?|napísala?|wrote|schrieb|a écrit)\s*:$",
        r"^.{0,40}\d{1,2}\.\s?\d{1,2}\.\s?\d{4}.{0,150}(odesílatel|napsala?).{0,200}:$",
        r"^\d{1,2}\.\s?\d{1,2}\.\s?\d{4}\s+v\s+\d{1,2}:\d{2}.{0,150}<[^>]+>:$",
        rf"^[-_=\s]{{2,}}{_OLDER}[-_=\s]{{2,}}$",
    )
)
_HEADER_START = re.compile(r"^\W{0,2}(od|from)\W{0,2}:\W", re.IGNORECASE)
_HEADER_NEXT = re.compile(r"^\W{0,2}(odesláno|datum|komu|předmět|sent|date|to|subject)\W{0,2}:", re.IGNORECASE)
_RULE = re.compile(r"^\s*_{10,}\s*$")
_SIGNATURE = re.compile(
    r"^(-- ?|__ ?|odesláno (z|ze|pomocí) .{1,60}|získat outlook .{0,60}|sent from .{1,60}|get outlook for .{1,60})$",
    re.IGNORECASE,
)
_SEPARATORS = {"-- ", "--"}


@dataclass(frozen=True, slots=True)
class Parts:
    """Line numbers of a text: the sender's own, their signature, and history (everything else)."""

    own: tuple[int, ...]
    signature: tuple[int, ...]


def parts(text: str) -> Parts:
    """Which lines of the text are its sender's own. Quoted lines between own ones are left out singly."""
    lines = text.split("\n")
    end = next((at for at in range(len(lines)) if _starts_quote(lines, at)), len(lines))
    own: list[int] = []
    signature: list[int] = []
    signed = False
    for at in range(end):
        if lines[at].lstrip().startswith(">"):
            signed = False  # below the quote the sender may go on
            continue
        signed = signed or bool(_SIGNATURE.match(lines[at].strip("\r"))) or lines[at] in _SEPARATORS
        (signature if signed else own).append(at)
    return Parts(tuple(own), tuple(signature))


def own_text(text: str) -> str:
    """The sender's own lines with their signature, without the history."""
    lines = text.split("\n")
    found = parts(text)
    kept = "\n".join(lines[at] for at in sorted((*found.own, *found.signature)))
    return re.sub(r"\n{3,}", "\n\n", kept).strip()


def _starts_quote(lines: list[str], at: int) -> bool:
    line = lines[at].strip().strip("*").strip()
    next_lines = [following.strip() for following in lines[at + 1 : at + 3]]
    if _RULE.match(line):
        return any(_HEADER_START.match(following) for following in next_lines)
    if _HEADER_START.match(line):
        return any(_HEADER_NEXT.match(following) for following in next_lines)
    return any(start.match(line[:400]) for start in _STARTS) or _starts_wrapped_quote(line, next_lines)


def _starts_wrapped_quote(line: str, next_lines: list[str]) -> bool:
    joined = line[:400]
    for following in next_lines:
        if not following or following.startswith(">"):
            return False
        joined = f"{joined} {following[:300]}"
        if any(start.match(joined) for start in _STARTS[:3]) and _may_wrap(line):
            return True
    return False


def _may_wrap(line: str) -> bool:
    """Whether the line itself looks like the beginning of "On … wrote:", and not the one before it."""
    return bool(re.match(r"^((dne|on|am|le|po|út|st|čt|pá|so|ne)\b.*\d|\d{1,2}\.\s?\d{1,2}\.\s?\d{4})", line, re.I))
