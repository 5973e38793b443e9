"""How a mail becomes bytes: as the standard library does it, but for the spaces it loses in a long Czech subject."""

from email.header import Header
from email.policy import EmailPolicy


class _WholeSubjects(EmailPolicy):
    """Python 3.11 drops a space where it splits an encoded header; its older Header class does not."""

    def fold(self, name, value):
        if name.lower() == "subject" and not str(value).isascii():
            return (
                f"{name}: {Header(str(value), 'utf-8', header_name=name).encode(linesep=self.linesep)}{self.linesep}"
            )
        return super().fold(name, value)

    def fold_binary(self, name, value):
        return self.fold(name, value).encode("ascii", "surrogateescape")


SENT = _WholeSubjects(linesep="\r\n")  # the policy of every mail we write
