"""User agents: the name a person would give to a browser, from its User-Agent header."""

import re

from flask_babel import gettext as _

BROWSERS = (  # what stands in the line a browser sends: its name. The first counts: most say they are others, too
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("SeznamBrowser|SznProhlizec|Seznam.cz", "Seznam.cz"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("Chrome/|CriOS/|Chromium/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Mac OS X|Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux|X11", "Linux"),
)


def in_words(client: str) -> str:
    """Firefox, Windows"""
    names = [name for name in (_first(BROWSERS, client), _first(SYSTEMS, client)) if name]
    return ", ".join(names) or _("Unknown browser")


def _first(table: tuple[tuple[str, str], ...], client: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, client)), "")
