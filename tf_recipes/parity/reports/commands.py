"""Writes the command line that judges a trace once more, ready to be pasted into a shell."""

import csv
import io
import os
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from tf_recipes.recipe import PORT_NAMES

SCRIPT = "python scripts/check_migration.py"


class Options(Protocol):
    """Gives the options of a check that its command repeats: all but the output files."""

    @property
    def program(self) -> str:
        """Returns the words that start the check, such as `SCRIPT` or `tf-recipes check`."""

    @property
    def reference(self) -> str:
        """Returns `recorded`, `compat` or `tf1`."""

    @property
    def tf1_python(self) -> str | None:
        """Returns an interpreter with TensorFlow 1.15, or None."""

    @property
    def trace_dir(self) -> str | None:
        """Returns the directory of the traces; None means the shipped traces."""

    @property
    def recipe(self) -> list[str] | None:
        """Returns the names of recipes; None means all."""

    @property
    def ports(self) -> list[str]:
        """Returns the names of ports."""

    @property
    def float32_products(self) -> bool:
        """Returns whether float32 matrices are multiplied in full float32."""

    @property
    def changed(self) -> Mapping[str, Any]:
        """Returns `{flag: value}` of the recipe's flags that the user set."""


def check(options: Options, name: str | None = None) -> str:
    """Returns the command of a check, without the files that it writes.

    A script runs in a clone. The paths are absolute, so that it means the same in any directory.

    Args:
        options: the options of the check.
        name: a recipe, or the name of a trace's file without its ending, to judge one trace; None
            for all traces of the options.
    """
    python = options.tf1_python
    flags: dict[str, Any] = {
        "reference": None if options.reference == "recorded" else options.reference,
        "tf1_python": os.path.abspath(python) if python and os.path.dirname(python) else python,
        "trace_dir": options.trace_dir and os.path.abspath(options.trace_dir),
        "recipe": [name] if name else options.recipe,
        "ports": None if options.ports == list(PORT_NAMES) else options.ports,
        "float32_products": None if options.float32_products else False,
        **options.changed,
    }
    if name and name != name.strip():
        flags["recipe"] = None  # absl strips the entries of a list: the command judges all traces
    words = [_flag(*each) for each in flags.items() if each[1] is not None]
    return " ".join([options.program, *map(_quoted, words)])


def _flag(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    if isinstance(value, list | tuple):
        return f"--{name}={_listed(value)}"
    return f"--{name}={value}"


def _listed(values: Iterable[Any]) -> str:
    """Returns the values as one line of CSV, which absl reads as a list."""
    line = io.StringIO()
    csv.writer(line).writerow(map(str, values))
    return line.getvalue().removesuffix("\r\n")


def _quoted(word: str) -> str:
    """Returns any word as a shell reads it back, in visible characters alone.

    A word with invisible characters takes the form $'...', which Bash and zsh read.
    """
    return shlex.quote(word) if word.isprintable() else f"$'{''.join(map(_escaped, word))}'"


def _escaped(character: str) -> str:
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
