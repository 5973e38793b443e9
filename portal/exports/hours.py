"""Hours as files: exactly what the page's filter shows, as a workbook or as CSV."""

from typing import Any

from flask_babel import gettext as _

from portal import clock
from portal.domain import sync_state
from portal.domain.billing import anomalies, prices, time_report
from portal.domain.billing.anomalies import Surroundings
from portal.domain.billing.time_report import HoursFilter
from portal.domain.billing.vat import treatments
from portal.domain.companies.reader import Reader
from portal.domain.read_models import disputed
from portal.exports import agreements, file_names, parties
from portal.exports.file_names import FileName
from portal.exports.report import Report
from portal.lib.periods import EARLIEST, LATEST, Period

ALL_DAYS = Period(EARLIEST, LATEST)


def report(reader: Reader, wanted: HoursFilter, *, language: str) -> Report:
    """The hours of a company that a filter wants."""
    price_list = prices.list_of(reader)
    period = file_names.period(wanted.period, language)
    around = Surroundings.of((), clock.today(), disputed.of(reader))
    last_day = wanted.period.until if wanted.period else clock.today()
    return Report(
        title=_("Hours – %(period)s", period=period),
        company=reader.company_name,
        period=period,
        filters=_filters(reader, wanted),
        parties=parties.of(reader),
        language=language,
        currency=price_list.currency,
        vat_percent=treatments.on(reader, last_day).percent,
        data_of=sync_state.age().reached_at,
        rows=time_report.rows(reader, wanted),
        name_of=price_list.name_of,
        note_on=lambda row: _disputed(row, around),
        notes=agreements.notes(reader, wanted.period or ALL_DAYS, language=language, currency=price_list.currency),
    )


def file_name(reader: Reader, period: Period | None) -> FileName:
    """hodiny-strojirny-vltava-2026-11 and so on."""
    return file_names.file(_("hours"), reader.company_name, period.slug if period else _("all"))


def _disputed(row: Any, around: Surroundings) -> str:
    """What the company has not agreed to; what is invoiced was marked before it was."""
    rules = (rule for rule in anomalies.about(row, around) if rule.is_dispute)
    return " ".join(_(rule.words) for rule in rules if row.invoiced_on is None or rule.name == "in_question")


def _filters(reader: Reader, wanted: HoursFilter) -> tuple[tuple[str, str], ...]:
    """What narrows the rows, in the words of the page."""
    found: list[tuple[str, str]] = []
    if wanted.billing:
        found.append((_("Billing"), _(wanted.billing.label)))
    if wanted.invoiced_on:
        found.append((_("Invoice"), wanted.invoiced_on.isoformat()))
    offered = time_report.choices(reader, wanted.period, wanted.people) if wanted.narrows else {}
    for by, value in (
        ("category", wanted.category),
        ("technician", wanted.technician),
        ("employee", wanted.employee),
    ):
        if value:
            label = dict(offered[by]).get(value, str(value))
            found.append((_(time_report.GROUPINGS[by].label), label))
    if wanted.ticket:
        found.append((_("Ticket"), wanted.ticket))
    return (*found, *file_names.people(wanted.people))
