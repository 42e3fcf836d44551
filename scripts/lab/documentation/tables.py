"""Tables in the pages that the code knows better: `<!-- generated NAME -->`."""

from lab.documentation import markers
from tf_recipes._support import validation


def fill(text):
    """The page's text with every such table made anew.

    Raises:
        ValueError: for a table that nobody makes.
    """

    def made(what):
        name = " ".join(what)
        validation.choice("generated", name, _TABLES)
        return f"\n\n{_TABLES[name]()}\n\n"

    return markers.fill(text, "generated", made)


def _defaults():
    from lab.documentation.defaults import table  # imports Keras

    return table.table()


def _public_names():
    from lab.documentation import public_names  # imports Keras

    return public_names.table()


_TABLES = {"defaults": _defaults, "names": _public_names}
