"""What browsers say they are, in words."""

import pytest

from portal.web.auth import user_agents

MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Windows"),
        (f"{MOZILLA} (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        (f"{MOZILLA} (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        (f"{MOZILLA} (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605 Version/17.0 Safari/604.1", "Safari, iPad"),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605 Version/17.0 Safari/605", "Safari, macOS"),
        ("curl/8.0 (x86_64-pc-linux-gnu)", "Unknown browser"),
        ("", "Unknown browser"),
        ("<script>alert(1)</script>", "Unknown browser"),
    ],
)
def test_a_browser_is_named_as_people_name_it(app, client, words):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert user_agents.in_words(client) == words
