"""Reads the index of TF1's names: what takes the place of each, and the page that says more."""

import functools
import re
from collections.abc import Mapping
from typing import NamedTuple

from tf_recipes.knowledge import data_files

HEAD = "| TF1 | in its place | page | compared |\n|---|---|---|---|"


class Row(NamedTuple):
    """Holds a row of the index.

    `replacement` is Markdown, `page` a path below `docs/`, maybe with an anchor, and `compared` how
    the row was compared with TF1.
    """

    replacement: str
    page: str
    compared: str


@functools.cache
def rows() -> Mapping[str, Row]:
    """Returns `{TF1 name: row}` in the order of the page."""
    return {name: Row(*cells) for name, *cells in data_files.read("names.tsv")}


def markdown() -> str:
    """Returns the index as the table of `docs/names.md`."""
    lines = (
        f"| `{name}` | {row.replacement} | [{_title(row.page)}]({row.page}) | {row.compared} |"
        for name, row in rows().items()
    )
    return "\n".join([HEAD, *lines])


def _title(page: str) -> str:
    """Returns the name of a page, `dense` for `recipes/dense.md#bias`."""
    return re.sub(r".*/|\.md.*", "", page)
