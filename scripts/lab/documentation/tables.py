"""Fills the tables that are read from the code into the pages: `<!-- generated NAME -->`."""

import functools
import json
from pathlib import Path

from lab.documentation import convert_example, markers, scan_pages, speed_tables, verify_example
from tf_recipes._support import validation
from tf_recipes._support.known_differences import DIFFERENCES
from tf_recipes.convert.reports import conversion_schema
from tf_recipes.knowledge import names
from tf_recipes.parity.verdict import STATUSES
from tf_recipes.verify.reports import document_schema

SCAN_SPEED = Path(__file__).parents[3] / "docs" / "measured" / "scan_speed.json"
SPARSE_UPDATES = Path(__file__).parents[3] / "docs" / "measured" / "sparse_updates.json"


def fill(text):
    """Returns the page's text with every generated table made anew.

    Raises:
        ValueError: for an unknown table.
    """

    def make_table(what):
        made = _TABLES[_table_name(what)]()
        in_a_line = "\n" not in made and not made.startswith("|")
        return made if in_a_line else f"\n\n{made}\n\n"

    return markers.fill(text, "generated", make_table)


def check(text):
    """Checks that every generated table of the page's text is known. It needs no Keras.

    Raises:
        ValueError: for an unknown table.
    """
    for what in markers.words(text, "generated"):
        _table_name(what)


def _table_name(what):
    """Returns the name of a table, checked, from the words of its marker."""
    name = " ".join(what)
    validation.choice("generated", name, _TABLES)
    return name


def _defaults():
    """Returns the table of the defaults that differ between TF1 and Keras 3."""
    from lab.documentation.defaults import table  # imports Keras

    return table.table()


def _contrib_optimizers():
    """Returns the table of the optimizers of `tf.contrib.opt`."""
    from lab.documentation.defaults import table  # imports Keras

    return table.contrib_optimizers()


def _public_names():
    """Returns the table of the package's public names."""
    from lab.documentation import public_names  # imports Keras

    return public_names.table()


def _index():
    """Returns the table of TF1's names, and of what takes the place of each."""
    return names.markdown()


def _sparse_updates():
    """Returns the table of the times of sparse updates, as they were measured last."""
    return json.loads(SPARSE_UPDATES.read_text())["table"]


def _scan_speed():
    """Returns the table of the scanner's speed, as it was measured last."""
    return json.loads(SCAN_SPEED.read_text())["table"]


def _statuses():
    """Returns the table of the exit statuses of a check."""
    rows = (f"| {status} | {meaning} |" for status, meaning in STATUSES.items())
    return "\n".join(["| exit status | meaning |", "|---|---|", *rows])


def _verify_json():
    """Returns the tables of the keys of a verification's JSON."""
    return document_schema.tables()


def _known_differences():
    """Returns the table of what is known to differ between TF1 and a port."""
    rows = (
        f"| `{key}` | {each.tf1} | {each.port} | {_link(each.page)} |"
        for key, each in DIFFERENCES.items()
        if not each.in_source
    )
    head = ["| key | TF1 | what a port may have in its place | page |", "|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _convert_json():
    """Returns the tables of the keys of `conversion.json`."""
    return conversion_schema.tables("###")


def _convert_patterns():
    """Returns the table of what the converter recognises."""
    from lab.documentation import convert_tables  # imports Keras

    return convert_tables.patterns()


def _convert_refused():
    """Returns the table of what the converter refuses."""
    from lab.documentation import convert_tables  # imports Keras

    return convert_tables.refused()


def _link(page):
    """Returns a link to a page as a page of docs/ has it."""
    return f"[{Path(page).stem}]({page.removeprefix('docs/')})"


_TABLES = {
    "convert_json": _convert_json,
    "convert_patterns": _convert_patterns,
    "convert_refused": _convert_refused,
    **{
        f"convert_example {what}": functools.partial(convert_example.show, what)
        for what in convert_example.PARTS
    },
    "defaults": _defaults,
    "contrib optimizers": _contrib_optimizers,
    "index": _index,
    "names": _public_names,
    "scan codes": scan_pages.codes,
    "scan example": scan_pages.example,
    "scan rewrites": scan_pages.rewrites,
    "scan severities": scan_pages.severities,
    "sparse updates": _sparse_updates,
    "scan speed": _scan_speed,
    **speed_tables.TABLES,
    "statuses": _statuses,
    "verify_json": _verify_json,
    "known_differences": _known_differences,
    **{
        f"verify_example {what}": functools.partial(verify_example.show, what)
        for what in verify_example.PARTS
    },
}
