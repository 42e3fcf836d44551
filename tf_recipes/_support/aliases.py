"""Lets `import tf_recipes.optimizers` find a public module that lies in a folder of its own."""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

PACKAGE = "tf_recipes."


def install(modules: Mapping[str, str]) -> None:
    """Makes each public module importable under its public name, once.

    Args:
        modules: `{public name: where the module is}`, both below `tf_recipes`.
    """
    moved = {name: place for name, place in modules.items() if name != place}
    if not any(isinstance(finder, _PublicModules) for finder in sys.meta_path):
        sys.meta_path.append(_PublicModules(moved))


class _PublicModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a public name that no file has, and gives the module that it stands for."""

    def __init__(self, moved: Mapping[str, str]) -> None:
        self._moved = moved

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.startswith(PACKAGE) and name.removeprefix(PACKAGE) in self._moved:
            return importlib.machinery.ModuleSpec(name, self)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None  # an empty one, for which `exec_module` puts the real one

    def exec_module(self, module: ModuleType) -> None:
        place = self._moved[module.__name__.removeprefix(PACKAGE)]
        sys.modules[module.__name__] = importlib.import_module(PACKAGE + place)
