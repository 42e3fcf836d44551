"""Lets `import tf_recipes.optimizers` find a public module that lies in a folder of its own.

Each use of the package imports this module, so it imports little itself: `importlib.abc` alone
would take longer than all the rest.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec

TYPE_CHECKING = False  # mypy takes it for `typing.TYPE_CHECKING`
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.abc import Loader
    from types import ModuleType
else:
    Loader = object

PACKAGE = "tf_recipes."


def install(modules: Mapping[str, str]) -> None:
    """Makes each public module importable under its public name, once.

    Args:
        modules: `{public name: where the module is}`, both below `tf_recipes`.
    """
    moved = {name: place for name, place in modules.items() if name != place}
    if not any(isinstance(finder, _PublicModules) for finder in sys.meta_path):
        sys.meta_path.append(_PublicModules(moved))


class _PublicModules(Loader):
    """Finds a public name that no file has, and gives the module that it stands for."""

    def __init__(self, moved: Mapping[str, str]) -> None:
        self._moved = moved

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.startswith(PACKAGE) and name.removeprefix(PACKAGE) in self._moved:
            return ModuleSpec(name, self)
        return None

    def create_module(self, spec: ModuleSpec) -> None:
        return None  # an empty one, for which `exec_module` puts the real one

    def exec_module(self, module: ModuleType) -> None:
        place = self._moved[module.__name__.removeprefix(PACKAGE)]
        sys.modules[module.__name__] = importlib.import_module(PACKAGE + place)
