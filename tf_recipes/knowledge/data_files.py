"""Reads the tables of this folder: one row a line, cells apart by a tab, headings first."""

from importlib import resources


def read(name: str) -> list[list[str]]:
    """Returns the rows of a table, without the headings.

    Args:
        name: a file of this folder, such as `"names.tsv"`.
    """
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()[1:]]
