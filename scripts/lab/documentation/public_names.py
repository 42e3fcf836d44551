"""Lists the public names with the first sentence of their docstrings and their files."""

import importlib
import inspect

import tf_recipes
from tf_recipes import verify


def by_module():
    """Returns `{module: [names]}` of the public names, in the order of the package's list.

    The names of `tf_recipes.verify` follow, which the package itself does not have.
    """
    modules = {}
    for name, module in tf_recipes._NAMES.items():
        modules.setdefault(module, []).append(name)
    for name, module in verify._NAMES.items():
        modules.setdefault(f"verify.{module}", []).append(name)
    return modules


def table():
    """Returns a Markdown table: name, first sentence of the docstring, file."""
    rows = ["| name | what it is | file |", "|---|---|---|"]
    for module, names in by_module().items():
        room = "verify." if module.startswith("verify.") else ""
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
