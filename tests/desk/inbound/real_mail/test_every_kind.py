"""Every kind of mail that once went wrong has a mail of its own among the tests, and three siblings at least."""

from importlib import import_module
from math import prod

import pytest

from tests.desk.inbound.real_mail.siblings import SIBLINGS

WANTED = 4  # the mail itself, and three of its kind
_HERE, _LIB = "tests.desk.inbound", "tests.lib"
_QUOTED, _PARTS, _CONTENTS = f"{_HERE}.test_quoted_mail", f"{_HERE}.parts", f"{_HERE}.parts.test_contents"
_READING, _CHARSETS = f"{_LIB}.mail_quotes.test_reading", f"{_LIB}.test_charsets"
_BELOW = f"{_READING}.test_an_answer_below_or_between_is_own_and_the_history_is_not"
_HISTORY = (
    f"{_QUOTED}.test_history_is_folded_with_its_announcement",
    f"{_READING}.test_history_below_an_attribution_is_history_with_it",
)
_REPORT = f"{_HERE}.delivery.test_reports.test_a_report_is_what_it_is_in_every_servers_words"
_PERSON = f"{_HERE}.test_auto_replies.test_a_person_gets_a_ticket_and_an_answer_where_it_is_wanted"
_OWN = f"{_READING}.test_what_only_looks_like_history_is_own"
_NAMES = f"{_PARTS}.test_parameters.test_a_file_name_is_read"
_FORWARDS = (
    f"{_QUOTED}.test_what_an_employee_forwards_is_content",
    f"{_READING}.test_a_forwarded_mail_is_content",
)
_LABELS = (f"{_CHARSETS}.test_what_labels_mean_in_mail",)
_SIDE_BY_SIDE = (
    f"{_CONTENTS}.test_text_and_html_side_by_side_are_both_shown_in_order",
    f"{_CONTENTS}.test_three_texts_keep_their_order",
    f"{_CONTENTS}.test_a_list_adds_its_footer_to_a_mail_of_two_forms",
    f"{_CONTENTS}.test_plain_texts_side_by_side_stay_plain",
)
_BOUNDARY = (f"{_CONTENTS}.test_a_multipart_whose_boundary_is_missing_is_read_by_the_one_it_uses",)
_MARKUP = f"{_QUOTED}.test_a_time_line_is_booked_in_whatever_markup_and_shown_nowhere"

