"""The stories: every one can be told, in whole sentences, with lines the desk understands."""

import re

import pytest

from portal.demo import files, people, schedule, stories
from portal.desk.inbound import mail_commands

STORIES = stories.stories()
DAYS = {f"+{days}": "24. 11. 2026" for days in range(40)}
CATEGORIES = {rate.category for rate in people.RATES}


def said(story, line, choice):
    words = {name: options[choice % len(options)] for name, options in story.words.items()}
    words |= DAYS | {"technician": "radek.vymazal"}
    return stories.say(line.text, words, choice=choice, is_woman=choice % 2 == 0, to_woman=choice % 3 == 0)


def test_there_are_stories_enough_for_a_year():
    assert len(STORIES) >= 60
    assert all(any(story.fits(troupe.core_id) for story in STORIES) for troupe in people.COMPANIES)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.titles[0])
def test_a_story_is_told_with_every_word_filled_in(story):
    assert {line.speaker for line in story.lines} <= stories.SPEAKERS
    assert story.ends in stories.ENDINGS
    assert story.lines[0].speaker in {"employee", "machine"}
    for line in story.lines:
        for choice in range(6):
            assert not re.search(r"[{}<>|]", said(story, line, choice)), line.text
        for name in line.files:
            data, _media_type = files.content(name)
            assert data


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.titles[0])
def test_the_desk_understands_every_technicians_line(story):
    for line in story.lines:
        if line.speaker == "technician":
            text = re.sub(r"TERMIN: .*", "TERMIN: 24.11.2036", said(story, line, 1))
            understood = mail_commands.read(text, CATEGORIES)
            assert not understood.problems
            meant = [part for part in text.splitlines() if season_directive(part)]
            assert understood.lines(text) == meant


def season_directive(line):
    return re.match(r"^([A-Z]{3,}[0-9]*:|OPRAVA |INTERNI$)", line)


def test_gender_and_choice_follow_the_speaker_and_the_addressee():
    text = "zkusil{|a} jsem to, {~udělal|udělala} jste to <dnes|včera>, {kde}"
    him = stories.say(text, {"kde": "tady"}, choice=0, is_woman=False, to_woman=True)
    her = stories.say(text, {"kde": "tam"}, choice=1, is_woman=True, to_woman=False)
    assert him == "zkusil jsem to, udělala jste to dnes, tady"
    assert her == "zkusila jsem to, udělal jste to včera, tam"


def test_a_line_without_a_speaker_is_refused(tmp_path):
    (tmp_path / "story.txt").write_text("=== Title\n--- somebody else\nwords\n")
    with pytest.raises(ValueError, match="somebody else"):
        stories.stories(tmp_path)


def test_the_categories_of_all_stories_have_a_price_but_the_one_mistyped_on_purpose():
    written = {
        found for story in STORIES for line in story.lines for found in re.findall(r"(?m)^([A-Z]+\d+):", line.text)
    }
    assert written - CATEGORIES == {"PROGP58"}
    assert schedule.TICKETS >= 400
