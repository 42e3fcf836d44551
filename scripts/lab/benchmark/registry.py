"""Lists the contestants. The worker under TF 1.15 imports this module, so Python 3.7 must do."""

import collections
import importlib

# backend: of Keras, None for a contestant without Keras.
Contestant = collections.namedtuple("Contestant", "name label module factory libraries backend")
Contestant.__new__.__defaults__ = (None,)
# JAX's default on GPUs rounds the factors of float32 products to 10 bits. All contestants on JAX
# multiply in full float32, as the others do.
JAX_PRECISION = "highest"

_ALL = (
    Contestant("tf1", "TF 1.15, session loop", "session", "TF1", ("tensorflow",)),
    Contestant("compat_v1", "compat.v1, session loop", "session", "CompatV1", ("tensorflow",)),
    Contestant(
        "keras",
        "Keras defaults, fit",
        "keras_fit",
        "Defaults",
        ("keras", "tensorflow"),
        "tensorflow",
    ),
    Contestant(
        "tf_recipes",
        "tf_recipes, fit",
        "keras_fit",
        "ThisProject",
        ("keras", "tensorflow"),
        "tensorflow",
    ),
    Contestant(
        "tf_recipes_kernels",
        "tf_recipes, fit without XLA",
        "keras_fit",
        "WithoutXLA",
        ("keras", "tensorflow"),
        "tensorflow",
    ),
    Contestant(
        "keras_jax",
        "Keras on JAX, fit",
        "keras_fit",
        "Defaults",
        ("keras", "jax", "jaxlib"),
        "jax",
    ),
    Contestant(
        "tf_recipes_jax",
        "tf_recipes on JAX, fit",
        "keras_fit",
        "ThisProject",
        ("keras", "jax", "jaxlib"),
        "jax",
    ),
    Contestant(
        "keras_torch",
        "Keras on PyTorch, fit",
        "keras_fit",
        "Defaults",
        ("keras", "torch"),
        "torch",
    ),
    Contestant(
        "keras_torch_resident",
        "Keras on PyTorch, resident arrays",
        "keras_fit",
        "Resident",
        ("keras", "torch"),
        "torch",
    ),
    Contestant(
        "keras_torch_compiled",
        "Keras on PyTorch, torch.compile",
        "keras_fit",
        "Compiled",
        ("keras", "torch"),
        "torch",
    ),
    Contestant("pytorch", "PyTorch, eager", "pytorch", "Eager", ("torch",)),
    Contestant("jax_step", "JAX, one step per call", "jax_loops", "Step", ("jax", "jaxlib")),
    Contestant("jax_scan", "JAX, epoch under scan", "jax_loops", "Scan", ("jax", "jaxlib")),
    Contestant("matmul", "matrix products alone", "products", "Products", ("tensorflow",)),
)
CONTESTANTS = collections.OrderedDict((each.name, each) for each in _ALL)


def variables(name):
    """Returns the environment variables that a contestant's process needs."""
    contestant = CONTESTANTS[name]
    needed = {}
    if contestant.backend:
        needed["KERAS_BACKEND"] = contestant.backend
    if "jax" in contestant.libraries:
        needed["JAX_DEFAULT_MATMUL_PRECISION"] = JAX_PRECISION
        # Each process would take most of a GPU's memory, and the contestants run side by side.
        needed["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    return needed


def factory(name):
    """Imports the contestant's libraries, and returns its class, which takes a workload."""
    contestant = CONTESTANTS[name]
    for library in contestant.libraries:
        importlib.import_module(library)
    module = importlib.import_module("lab.benchmark.contestants." + contestant.module)
    return getattr(module, contestant.factory)
