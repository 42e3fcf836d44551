"""Scans, and fixes, a text as a file of its own."""

from tf_recipes.scan import scanner
from tf_recipes.scan.fixing import fixer


def findings(folder, text, code):
    """Returns the findings of one code in a text, which is written to a file of a folder."""
    path = folder / "a.py"
    path.write_text(text)
    return scanner.scan([str(path)], [code], workers=1).findings


def replacements(folder, text, code):
    """Returns what the findings of one code say to write."""
    return [each.replacement for each in findings(folder, text, code)]


def notes(folder, text):
    """Returns what the fixer says of a text."""
    path = folder / "a.py"
    path.write_text(text)
    return fixer.fix(str(path)).notes
