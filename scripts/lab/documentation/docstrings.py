"""Formats the examples in docstrings as code blocks for the site."""

import re

import griffe

_EXAMPLE = re.compile(r"^(?P<indent> *)>>> .*(?:\n(?! *$).*)*", re.MULTILINE)


class FencedExamples(griffe.Extension):
    """Puts a fence around each example, so that the site shows the example as code."""

    def on_object(self, *, obj, **_):
        """Changes the docstring of an object; Griffe calls this for every object."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text):
    """Returns the docstring with a fence around each block of lines that begins with `>>>`.

    >>> fenced("Adds.\\n\\n>>> 1 + 1\\n2\\n\\nDone.").splitlines()
    ['Adds.', '', '```pycon', '>>> 1 + 1', '2', '```', '', 'Done.']
    """

    def fence(match):
        indent = match["indent"]
        return f"{indent}```pycon\n{match[0]}\n{indent}```"

    return _EXAMPLE.sub(fence, text)
