"""Bytes of a mail as text: its label is believed as far as the bytes agree, and no further. Linear in the input."""

import codecs
import re

import charset_normalizer

_JUDGED = 50_000  # bytes by which a charset is guessed
# What labels mean in mail, whatever their standards say. Names without a Python codec stand here, too.
_MEANT = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "l1": "cp1252",
    "ansi": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "visual": "iso-8859-8",
    "logical": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gb-2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "windows-936": "gb18030",
    "euc-cn": "gb18030",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "ks-c-5601-1987": "cp949",
    "ks-c-5601-1989": "cp949",
    "ks-c-5601": "cp949",
    "ksc5601": "cp949",
    "ksc-5601": "cp949",
    "euc-kr": "cp949",
    "windows-949": "cp949",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "x-mac-ce": "mac_latin2",
    "x-mac-centraleurroman": "mac_latin2",
    "x-mac-central-europe": "mac_latin2",
    "mac-ce": "mac_latin2",
    "macce": "mac_latin2",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-macroman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-greek": "mac_greek",
    "x-mac-turkish": "mac_turkish",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "windows1250": "cp1250",
    "windows1252": "cp1252",
    "win-1250": "cp1250",
    "win1250": "cp1250",
    "cp-1250": "cp1250",
    "ms-ee": "cp1250",
    "cp-850": "cp850",
    "cp-852": "cp852",
    "pc852": "cp852",
    "dos-852": "cp852",
    "utf8mb4": "utf-8",
    "utf-8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "x-unicode-2-0-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "cp65001": "utf-8",
    "cp-utf-8": "utf-8",
}
_WINDOWS = {  # an ISO charset: the Windows one that is meant when its bytes 80 to 9F are used, which ISO leaves empty
    "iso8859-2": "cp1250",
    "iso8859-5": "cp1251",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-6": "cp1256",
    "iso8859-13": "cp1257",
    "iso8859-15": "cp1252",
}
_MANY_BYTES = frozenset(
    {"utf-8", "gb18030", "big5hkscs", "big5", "cp950", "cp949", "cp932", "euc_jp", "euc_jis_2004", "johab"}
)
_WITH_ESCAPES = frozenset({"utf-7", "hz"})  # their letters are written in ASCII
_SAYS_NOTHING = re.compile(
    r"^(?:unknown|unknown-8bit|x-unknown|x-user-defined|8bit|7bit|binary|default|none|auto.*)?$"
)
_NO_CHARSET = frozenset({"idna", "punycode", "unicode_escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
_LETTERS = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_JAPANESE = re.compile(rb"\x1b(\$[@B]|\$\([@BDOPQ]|\([BJIH])")
_META = re.compile(rb"<meta\b[^>]{0,500}?\bcharset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_XML = re.compile(
    rb"^\s{0,99}<\?xml\b[^>]{0,200}?\bencoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE
)


def decoded(content: bytes, label: str | None = None) -> str:
    """The text. It never fails: what no charset explains is a replacement sign."""
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    if marked:
        return content.decode(marked, "replace")
    name = _codec(label)
    if _looks_japanese(name, content):
        return _from_escapes(content)
    if name in _WITH_ESCAPES or (_is_wide(name) and b"\0" in content):
        return content.decode(name, "replace")
    if content.isascii():
        return content.decode("ascii")
    if _is_utf8(content, name):
        return content.decode("utf-8", "replace")
    return _of_its_charset(content, name)


def of_html(content: bytes, label: str | None = None) -> str:
    """The same for HTML, which may name its charset itself where the mail names none, or one the bytes disprove."""
    if not _codec(label) or _codec(label) == "ascii":
        found = _XML.search(content[:400]) or _META.search(content[:8192])
        label = found[1].decode("ascii") if found else label
        label = None if _is_wide(_codec(label)) else label  # it could not have been read so far
    return decoded(content, label)


_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _codec(label: str | None) -> str:
    """The codec a label means; empty when it means nothing to anybody."""
    name = (label or "")[:60].strip(" \t\r\n\"'").lower().partition(";")[0].strip().replace("_", "-")
    if _SAYS_NOTHING.match(name):
        return ""
    try:
        found = codecs.lookup(_MEANT.get(name, name))
    except (LookupError, ValueError, UnicodeError):
        return ""
    is_charset = getattr(found, "_is_text_encoding", True) and found.name not in _NO_CHARSET
    return _MEANT.get(found.name.replace("iso8859", "iso-8859"), found.name) if is_charset else ""


def _is_wide(name: str) -> bool:
    return name.startswith(("utf-16", "utf-32"))


def _is_utf8(content: bytes, name: str) -> bool:
    """Whether the bytes are UTF-8 whatever their label says: wholly, or but for a byte here and there."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return name not in _MANY_BYTES or name == "utf-8" or not _fits(content, name)
    judged = content[:_JUDGED]
    letters = sum(map(len, _LETTERS.findall(judged)))
    others = len(judged) - len(judged.translate(None, _HIGH)) - letters
    most = letters if name == "utf-8" else letters // 8 if name in _MANY_BYTES else letters // 4
    return letters > 0 and others <= most


_HIGH = bytes(range(0x80, 0x100))


def _fits(content: bytes, name: str) -> bool:
    try:
        content.decode(name)
    except (UnicodeError, ValueError, LookupError):
        return False
    return True


def _of_its_charset(content: bytes, name: str) -> str:
    name = _as_windows(content, name)
    if not name or name in {"ascii", "utf-8"}:
        name = _guessed(content)
    elif name in {"cp1252", "iso8859-15"} and _is_czech(content):
        name = _central_european(content)
    elif name == "cp1250" and _is_standard(content):
        name = "iso-8859-2"
    try:
        return content.decode(name)
    except UnicodeDecodeError:
        read = content.decode(name, "replace")
    if read.count("\ufffd") * 20 <= len(content) - len(content.translate(None, _HIGH)) or name in _MANY_BYTES:
        return read
    return content.decode(_guessed(content), "replace")


def _as_windows(content: bytes, name: str) -> str:
    windows = _WINDOWS.get(name)
    return windows if windows and len(content.translate(None, _CONTROLS)) < len(content) else name


_CONTROLS = bytes(range(0x80, 0xA0))


# Czech letters as they look when they are taken for Western ones, by the languages that have those. A text that mixes
# two of them is of none: ø with ì, or ý with è.
_TAKEN_FOR = tuple(frozenset(bytes(letters)) for letters in (b"\xf8\xd8", b"\xec\xe8\xf9\xf2\xcc\xc8\xd2", b"\xfd"))
_TAKEN_FOR_WINDOWS = frozenset(b"\x8a\x8e\x9a\x9e")
_WESTERN = re.compile(rb"[\xe0\xe3\xe5\xe6\xe7\xea\xf1\xfb\xc0\xc5\xc6\xc7\xca]")  # à ã å æ ç ê ñ û
_IN_WORDS = re.compile(rb"[A-Za-z\xc0-\xff][\xb9\xbb\xbe\x9d\xa9\xab\xae\x8d]|[\xa9\xae\xb9\xbb\xbe][a-z\xe0-\xff]")


def _is_czech(content: bytes) -> bool:
    """Whether bytes labelled Western are Central European: by letters no one Western language has together."""
    judged = content[:_JUDGED]
    if _WESTERN.search(judged):
        return False
    there = frozenset(judged)
    families = sum(not there.isdisjoint(family) for family in (*_TAKEN_FOR, _TAKEN_FOR_WINDOWS))
    return families > 1 or (families == 1 and bool(_IN_WORDS.search(judged)))


def _central_european(content: bytes) -> str:
    """cp1250, or iso-8859-2 when its š, ť and ž stand where Windows has signs that are no letters."""
    judged = content[:_JUDGED]
    windows = sum(judged.count(byte) for byte in (b"\x8a", b"\x8d", b"\x8e", b"\x9a", b"\x9d", b"\x9e"))
    standard = len(_IN_WORDS.findall(judged))
    return "iso-8859-2" if standard > windows else "cp1250"


_SIGNS_FOR_LETTERS = re.compile(rb"[\xa9\xae][a-z\xe0-\xff]|[a-z\xe0-\xff]\xbb[a-z\xe0-\xff]")  # Š Ž ť of iso-8859-2


def _is_standard(content: bytes) -> bool:
    """Whether bytes that say they are cp1250 are iso-8859-2: signs in words, and none of the letters Windows has."""
    judged = content[:_JUDGED]
    return _TAKEN_FOR_WINDOWS.isdisjoint(judged) and bool(_SIGNS_FOR_LETTERS.search(judged))


def _guessed(content: bytes) -> str:
    """The charset of bytes that nothing vouches for: of our region, else what their letters suggest."""
    if _western_only(content):
        return "cp1252"
    judged = content[:_JUDGED]
    high = len(judged) - len(judged.translate(None, _HIGH))
    if high * 3 > len(judged):  # hardly any plain letter: no Latin script
        found = charset_normalizer.from_bytes(judged[:4000], cp_isolation=_OTHER_SCRIPTS).best()
        if found:
            return found.encoding
    return _central_european(content)


_OTHER_SCRIPTS = ["cp1251", "koi8_r", "cp1253", "cp1255", "cp932", "euc_jp", "gb18030", "big5", "cp949"]


def _western_only(content: bytes) -> bool:
    """Whether there is a letter our region has no use for (à, å), and none of the letters that only we have."""
    there = frozenset(content[:_JUDGED])
    families = sum(not there.isdisjoint(family) for family in _TAKEN_FOR)
    return not there.isdisjoint(b"\xe0\xe5\xc0\xc5") and families < 2 and there.isdisjoint(_OURS)


_OURS = frozenset(b"\x8a\x8d\x8e\x9a\x9c\x9d\x9e\xb3\xb9\xbe\xbf")


def _looks_japanese(name: str, content: bytes) -> bool:
    return (name.startswith("iso2022_jp") or not name or name == "ascii") and bool(_JAPANESE.search(content))


def _from_escapes(content: bytes) -> str:
    """ISO-2022-JP as it is written: with the signs that vendors put into its empty rows, and with broken ends."""
    pieces = _JAPANESE.split(content)
    said = [pieces[0].decode("ascii", "replace")]
    for escape, letters in zip(pieces[1::2], pieces[2::2], strict=True):
        said.append(_japanese(escape, letters))
    return "".join(said)


def _japanese(escape: bytes, letters: bytes) -> str:
    if escape.startswith(b"("):
        shifted = letters.translate(_HIGHER) if escape == b"(I" else letters
        return shifted.decode("cp932" if escape == b"(I" else "ascii", "replace")
    if escape in {b"$(D", b"$(O", b"$(P", b"$(Q"}:
        return (b"\x1b" + escape + letters + b"\x1b(B").decode("iso2022_jp_3", "replace")
    lines = letters.split(b"\n")  # a line that ends without an escape ends in ASCII nevertheless
    return "\n".join(_two_by_two(line) for line in lines)


_HIGHER = bytes(byte | 0x80 if 0x20 < byte < 0x80 else byte for byte in range(256))


def _two_by_two(letters: bytes) -> str:
    """Pairs of JIS X 0208 by way of cp932, which has the vendors' rows."""
    shifted = bytearray()
    for place in range(0, len(letters) - 1, 2):
        row, cell = letters[place], letters[place + 1]
        if not (0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E):
            shifted += bytes((row, cell)) if row < 0x80 and cell < 0x80 else b"?"
            continue
        shifted.append((row - 0x21) // 2 + (0x81 if row < 0x5F else 0xC1))
        if row % 2:
            shifted.append(cell + (0x1F if cell < 0x60 else 0x20))
        else:
            shifted.append(cell + 0x7E)
    shifted += letters[len(letters) - len(letters) % 2 :]
    return shifted.decode("cp932", "replace")
