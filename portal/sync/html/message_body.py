"""The body of a message as the page shows it: what was written now, what was quoted, and its first words. Pure."""

from dataclasses import dataclass

from portal.cores.records import MessageRecord, TicketRecord
from portal.lib.html import styles
from portal.lib.mail_quotes import markup
from portal.lib.mail_quotes.reading import About, known_people
from portal.sync.html import folding, sanitize

MOST_EARLIER = 20  # messages in which a quote is looked for
_US = "Connectica"  # as letters call their sender, whatever the address


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


def of_record(record: TicketRecord) -> dict[str, Body]:
    """The bodies of a ticket's messages by core_id, each read with what was said before it."""
    people = [message.author for message in record.messages] + [record.requester]
    technicians = [message.author for message in record.messages if message.side == "technician"]
    technicians += [record.technician] if record.technician else []
    ours = {"domains": [_domain(person.email) for person in technicians], "names": [_US]}
    ours["names"] += [person.name for person in technicians]
    made: dict[str, Body] = {}
    for at, message in enumerate(record.messages):
        known = people if at else [message.author]
        about = About(
            opening=at == 0,
            subject="" if at else record.subject,
            author=(message.author.name, message.author.email),
            known=known_people(addresses=[person.email for person in known], names=[person.name for person in known])
            | known_people(**ours),
            earlier=tuple(earlier.text for earlier in record.messages[max(0, at - MOST_EARLIER) : at]),
        )
        made[message.core_id] = of(message, about)
    return made


def of(message: MessageRecord, about: About | None = None) -> Body:
    """The HTML if it can be shown, else the text, else what words the HTML holds."""
    source = styles.resolved(markup.without_data(sanitize.without_controls(message.html)))
    read = markup.read(source)
    html = _of_html(read, folding.of_markup(read, about)) if read.is_reasonable else Body("", "")
    if html.visible:
        return html
    text = message.text if message.text.strip() else sanitize.stripped(source[: sanitize.MOST_SHOWN * 4])
    body = _of_text(text, about)
    return Body(body.visible, body.quoted or html.quoted)


def _domain(email: str) -> str:
    return email.rpartition("@")[2]


def _of_html(read: markup.Markup, folded: folding.Folded) -> Body:
    """An answer of nothing but a removed picture says nothing: its text may."""
    is_whole = folded.visible is read.source and len(folded.visible) <= sanitize.MOST_SHOWN
    visible = sanitize.from_written(folded.visible) if is_whole else sanitize.from_html(folded.visible)
    return Body(visible if sanitize.says_something(visible) else "", sanitize.from_html(folded.quoted))


def _of_text(text: str, about: About | None) -> Body:
    folded = folding.of_text(sanitize.shortened(sanitize.without_controls(text)), about)
    return Body(sanitize.from_text(folded.visible), sanitize.from_text(folded.quoted))
