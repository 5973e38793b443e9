"""What one installation of the desk decides: its address, whose authentication it believes, its limits."""

from dataclasses import dataclass

LARGEST_MAIL = 35 * 1024 * 1024  # bytes; what large providers let through, base64 included


@dataclass(frozen=True, slots=True)
class House:
    """The desk's own name and rules; the defaults are Connectica's."""

    name: str = "Connectica"
    address: str = "noc@connectica.cz"
    trusted_authserv: str = ""  # the authserv-id our own mail server writes into Authentication-Results
    dispatch: str = ""  # addresses told of every new ticket, comma-separated; empty is every technician
    technicians_page: str = ""  # where docs/technicians.md can be read; letters to technicians lead there
    largest_mail: int = LARGEST_MAIL
    keep_raw_days: int = 30  # how long the raw form of an accepted mail is kept

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()
