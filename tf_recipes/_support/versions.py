"""Lists the versions that the measured numbers depend on."""

import platform


def installed() -> dict[str, str]:
    """Returns `{package: version}` of the packages that compute, and of Python.

    The call imports TensorFlow, which takes seconds.
    """
    import keras
    import numpy
    import tensorflow

    import tf_recipes

    modules = {"keras": keras, "tensorflow": tensorflow, "numpy": numpy, "tf_recipes": tf_recipes}
    versions = {name: module.__version__ for name, module in modules.items()}
    return {**versions, "python": platform.python_version()}
