"""The command line that judges a trace again."""

import shlex

SCRIPT = "python scripts/check_migration.py"


def check(options, name=None):
    """The command of `program.Options`, without the files that it writes.

    Args:
        options: `program.Options`.
        name: a recipe, to judge it alone; None for all that the options name.
    """
    flags = {
        "reference": None if options.reference == "recorded" else options.reference,
        "tf1_python": options.tf1_python,
        "trace_dir": options.trace_dir,
        "recipe": [name] if name else options.recipe,
        "ports": None if options.ports == ["exact", "textbook"] else options.ports,
        **options.changed,
    }
    words = [_flag(*each) for each in flags.items() if each[1] is not None]
    return " ".join([SCRIPT, *map(shlex.quote, words)])


def _flag(name, value):
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    if isinstance(value, list | tuple):
        return f"--{name}={','.join(map(str, value))}"
    return f"--{name}={value}"
