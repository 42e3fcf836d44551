"""Every public name with the first sentence of its docstring, and where it is."""

import importlib
import inspect

import tf_recipes


def by_module():
    """`{module: [names]}` of what `tf_recipes` offers, in the order of the package's own list."""
    found = {}
    for name, module in tf_recipes._NAMES.items():
        found.setdefault(module, []).append(name)
    return found


def table():
    """The rows of a Markdown table: name, what it is, file."""
    rows = ["| name | what it is | file |", "|---|---|---|"]
    for module, names in by_module().items():
        rows += [f"| `{name}` | {summary(module, name)} | {_file(module)} |" for name in names]
    return "\n".join(rows)


def summary(module, name):
    """The first sentence of a name's docstring, on one line."""
    value = getattr(importlib.import_module(f"tf_recipes.{module}"), name)
    paragraph = inspect.getdoc(value).split("\n\n")[0]
    return " ".join(paragraph.split()).replace("|", "\\|")


def _file(module):
    return f"`tf_recipes/{module.replace('.', '/')}.py`"
