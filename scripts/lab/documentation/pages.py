"""Reads the Markdown of the documentation's pages: code blocks, links, images, anchors."""

import dataclasses
import re
from pathlib import Path

_FENCE = re.compile(r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_PRINTED = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Block:
    """Holds a fenced block of a page.

    Args:
        page: path of the page.
        line: int, line number of the code's first line in the page, from 1.
        language: the word after the opening fence.
        title: title of the block, or "".
        code: the text in the block.
    """

    page: Path
    line: int
    language: str
    title: str
    code: str

    @property
    def tf1(self):
        """Returns whether the block is code for TensorFlow 1."""
        return self.title.startswith("TensorFlow 1")

    @property
    def prints(self):
        """Returns the lines that the code must print, from the comment after each `print(...)`."""
        return _PRINTED.findall(self.code)

    def __str__(self):
        return f"{self.page.name}:{self.line}"


def blocks(page):
    """Returns the fenced blocks of a page, in order."""
    text = Path(page).read_text()
    return [
        Block(Path(page), text.count("\n", 0, match.start(3)) + 1, *_parts(match))
        for match in _FENCE.finditer(text)
    ]


def _parts(match):
    """Returns language, title and code of a match of `_FENCE`."""
    language, title, code = match.groups()
    return language, title or "", code


def without_code(text):
    """Returns the Markdown without fenced blocks and `code`, which hold no links or figures."""
    return re.sub(r"``.*?``|`[^`]*`", "", _FENCE.sub("", text))


def links(page):
    """Returns the targets of all links of a page."""
    return _LINK.findall(_FENCE.sub("", Path(page).read_text()))


def images(page):
    """Returns `[(alternative text, target)]` of all images of a page."""
    pairs = _IMAGE.findall(_FENCE.sub("", Path(page).read_text()))
    return [(" ".join(text.split()), target) for text, target in pairs]


def anchors(page):
    """Returns the anchors of a page: its headings as a code host spells them, and explicit ids."""
    text = _FENCE.sub("", Path(page).read_text())
    names = set(re.findall(r'<a id="([^"]+)"', text))
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        slug = slugify(heading)
        candidates = (slug, *(f"{slug}-{count}" for count in range(1, 100)))
        names.add(next(each for each in candidates if each not in names))
    return names


def slugify(heading, separator="-"):
    """Returns a heading's anchor, the same on the site as on a code host.

    >>> slugify("What `tf.train.Saver` saves, and what not")
    'what-tftrainsaver-saves-and-what-not'
    """
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return words.replace(" ", separator)
