"""Lists the versions that the measured numbers depend on."""

import contextlib
import importlib
import platform
from importlib import metadata


def installed() -> dict[str, str]:
    """Returns `{package: version}` of the packages that compute, and of Python.

    The call imports Keras, and with it its backend, which takes seconds. TensorFlow is also named
    where it is installed beside another backend; it is not imported there.
    """
    import keras
    import numpy

    import tf_recipes

    versions = {"keras": keras.__version__}
    backend = keras.backend.backend()
    if backend != "tensorflow":
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions["tensorflow"] = metadata.version("tensorflow")
    versions[backend] = importlib.import_module(backend).__version__
    versions |= {"numpy": numpy.__version__, "tf_recipes": tf_recipes.__version__}
    return {**versions, "python": platform.python_version()}
