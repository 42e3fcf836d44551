"""Makes the classes that this package can save known to Keras, as soon as Keras is imported.

A saved model names its custom classes, and Keras finds them only once their modules have been
imported. This package imports nothing by itself, so that importing it costs nothing; its modules
are imported when Keras is imported, whether that is before this package or after it.
"""

from __future__ import annotations

import importlib
import sys

TYPE_CHECKING = False  # mypy takes it for `typing.TYPE_CHECKING`
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# Every public module of the building blocks may register a class, and these modules do.
OTHERS = (
    "_support.doubles",
    "convert.program.tf1_operation",
    "tools.features",
    "tools.linear_heads",
)
NEED_A_LOOP = ("blocks.gradient_clipping", "fast_fit.model")  # of TensorFlow or JAX


def modules(backend: str) -> list[str]:
    """Returns the modules to import under a backend of Keras: the public blocks, and more.

    Args:
        backend: `"tensorflow"`, `"jax"` or `"torch"`.
    """
    named = importlib.import_module("tf_recipes")._NAMES.values()
    found = {name for name in named if name.startswith("blocks.")} | {*OTHERS, *NEED_A_LOOP}
    return sorted(found - {*NEED_A_LOOP} if backend == "torch" else found)


def register() -> None:
    """Imports the modules that register a class, as far as the backend of Keras allows."""
    for name in modules(importlib.import_module("keras").backend.backend()):
        importlib.import_module("tf_recipes." + name)


def register_with_keras() -> None:
    """Registers at once if Keras has been imported, and otherwise right after its import."""
    if "keras" in sys.modules:
        register()
    elif not any(isinstance(finder, _AfterKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterKeras())


class _AfterKeras:
    """Finds Keras with a loader that also registers; the finder is removed after that.

    A call of `importlib.util.find_spec("keras")` imports nothing; then the finder stays.
    """

    def __init__(self) -> None:
        self._asking = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "keras" or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.import_module("importlib.util").find_spec(name)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_register(module: ModuleType) -> None:
                run(module)
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
                    register()

            vars(spec.loader)["exec_module"] = run_and_register  # of this loader alone
        return spec
