"""A Request Tracker as the settings PORTAL_RT_* describe it."""

from collections.abc import Mapping
from typing import Any

from portal import timecodes
from portal.cores.records import CompanyRecord
from portal.cores.rt.adapter import RtCore
from portal.cores.rt.client import Rest
from portal.cores.rt.mapping import STATES, Rules
from portal.errors import BadTimeCode, Misconfigured

_OURS = frozenset({"open", "to_be_invoiced", "error", "done"})
_COMPANY_BY = ("field", "organization", "domain")


def from_settings(values: Mapping[str, Any], token: str) -> RtCore:
    """The adapter. Raises Misconfigured naming the setting at fault."""
    by = values["RT_COMPANY_BY"]
    if by not in _COMPANY_BY:
        raise Misconfigured(f"PORTAL_RT_COMPANY_BY={by!r}: write one of {', '.join(_COMPANY_BY)}")
    rest = Rest(
        values["CORE_URL"],
        user=values["RT_USER"],
        password=values["RT_PASSWORD"],
        token=token,
        queue=values["RT_QUEUE"],
    )
    rules = Rules(
        states=STATES | _states(values["RT_STATES"]),
        company_by=by,
        time_category=_category(values["RT_TIME_CATEGORY"]),
    )
    return RtCore(rest, rules=rules, companies=_companies(values["RT_COMPANIES"]))


def _category(written: str) -> str:
    """A price category; "" for none."""
    try:
        return timecodes.parse(f"{written}:1").category if written else ""
    except BadTimeCode as error:
        raise Misconfigured(f"PORTAL_RT_TIME_CATEGORY={written!r}: write a price category such as PROGP85") from error


def _states(written: str) -> dict[str, str]:
    """ "waiting=open, closed=done" as a map."""
    found = {}
    for pair in filter(None, (each.strip() for each in written.split(","))):
        theirs, _, ours = (each.strip() for each in pair.partition("="))
        if ours not in _OURS:
            raise Misconfigured(f"PORTAL_RT_STATES: {pair!r} is not STATUS=one of {', '.join(sorted(_OURS))}")
        found[theirs] = ours
    return found


def _companies(written: str) -> list[CompanyRecord] | None:
    """ "vltava=Strojírny Vltava, a. s.|vltava.example; …" as records; None for nothing written."""
    found = []
    for each in filter(None, (each.strip() for each in written.split(";"))):
        code, _, described = (part.strip() for part in each.partition("="))
        name, _, domains = described.partition("|")
        if not (code and name.strip()):
            raise Misconfigured(f"PORTAL_RT_COMPANIES: {each!r} is not CODE=NAME|DOMAINS")
        found.append(CompanyRecord(core_id=code, name=name.strip(), domains=tuple(domains.lower().split())))
    return found or None
