"""Names the optional packages, and the extra of this package that installs each."""

import importlib.util

# extra -> {module: what needs it}; setup.cfg has the same extras with their versions
EXTRAS = {
    "chapters": {
        "matplotlib": "the chapters' figures",
        "scipy": "the chapters' confidence intervals",
        "sklearn": "the chapters' linear classifiers",
        "tensorboard": "TensorBoard's logs",
    },
    "fix": {"libcst": "rewriting source code"},
    "html": {
        "jinja2": "the HTML report",
        "markupsafe": "the HTML report",
        "matplotlib": "the report's figures",
    },
    "jax": {"jax": "Keras' JAX backend"},
    "plots": {"matplotlib": "figures"},
    "sklearn": {"sklearn": "KerasFeatures"},
    "tfds": {"tensorflow_datasets": "the whole MNIST", "importlib_resources": "the whole MNIST"},
    "train": {"matplotlib": "the learning curves", "tensorboard": "TensorBoard's logs"},
}


def require(extra: str) -> None:
    """Checks that the packages of an extra are installed, before any work is done.

    Args:
        extra: a key of `EXTRAS`.

    Raises:
        ImportError: for the first package that is missing, with the command that installs it.

    >>> require("plots")
    """
    for module, use in EXTRAS[extra].items():
        if importlib.util.find_spec(module) is None:
            raise ImportError(
                f"The package {module} must be installed for {use}. Received: none of that name. "
                f"Run python -m pip install 'tf_recipes[{extra}]'."
            )
