"""Defines an optimizer that holds several, each of which trains some of the weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from tf_recipes._support import validation
from tf_recipes.blocks._tf1_optimizer import TF1Optimizer

Part = tuple[keras.optimizers.Optimizer | str, Sequence[str] | None]


@keras.saving.register_keras_serializable(package="tf_recipes")
class SeveralOptimizers(TF1Optimizer):
    """Holds several optimizers, each of which trains some of the weights in one step.

    TF1: `tf.group(one.minimize(loss, var_list=wide), other.minimize(loss, var_list=deep))`, as a
    wide-and-deep model or the fine-tuning of a net has it. Keras compiles a model with one
    optimizer. TF1 computes the gradients for each optimizer, and does not say that they come before
    the other's step; here, all gradients are those of the weights before the step.

    Rates, schedules and clipping are those of each optimizer. `clipvalue`, `clipnorm` and
    `global_clipnorm` of this one clip before them; the global norm is that of all gradients then.
    To set a rate, set that of one of `inner_optimizers`.

    Args:
        parts: pairs of an optimizer and the names of its weights: paths, such as
            `"hidden1/kernel"`, or names of layers or models that are the first parts of paths.
            Where several names fit, the longest one counts. None instead of names stands for all
            weights that no other pair names.
        name: name of the optimizer.
        **kwargs: the clipping, as for every Keras optimizer.

    Attributes:
        inner_optimizers: the optimizers, in the order of the pairs.

    Raises:
        ValueError: for an optimizer that cannot be a part; when built, for a name that no trained
            weight has, or a weight without an optimizer.

    >>> parts = [(keras.optimizers.SGD(0.5), ["wide"]), (keras.optimizers.SGD(0.25), None)]
    >>> optimizer = SeveralOptimizers(parts)
    >>> wide, deep = (keras.Variable(1.0, name=name) for name in ("wide", "deep"))
    >>> optimizer.apply([keras.ops.ones(()), keras.ops.ones(())], [wide, deep])
    >>> float(wide), float(deep)
    (0.5, 0.75)

    References:
        Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016.
    """

    def __init__(
        self, parts: Sequence[Part], name: str = "several_optimizers", **kwargs: Any
    ) -> None:
        pairs = _checked(parts)
        super().__init__(learning_rate=0.0, name=name, **kwargs)
        self.inner_optimizers = [optimizer for optimizer, _ in pairs]
        self.names = [names for _, names in pairs]
        self._places: list[int] = []

    def initial_slots(self) -> dict[str, float]:
        """Returns no slots: the optimizers inside have theirs."""
        return {}

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Builds each optimizer with its weights."""
        if self.built:
            return
        variables = list(variables)
        self._places = self._places_of(variables)
        for place, inner in enumerate(self.inner_optimizers):
            if not inner.built:
                inner.build([v for v, k in zip(variables, self._places, strict=True) if k == place])
        super().build(variables)

    def _places_of(self, variables: Sequence[keras.Variable]) -> list[int]:
        """Returns the place of the optimizer of each variable."""
        pairs = [(name, k) for k, names in enumerate(self.names) for name in names or ()]
        pairs.sort(key=lambda pair: -len(pair[0]))  # the longest name counts
        others = next((k for k, names in enumerate(self.names) if names is None), None)
        paths = [variable.path for variable in variables]
        for name, _ in pairs:
            if not any(_begins(path, name) for path in paths):
                validation.fail(
                    "Each name must be that of weights that are trained.",
                    f"{name!r}, which is not among {paths}",
                    "Pass paths of weights, or the name of a layer that has weights.",
                )
        found = []
        for path in paths:
            place = next((k for name, k in pairs if _begins(path, name)), others)
            if place is None:
                validation.fail(
                    "Each weight that is trained must have an optimizer.",
                    f"none for {path!r}",
                    "Name it, or pass None instead of the names of one optimizer.",
                )
            found.append(place)
        return found

    def weights_of(self, inner: keras.optimizers.Optimizer) -> list[keras.Variable]:
        """Returns the weights that one of the optimizers trains; none before `build`."""
        place = next(k for k, each in enumerate(self.inner_optimizers) if each is inner)
        pairs = zip(self._trainable_variables, self._places, strict=True) if self.built else ()
        return [variable for variable, k in pairs if k == place]

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[keras.Variable] | None = None
    ) -> None:
        """Takes a step of each optimizer with the gradients of its weights."""
        if not len(grads):  # then no step is taken, as in Keras
            return
        if trainable_variables is None:
            if not self.built:
                validation.fail(
                    "The optimizer must know the weights before its first step.",
                    "trainable_variables=None",
                    "Call build(model.trainable_variables), or pass the weights.",
                )
            trainable_variables = self._trainable_variables
        variables = list(trainable_variables)
        if not self.built:
            with keras.name_scope(self.name):
                self.build(variables)
        places = [self._places[self._get_variable_index(each)] for each in variables]
        given = [k for k, grad in enumerate(grads) if grad is not None]
        clipped = self._clip_gradients([grads[k] for k in given])
        for place, inner in enumerate(self.inner_optimizers):
            mine = [(clipped[n], variables[k]) for n, k in enumerate(given) if places[k] == place]
            if mine:
                inner.apply(*(list(each) for each in zip(*mine, strict=True)))

    @property
    def variables(self) -> list[keras.Variable]:
        """Returns the variables of this optimizer, then those of the optimizers inside."""
        return [*super().variables, *(v for each in self.inner_optimizers for v in each.variables)]

    @property
    def learning_rate(self) -> Any:
        """Returns the learning rate of the first optimizer."""
        return self.inner_optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        validation.fail(
            "Each of several optimizers has a learning rate of its own.",
            f"learning_rate={learning_rate!r}",
            "Set optimizer.inner_optimizers[0].learning_rate, and so on.",
        )

    @property
    def iterations(self) -> Any:
        """Returns the number of steps of the first optimizer."""
        return self.inner_optimizers[0].iterations

    def get_config(self) -> dict[str, Any]:
        inner = [keras.saving.serialize_keras_object(each) for each in self.inner_optimizers]
        return {
            "name": self.name,
            "parts": [[each, names] for each, names in zip(inner, self.names, strict=True)],
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> "SeveralOptimizers":
        parts = [
            (keras.saving.deserialize_keras_object(each, custom_objects=custom_objects), names)
            for each, names in config["parts"]
        ]
        return cls(**{**config, "parts": parts})


def _begins(path: str, name: str) -> bool:
    """Returns whether a path is a name, or begins with it as its first parts."""
    return path == name or path.startswith(name.rstrip("/") + "/")


def _checked(parts: Any) -> list[tuple[keras.optimizers.Optimizer, list[str] | None]]:
    """Returns the pairs; checks what does not need the weights."""
    usual = "Pass for example parts=[(optimizer, ['wide']), (other, None)]."
    listed = isinstance(parts, list | tuple)
    if not listed or not parts or not all(len(each) == 2 for each in parts):
        validation.fail(
            "`parts` must be pairs of an optimizer and names of weights.", f"parts={parts!r}", usual
        )
    found = []
    for given, names in parts:
        if names is not None and (
            isinstance(names, str) or not names or not all(isinstance(n, str) for n in names)
        ):
            validation.fail(
                "The names of an optimizer must be a list of paths, or None.", f"{names!r}", usual
            )
        optimizer = keras.optimizers.get(given)
        whole = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        if whole or optimizer.use_ema or optimizer.gradient_accumulation_steps:
            validation.fail(
                "An optimizer among several must not scale the loss, average the weights or "
                "accumulate gradients.",
                f"{type(optimizer).__name__}",
                "Put a LossScaleOptimizer or ExponentialMovingAverage around SeveralOptimizers.",
            )
        found.append((optimizer, None if names is None else list(names)))
    if sum(names is None for _, names in found) > 1:
        validation.fail(
            "One optimizer alone can train all other weights.", "None for several", usual
        )
    named = [name for _, names in found for name in names or ()]
    if len(set(named)) < len(named) or len({id(each) for each, _ in found}) < len(found):
        validation.fail(
            "Each weight must have one optimizer, and each optimizer one pair.",
            f"parts={parts!r}",
            usual,
        )
    return found
