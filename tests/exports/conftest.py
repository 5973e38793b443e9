"""What the tests of files stand on: samples, Czech words, and readers that are not the writer."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from flask_babel import force_locale
from python_calamine import CalamineWorkbook

from tests.factories.billing import Ledger


@pytest.fixture
def ledger(app) -> Iterator[Ledger]:
    with app.test_request_context(), force_locale("en"):
        yield Ledger()


@pytest.fixture
def read():
    """Sheets by name, each a list of rows of values, read with a library of its own."""

    def read(file) -> dict[str, list[list]]:
        book = CalamineWorkbook.from_object(file if isinstance(file, str) else BytesIO(file))
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}

    return read
