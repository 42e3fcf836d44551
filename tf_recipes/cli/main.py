"""Starts the subcommand that `tf-recipes SUBCOMMAND` names; `setup.cfg` installs the command."""

import importlib
import sys
from types import ModuleType

from absl import flags

import tf_recipes
from tf_recipes.cli import application

NAME = "tf-recipes"
# each is a module of this folder, `check_command` for `check`
SUBCOMMANDS = ("check", "train", "record", "create-tf1-environment")
_HELP = ("--help", "-h", "help")


def main() -> None:
    """Runs `tf-recipes`: prints what there is, or hands the flags to the subcommand named."""
    words = sys.argv[1:]
    if words and words[0] in SUBCOMMANDS:
        _run(words[0], words[1:])
    elif words == ["--version"]:
        print(f"{NAME} {tf_recipes.__version__}")
    elif words and words[0] in _HELP:
        print(usage())
    else:
        received = repr(words[0]) if words else "none"
        print(
            f"{NAME}: error: The first word must be a subcommand. Received: {received}. "
            f"Choose from {', '.join(SUBCOMMANDS)}, or try --help.",
            file=sys.stderr,
        )
        sys.exit(2)


def usage() -> str:
    """Returns the list of subcommands, each with the first line of its module."""
    lines = [f"usage: {NAME} SUBCOMMAND [--flag=value ...]", ""]
    width = max(map(len, SUBCOMMANDS))
    for name in SUBCOMMANDS:
        lines.append(f"  {name:{width}}  {(_module(name).__doc__ or '').splitlines()[0]}")
    return "\n".join([*lines, "", f"{NAME} SUBCOMMAND --help shows the flags."])


def _run(name: str, rest: list[str]) -> None:
    # absl's --help shows the flags of the module `__main__`, which it knows by the first word
    flags.disclaim_key_flags()
    sys.argv = [f"{NAME} {name}", *rest]
    subcommand = _module(name)
    sys.modules["__main__"].__doc__ = subcommand.__doc__
    subcommand.define_flags()
    application.run(subcommand.main)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"tf_recipes.cli.{name.replace('-', '_')}_command")


if __name__ == "__main__":
    main()
