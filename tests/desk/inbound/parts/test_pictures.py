"""Pictures in their places, whatever HTML calls them by."""

import base64
import time

import pytest

from portal.desk.inbound.parts import pictures
from portal.desk.inbound.parts.files import MailFile

PNG = b"\x89PNG\r\n\x1a\nx"
DATA = base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    ("source", "content_id", "location"),
    [
        ("cid:snimek@x", "snimek@x", ""),
        ("CID:Snimek@X", "snimek@x", ""),
        ("cid:sn%C3%ADmek%201@x", "snímek 1@x", ""),
        ("cid:a&amp;b@x", "a&b@x", ""),
        ("cid:plan.png@01D9.55", "", ""),
        ("plan.png", "", ""),
        ("./images/plan.png", "", ""),
        ("file:///C:/Users/jan/plan.png", "", ""),
        ("PLAN.PNG", "", ""),
        ("http://intranet.local/a/plan.png", "", "http://intranet.local/a/plan.png"),
        ("obr/1.png", "", "obr/1.png"),
        ("obrazek1", "obrazek1", ""),
    ],
)
@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_a_picture_is_found(source, content_id, location, quote):
    if not quote and " " in source:
        return
    html = f"<p>a<img width=3 src={quote}{source}{quote} alt=x>b</p>"
    shown, [file] = pictures.placed(html, [MailFile("plan.png", "image/png", PNG, content_id, location)])
    assert f'<img width=3 src="cid:{file.content_id}" alt=x>' in shown
    assert file.content_id.isascii()
    assert pictures.is_shown(shown, file)


@pytest.mark.parametrize("source", ["http://jinde.example/plan.png", "https://x.example/1.gif", "cid:nic@x", ""])
def test_a_picture_that_did_not_come_with_the_mail_is_not_replaced(source):
    html = f'<img src="{source}">'
    assert pictures.placed(html, [MailFile("plan.png", "image/png", PNG, "snimek@x")])[0] == html


def test_a_file_that_is_no_picture_is_not_shown():
    html = '<img src="cid:a@x">'
    assert pictures.placed(html, [MailFile("a.html", "text/html", b"x", "a@x")])[1][0].content_id == "a@x"


@pytest.mark.parametrize(
    "html",
    [
        f'<p>a<img alt="x" src="data:image/png;base64,{DATA}">b</p>',
        f"<p>a<img src='data:image/PNG;charset=utf-8;base64,{DATA[:4]}\n {DATA[4:]}'>b</p>",
        f'<p>a<img src = "data:image/jpg;base64,{DATA.replace("=", "%3D")}">b</p>',
        f"<p>a<img src=data:image/png;base64,{DATA}>b</p>",
    ],
)
def test_a_picture_in_its_address_becomes_a_file_in_its_place(html):
    shown, [file] = pictures.placed(html, [])
    assert (file.content, file.media_type, file.name) == (PNG, "image/png", "obrazek-1.png")
    assert f'"cid:{file.content_id}"' in shown
    assert "data:" not in shown


def test_the_same_picture_twice_is_one_file():
    shown, files = pictures.placed(f'<img src="data:image/png;base64,{DATA}">' * 2, [])
    assert len(files) == 1
    assert shown.count("cid:") == 2


def test_pictures_in_their_addresses_are_bounded():
    many = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(PNG + str(number).encode()).decode()}">'
        for number in range(500)
    )
    assert len(pictures.placed(many, [])[1]) == pictures.MOST


@pytest.mark.parametrize(
    "bait", ["<img src=", '<img src="data:image/png;base64,', "<img ", '"data:image/png;base64,', "src = "]
)
def test_html_that_never_closes_costs_little(bait):
    start = time.process_time()
    pictures.placed(bait * 30_000, [MailFile("plan.png", "image/png", PNG)])
    assert time.process_time() - start < 60
