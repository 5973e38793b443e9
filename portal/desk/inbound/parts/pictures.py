"""Pictures in their places: whatever HTML calls them by, they get the Content-ID of a file beside it. Pure."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import replace
from html import unescape
from urllib.parse import unquote

from portal.desk.inbound.parts.files import MailFile

MOST = 100  # pictures that are written into their addresses
LARGEST = 30_000_000  # bytes of all of them together
_SOURCE = re.compile(
    r"(<img\b[^<>]{0,2000}?\bsrc\s{0,9}=\s{0,9})(?:\"([^\"<>]{1,4000})\"|'([^'<>]{1,4000})'|([^\s\"'<>]{1,4000}))",
    re.IGNORECASE,
)
_DATA = re.compile(
    r"([\"'(=]\s{0,9})data:image/(png|p?jpe?g|gif|webp|bmp)(?:;[\w=-]{1,40}){0,3};base64,([\w+/=%\s]++)", re.I
)


def placed(html: str, files: Iterable[MailFile]) -> tuple[str, list[MailFile]]:
    """The HTML with each picture it shows as cid:…, and the files, those that were written into it with them."""
    files = list(files)
    if "data:" in html[:20_000_000]:
        html, files = _taken_out(html, files)
    if "<img" not in html and "<IMG" not in html and "<Img" not in html:
        return html, files
    names = _names(files)
    shown: dict[int, str] = {}  # place among the files: the Content-ID it goes by

    def named(tag: re.Match[str]) -> str:
        address = unescape(tag[2] or tag[3] or tag[4]).strip()
        at = next((names[key] for key in _keys(address) if key in names), None)
        if at is None:
            return tag[0]
        shown.setdefault(at, _content_id(files[at], at))
        return f'{tag[1]}"cid:{shown[at]}"'

    html = _SOURCE.sub(named, html)
    return html, [replace(file, content_id=shown.get(at, file.content_id)) for at, file in enumerate(files)]


def without_data(html: str) -> str:
    """The HTML without pictures that are written into their addresses."""
    return _DATA.sub(r"\1", html) if "data:" in html else html


def with_content_id(file: MailFile, at: int) -> MailFile:
    """The at-th file of a mail with a Content-ID that needs no escaping anywhere."""
    return replace(file, content_id=_content_id(file, at))


def is_shown(html: str, file: MailFile) -> bool:
    """Whether the HTML, once placed, shows the picture."""
    return bool(file.content_id) and f'"cid:{file.content_id}"' in html


def _taken_out(html: str, files: list[MailFile]) -> tuple[str, list[MailFile]]:
    """Pictures written into their addresses, as files: each picture once."""
    numbers: dict[bytes, int] = {}
    size = 0

    def taken(found: re.Match[str]) -> str:
        nonlocal size
        content = _decoded(found[3])
        size += len(content)
        if not content or size > LARGEST or (content not in numbers and len(numbers) >= MOST):
            return found[0]
        number = numbers.setdefault(content, len(numbers) + 1)
        return f"{found[1]}cid:vlozeny-{number}@data"

    html = _DATA.sub(taken, html)
    return html, [*files, *(_taken_file(content, number) for content, number in numbers.items())]


def _taken_file(content: bytes, number: int) -> MailFile:
    kind = _kind(content)
    return MailFile(f"obrazek-{number}.{kind}", f"image/{kind}", content, f"vlozeny-{number}@data")


def _decoded(written: str) -> bytes:
    try:
        return base64.b64decode(re.sub(r"\s", "", unquote(written)))
    except (binascii.Error, ValueError):
        return b""


_KINDS = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "webp"), (b"BM", "bmp"))


def _kind(content: bytes) -> str:
    return next((kind for start, kind in _KINDS if content.startswith(start)), "png")


def _names(files: list[MailFile]) -> dict[str, int]:
    """What each picture may be called by. A Content-ID goes before an address, an address before a name."""
    images = [(at, file) for at, file in enumerate(files) if file.media_type.startswith("image/")]
    named = {f"name:{file.name.lower()}": at for at, file in reversed(images)}
    located = {f"at:{file.location}": at for at, file in images if file.location}
    return named | located | {f"cid:{unquote(file.content_id).lower()}": at for at, file in images if file.content_id}


def _keys(address: str) -> tuple[str, ...]:
    """By what a picture may be found that is shown at this address, the surest first."""
    if address[:4].lower() == "cid:":
        name = unquote(address[4:]).strip("<> ").lower()
        return f"cid:{name}", f"name:{name.partition('@')[0]}"
    if address[:5].lower() == "data:":
        return ()
    is_remote = "://" in address or address.startswith("//")
    # A remote picture is only one of ours by its whole address: names like logo.png are everybody's.
    end = unquote(address.replace("\\", "/").rpartition("/")[2]).lower()
    is_own = not is_remote or address[:5].lower() == "file:"
    return (f"at:{address}", f"at:{unquote(address)}", *((f"cid:{end}", f"name:{end}") if is_own else ()))


def _content_id(file: MailFile, at: int) -> str:
    """A Content-ID that needs no escaping anywhere."""
    is_plain = re.fullmatch(r"[A-Za-z0-9.@_$+-]{1,200}", file.content_id)
    return file.content_id if is_plain else f"obrazek-{at + 1}@desk"
