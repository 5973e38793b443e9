"""Delivery of the portal's mail: every waiting letter leaves at least once, claimed by one process at a time."""

import logging
from collections.abc import Callable

from portal.domain.notifications import outbox
from portal.lib.smtp import NotDelivered
from portal.mailer.postman import Postman, mail

log = logging.getLogger(__name__)


def deliver(postman: Postman, *, sender: str, stopping: Callable[[], bool] = lambda: False) -> int:
    """Carry what is waiting; how many left. At least once, with the same Message-ID each time."""
    left = 0
    for letter_id in outbox.waiting():
        letter = None if stopping() else outbox.claim(letter_id)
        if letter is None:
            continue
        try:
            postman.carry(letter, mail(letter, sender=sender))
        except NotDelivered as error:
            log.warning("letter %s did not leave: %s", letter.id, error)
            outbox.failed(letter, str(error))
        else:
            outbox.sent(letter)
            left += 1
    return left
