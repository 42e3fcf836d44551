"""Runs `python -m tf_recipes SUBCOMMAND`, the same as `tf-recipes SUBCOMMAND`."""

from tf_recipes.cli.main import main

main()
