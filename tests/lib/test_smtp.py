"""What we write into a mail's subject is what its reader sees."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from hypothesis import given
from hypothesis import strategies as st

from portal.lib.smtp import SENT

WORDS = ["účtárně", "schránky", "kolegyně", "a", "pro", "VPN", "–", "žluťoučký", "[Connectica #20260017]", "tisk"]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).map(" ".join))
def test_a_long_czech_subject_keeps_every_space_on_short_lines(subject):
    mail = EmailMessage(policy=SENT)
    mail["Subject"] = subject
    mail.set_content("Dobrý den.")
    written = mail.as_bytes()
    assert message_from_bytes(written, policy=default)["Subject"].strip() == subject
    assert max(map(len, written.split(b"\r\n"))) <= 78
