"""Addresses of the portal as people reach it: links in mail begin with the configured one, never with a request's."""

_base_url = "http://127.0.0.1:8000"
_noc = "noc@connectica.cz"


def are(*, base_url: str, noc: str) -> None:
    """Said once, when the application is made."""
    global _base_url, _noc
    _base_url, _noc = base_url.rstrip("/"), noc


def link(path: str) -> str:
    """The whole address of a page of ours."""
    return f"{_base_url}{path}"


def noc() -> str:
    """The mailbox of Connectica's technicians."""
    return _noc


def base_url() -> str:
    """The configured address itself, without a slash at its end."""
    return _base_url
