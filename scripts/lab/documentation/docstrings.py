"""Makes code of the examples in docstrings, which Python's own help shows as they are."""

import re

import griffe

_EXAMPLE = re.compile(r"^(?P<indent> *)>>> .*(?:\n(?! *$).*)*", re.MULTILINE)


class FencedExamples(griffe.Extension):
    """Puts a fence around each example, so that the site shows it as code."""

    def on_object(self, *, obj, **_):
        """Called by Griffe for every object that it has read."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text):
    """The docstring with a fence around each run of lines that begins with `>>>`.

    >>> fenced("Adds.\\n\\n>>> 1 + 1\\n2\\n\\nDone.").splitlines()
    ['Adds.', '', '```pycon', '>>> 1 + 1', '2', '```', '', 'Done.']
    """

    def fence(found):
        indent = found["indent"]
        return f"{indent}```pycon\n{found[0]}\n{indent}```"

    return _EXAMPLE.sub(fence, text)
