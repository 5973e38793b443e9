"""The shape of the code, held by a test: who may import whom, and what every module owes its reader."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(path for path in (ROOT / "portal").rglob("*.py") if "migrations" not in path.parts)

MAY_IMPORT = {  # shelf: other parts of the portal it may import
    "web": {"domain", "exports", "oidc", "errors", "clock", "mailing", "logs", "plain"},
    "exports": {"domain", "errors", "clock", "plain"},
    "post": {"exports", "domain", "errors", "clock", "mailing"},
    "sync": {"cores", "domain", "db", "errors", "clock", "redaction", "plain"},
    "domain": {"db", "errors", "clock", "timecodes", "redaction", "plain"},
    "cores": {"errors", "clock", "timecodes"},
    "oidc": {"errors", "clock"},
    "desk": {"errors", "clock", "timecodes", "mailing", "redaction"},
    "demo": {"desk", "errors", "clock", "mailing"},
}
NEVER = {  # shelf: foreign packages it never imports
    "web": {"sqlalchemy", "requests"},
    "exports": {"flask", "sqlalchemy"},
    "post": {"flask", "sqlalchemy", "requests"},
    "sync": {"flask", "requests"},
    "domain": {"flask", "requests"},
    "cores": {"flask", "sqlalchemy"},
    "oidc": {"flask", "sqlalchemy"},
    "desk": {"sqlalchemy"},
    "demo": {"flask", "sqlalchemy", "requests"},
}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "base", "service", "handler", "manager"}


ON_A_SHELF = [path for path in MODULES if path.relative_to(ROOT / "portal").parts[0] in MAY_IMPORT]


@pytest.mark.parametrize("module", ON_A_SHELF, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_shelf_may(module):
    shelf = module.relative_to(ROOT / "portal").parts[0]
    allowed = MAY_IMPORT[shelf] | {shelf}
    for name in _imported(module):
        top, _, rest = name.partition(".")
        if top == "portal" and rest:
            part = rest.split(".")[0]
            assert part in allowed, f"{shelf} imports portal.{part}: ask {', '.join(sorted(allowed))} instead"
        assert top not in NEVER[shelf], f"{shelf} imports {top}: see the table in tests/test_architecture.py"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_opens_with_a_sentence_and_has_a_speaking_name(module):
    assert ast.get_docstring(ast.parse(module.read_text())), "open with one sentence that says what the module is"
    assert module.stem not in FORBIDDEN_NAMES, "name it for the noun it is about"


def _imported(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= (
                {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "portal" else {node.module}
            )
    return names
