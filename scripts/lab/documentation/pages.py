"""The pages of the documentation as they stand in Markdown: code blocks, links, anchors."""

import dataclasses
import re
from pathlib import Path

_FENCE = re.compile(r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_PRINTED = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Args:
        page: the page's path.
        line: int, of the code's first line in the page, from 1.
        language: the word behind the fence.
        title: of the block, "" without one.
        code: the text inside.
    """

    page: Path
    line: int
    language: str
    title: str
    code: str

    @property
    def tf1(self):
        """Whether it is code for TensorFlow 1."""
        return self.title.startswith("TensorFlow 1")

    @property
    def prints(self):
        """The lines that it must print: what stands in a comment after each `print(...)`."""
        return _PRINTED.findall(self.code)

    def __str__(self):
        return f"{self.page.name}:{self.line}"


def blocks(page):
    """The fenced blocks of a page, in order."""
    text = Path(page).read_text()
    return [
        Block(Path(page), text.count("\n", 0, found.start(3)) + 1, *_parts(found))
        for found in _FENCE.finditer(text)
    ]


def _parts(found):
    language, title, code = found.groups()
    return language, title or "", code


def without_code(text):
    """The Markdown without its fenced blocks and `code`, where a link or a figure is no such."""
    return re.sub(r"``.*?``|`[^`]*`", "", _FENCE.sub("", text))


def links(page):
    """The targets of all links of a page."""
    return _LINK.findall(_FENCE.sub("", Path(page).read_text()))


def images(page):
    """`[(alternative text, target)]` of all images of a page."""
    found = _IMAGE.findall(_FENCE.sub("", Path(page).read_text()))
    return [(" ".join(text.split()), target) for text, target in found]


def anchors(page):
    """The anchors of a page: its headings as a code host spells them, and explicit ids."""
    text = _FENCE.sub("", Path(page).read_text())
    found = set(re.findall(r'<a id="([^"]+)"', text))
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        slug = slugify(heading)
        again = (f"{slug}-{count}" for count in range(1, 100))
        found.add(slug if slug not in found else next(each for each in again if each not in found))
    return found


def slugify(heading, separator="-"):
    """A heading's anchor, on the site as on a code host.

    >>> slugify("What `tf.train.Saver` saves, and what not")
    'what-tftrainsaver-saves-and-what-not'
    """
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return words.replace(" ", separator)
