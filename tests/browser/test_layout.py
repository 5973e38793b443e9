"""Nothing of a table is cut, nothing in focus is hidden, and what changes is said and keeps the focus."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal import clock
from portal.domain.approvals import requests
from portal.domain.approvals.models import AtExpiry
from portal.domain.approvals.requests import Asking
from tests.actors import acting
from tests.factories import mirror

WIDTHS = (1920, 1366, 1280, 1093, 860, 390)
PAGES = ("/tickets", "/hours?month=all", "/")

# Cells that reach out of their table or hide a part of what they say; a subject ends in "…" and has a title.
CUT = """() => [...document.querySelectorAll(".table")].flatMap((box) => {
  const edge = box.getBoundingClientRect();
  return [...box.querySelectorAll("td, tbody th, thead th")].filter((cell) => {
    if (cell.closest("thead") && getComputedStyle(cell.closest("thead")).position === "absolute") return false;
    if (!cell.checkVisibility()) return false;
    const { left, right, width } = cell.getBoundingClientRect();
    const told = [...cell.querySelectorAll(".badge, small, mark")].some((one) =>
      !one.closest(".subject") && one.getBoundingClientRect().right > right + 1);
    return width > 0 && (right > edge.right + 1 || left < edge.left - 1 || told
      || (!cell.matches(".subject") && cell.scrollWidth > cell.clientWidth + 1));
  }).map((cell) => `${cell.className}: ${cell.innerText}`);
})"""

# What has the focus and stands wholly behind the bar above or the one below.
HIDDEN = """() => {
  const bars = [...document.querySelectorAll(".head, .side")].filter((bar) =>
    ["sticky", "fixed"].includes(getComputedStyle(bar).position));
  const all = document.querySelectorAll("main :is(a[href], button, input, select, textarea, summary)");
  return [...all].filter((one) => {
    if (!one.checkVisibility() || one.type === "hidden") return false;
    one.focus();
    const at = one.getBoundingClientRect();
    return bars.some((bar) => {
      const over = bar.getBoundingClientRect();
      return at.top >= over.top && at.bottom <= over.bottom && at.left >= over.left && at.right <= over.right;
    });
  }).map((one) => one.outerHTML.slice(0, 120));
}"""


@pytest.fixture
def busy(world):
    """Rows with every value there is: a due date that passed, long names, time of several people and categories."""
    late = clock.now() - timedelta(days=3)
    asks = mirror.employee(world.company, "Maximiliána Nejedlá-Vaňková")
    serves = mirror.technician("Bohumil Konstantin Kratochvíl")
    for number in range(4):
        ticket = mirror.ticket(
            world.company, "Zálohování účetnictví na pobočce v Ústí", requester=asks, served_by=serves, due_at=late
        )
        said = mirror.message(
            ticket, "<p>Hotovo.</p>", side="technician", author=serves.name, excerpt="Obnovil jsem zálohu."
        )
        mirror.time_entry(ticket, "12.25", under=said, by=serves, category=("VYJEZD70", "NEZNAMA99")[number % 2])
    mirror.settle()
    asking = Asking("Smíme jí dát práva správce?", until=clock.today() + timedelta(days=3), at_expiry=AtExpiry.STAY)
    requests.ask(acting(world.staff), world.ticket.id, asking)
    return world


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_cell_is_cut_at_any_width(busy, visit, enter, theme):
    with visit(color_scheme=theme) as page:
        enter(page)
        for path in PAGES:
            page.goto(path)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate(CUT) == [], f"{path} at {width}"
                assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} at {width}"


def test_on_a_phone_a_long_address_keeps_to_its_column(busy, visit, enter):
    mirror.person(busy.company, role="viewer", email="vedouciprovozudispecink@pobockausti.example")
    with visit(viewport={"width": 390, "height": 844}) as page:
        enter(page)
        page.goto("/people")
        assert page.evaluate(CUT) == []


def test_on_a_phone_every_value_has_its_label(busy, visit, enter):
    with visit(viewport={"width": 390, "height": 844}) as page:
        enter(page)
        page.goto("/tickets")
        row = page.locator("#list tbody tr", has_text="Zálohování").first
        for value in ("Maximiliána", "Bohumil", "po termínu"):
            expect(row.get_by_text(value).first).to_be_visible()
        labels = row.locator("td:not(.subject)").evaluate_all("all => all.map(one => one.dataset.label)")
        assert labels == ["Stav", "Zadavatel", "Řešitel", "Termín", "Poslední změna", "Čas"]


@pytest.mark.parametrize(("width", "height"), [(390, 844), (683, 384), (1366, 768)])
def test_nothing_in_focus_is_hidden_behind_a_bar(busy, visit, enter, width, height):
    with visit(viewport={"width": width, "height": height}) as page:
        enter(page)
        for path in (*PAGES, f"/tickets/{busy.ticket.number}"):
            page.goto(path)
            assert page.evaluate(HIDDEN) == [], path


def test_what_a_search_found_is_said_and_the_tabs_count_within(busy, visit, enter):
    with visit() as page:
        enter(page)
        page.goto("/tickets")
        expect(page.locator("#found")).to_contain_text("65")
        page.locator("#filters input[type=search]").fill("zalohovani")
        expect(page.locator("#found[role=status]")).to_contain_text("4\N{NO-BREAK SPACE}požadavky")
        expect(page.locator("#state-open span")).to_have_text("4")
        expect(page.locator("#state-done span")).to_have_text("0")
        page.locator("#state-done").click()
        page.get_by_role("link", name="Hledat ve všech stavech").click()
        expect(page.locator("#list tbody tr")).to_have_count(4)


def test_more_rows_take_the_focus_and_the_menu_closes(busy, visit, enter):
    with visit() as page:
        enter(page)
        page.goto("/tickets")
        page.get_by_role("link", name="Další požadavky").press("Enter")
        expect(page.locator("#list tbody tr")).to_have_count(65)
        expect(page.locator("#list tbody tr").nth(50).locator("a")).to_be_focused()
        page.locator(".who summary").click()
        page.keyboard.press("Escape")
        expect(page.locator(".who .menu")).to_be_hidden()


def test_hours_stay_grouped_when_the_filter_changes(busy, visit, enter):
    with visit() as page:
        enter(page)
        page.goto("/hours?month=all")
        page.locator("#by-technician").click()
        page.wait_for_url("**by=technician*")
        page.locator(".fold summary").click()
        page.locator("#hours-filters select[name=category]").select_option("VYJEZD70")
        page.wait_for_url("**category=VYJEZD70*")
        expect(page.locator("#by-technician")).to_have_attribute("aria-current", "page")


def test_an_approval_is_decided_on_the_page_of_its_ticket(busy, visit, enter):
    with visit() as page:
        enter(page)
        page.goto(f"/tickets/{busy.ticket.number}")
        panel = page.locator("section.question")
        expect(panel).to_contain_text("Smíme jí dát práva správce?")
        panel.get_by_role("button", name="Schválit").click()
        page.wait_for_url(f"**/tickets/{busy.ticket.number}")
        expect(panel).to_have_count(0)
        expect(page.locator(".chat")).to_contain_text("Schváleno")


def test_the_time_stands_marked_at_the_lower_right_of_the_technicians_message(busy, visit, enter):
    with visit() as page:
        enter(page)
        page.goto(f"/tickets/{busy.ticket.number}")
        bubble = page.locator(".message.technician .bubble").first.bounding_box()
        mark = page.locator(".message.technician .time mark").first
        assert mark.inner_text() == "PROGP85:1,00"
        box = mark.bounding_box()
        assert bubble["x"] + bubble["width"] - box["x"] - box["width"] < 40
        assert bubble["y"] + bubble["height"] - box["y"] - box["height"] < 40


def test_back_from_a_ticket_is_the_list_as_it_was_narrowed(busy, visit, enter):
    with visit(java_script_enabled=False) as page:
        enter(page)
        page.goto("/tickets?state=open&q=kun")
        page.get_by_role("link", name="Příliš žluťoučký kůň").click()
        page.get_by_role("link", name="← Požadavky").click()
        assert page.url.endswith("/tickets?state=open&q=kun#ticket-20261471")
