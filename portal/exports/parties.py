"""The two parties of an invoice, as files and pages name them: with their numbers, where they are known."""

from flask_babel import gettext as _

from portal.domain.billing import issued_invoices
from portal.domain.companies.reader import Reader


def of(reader: Reader) -> tuple[tuple[str, str], ...]:
    """Role and name of the company and of the supplier; of a supplier nobody told, nothing."""
    company, supplier = issued_invoices.parties(reader)
    found = [(_("Company"), said(company.name, company.ico, company.dic))]
    if supplier is not None:
        found.append((_("Supplier"), said(supplier.name, supplier.ico, supplier.dic, supplier.address)))
    return tuple(found)


def said(name: str, ico: str, dic: str, address: str = "") -> str:
    """Strojírny Vltava, a. s. · IČO 12345678 · DIČ CZ12345678."""
    numbers = [
        _("Company ID %(number)s", number=ico) if ico else "",
        _("VAT ID %(number)s", number=dic) if dic else "",
    ]
    return " · ".join(part for part in (name, *numbers, address) if part)
