"""Lists the versions that the measured numbers depend on."""

import importlib
import importlib.util
import platform


def installed() -> dict[str, str]:
    """Returns `{package: version}` of the packages that compute, and of Python.

    The call imports Keras, and with it its backend, which takes seconds. TensorFlow is also named
    where it is installed beside another backend.
    """
    import keras
    import numpy

    import tf_recipes

    versions = {"keras": keras.__version__}
    for name in dict.fromkeys(("tensorflow", keras.backend.backend())):
        if importlib.util.find_spec(name):
            versions[name] = importlib.import_module(name).__version__
    versions |= {"numpy": numpy.__version__, "tf_recipes": tf_recipes.__version__}
    return {**versions, "python": platform.python_version()}
