"""Lists the public names with the first sentence of their docstrings and their files."""

import importlib
import inspect

import tf_recipes
from tf_recipes import convert, verify

# the packages with public names of their own
ROOMS = {"verify": verify, "convert": convert}


def by_module():
    """Returns `{module: [names]}` of the public names, in the order of the package's list.

    The names of `tf_recipes.verify` and `tf_recipes.convert` follow, which the package itself does
    not have.
    """
    modules = {}
    for name, module in tf_recipes._NAMES.items():
        modules.setdefault(module, []).append(name)
    for room, package in ROOMS.items():
        for name, module in package._NAMES.items():
            modules.setdefault(f"{room}.{module}", []).append(name)
    return modules


def table():
    """Returns a Markdown table: name, first sentence of the docstring, file."""
    rows = ["| name | what it is | file |", "|---|---|---|"]
    for module, names in by_module().items():
        first = module.partition(".")[0]
        own = first in ROOMS and names[0] in ROOMS[first]._NAMES
        room = f"{first}." if own else ""
        rows += [
            f"| `{room}{name}` | {summary(module, name)} | {_file(module)} |" for name in names
        ]
    return "\n".join(rows)


def summary(module, name):
    """Returns the first paragraph of a name's docstring, on one line."""
    value = getattr(importlib.import_module(f"tf_recipes.{module}"), name)
    paragraph = inspect.getdoc(value).split("\n\n")[0]
    return " ".join(paragraph.split()).replace("|", "\\|")


def _file(module):
    """Returns the path of a module's file, in code style."""
    return f"`tf_recipes/{module.replace('.', '/')}.py`"
