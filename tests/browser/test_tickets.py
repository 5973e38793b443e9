"""A manager's morning in a real browser: find a ticket, read it, take a file, go back."""

import pytest
from playwright.sync_api import expect


def test_sign_in_filter_search_page_open_and_back(visit, enter):
    with visit() as page:
        enter(page)
        page.goto("/tickets")
        rows = page.locator("#list tbody tr:not(.pager, .hit)")
        assert rows.count() == 50

        page.get_by_role("link", name="Další požadavky").click()
        expect(page.locator("#list tbody tr")).to_have_count(61)
        assert page.url.endswith("/tickets")

        page.locator("#state-done").click()
        page.wait_for_url("**/tickets?state=done")
        expect(page.locator("#list tbody tr")).to_have_count(15)
        assert page.title().startswith("Požadavky – Dokončené")
        assert page.locator("#states a.done").get_attribute("aria-current") == "page"

        page.locator("#state-all").click()
        page.wait_for_url("**/tickets")
        page.locator("#filters input[type=search]").fill("prilis zlut")
        page.wait_for_url("**q=prilis*")
        expect(page.locator("#list tbody tr:not(.hit)")).to_have_count(1)

        page.get_by_role("link", name="Příliš žluťoučký kůň").click()
        page.wait_for_url("**/tickets/20261471")
        assert page.locator(".time mark").first.inner_text() == "PROGP85:1,00"
        page.get_by_text("Zobrazit podpis a historii").click()
        assert page.get_by_text("Starší text").is_visible()

        page.go_back()
        page.wait_for_url("**q=prilis*")
        assert page.locator("#filters input[type=search]").input_value() == "prilis zlut"
        assert rows.count() == 1
        page.go_back()
        expect(page.locator("#list tbody tr")).to_have_count(51)
        assert page.locator("h1").inner_text() == "Požadavky"


def test_a_search_keeps_the_state_chosen_before_it(visit, enter):
    with visit() as page:
        enter(page)
        page.goto("/tickets")
        page.locator("#state-open").click()
        page.wait_for_url("**state=open")
        page.locator("#filters input[type=search]").fill("wi-fi")
        page.wait_for_url("**state=open*q=wi-fi*")
        expect(page.locator("#list tbody tr")).to_have_count(15)


def test_a_file_opens_and_a_dangerous_one_is_only_saved(visit, enter):
    with visit() as page:
        enter(page)
        page.goto("/tickets/20261471")
        page.get_by_role("link", name="záznam.txt").click()
        page.wait_for_url("**/attachments/**")
        assert "Příloha čitelná" in page.locator("body").inner_text()
        page.go_back()
        with page.expect_download() as saved:
            page.get_by_role("link", name="stránka.html").click()
        assert saved.value.suggested_filename == "stránka.html"


def test_everything_works_without_a_script(visit, enter):
    with visit(java_script_enabled=False) as page:
        enter(page)
        page.goto("/tickets")
        page.get_by_role("link", name="Další požadavky").click()
        assert page.locator("#list tbody tr").count() == 11
        page.locator("#state-done").click()
        assert page.locator("#list tbody tr").count() == 15
        page.locator("#filters input[type=search]").fill("kůň")
        page.get_by_role("button", name="Najít").click()
        assert page.locator("#list tbody tr").count() == 0  # it is open, and only done ones are shown
        page.get_by_role("link", name="Zobrazit všechny požadavky").click()
        page.locator("#list tbody a").first.click()
        assert page.locator("article.message").count() == 2
        page.locator(".who summary").click()
        page.get_by_role("button", name="Odhlásit se").click()
        page.goto("/tickets")
        assert "/sign-in" in page.url


def test_settings_change_the_language_and_the_look(visit, enter):
    with visit() as page:
        enter(page)
        page.goto("/settings")
        page.get_by_label("English").check()
        page.get_by_label("Tmavý").check()
        page.get_by_role("button", name="Uložit").first.click()
        assert page.locator("h1").inner_text() == "Settings"
        assert page.locator("html").get_attribute("data-theme") == "dark"


def test_the_keyboard_reaches_everything(visit, enter):
    with visit() as page:
        enter(page)
        page.goto("/tickets")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.type") == "search"
        page.keyboard.type("kůň")
        page.keyboard.press("Enter")
        page.wait_for_url("**q=k%C5%AF%C5%88*")
        page.locator("#list tbody a").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/tickets/20261471")


@pytest.mark.parametrize("where", ["/tickets", "/tickets/20261471", "/settings", "/tickets/19990001"])
def test_a_phone_never_scrolls_sideways(visit, enter, where):
    with visit(viewport={"width": 390, "height": 844}, expects=("404",)) as page:
        enter(page)
        page.goto(where)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_an_ended_session_leads_to_the_sign_in_page_even_by_htmx(visit, enter):
    with visit(expects=("401",)) as page:
        enter(page)
        page.goto("/tickets")
        page.context.clear_cookies()
        page.locator("#state-done").click()
        page.wait_for_url("**/sign-in**")
