"""Runs `python -m tf_recipes.scan PATH…`, the same as `tf-recipes scan PATH…`."""

import importlib

if __name__ == "__main__":
    # the command line imports this room; a room never imports the command line
    importlib.import_module("tf_recipes.cli.main").run_module("scan", "tf_recipes.scan")
