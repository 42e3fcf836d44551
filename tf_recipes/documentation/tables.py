"""Tables in the pages that the code knows better: `<!-- generated NAME -->`."""

import re

from tf_recipes import validation

_MARKER = re.compile(r"<!-- generated (?P<name>\w+) -->(?P<old>.*?)<!-- / -->", re.DOTALL)


def fill(text):
    """The page's text with every such table made anew.

    Raises:
        ValueError: for a table that nobody makes.
    """

    def filled(found):
        name = found["name"]
        validation.choice("generated", name, _TABLES)
        return f"<!-- generated {name} -->\n\n{_TABLES[name]()}\n\n<!-- / -->"

    return _MARKER.sub(filled, text)


def _defaults():
    from tf_recipes.documentation.defaults import table  # imports Keras

    return table.table()


def _public_names():
    from tf_recipes.documentation import public_names  # imports Keras

    return public_names.table()


_TABLES = {"defaults": _defaults, "names": _public_names}
