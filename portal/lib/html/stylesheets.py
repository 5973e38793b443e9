"""What the style sheets of foreign HTML say of classes and ids, as far as mail programs follow them. Pure."""

import re
from collections.abc import Iterable

LONGEST = 200_000  # characters of style sheets that are read
MOST_RULES = 2_000
Rules = dict[str, list[tuple[str, dict[str, str]]]]  # ".class" or "#id": the element's name or "", and declarations

_SHEET = re.compile(r"<style\b[^<>]{0,500}>", re.IGNORECASE)
_COMMENT = re.compile(r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|<!--|-->")
_RULE = re.compile(r"([^{}]{1,1000})\{([^{}]{0,4000})\}")
_SELECTOR = re.compile(r"([a-z][a-z0-9]{0,20})?([.#][\w-]{1,100})", re.IGNORECASE)


def read(html: str, wanted: re.Pattern[str]) -> Rules:
    """The rules of one class or id whose declarations match; what holds for some screens only is left out."""
    found: Rules = {}
    for sheet in _sheets(html):
        for rule in list(_RULE.finditer(_for_all_screens(sheet)))[:MOST_RULES]:
            if not wanted.search(rule[2]):
                continue
            for selector in rule[1].split(",")[:50]:
                match = _SELECTOR.fullmatch(selector.strip())
                if match:
                    found.setdefault(match[2].lower(), []).append(((match[1] or "").lower(), declarations(rule[2])))
    return found


def declarations(style: str) -> dict[str, str]:
    """Property and value of each, the last one of its name."""
    pairs = (each.partition(":") for each in style.lower().split(";"))
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def of_element(rules: Rules, name: str, classes: Iterable[str], style: str) -> str:
    """The style that an element has, its own and that of its classes and ids; its own goes before."""
    said: dict[str, str] = {}
    for key in classes:
        for element, declared in rules.get(key.lower(), ()):
            if element in {"", name}:
                said |= declared
    if not said:
        return style
    return ";".join(f"{each}:{value}" for each, value in (said | declarations(style)).items())


def _sheets(html: str) -> Iterable[str]:
    left = LONGEST
    for start in _SHEET.finditer(html):
        end = html.find("</", start.end(), start.end() + left)
        sheet = html[start.end() : end] if end >= 0 else ""
        left -= len(sheet)
        yield _COMMENT.sub("", sheet)


def _for_all_screens(sheet: str) -> str:
    """The sheet without its rules in braces of their own (@media, @supports)."""
    kept, depth, place = [], 0, 0
    for brace in re.finditer(r"[{}]", sheet):
        if brace[0] == "{":
            depth += 1
            is_nested = depth == 1 and "@" in sheet[place : brace.start()].rpartition(";")[2]
            if is_nested:
                depth += 1_000
        elif depth:
            depth -= 1
            if depth == 1_000:
                depth, place = 0, brace.end()
            elif depth == 0:
                kept.append(sheet[place : brace.end()])
                place = brace.end()
    return "".join(kept)
