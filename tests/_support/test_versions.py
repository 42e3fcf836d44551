import platform
from importlib import metadata

from tf_recipes._support import versions


def test_the_versions_are_those_that_pip_knows():
    found = versions.installed()
    assert found.pop("python") == platform.python_version()
    assert found == {name: metadata.version(name) for name in found}
    assert found.keys() == {"keras", "tensorflow", "numpy", "tf_recipes"}
