"""Which versions the figures come from."""

import platform


def installed():
    """`{package: version}` of what computes, Python included; imports TensorFlow, for seconds."""
    import keras
    import numpy
    import tensorflow

    import tf_recipes

    modules = {"keras": keras, "tensorflow": tensorflow, "numpy": numpy, "tf_recipes": tf_recipes}
    found = {name: module.__version__ for name, module in modules.items()}
    return {**found, "python": platform.python_version()}
