"""Imports TensorFlow without what it prints at start-up."""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from types import ModuleType

# TensorFlow prints these lines at start-up on any healthy machine without an accelerator.
_NOISE = re.compile(
    rb"oneDNN custom operations|cuda|CUDA|absl::InitializeLog|cpu_feature_guard"
    rb"|CPU instructions|rebuild TensorFlow|Not handling type|XLA service|StreamExecutor device"
    rb"|Compiled cluster using XLA|MLIR|TensorRT|computation_placer"
    rb"|tf_record_dataset_op",
)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Holds back what TensorFlow writes to the terminal, and passes on every other line.

    TensorFlow's C++ side writes to file descriptor 2 past Python, and it writes a part before it
    reads any log level, so the file descriptor itself is redirected.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            for line in held:
                if not _NOISE.search(line):
                    os.write(2, line)


# what TensorFlow and Keras import wherever it is installed, for a few of their functions alone
_ASIDE = ("jax", "matplotlib", "pandas", "sklearn")


@contextlib.contextmanager
def without_packages_aside() -> Iterator[None]:
    """Lets TensorFlow and Keras be imported as if some packages were not there.

    Those packages take a quarter of a gigabyte of memory, and seconds. They can be imported
    afterwards; Keras then takes no tables of pandas.
    """
    hidden = [name for name in _ASIDE if name not in sys.modules]
    if _uses_jax():
        hidden = [name for name in hidden if name != "jax"]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # importing it fails
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name, ...) is None:
                del sys.modules[name]


def _uses_jax() -> bool:
    """Returns whether Keras may run on JAX: by the environment, or by its file of settings."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name == "jax"
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    try:
        with open(os.path.join(home, "keras.json"), encoding="utf-8") as file:
            return "jax" in file.read(10_000)
    except (OSError, ValueError):
        return False


def import_tensorflow(as_tf1_adds: bool = False, alone: bool = False) -> ModuleType:
    """Imports TensorFlow and starts its devices, and prints nothing of either.

    Args:
        as_tf1_adds: multiply matrices as the TF 1.15 wheel does. With one thread and without
            oneDNN's own operations the sums are added in its order, so that most products come
            out with the same bits, and a ReLU unit a hair from zero falls on the same side.
        alone: import Keras, too, and neither with packages for some of their functions alone.
    """
    if as_tf1_adds:
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    with quiet():
        with without_packages_aside() if alone else contextlib.nullcontext():
            import tensorflow as tf

            if alone:
                import keras  # noqa: F401

        if as_tf1_adds:
            tf.config.threading.set_intra_op_parallelism_threads(1)
        if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
            tf.config.set_visible_devices([], "GPU")  # the GPU's memory is the backend's
        tf.config.list_logical_devices()
        tf.get_logger().setLevel("ERROR")  # it warns of its own deprecated parts
        return tf
