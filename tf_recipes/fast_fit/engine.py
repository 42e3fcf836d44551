"""Says what `FastFitModel` needs of a backend of Keras, and chooses the one for this process."""

import importlib
from collections.abc import Callable
from typing import Any

import keras

from tf_recipes.fast_fit.fit_arguments import FitArguments

_ENGINES = {"tensorflow": "tensorflow_engine", "jax": "jax_engine"}


class Engine:
    """Runs no loop; an engine of a backend overrides what its loop can do.

    Args:
        model: a compiled `FastFitModel`. Each call of `compile` makes a new engine.
        jit_compile: as given to `compile`.
    """

    def __init__(self, model: Any, jit_compile: bool | str) -> None:
        self._model = model
        self._jit_compile = jit_compile

    def supports(self, arguments: FitArguments) -> bool:
        """Returns whether the loop gives the results of Keras for this model and these arrays."""
        return False

    def allows(self, kind: str, feed: Any) -> bool:
        """Returns whether the step of a built model can run in the loop, with this feed's data."""
        return True

    def keras_arguments(self, arguments: FitArguments) -> dict[str, Any]:
        """Returns what Keras' own `fit` gets, all but the callbacks."""
        raise NotImplementedError

    def feeds(self, arguments: FitArguments, steps: int) -> tuple[Any, Any]:
        """Returns what replaces Keras' `train_function` and `test_function` during a `fit`.

        Args:
            arguments: the arguments of the call.
            steps: int, the most steps between two calls of the callbacks.

        Returns:
            Two `Feed`s; the second is None without validation.
        """
        raise NotImplementedError

    def most_steps(self, arguments: FitArguments) -> int:
        """Returns the largest number of steps that one call of the feed may run."""
        raise NotImplementedError

    def repair(self) -> None:
        """Gives the variables their newest values after an exception has ended a `fit`."""

    def results(self) -> dict[str, Any] | None:
        """Returns the metrics' results if the loop has computed them already, else None."""
        return None

    def reset_metrics(self) -> bool:
        """Resets the metrics, if their values after `note_reset` are known; returns whether."""
        return False

    def note_reset(self) -> None:
        """Notes the values of the metrics, which Keras has reset."""

    def loop(self, kind: str) -> Callable[..., Any]:
        """Returns the compiled loop of `kind` "train" or "test", made once.

        Raises:
            NotImplementedError: on a backend without a loop.
        """
        raise NotImplementedError(
            "A compiled loop needs TensorFlow or JAX as Keras' backend. "
            f"Received: backend={keras.backend.backend()!r}. Call `fit`, which takes Keras' path."
        )

    def forget(self, kind: str) -> None:
        """Drops the compiled loop of `kind`: it may hold another optimizer."""


def for_model(model: Any, jit_compile: bool | str) -> Engine:
    """Returns the engine of the backend of this process, for a model that is being compiled."""
    name = _ENGINES.get(keras.backend.backend())
    if name is None:
        return Engine(model, jit_compile)
    engine: type[Engine] = importlib.import_module(f"tf_recipes.fast_fit.{name}").BackendEngine
    return engine(model, jit_compile)
