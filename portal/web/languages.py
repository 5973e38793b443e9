"""Languages: Czech first, English complete; which one a reader gets, and where the words come from."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, g, request
from flask_babel import Babel, Domain, get_locale, refresh
from flask_login import current_user

LANGUAGES = {"cs": "Čeština", "en": "English"}  # the first is everybody's until they say otherwise
TRANSLATIONS = Path(__file__).resolve().parents[2] / "translations"


def install(app: Flask) -> None:
    """Words, numbers and dates in the reader's language; every day and hour is Prague's."""
    babel = Babel()
    babel.init_app(
        app,
        default_locale=next(iter(LANGUAGES)),
        default_timezone="Europe/Prague",
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=chosen,
    )
    babel.__dict__["domain_instance"] = _Catalogues()


def chosen() -> str:
    """The language of the person signed in, or the one their browser asks for first."""
    if current_user.is_authenticated and current_user.language in LANGUAGES:
        return current_user.language
    return request.accept_languages.best_match(LANGUAGES) or next(iter(LANGUAGES))


def current() -> str:
    """The language of the page being made, "cs" or "en"."""
    known = g.get("language")
    if known is None:
        locale = get_locale()
        known = locale.language if locale else next(iter(LANGUAGES))
        g.language = known
    return known


def forget() -> None:
    """The person has just chosen another language: the rest of this request is in that one."""
    g.pop("language", None)
    refresh()


class _Catalogues(Domain):
    """Messages straight from the .po files: there is no compiled copy that could be stale."""

    def get_translations(self) -> Translations:
        return _catalogue(current())


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> Translations:
    path = TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():  # English is what the code says
        return Translations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
