"""Everybody around the desk: employees and a technician who write as mail servers do, until each mail is accepted."""

import email
import random
import re
import smtplib
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from email.message import EmailMessage, Message
from email.policy import SMTP
from hashlib import sha256
from queue import Empty, Queue

from aiosmtpd import smtp
from aiosmtpd.controller import Controller

from chaos.fleet import TOKEN, free_address

NOC, TECHNICIAN, COMPANY_DOMAIN = "noc@connectica.cz", "radek@connectica.example", "vltava.example"
MARK = re.compile(r"zn-\d+")  # stands in every mail, once
CATEGORIES = ("PROGP85", "SPRAVA60")
_AGAIN = 0.3  # seconds until a mail that was not accepted is sent again
_TAG = re.compile(r"#(\d{8,10})\]")


@dataclass(frozen=True, slots=True)
class Worked:
    """What a technician's mail says about time."""

    category: str
    hours: Decimal


class Mailroom:
    """The mail server both the desk and the portal send their letters to; it keeps the names of all it was given."""

    def __init__(self) -> None:
        self.copies: Counter[str] = Counter()  # Message-ID: how often it came
        self.contents: dict[str, set[str]] = defaultdict(set)
        self.arrived: Queue[tuple[str, Message]] = Queue()  # of each letter the first copy, by recipient
        self.address = free_address()
        host, _, port = self.address.rpartition(":")
        self._server = Controller(self, hostname=host, port=int(port), ready_timeout=20)

    def __enter__(self) -> "Mailroom":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    async def handle_DATA(self, server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        letter = email.message_from_bytes(content, policy=SMTP)
        name = str(letter["Message-ID"])
        self.copies[name] += 1
        self.contents[name].add(sha256(content).hexdigest())
        if self.copies[name] == 1:
            for recipient in envelope.rcpt_tos:
                self.arrived.put((recipient, letter))
        return "250 Taken"


class People:
    """Writers as threads, while the context is open; what the desk accepted of them is kept for the counting."""

    def __init__(self, desk: str, mailroom: Mailroom, *, seed: int) -> None:
        self._host, _, port = desk.rpartition(":")
        self._port = int(port)
        self._mailroom = mailroom
        self._random = random.Random(seed)  # noqa: S311 - nobody has to be unable to guess it
        self._guard = threading.Lock()
        self._numbers = iter(range(1, 1_000_000))
        self.opening: set[str] = set()  # marks of accepted mails that open a ticket
        self.answering: set[str] = set()  # and of those that answer
        self.worked: dict[str, Worked] = {}  # by the mark of the technician's mail
        self.asked: set[str] = set()  # marks of mails with a question for the manager
        self.again = 0  # how often a mail had to be sent once more
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._employees, self._employees, self._readers)
        ]

    def __enter__(self) -> "People":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()

    def rest(self) -> None:
        """Write no more; what was begun is sent until it is accepted."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a mail is still not accepted"

    def _employees(self) -> None:
        while not self._stop.is_set():
            number, mark = self._mark()
            mail = _mail(f"jana{number}@{COMPANY_DOMAIN}", f"Nejde tiskárna {number}", f"Dobrý den, {mark} nejde.")
            self._send(mail)
            self.opening.add(mark)
            time.sleep(self._random.uniform(0.1, 0.6))

    def _readers(self) -> None:
        """The technician answers each new ticket once, its employee answers that once."""
        seen: set[tuple[str, str]] = set()
        while not self._stop.is_set():
            try:
                recipient, letter = self._mailroom.arrived.get(timeout=0.2)
            except Empty:
                continue
            ticket = _TAG.search(str(letter["Subject"]))
            if not ticket:
                continue  # the portal's own
            is_automatic, is_technician = letter["Auto-Submitted"] is not None, recipient == TECHNICIAN
            if (recipient, ticket[1]) in seen or is_automatic != is_technician:
                continue
            seen.add((recipient, ticket[1]))
            if is_technician:
                self._serve(letter)
            else:
                _number, mark = self._mark()
                self._send(_mail(recipient, f"Re: {letter['Subject']}", f"Děkuji, {mark}.", answers=letter))
                self.answering.add(mark)

    def _serve(self, letter: Message) -> None:
        number, mark = self._mark()
        worked = Worked(CATEGORIES[number % 2], Decimal(number % 8 + 1) / 4)
        lines = [f"Podívám se na to, {mark}.", "", f"{worked.category}:{worked.hours:.2f}".replace(".", ",")]
        if number % 3 == 0:
            lines.append(f"SCHVALIT: Smíme koupit díl {number}?")
            self.asked.add(mark)
        mail = _mail(TECHNICIAN, f"Re: {letter['Subject']}", "\n".join(lines), answers=letter)
        self._send(mail, login="radek")
        self.answering.add(mark)
        self.worked[mark] = worked

    def _mark(self) -> tuple[int, str]:
        with self._guard:
            number = next(self._numbers)
        return number, f"zn-{number}"

    def _send(self, mail: EmailMessage, *, login: str = "") -> None:
        """Until 250: whoever was not told so does not know whether it was kept, and sends it again."""
        while not self._is_accepted(mail, login):
            self.again += 1
            time.sleep(_AGAIN)

    def _is_accepted(self, mail: EmailMessage, login: str) -> bool:
        try:
            with smtplib.SMTP(self._host, self._port, timeout=30) as desk:
                if login:
                    desk.login(login, TOKEN)
                desk.send_message(mail, from_addr=mail["From"], to_addrs=[NOC])
        except (smtplib.SMTPException, OSError):
            return False
        return True


def _mail(sender: str, subject: str, text: str, *, answers: Message | None = None) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mark = MARK.search(text)
    assert mark
    mail["From"], mail["To"], mail["Message-ID"] = sender, NOC, f"<{mark[0]}@people.example>"
    mail["Subject"] = " ".join(subject.split())
    if answers is not None:
        mail["In-Reply-To"] = str(answers["Message-ID"])
    mail.set_content(text)
    return mail
