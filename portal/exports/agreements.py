"""What a file or a letter says of a company's agreement: the meter of each period it touches, in one line."""

from decimal import Decimal

from babel import dates, numbers
from flask_babel import gettext as _

from portal.domain.billing.agreements import meter
from portal.domain.billing.agreements.models import AgreementPeriod
from portal.domain.billing.budgets import Unit
from portal.domain.companies.reader import Reader
from portal.lib.periods import Period

MOST = 24  # periods that are named


def notes(reader: Reader, period: Period, *, language: str, currency: str) -> tuple[str, ...]:
    """One line a period, the newest ones where there are many."""
    return tuple(_note(row, language, currency) for row in meter.within(reader, period)[-MOST:])


def _note(row: AgreementPeriod, language: str, currency: str) -> str:
    def said(value: Decimal) -> str:
        if row.unit == Unit.MONEY:
            return numbers.format_currency(value, currency, locale=language)
        return f"{numbers.format_decimal(value, format='#,##0.00', locale=language)} h"

    return _(
        "Prepaid for %(since)s – %(until)s: included %(included)s, carried over %(carried)s, used %(used)s, "
        "left %(left)s; above it %(over)s.",
        since=dates.format_date(row.since, "medium", locale=language),
        until=dates.format_date(row.until, "medium", locale=language),
        included=said(row.included),
        carried=said(row.carried),
        used=said(row.used),
        left=said(row.left),
        over=f"{numbers.format_decimal(row.over_hours, format='#,##0.00', locale=language)} h",
    ).replace(" h", "\N{NO-BREAK SPACE}h")
