"""Starts the subcommand that `tf-recipes SUBCOMMAND` names; `setup.cfg` installs the command."""

import importlib
import os
import sys
from types import ModuleType

from tf_recipes.cli import interrupts

NAME = "tf-recipes"
# each is a module of this folder, `check_command` for `check`
SUBCOMMANDS = ("scan", "check", "verify", "convert", "train", "record", "create-tf1-environment")
TAKE_PATHS = ("scan",)  # the others take flags alone
_HELP = ("--help", "-help", "-h", "help", "--helpfull", "--helpshort")


def main() -> None:
    """Runs `tf-recipes`: prints what there is, or hands the flags to the subcommand named."""
    interrupts.end_at_once()
    words = sys.argv[1:]
    if words and words[0] in SUBCOMMANDS:
        sys.argv = [f"{NAME} {words[0]}", *words[1:]]
        _run(words[0], sys.argv[0])
    elif words == ["--version"]:
        import tf_recipes

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


def run_script(name: str) -> None:
    """Runs a subcommand for the script of a clone that does the same; its help names the script.

    Args:
        name: the subcommand, a word of `SUBCOMMANDS`.
    """
    _run(name, f"python scripts/{os.path.basename(sys.argv[0])}")


def run_module(name: str, module: str) -> None:
    """Runs a subcommand for `python -m MODULE`.

    Args:
        name: the subcommand, a word of `SUBCOMMANDS`.
        module: the module, which the help names.
    """
    interrupts.end_at_once()
    sys.argv[0] = module
    _run(name, f"python -m {module}")


def _run(name: str, program: str) -> None:
    """Runs a subcommand; `program` is what its help calls it."""
    from absl import flags

    from tf_recipes.cli import application

    # absl's --help shows the flags of the module `__main__`, which it knows by the first word
    flags.disclaim_key_flags()
    subcommand = _module(name)
    sys.modules["__main__"].__doc__ = (subcommand.__doc__ or "").replace(f"{NAME} {name}", program)
    subcommand.define_flags()
    application.run(subcommand.main, takes_paths=name in TAKE_PATHS)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"tf_recipes.cli.{name.replace('-', '_')}_command")


if __name__ == "__main__":
    main()
