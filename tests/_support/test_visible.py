import pytest

from tf_recipes._support.visible import LONGEST, shortened, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, \u00fc \u540d", "plain, \u00fc \u540d"),
        ("\x1b[31m\x07", r"\x1b[31m\x07"),
        ("two\nlines\tand\r", r"two\nlines\tand\r"),
        ("a\u202eb\u200bc", r"a\u202eb\u200bc"),
        ("\udcff\x9b", r"\udcff\x9b"),
        ("", ""),
    ],
)
def test_what_is_not_printed_becomes_its_escape(text, shown):
    assert visible(text) == shortened(text) == shown
    assert visible(text).isprintable()


def test_a_long_text_keeps_its_ends():
    text = f"{'a' * LONGEST}\x1b{'b' * LONGEST}"
    half = LONGEST // 2
    assert shortened(text) == f"{'a' * half}[{LONGEST + 1} characters left out]{'b' * half}"
    assert shortened("a" * LONGEST) == "a" * LONGEST
    assert len(shortened(10**6 * "\x1b")) < 5 * LONGEST
