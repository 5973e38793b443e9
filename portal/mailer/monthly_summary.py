"""The monthly summary: last month's hours in a letter, with the workbook, on the first working day."""

from io import BytesIO

from flask_babel import force_locale

from portal.db.unit_of_work import unit_of_work
from portal.domain import sync_state
from portal.domain.billing import (
    disclosure,
    invoice_adjustments,
    invoice_preview,
    monthly_summary,
    prices,
    time_report,
)
from portal.domain.billing.monthly_summary import MonthlySummary
from portal.domain.billing.time_report import HoursFilter
from portal.domain.notifications import outbox, rendering
from portal.domain.notifications.outbox import Attached
from portal.domain.read_models import disputed
from portal.domain.users import permissions
from portal.exports import file_names, report
from portal.exports import hours as hours_files
from portal.exports.xlsx import MEDIA_TYPE
from portal.lib import urls


def write_due() -> int:
    """Write the summaries whose time it is; how many. Each commits by itself, so that a death loses none."""
    return sum(_write(summary) for summary in monthly_summary.due())


def _write(summary: MonthlySummary) -> bool:
    person, wanted = summary.person, HoursFilter(period=summary.month)
    reader = permissions.reader(summary.company, summary.person.role_names)
    if disclosure.of(reader).hides_hours and not time_report.totals(reader, wanted).entries:
        return False  # nothing may be said yet: it is written once the month is invoiced
    with force_locale(person.language):
        made = hours_files.report(reader, wanted, language=person.language)
        file = BytesIO()
        sums = report.write(made, file)
        subject, text = rendering.letter(
            person.language,
            "monthly_summary",
            company=summary.company,
            period=file_names.period(summary.month, person.language),
            sum=report.said(made, sums.all),
            groups=time_report.groups(reader, wanted, "category"),
            warnings=[*report.warnings(sums.all), *made.notes],
            currency=prices.list_of(reader).currency,
            data_of=sync_state.age().reached_at,
            disputed=invoice_preview.preview(reader, disputes=disputed.of(reader)).disputed,
            adjustments=invoice_adjustments.waiting(reader),
            has_workbook=bool(sums.all.entries),
            link=urls.link(f"/hours?month={summary.month.slug}"),
        )
        name = f"{hours_files.file_name(reader, summary.month).plain}.xlsx"
    with unit_of_work():
        return outbox.write(
            key=summary.key,
            to=person.email,
            name=person.name,
            subject=subject,
            text=text,
            person=person,
            attached=Attached(name, MEDIA_TYPE, file.getvalue()) if sums.all.entries else None,
        )
