"""Invoices as files: the upcoming one and those of past months."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from portal import clock
from portal.domain import sync_state
from portal.domain.billing import anomalies, invoice_adjustments, invoice_preview, invoices, prices, time_report
from portal.domain.billing.anomalies import Surroundings
from portal.domain.billing.invoices import InvoicedRow
from portal.domain.billing.time_report import Worked
from portal.domain.billing.vat import treatments
from portal.domain.companies.pseudonyms import Naming
from portal.domain.companies.reader import Reader
from portal.domain.questions import models as questions
from portal.domain.read_models import disputed, issued
from portal.exports import agreements, file_names, parties
from portal.exports.file_names import FileName
from portal.exports.report import Report
from portal.lib.periods import Period, month_of


def upcoming_report(reader: Reader, *, language: str, people: Naming) -> Report:
    """What would be invoiced now, with what is odd about it."""
    price_list = prices.list_of(reader)
    vat = treatments.on(reader, month_of(clock.today()).until)
    wanted = invoice_preview.WANTED.but(people=people)
    around = Surroundings.of(time_report.rows(reader, invoice_preview.WANTED), clock.today(), disputed.of(reader))
    return Report(
        title=_("Upcoming invoice"),
        company=reader.company_name,
        period=_("to be invoiced now"),
        filters=file_names.people(people),
        parties=parties.of(reader),
        language=language,
        currency=price_list.currency,
        vat_percent=vat.percent,
        data_of=sync_state.age().reached_at,
        rows=time_report.rows(reader, wanted),
        name_of=price_list.name_of,
        note_on=lambda row: _odd(row, around),
        adjustments=invoice_adjustments.waiting(reader, people),
        notes=(
            *_vat_notes([vat.treatment.label]),
            *agreements.notes(
                reader, Period(clock.today(), clock.today()), language=language, currency=price_list.currency
            ),
        ),
    )


def invoiced_report(reader: Reader, month: Period, *, language: str, people: Naming) -> Report:
    """What was invoiced for a month, as it was frozen. Raises NotFound when nothing was."""
    found = invoices.month(reader, month)
    return Report(
        title=_("Invoice basis – %(period)s", period=file_names.period(month, language)),
        company=reader.company_name,
        period=file_names.period(month, language),
        filters=(*file_names.people(people), *_documents(reader, month)),
        parties=parties.of(reader),
        language=language,
        currency=found.currency,
        vat_percent=found.bill.vat_percent or Decimal(0),
        data_of=sync_state.age().reached_at,
        rows=invoices.rows(reader, month, people),
        name_of=prices.list_of(reader).name_of,
        in_question=questions.by_entry(reader),
        note_on=_difference,
        adjustments=invoice_adjustments.on_invoices(reader, month, people),
        concerning=invoice_adjustments.of_invoices(reader, month, people),
        bill=lambda tally: found.bill,
        notes=(
            *_vat_notes(found.vat_notes),
            _("As it was when it was invoiced; what changed later stands in the notes."),
        ),
    )


def _documents(reader: Reader, month: Period) -> tuple[tuple[str, str], ...]:
    """Numbers of the issued documents, and whether their totals are equal to ours."""
    words = {None: "", False: _("not equal to this basis"), True: _("equal to this basis")}
    found = []
    for one in issued.of_month(reader, invoices.month(reader, month)):
        if one.told is not None:
            said = words[one.is_equal]
            found.append((_("Issued invoice no."), " · ".join(part for part in (one.told.number, said) if part)))
    return tuple(found)


def upcoming_file_name(reader: Reader) -> FileName:
    return file_names.file(_("upcoming invoice"), reader.company_name, clock.today().isoformat())


def invoiced_file_name(reader: Reader, month: Period) -> FileName:
    return file_names.file(_("invoice"), reader.company_name, month.slug)


def _vat_notes(notes: Iterable[str]) -> tuple[str, ...]:
    return tuple(_(words) for words in notes if words)


def _odd(row: Worked, around: Surroundings) -> str:
    return " ".join(_(rule.words) for rule in anomalies.about(row, around) if rule.name != "no_price")


def _difference(row: Any) -> str:
    assert isinstance(row, InvoicedRow)
    return _(row.difference.label) if row.difference else ""
