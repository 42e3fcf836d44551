"""Makes foreign texts safe to print: visible characters on one line of limited length."""

LONGEST = 400  # characters of an error's text that come from a file


def visible(text: str, keep: str = "") -> str:
    """Returns a text with the escape of each character that is not printed.

    A terminal obeys control characters, and some characters change the direction of the text, so
    that one name could look like another. Each of them becomes its escape: a line break too, unless
    it is in `keep`. The same holds for a lone surrogate, from a path that is not UTF-8, which UTF-8
    cannot encode.

    >>> visible("a\\x1b[31m")
    'a\\\\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in keep else each.encode("unicode_escape").decode()
        for each in text
    )


def shortened(text: str, most: int = LONGEST) -> str:
    """Returns a visible text of about `most` characters: its beginning and its end.

    >>> shortened("a" * 1000, 20)
    'aaaaaaaaaa[980 characters left out]aaaaaaaaaa'
    """
    if len(text) <= most:
        return visible(text)
    half = most // 2
    left = len(text) - 2 * half
    return f"{visible(text[:half])}[{left} characters left out]{visible(text[-half:])}"
