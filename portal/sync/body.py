"""The body of a message as the page shows it: what was written now, what was quoted, and its first words. Pure."""

from dataclasses import dataclass

from portal.cores.records import MessageRecord
from portal.sync import clean, folding, markup


@dataclass(frozen=True, slots=True)
class Body:
    """visible and quoted are clean HTML; words are those of both, for searching."""

    visible: str
    quoted: str

    @property
    def excerpt(self) -> str:
        return clean.excerpt(self.visible)

    @property
    def words(self) -> str:
        return clean.plain(f"{self.visible}<br>{self.quoted}")


def of(message: MessageRecord) -> Body:
    """The HTML if it can be shown, else the text, else what words the HTML holds."""
    source = markup.without_data(clean.without_controls(message.html))
    read = markup.read(source)
    if read.is_reasonable:
        body = _of_html(folding.of_markup(read))
        if body.visible:
            return body
    return _of_text(message.text if message.text.strip() else clean.stripped(source[: clean.MOST_SHOWN * 4]))


def _of_html(folded: folding.Folded) -> Body:
    visible, quoted = clean.from_html(folded.visible), clean.from_html(folded.quoted)
    if not clean.says_something(
        visible
    ):  # an answer of nothing but a removed picture: then the history is what there is
        visible, quoted = quoted, ""
    return Body(visible if clean.says_something(visible) else "", quoted)


def _of_text(text: str) -> Body:
    folded = folding.of_text(clean.shortened(clean.without_controls(text)))
    return Body(clean.from_text(folded.visible), clean.from_text(folded.quoted))
