import pytest
from markupsafe import Markup

from tf_recipes.parity.reports.html import safe


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ünï 😀 <b>", "ünï 😀 <b>"),
        ("a\nb\tc", "a\nb\tc"),
        ("txt\u202egnp.exe", r"txt\u202egnp.exe"),
        ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
        ("\x00\x1b[31m\x85", r"\x00\x1b[31m\x85"),
        ("bad\udc80", r"bad\udc80"),
        ("\U000e0041", r"\U000e0041"),
        (7, "7"),
        (True, "True"),
        ("", ""),
    ],
)
def test_what_is_not_printed_stands_as_its_escape(value, text):
    assert safe.shown(value) == text
    safe.shown(value).encode()  # no lone surrogate is left


def test_a_text_without_end_is_cut_and_says_so():
    assert safe.shown("x" * 4000) == "x" * 4000
    assert safe.shown("x" * 4007) == "x" * 4000 + "… (7 characters left out)"


def test_what_counts_is_the_size_once_escaped():
    assert safe.shown("<" * 1001) == "<" * 1000 + "… (1 characters left out)"
    assert safe.shown("\U000e0041" * 401) == r"\U000e0041" * 400 + "… (1 characters left out)"
    assert safe.shown("\U0001f600" * 1000) == "\U0001f600" * 1000
    assert safe.shortened("a<b", 5) == "a<… (1 characters left out)"


def test_a_command_is_escaped_and_never_cut():
    made = safe.whole("<b>\u202e" + "x" * 9000)
    assert isinstance(made, Markup)
    assert made == r"&lt;b&gt;\u202e" + "x" * 9000


def test_what_is_markup_already_stays():
    made = Markup("<b>\u200b</b>" + "x" * 5000)
    assert safe.shown(made) is made


def test_a_title_is_short_and_never_empty():
    assert safe.title("adam") == "adam"
    assert safe.title("") == "(no name)"
    assert safe.title("x" * 81) == "x" * 80 + "…"


def test_json_keeps_its_unicode():
    assert safe.as_json({"ü": [None, 1.5, True]}) == '{"ü": [null, 1.5, true]}'


def test_anchors_are_words_and_no_two_are_equal():
    anchors = safe.Anchors()
    names = ["adam", "Adam", "adam-2", "ADAM 2", "", "<script>", "日本", "a\"b'c", "x" * 9000]
    assert [anchors.new(name) for name in names] == [
        "recipe-adam",
        "recipe-adam-2",
        "recipe-adam-2-2",
        "recipe-adam-2-3",
        "recipe",
        "recipe-script",
        "recipe-2",
        "recipe-a-b-c",
        "recipe-" + "x" * 60,
    ]


def test_anchors_begin_with_the_word_of_their_page():
    anchors = safe.Anchors("row")
    assert [anchors.new(name) for name in ("dense/kernel", "dense/kernel", "\u202e")] == [
        "row-dense-kernel",
        "row-dense-kernel-2",
        "row",
    ]
