"""The shape of the code, held by a test: who may import whom, and what every module owes its reader."""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(path for path in (ROOT / "portal").rglob("*.py") if "migrations" not in path.parts)

MAY_IMPORT = {  # shelf: other parts of the portal it may import
    "lib": {"errors", "clock", "timecodes"},
    "db": {"lib", "errors", "clock"},
    "domain": {"db", "lib", "errors", "clock", "timecodes"},
    "web": {"domain", "exports", "oidc", "lib", "errors", "clock", "logs"},
    "exports": {"domain", "lib", "errors", "clock"},
    "mailer": {"exports", "domain", "lib", "errors", "clock"},
    "sync": {"cores", "domain", "db", "lib", "errors", "clock"},
    "cores": {"lib", "errors", "clock", "timecodes"},
    "oidc": {"lib", "errors", "clock"},
    "desk": {"lib", "errors", "clock", "timecodes"},
    "demo": {"desk", "lib", "errors", "clock"},
}
ONE_MODULE = {  # shelf: single modules beside those, by name
    "web": {"portal.db.unit_of_work"},  # all that a view does with the database is to open and end a transaction
    "mailer": {"portal.db.unit_of_work"},
}
NEVER = {  # shelf: foreign packages it never imports
    "lib": {"flask", "sqlalchemy"},
    "db": {"flask", "requests"},
    "domain": {"flask", "requests"},
    "web": {"sqlalchemy", "requests"},
    "exports": {"flask", "sqlalchemy"},
    "mailer": {"flask", "sqlalchemy", "requests"},
    "sync": {"flask", "requests"},
    "cores": {"flask", "sqlalchemy"},
    "oidc": {"flask", "sqlalchemy"},
    "desk": {"sqlalchemy"},
    "demo": {"flask", "sqlalchemy", "requests"},
}
INSTEAD = {  # foreign package: what to do where it may not be
    "flask": "take what the request or the application knows as an argument, from the view or command that calls",
    "sqlalchemy": "ask a function of the domain, or of the desk's own database, for the rows",
    "requests": "only cores and oidc ask other servers, through lib/http; leave a row for the sync to deliver",
}
FLOORS = (  # packages of the domain from the ground up; each imports lower ones only
    {"sync_state"},
    {"companies"},
    {"tickets", "users"},
    {"audit", "notifications"},
    {"accounts", "billing", "approvals"},
    {"questions", "rules"},
    {"read_models"},
    {"privacy"},
)
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "base", "handler", "manager"}
MOST_FILES = 16  # of a folder, its __init__ not counted: more than that nobody finds a way through


ON_A_SHELF = [path for path in MODULES if path.relative_to(ROOT / "portal").parts[0] in MAY_IMPORT]


@pytest.mark.parametrize("module", ON_A_SHELF, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_shelf_may(module):
    shelf = module.relative_to(ROOT / "portal").parts[0]
    allowed = MAY_IMPORT[shelf] | {shelf}
    for name in _imported(module):
        top, _, rest = name.partition(".")
        if top == "portal" and rest and ONE_MODULE.get(shelf, set()).isdisjoint({name, name.rpartition(".")[0]}):
            part = rest.split(".")[0]
            assert part in allowed, f"{shelf} imports portal.{part}: ask {', '.join(sorted(allowed))} instead"
        assert top not in NEVER[shelf], f"{shelf} imports {top}: {INSTEAD[top]}"


@pytest.mark.parametrize(
    "module", [path for path in MODULES if "domain" in path.parts], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_package_of_the_domain_imports_only_lower_ones(module):
    inside = module.relative_to(ROOT / "portal" / "domain").with_suffix("").parts[0]
    if inside == "__init__":
        return
    floor = next(number for number, packages in enumerate(FLOORS) if inside in packages)
    may = set().union(*FLOORS[:floor]) | {inside}
    for name in _imported(module):
        if name.startswith("portal.domain."):
            package = name.split(".")[2]
            assert package in may, (
                f"domain/{inside} imports domain/{package}, which is not below it: move the shared piece down, "
                "or tell the higher one what it has to know"
            )


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_view_imports_no_view(module):
    if "views" not in module.parts:
        return
    others = {name for name in _imported(module) if name.startswith("portal.web.views")}
    assert not others, f"put what both need into portal/web, not into a view: {', '.join(sorted(others))}"


def test_no_folder_is_crowded():
    folders = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    crowded = {str(folder.relative_to(ROOT)): many for folder, many in folders.items() if many > MOST_FILES}
    assert not crowded, f"which packages are in there? Make them: {crowded}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_opens_with_a_sentence_and_has_a_speaking_name(module):
    assert ast.get_docstring(ast.parse(module.read_text())), "open with one sentence that says what the module is"
    assert module.stem not in FORBIDDEN_NAMES, "name it for the noun it is about"


def test_a_class_name_stands_in_one_module_only():
    homes: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, set()).add(str(module.relative_to(ROOT)))
    several = {name: sorted(modules) for name, modules in homes.items() if len(modules) > 1}
    assert not several, f"say in the name what kind of it it is, or share one class: {several}"


ENDS_TRANSACTIONS = {  # beside portal/db and the migrations: who calls commit() itself, and why
    "sync": "page by page under its lease, which a unit of work knows nothing of",
}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_transactions_end_in_units_of_work_alone(module):
    if module.relative_to(ROOT / "portal").parts[0] in {"db", "migrations", *ENDS_TRANSACTIONS}:
        return
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "commit" and ast.unparse(node.value).endswith("session")
    ]
    assert not calls, f"lines {calls}: use unit_of_work() (docs/decisions/0003-transactions.md) instead of commit()"


def _imported(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write the whole name, portal.…: a dot hides the shelf from these tests"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}  # the module, or what is in it
    return names