# The name of the mail: the tests that hold it and its siblings. The rest is in SIBLINGS.
KINDS: dict[str, tuple[str, ...]] = {
    "u02 answer below": (f"{_QUOTED}.test_a_technician_answers_below_the_quote", _BELOW),
    "v03 answers between": (f"{_QUOTED}.test_a_technician_answers_between_the_lines", _BELOW),
    "u03 employee between": (f"{_QUOTED}.test_an_employee_answers_between_the_lines", _BELOW),
    "f01 forward": _FORWARDS,
    "f02 forward of Outlook": (
        *_FORWARDS,
        f"{_READING}.test_outlooks_headers_are_a_forward_when_the_subject_says_so",
    ),
    "u04 technician forwards": (f"{_QUOTED}.test_what_a_technician_forwards_reaches_the_employee",),
    "h11 own marks": (f"{_QUOTED}.test_a_first_mail_is_open_as_a_whole",),
    "a03 Exchange list": (_PERSON,),
    "s01 text then HTML": _SIDE_BY_SIDE,
    "z110 text then signature": _SIDE_BY_SIDE,
    "u08 technician flowed": (f"{_CONTENTS}.test_flowed_text_has_its_paragraphs",),
    "s21 flowed": (f"{_CONTENTS}.test_flowed_text_has_its_paragraphs",),
    "v01 known Message-ID": (
        f"{_HERE}.test_threads.test_a_stranger_who_knows_a_letter_of_ours_is_heard_from_outside_and_reads_nothing",
        f"{_HERE}.test_threads.test_a_stranger_in_copy_is_outside_whatever_name_they_take",
        f"{_HERE}.test_threads.test_a_number_alone_admits_nobody_whose_address_is_not_proved",
        f"{_HERE}.test_threads.test_a_number_alone_admits_nobody_else_however_well_proved",
    ),
    "e01b stray byte": (f"{_CHARSETS}.test_a_mail_that_is_utf8_but_for_one_byte_is_utf8",),
    "e04 cp1252": _LABELS,
    "e05 cp1250": (f"{_CHARSETS}.test_czech_is_read_whatever_its_label_says",),
    "e07 Hebrew": _LABELS,
    "e17 HTML's meta": (
        f"{_CHARSETS}.test_html_names_its_charset_where_the_mail_does_not",
        f"{_CHARSETS}.test_the_mail_goes_before_the_html_and_bytes_before_both",
    ),
    "z099 Japanese": (f"{_CHARSETS}.test_japanese_with_the_signs_of_vendors_is_read",),
    "z119b Korean": _LABELS,
    "w22 unknown labels": _LABELS,
    "e02 raw file name": (
        f"{_PARTS}.test_parameters.test_raw_letters_are_read_by_their_bytes",
        f"{_HERE}.test_mime.test_names_of_files_are_read_by_the_same_rule",
    ),
    "e08 file name of another charset": (_NAMES,),
    "f03 own Od:": (_OWN,),
    "f16 list of --": (_OWN,),
    "f04 Slovak": _HISTORY,
    "f06 German": _HISTORY,
    "f08 Evolution": _HISTORY,
    "f15 German Outlook": (*_HISTORY, f"{_READING}.test_history_below_copied_headers_is_history_with_them"),
    "a05 holiday": (f"{_HERE}.test_auto_replies.test_a_machine_is_told_by_what_says_so_reliably",),
    "a06 read receipt": (_REPORT,),
    "a07 delayed": (_REPORT,),
    "a09 not delivered": (_REPORT,),
    "w12 bounce, null return path": (_REPORT,),
    "w13 bounce without From": (_REPORT,),
    "w14 bounce, other return path": (_REPORT,),
    "s25 named body": (f"{_CONTENTS}.test_a_body_with_a_name_is_the_message",),
    "s06 picture by its name": (f"{_PARTS}.test_pictures.test_a_picture_is_found",),
    "s09 picture in its address": (
        f"{_PARTS}.test_pictures.test_a_picture_in_its_address_becomes_a_file_in_its_place",
    ),
    "z065 comma in a name": (f"{_HERE}.test_mime.test_a_name_with_a_comma_stays_whole",),
    "h13 header without a colon": (
        f"{_CONTENTS}.test_a_line_among_the_headers_that_is_none_is_passed_over",
        f"{_CONTENTS}.test_words_below_the_headers_without_an_empty_line_stay_words",
    ),
    "t12 technician founds": (
        f"{_HERE}.senders.test_forwards.test_a_forwarded_mail_opens_the_ticket_of_the_employee_who_wrote_it",
    ),
    "t10 BCC": (f"{_HERE}.test_participants.test_a_colleague_follows_only_where_they_see_that_we_were_written_to",),
    "t07a two ways": (f"{_HERE}.senders.test_copies.test_one_mail_by_two_ways_is_one_message",),
    "t07b two ways, footer": (f"{_HERE}.senders.test_copies.test_one_mail_by_two_ways_is_one_message",),
    "h07 struck out": (f"{_HERE}.test_html_mail.test_a_letter_leaves_out_what_is_struck_out",),
    "s10 winmail.dat": (
        f"{_PARTS}.test_tnef.test_the_files_in_it_are_the_mails_files",
        f"{_PARTS}.test_tnef.test_the_body_in_it_is_the_message_when_there_is_no_other",
    ),
    "s15 forwarded mail attached": (f"{_CONTENTS}.test_a_forwarded_mail_is_named_by_its_subject",),
    "s27 missing boundary": _BOUNDARY,
    "w21 wrong boundary": _BOUNDARY,
    "w02 bold time line": (_MARKUP,),
    "w03 doubled address": (
        f"{_QUOTED}.test_a_doubled_address_hands_over",
        f"{_HERE}.test_mail_commands.test_an_address_that_a_program_wrote_twice_is_one",
    ),
    "w04 time line in a list": (
        _MARKUP,
        f"{_HERE}.test_mail_commands.test_time_is_understood_in_every_spelling_of_one_meaning",
    ),
    "w05 stand-in text": (f"{_CONTENTS}.test_a_text_that_only_stands_in_for_the_html_is_not_what_was_said",),
    "w15 list changed From": (f"{_CONTENTS}.test_who_wrote_through_a_list_that_changed_from_is_the_sender",),
    "w16 history of Notes and others": _HISTORY,
    "w17 rules of Centrum and calendars": _HISTORY,
    "w23 forwarded by a rule": (_PERSON,),
}
ELSEWHERE = frozenset(
    {"s39", "h10", "h05", "s08", "s11", "s13", "s36", "w01", "w06", "w07", "w08", "w09", "w10", "w11"}
)
ELSEWHERE |= {"w20", "w24"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_its_mail_and_three_siblings(kind):
    assert sum(_mails_of(path) for path in KINDS[kind]) >= WANTED


@pytest.mark.parametrize("kind", sorted(ELSEWHERE))
def test_a_kind_told_by_its_looks_has_its_mail_and_three_siblings(kind):
    assert len(set(SIBLINGS[kind])) >= WANTED


def test_every_kind_is_here():
    assert len(KINDS) + len(ELSEWHERE) == 74
    assert not {kind.split()[0] for kind in KINDS} & ELSEWHERE


def _mails_of(path: str) -> int:
    """How many mails a test is run with."""
    module, _, name = path.rpartition(".")
    marks = getattr(getattr(import_module(module), name), "pytestmark", [])
    return prod(len(mark.args[1]) for mark in marks if mark.name == "parametrize")
