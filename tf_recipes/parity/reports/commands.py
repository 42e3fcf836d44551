"""The command line that judges a trace again, fit to be pasted into a shell."""

import csv
import io
import os
import shlex

SCRIPT = "python scripts/check_migration.py"


def check(options, name=None):
    """The command of `program.Options`, without the files that it writes.

    It is to be run in a clone, and means the same from any other directory: its paths are absolute.

    Args:
        options: `program.Options`.
        name: a recipe, or the name of a trace's file without its ending, to judge it alone; None
            for all that the options name.
    """
    python = options.tf1_python
    flags = {
        "reference": None if options.reference == "recorded" else options.reference,
        "tf1_python": os.path.abspath(python) if python and os.path.dirname(python) else python,
        "trace_dir": options.trace_dir and os.path.abspath(options.trace_dir),
        "recipe": [name] if name else options.recipe,
        "ports": None if options.ports == ["exact", "textbook"] else options.ports,
        **options.changed,
    }
    if name and name != name.strip():  # absl strips what a list holds, so it cannot be named:
        flags["recipe"] = None  # judged with all the others
    words = [_flag(*each) for each in flags.items() if each[1] is not None]
    return " ".join([SCRIPT, *map(_quoted, words)])


def _flag(name, value):
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    if isinstance(value, list | tuple):
        return f"--{name}={_listed(value)}"
    return f"--{name}={value}"


def _listed(values):
    """As absl reads a list: one line of CSV."""
    line = io.StringIO()
    csv.writer(line).writerow(map(str, values))
    return line.getvalue().removesuffix("\r\n")


def _quoted(word):
    """The word as a shell reads it back, whatever it holds; all of what is written is visible.

    Bash and zsh know the form with the dollar, which plain words do without.
    """
    return shlex.quote(word) if word.isprintable() else f"$'{''.join(map(_escaped, word))}'"


def _escaped(character):
    code = ord(character)
    if character in "'\\":
        return f"\\{character}"
    if character.isprintable():
        return character
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a path that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
