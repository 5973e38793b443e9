"""One mail by two ways is one ticket, and two mails are two."""

import pytest

from portal.desk.inbound import intake

NAME = {"Message-ID": "<dup.1@strojirny-vltava.example>"}
FOOTERS = [
    "{}\n\n-- \nTato zpráva prošla konferencí helpdesk@",
    "{}\n\n_______________________________________________\nhelpdesk mailing list",
    "[EXTERNÍ ODESÍLATEL] Neklikejte na odkazy.\n\n{}",
    "{}\n\nTato zpráva byla zkontrolována antivirem.",
    "  {}  \n\n\n",
]


@pytest.mark.parametrize("footer", FOOTERS, ids=range(len(FOOTERS)))
@pytest.mark.parametrize("is_footer_first", [True, False])
def test_one_mail_by_two_ways_is_one_message(store, compose, record, footer, is_footer_first):
    texts = ["Stejná zpráva dvakrát.", footer.format("Stejná zpráva dvakrát.")]
    first, second = reversed(texts) if is_footer_first else texts
    one = intake.receive(store, compose(first, headers=NAME))
    other = intake.receive(store, compose(second, subject="[helpdesk] Nejde tiskárna", headers=NAME))
    assert (one.outcome, other.outcome, other.ticket) == ("opened", "duplicate", one.ticket)
    assert len(record(one.ticket)["messages"]) == 1
    with store.read() as db:
        assert db.execute("SELECT count(*) FROM ticket").fetchone()[0] == 1
        assert db.execute("SELECT count(*) FROM outbox WHERE kind = 'received'").fetchone()[0] == 1


def test_other_words_another_sender_or_another_name_are_another_mail(store, compose):
    assert intake.receive(store, compose("Nejde tisk.", headers=NAME)).outcome == "opened"
    for text, sender, headers in (
        ("Nejde pošta.", "jan@strojirny-vltava.example", NAME),
        ("Nejde tisk.", "petr@strojirny-vltava.example", NAME),
        ("Nejde tisk.", "jan@strojirny-vltava.example", {"Message-ID": "<other@strojirny-vltava.example>"}),
        ("Nejde tiskárna.", "jan@strojirny-vltava.example", NAME),
    ):
        assert intake.receive(store, compose(text, sender=sender, headers=headers)).outcome != "duplicate"


def test_a_machine_that_gives_all_its_mails_one_name_is_heard_every_time(store, compose):
    for day in (2, 3):
        dated = NAME | {"Date": f"Mon, 0{day} Nov 2026 09:30:00 +0000"}
        assert intake.receive(store, compose("Záloha selhala.", headers=dated)).outcome != "duplicate"
