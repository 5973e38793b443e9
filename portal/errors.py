"""What can go wrong, as a tree; each docstring says what to conclude.

PortalError
├── NotFound               the page says 404
├── Refused                the page says why
│   └── AlreadyDecided
├── TooMany                the page says when to come back
├── BadTimeCode            the technician is told
├── CoreError
│   ├── CoreAway           try again later
│   ├── CoreRefused        a person must act
│   │   └── CursorUnknown  begin again without it
│   └── CoreLied           a person must look
├── ProviderError          nobody is signed in
│   ├── ProviderAway       try again later
│   ├── ProviderRefused    a person must act
│   └── ProviderLied       nothing of it was believed
├── RecordNotUnderstood    set aside, the run goes on
└── Misconfigured          do not start
"""

from datetime import timedelta


class PortalError(Exception):
    """Anything of ours; never raised as such."""


class NotFound(PortalError):
    """Not there, or not yours: the two are never told apart."""


class Refused(PortalError):
    """Understood and not done; the text is shown to the person, so it is written for them.

    The text is an English msgid and the values go into it: whoever shows it translates it first.
    """

    def __init__(self, text: str = "", **values: object) -> None:
        super().__init__(text % values if values else text)
        self.text = text
        self.values = values


class AlreadyDecided(Refused):
    """Somebody was faster; the text says who decided what and when."""


class TooMany(PortalError):
    """Tried more often than a person would: the same may be done after a while."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"too many attempts; wait {wait}")
        self.wait = wait


class BadTimeCode(PortalError):
    """A line meant as time that cannot be billed; the text says why, for the technician."""


class CoreError(PortalError):
    """The core store did not do what we asked."""


class CoreAway(CoreError):
    """The core cannot be reached, or is too slow, or says it is busy: the same call may work later."""


class CoreRefused(CoreError):
    """The core understood and said no (a wrong token, a missing right): repeating will not help."""


class CursorUnknown(CoreRefused):
    """The core does not know the place where we stopped: it was put back from a backup, or is another one."""


class CoreLied(CoreError):
    """The core's answer is not what the protocol promises: nothing of it was used."""


class ProviderError(PortalError):
    """An identity provider did not tell us who somebody is; the text is for the log and holds no secret."""


class ProviderAway(ProviderError):
    """It cannot be reached, is too slow or says it is busy: the same may work later."""


class ProviderRefused(ProviderError):
    """It said no: to the person, or to us. The text is its own short word for why."""


class ProviderLied(ProviderError):
    """What came back is not what OpenID Connect promises, or not meant for us: nothing of it was believed."""


class RecordNotUnderstood(PortalError):
    """One record makes no sense (an unknown state, a broken number); the others are not to blame."""


class Misconfigured(PortalError):
    """A setting is missing, contradictory or unsafe; the text names it and says what to write."""
