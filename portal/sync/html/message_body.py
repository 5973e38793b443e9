"""The body of a message as the page shows it: what was written now, what was quoted, and its first words. Pure."""

from dataclasses import dataclass

from portal.cores.records import MessageRecord
from portal.sync.html import folding, sanitize, scanner


@dataclass(frozen=True, slots=True)
class Body:
    """visible and quoted are clean HTML; words are those of both, for searching."""

    visible: str
    quoted: str

    @property
    def excerpt(self) -> str:
        return sanitize.excerpt(self.visible)

    @property
    def words(self) -> str:
        return sanitize.plain(f"{self.visible}<br>{self.quoted}")


def of(message: MessageRecord) -> Body:
    """The HTML if it can be shown, else the text, else what words the HTML holds."""
    source = scanner.without_data(sanitize.without_controls(message.html))
    read = scanner.read(source)
    if read.is_reasonable:
        body = _of_html(folding.of_markup(read))
        if body.visible:
            return body
    return _of_text(message.text if message.text.strip() else sanitize.stripped(source[: sanitize.MOST_SHOWN * 4]))


def _of_html(folded: folding.Folded) -> Body:
    visible, quoted = sanitize.from_html(folded.visible), sanitize.from_html(folded.quoted)
    if not sanitize.says_something(
        visible
    ):  # an answer of nothing but a removed picture: then the history is what there is
        visible, quoted = quoted, ""
    return Body(visible if sanitize.says_something(visible) else "", quoted)


def _of_text(text: str) -> Body:
    folded = folding.of_text(sanitize.shortened(sanitize.without_controls(text)))
    return Body(sanitize.from_text(folded.visible), sanitize.from_text(folded.quoted))
