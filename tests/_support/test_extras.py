"""Errors name the extra that installs a missing package; setup.cfg has the same extras."""

import configparser
import re
from pathlib import Path

import pytest

import tf_recipes
from tf_recipes._support import extras

SETUP = Path(tf_recipes.__file__).parents[1] / "setup.cfg"
# module -> the package that brings it
PACKAGES = {
    "importlib_resources": "importlib_resources",
    "jax": "jax",
    "jinja2": "jinja2",
    "libcst": "libcst",
    "markupsafe": "markupsafe",
    "matplotlib": "matplotlib",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "tensorboard": "tensorboard",
    "tensorflow_datasets": "tensorflow-datasets",
}


def declared(extra):
    """The names of the packages that the extra installs, those of extras inside it, too."""
    parser = configparser.ConfigParser()
    parser.read(SETUP)
    lines = parser["options.extras_require"][extra].split("\n")
    return {re.split(r"[><=\[]", line)[0] for line in lines if line and not line.startswith("#")}


@pytest.mark.parametrize("extra", extras.EXTRAS)
def test_setup_installs_what_the_errors_promise(extra):
    assert declared(extra) == {PACKAGES[module] for module in extras.EXTRAS[extra]}


def test_a_missing_package_is_named_with_its_use_and_the_command(monkeypatch):
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError) as raised:
        extras.require("train")
    assert str(raised.value) == (
        "The package matplotlib must be installed for the learning curves. "
        "Received: none of that name. Run python -m pip install 'tf_recipes[train]'."
    )
