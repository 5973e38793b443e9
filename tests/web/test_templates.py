"""Templates keep to the rules that the content policy and the reader rely on."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CLEAN_HTML = {"turn.body", "turn.quoted"}  # cleaned by the sync on the way in: the only foreign HTML ever shown

BANNED = {
    r"\sstyle\s*=": "put it into static/portal.css: inline styles are blocked by the content policy",
    r"<style": "put it into static/portal.css",
    r"<script(?![^>]*\bsrc=)": "put it into static/portal.js: inline scripts are blocked",
    r"\son[a-z]+\s*=": "listen in static/portal.js: inline handlers are blocked",
    r"hx-on": "needs eval, which is blocked: listen in static/portal.js",
    r"[\"']\s*js:": "needs eval, which is blocked",
    r"hx-trigger=\"[^\"]*\[": "filters of triggers need eval, which is blocked",
    r"hx-headers=": "version 4 hands it on only as hx-headers:inherited",
    r"https?://(?!www\.w3\.org)": "nothing is loaded from or linked to a foreign host",
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_nothing_that_the_policy_blocks(template):
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)
    for pattern, mend in BANNED.items():
        found = re.search(pattern, text)
        assert not found, f"{found.group(0)!r}: {mend}"
    for named in re.findall(r"([\w.]+)\s*\|\s*safe", text):
        assert named in CLEAN_HTML, f"{named}|safe: only what the sync cleaned may be shown as it is"
    assert "autoescape" not in text, "escaping stays on"


@pytest.mark.parametrize(
    "template",
    [path for path in TEMPLATES if path.name.startswith("_")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_part_opens_with_what_it_needs(template):
    opening = template.read_text().lstrip()
    while opening.startswith(("{% from", "{% import")):
        opening = opening.partition("\n")[2].lstrip()
    assert opening.startswith("{#"), "open with a comment: what this is, and what it needs"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_form_that_posts_carries_a_token(template):
    for form in re.findall(
        r"<form[^>]*method=\"post\".*?</form>", template.read_text(), flags=re.DOTALL | re.IGNORECASE
    ):
        assert "csrf_token" in form, 'add <input type="hidden" name="csrf_token" value="{{ csrf_token() }}">'
