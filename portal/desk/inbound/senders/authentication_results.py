"""The Authentication-Results header read by the grammar of RFC 8601; what does not follow it is not understood."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST = 20_000  # characters; longer ones are not read at all, for half a header may hide its better half
_DEEPEST = 50  # comments in comments
_KEYWORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\Z")
_DOMAIN = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\Z")
_ADDRESS = re.compile(r"(?:[^\s@\"\\<>()\[\],:;]{1,320}@)?([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*)\Z")
_VALUE = re.compile(r"[A-Za-z0-9!#$%&'*+^_`{|}~./-]+={0,2}\Z")  # a token, or base64 as servers write it
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+^_`{|}~./?=-]*\Z")
_TOKEN = re.compile(
    r"(?P<space>(?:\r?\n)?[ \t]+)"
    r"|(?P<word>[A-Za-z0-9!#$%&'*+^_`{|}~-]+)"
    r'|(?P<quoted>"(?:[ \t!#-\[\]-~]|\\[ -~]|\r?\n[ \t])*")'
    r"|(?P<comment>\()"
    r"|(?P<sign>[;=@./?])"
)
_IN_COMMENT = re.compile(r"(?P<text>(?:[ \t!-'*-\[\]-~]|\\[ -~]|\r?\n[ \t])+)|(?P<open>\()|(?P<close>\))")


class NotUnderstood(Exception):
    """The header does not follow the grammar: nothing of it may be believed."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a property says; domain is empty when it names none."""

    text: str
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One method's verdict. properties are by "type.name" in small letters, as "header.from"."""

    method: str
    verdict: str
    properties: Mapping[str, Value] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AuthenticationResults:
    """What one server says of a mail; no results when it says "none"."""

    server: str  # its authserv-id, in small letters
    results: tuple[Result, ...]


def parse(written: str) -> AuthenticationResults:
    """The header. Raises NotUnderstood for whatever is not plainly an Authentication-Results of version 1."""
    if len(written) > LONGEST:
        raise NotUnderstood("it is too long")
    reader = _HeaderReader(_tokens(written.strip(" \t\r\n")))
    server = reader.value().lower()
    if reader.next_is_word():
        _expect_version(reader.word())
    results: list[Result] = []
    while reader.takes(";"):
        if reader.is_at_end and results:
            break  # a last semicolon, as many servers write it
        if reader.next_is_word("none") and not results:
            reader.word()
            break
        results.append(_result(reader))
    if not reader.is_at_end:
        raise NotUnderstood("something stands where a result, or its end, is due")
    return AuthenticationResults(server, tuple(results))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # word | quoted | ; = @ . / ?
    text: str
    is_glued: bool  # nothing stands between it and the token before


class _HeaderReader:
    """The tokens in their order."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def next_is_word(self, *words: str) -> bool:
        """Whether a word comes; one of these, when any are given."""
        token = self._next()
        return token is not None and token.kind == "word" and (not words or token.text.lower() in words)

    def takes(self, sign: str) -> bool:
        """Whether the sign came; then it is behind us."""
        token = self._next()
        found = token is not None and token.kind == sign
        self._at += found
        return found

    def expect(self, sign: str) -> None:
        if not self.takes(sign):
            raise NotUnderstood(f"{sign!r} is missing")

    def word(self) -> str:
        token = self._next()
        if token is None or token.kind != "word":
            raise NotUnderstood("a word is missing")
        self._at += 1
        return token.text

    def keyword(self) -> str:
        """A name in small letters, as of a method."""
        word = self.word()
        if not _KEYWORD.match(word):
            raise NotUnderstood(f"{word!r} is no keyword")
        return word.lower()

    def value(self) -> str:
        """A token or a quoted string, without its quotes."""
        return self.property_value(may_be_address=False).text

    def property_value(self, *, may_be_address: bool = True) -> Value:
        """A value, or an address; nothing but its own signs may touch it."""
        run = self._run()
        kinds = [token.kind for token in run]
        if not run:
            raise NotUnderstood("a value is missing")
        if kinds == ["quoted"]:
            text = _unquoted(run[0].text)
            return Value(text, _domain_of(text))
        if may_be_address and "@" in kinds:
            return _address(run)
        text = "".join(token.text for token in run)
        if "quoted" in kinds or not _VALUE.match(text):
            raise NotUnderstood(f"{text!r} is no value")
        return Value(text, _domain_of(text))

    def _run(self) -> list[_Token]:
        start = self._at
        while not self.is_at_end and self._tokens[self._at].kind != ";":
            if self._at > start and not self._tokens[self._at].is_glued:
                break
            self._at += 1
        return self._tokens[start : self._at]

    def _next(self) -> _Token | None:
        return None if self.is_at_end else self._tokens[self._at]


def _result(reader: _HeaderReader) -> Result:
    method = reader.keyword()
    if reader.takes("/"):
        _expect_version(reader.word())
    reader.expect("=")
    verdict = reader.keyword()
    reason = ""
    if reader.next_is_word("reason"):
        reader.word()
        reader.expect("=")
        reason = reader.value()
    properties: dict[str, Value] = {}
    while reader.next_is_word():
        name = reader.keyword()
        reader.expect(".")
        name = f"{name}.{reader.keyword()}"
        reader.expect("=")
        if name in properties:
            raise NotUnderstood(f"{name} is said twice")
        properties[name] = reader.property_value()
    return Result(method, verdict, properties, reason)


def _expect_version(word: str) -> None:
    if word != "1":
        raise NotUnderstood(f"{word!r} is a version nobody knows")


def _address(run: list[_Token]) -> Value:
    """local-part@domain, or @domain; the local part may be quoted and then hold anything."""
    at = max(position for position, token in enumerate(run) if token.kind == "@")
    local, domain = run[:at], "".join(token.text for token in run[at + 1 :])
    is_quoted = [token.kind for token in local] == ["quoted"]
    text = "".join(token.text for token in local)
    if not _DOMAIN.match(domain) or not (is_quoted or _LOCAL_PART.match(text)):
        raise NotUnderstood("an address is not one")
    return Value(f"{text}@{domain}", domain.lower())


def _domain_of(text: str) -> str:
    found = _ADDRESS.match(text)
    return found[1].lower() if found else ""


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", re.sub(r"\r?\n", "", text[1:-1]))


def _tokens(written: str) -> list[_Token]:
    found: list[_Token] = []
    at, is_glued = 0, False
    while at < len(written):
        token = _TOKEN.match(written, at)
        if token is None:
            raise NotUnderstood(f"{written[at]!r} has no place in it")
        at = token.end()
        if token.lastgroup == "comment":
            at = _comment_end(written, at)
        if token.lastgroup in {"comment", "space"}:
            is_glued = False
            continue
        kind = token.lastgroup if token.lastgroup != "sign" else token.group()
        found.append(_Token(str(kind), token.group(), is_glued))
        is_glued = True
    return found


def _comment_end(written: str, at: int) -> int:
    """Where the comment ends whose bracket was just opened; comments nest."""
    depth = 1
    while depth:
        part = _IN_COMMENT.match(written, at)
        if part is None or depth > _DEEPEST:
            raise NotUnderstood("a comment has no end")
        depth += {"open": 1, "close": -1}.get(str(part.lastgroup), 0)
        at = part.end()
    return at
