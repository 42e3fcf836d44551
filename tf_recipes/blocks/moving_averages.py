"""Defines averages of the weights beside the weights, and evaluation under the averages."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_recipes._support import validation, wrapped_optimizers

ITERATIONS = "iterations"


@keras.saving.register_keras_serializable(package="tf_recipes")
class ExponentialMovingAverage(keras.optimizers.Optimizer):
    """Wraps an optimizer, and averages the weights after each of its steps beside the weights.

    TF1: `tf.train.ExponentialMovingAverage(decay, num_updates)` with `apply` after the training
    operation. `use_ema=True` of Keras' optimizers differs: at the end of `fit` it overwrites the
    weights with the averages, the averages start at the weights after the first step instead of
    the initial weights, and there are no `num_updates`. Here the weights are those of training
    without averages, bit for bit.

    The averages are variables of this optimizer. So compiled steps compute them, checkpoints and
    saved models hold them, and resumed training continues them. `applied` puts them into the model
    for a while; `AveragedEvaluation` does this for each evaluation of `fit`.

    The averages start when training begins, at the weights of that moment, so weights that were
    loaded after `compile` count. In TF1 they start where the initializers run, before a restore.
    A constraint of a weight has been applied before the weight is averaged. With
    `gradient_accumulation_steps` the averages move where the weights do. A model that is compiled
    again, as by `freeze_layers`, starts new averages.

    `zero_debias` has no effect on variables in TF1, only on tensors. Here the averages of the
    weights are then those of TF1's `apply([tf.identity(weights)])`: they start at 0, and are
    divided by `1 - decay ** steps`.

    Moving statistics of batch normalization are not averaged, as with TF1's default `var_list`, the
    trainable variables. `include` adds them, as TF1's `apply(tf.moving_average_variables())` and
    `apply(tf.model_variables())` did.

    Args:
        inner_optimizer: a Keras optimizer, or its name. Rate, clipping and accumulation are its
            arguments; a `LossScaleOptimizer` belongs around this optimizer, where Keras puts it.
        decay: float in [0, 1], the share of the average that each step keeps.
        num_updates: None; or "iterations", for a shorter average in the first steps, with the decay
            `min(decay, (1 + n) / (10 + n))`, where n counts the steps of `inner_optimizer`, from 1;
            or a number n >= 0.
        zero_debias: bool, see above.
        only: paths of the weights to average, such as `["hidden1/kernel"]`, or names of layers or
            models that are the first parts of paths. None averages all weights that are trained.
        name: name of the optimizer.

    Attributes:
        updates: int variable, how often the averages have moved.

    Raises:
        ValueError: for an argument outside its range, an inner optimizer with `use_ema` or a loss
            scale; when the model is built, for a name in `only` that no weight has.

    >>> layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = keras.Sequential([keras.Input((1,)), layer])
    >>> averages = ExponentialMovingAverage(keras.optimizers.SGD(0.5), decay=0.75)
    >>> model.compile(averages, "mse")
    >>> ones = keras.ops.ones((1, 1))
    >>> _ = model.fit(ones, 3 * ones, verbose=0)
    >>> model.get_weights()[0].item()
    3.0
    >>> with averages.applied():
    ...     model.get_weights()[0].item()  # 1 - (1 - 3) * 0.25
    1.5
    >>> model.get_weights()[0].item()
    3.0

    References:
        Polyak, Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992. Kingma, Ba,
        "Adam: A Method for Stochastic Optimization", 2015, section 3 for `zero_debias`.
    """

    def __init__(
        self,
        inner_optimizer: keras.optimizers.Optimizer | str | Mapping[str, Any],
        decay: float,
        num_updates: float | str | None = None,
        zero_debias: bool = False,
        only: Sequence[str] | None = None,
        name: str | None = None,
    ) -> None:
        validation.number("decay", decay, 0, 1)
        if isinstance(num_updates, str):
            validation.choice("num_updates", num_updates, [ITERATIONS])
        elif num_updates is not None:
            validation.number("num_updates", num_updates, 0)
        validation.flag("zero_debias", zero_debias)
        inner = keras.optimizers.get(inner_optimizer)
        _check_inner(inner)
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer = inner
        self.decay, self.num_updates, self.zero_debias = decay, num_updates, zero_debias
        self.only = None if only is None else _checked_names(only)
        self._included: list[_Included] = []
        # For code that looks at what an optimizer clips; the inner optimizer does the clipping.
        self.clipnorm, self.clipvalue = inner.clipnorm, inner.clipvalue
        self.global_clipnorm = inner.global_clipnorm

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Creates the averages of the weights, and builds the inner optimizer."""
        if self.built:
            return
        if not self.inner_optimizer.built:
            self.inner_optimizer.build(variables)
        super().build(variables)
        self.updates = self.add_variable((), dtype="int32", name="updates")
        self._averaged = [i for i, each in enumerate(variables) if self._includes(each)]
        for name in self.only or ():
            if not any(_begins(variable, name) for variable in variables):
                validation.fail(
                    "`only` must name weights that are trained.",
                    f"only={self.only!r}, and {name!r} is not among "
                    f"{[variable.path for variable in variables]}",
                    "Pass paths of weights, or the name of a layer that has weights.",
                )
        chosen = [variables[i] for i in self._averaged]
        self._averages = [
            self.add_variable_from_reference(each, "ExponentialMovingAverage") for each in chosen
        ]
        self._biased = [
            self.add_variable_from_reference(each, "biased") for each in chosen if self.zero_debias
        ]

    def include(self, variables: Sequence[keras.Variable]) -> None:
        """Averages further variables, such as the moving statistics of batch normalization.

        TF1: `apply` of a list with non-trainable variables, which had to run after the update of
        these variables. A step of Keras changes the statistics before the optimizer works. The
        averages start at the values at the time of this call, so call it before `fit`. `applied`
        puts these averages into the model too. A saved model keeps the averages; a loaded model
        needs this call again, with the same variables in the same order, before it trains or
        evaluates.

        Args:
            variables: variables of the model that are not trained, such as
                `[layer.moving_mean, layer.moving_variance]` or `model.non_trainable_variables`.
                Variables that are no floats, as those of random generators, are left out.

        Raises:
            ValueError: for a trainable variable, after the first step of training, for other
                variables than those that a loaded model averages, or on another backend than
                TensorFlow: there the optimizer does not see these variables.

        >>> norm = keras.layers.BatchNormalization(momentum=0.5)
        >>> model = keras.Sequential([keras.Input((1,)), norm])
        >>> averages = ExponentialMovingAverage(keras.optimizers.SGD(0.5), decay=0.75)
        >>> averages.include([norm.moving_mean])
        >>> model.compile(averages, "mse")
        >>> ones = keras.ops.ones((1, 1))
        >>> _ = model.fit(ones, ones, verbose=0)
        >>> norm.moving_mean.numpy().item(), averages.average(norm.moving_mean).numpy().item()
        (0.5, 0.125)
        """
        if keras.backend.backend() != "tensorflow":
            validation.fail(
                "Variables that are not trained can be averaged on TensorFlow only.",
                f"the backend {keras.backend.backend()}",
                "Set KERAS_BACKEND=tensorflow, or leave these variables out.",
            )
        # Keras gives a loaded Sequential model other paths, so that the order decides.
        loaded = [each for each in self._included if each.variable is None]
        for variable in variables:
            if not keras.backend.is_float_dtype(variable.dtype):
                continue
            if variable.trainable:
                validation.fail(
                    "`variables` must be variables that are not trained.",
                    f"{variable.path}, which is",
                    "Leave it out: weights that are trained are averaged without this call.",
                )
            if any(each.variable is variable for each in self._included):
                continue
            if loaded:
                loaded.pop(0).attach(variable)
                continue
            if self.built and self._count():
                validation.fail(
                    "Variables must be included before the first step of training.",
                    f"{variable.path}, after {self._count()} steps",
                    "Call include before fit.",
                )
            self._included.append(self._new_included(variable.path, variable.shape, variable.dtype))
            self._included[-1].attach(variable)
            self._included[-1].average.assign(variable)

    def _new_included(self, path: str, shape: Sequence[int], dtype: str) -> "_Included":
        created = [
            self.add_variable(shape, dtype=dtype, name=name)
            for name in ("average_of_statistic", "biased_statistic")[: 1 + self.zero_debias]
        ]
        return _Included(path, created[0], created[1] if self.zero_debias else None)

    def _includes(self, variable: keras.Variable) -> bool:
        return self.only is None or any(_begins(variable, name) for name in self.only)

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[keras.Variable] | None = None
    ) -> None:
        """Takes a step of the inner optimizer, then moves the averages."""
        if not len(grads):  # then no step is taken, as in Keras
            return
        if not self.built:
            if trainable_variables is None:
                validation.fail(
                    "The optimizer must know the weights before its first step.",
                    "trainable_variables=None",
                    "Call build(model.trainable_variables), or pass the weights.",
                )
            with keras.name_scope(self.name):
                self.build(list(trainable_variables))
        # Copies: on TensorFlow, `convert_to_tensor` of a variable is the variable itself.
        before = [ops.copy(each) for each in self._weights()]
        steps = ops.copy(self.inner_optimizer.iterations)
        self.inner_optimizer.apply(grads, trainable_variables)
        moved = None
        if self.inner_optimizer.gradient_accumulation_steps:
            moved = self.inner_optimizer.iterations > steps
        self._move(before, moved)

    def _weights(self) -> list[keras.Variable]:
        return [self._trainable_variables[i] for i in self._averaged]

    def _move(self, before: Sequence[Any], moved: Any) -> None:
        """Moves the averages towards the weights.

        Args:
            before: the weights before this step.
            moved: bool tensor, whether the step has changed the weights; None if it has.
        """
        first = ops.equal(ops.convert_to_tensor(self.updates), 0)
        updates = ops.convert_to_tensor(self.updates) + 1
        rate = 1 - self._decay()
        for i, (variable, start) in enumerate(zip(self._weights(), before, strict=True)):
            value = ops.convert_to_tensor(variable)
            average = ops.convert_to_tensor(self._averages[i])
            share = ops.cast(rate, average.dtype)
            if self.zero_debias:
                # b <- b - (b - w) (1 - decay), average <- b / (1 - decay^t)
                biased = ops.convert_to_tensor(self._biased[i])
                biased = biased - (biased - value) * share
                powers = ops.power(1 - share, ops.cast(updates, share.dtype))
                new = biased / (1 - powers)
                self._assign(self._biased[i], biased, moved)
            else:
                # average <- average - (average - w) (1 - decay)
                old = ops.where(first, start, average)
                new = old - (old - value) * share
            self._assign(self._averages[i], new, moved)
        for included in self._included:
            value = ops.convert_to_tensor(included.attached())
            average = ops.convert_to_tensor(included.average)
            share = ops.cast(rate, average.dtype)
            if included.biased is None:
                new = average - (average - value) * share
            else:
                biased = ops.convert_to_tensor(included.biased)
                biased = biased - (biased - value) * share
                new = biased / (1 - ops.power(1 - share, ops.cast(updates, share.dtype)))
                self._assign(included.biased, biased, moved)
            self._assign(included.average, new, moved)
        self._assign(self.updates, updates, moved)

    def _decay(self) -> Any:
        """Returns the decay of this step, a float32 tensor as in TF1."""
        decay = ops.cast(np.float32(self.decay), "float32")
        if self.num_updates is None:
            return decay
        n = self.inner_optimizer.iterations if self.num_updates == ITERATIONS else self.num_updates
        n = ops.cast(n, "float32")
        return ops.minimum(decay, (1 + n) / (10 + n))

    def _assign(self, variable: keras.Variable, value: Any, moved: Any) -> None:
        if moved is not None:
            value = ops.where(moved, value, ops.convert_to_tensor(variable))
        variable.assign(value)

    def average(self, variable: keras.Variable) -> keras.Variable | None:
        """Returns the variable that holds the average of a weight; None if there is none.

        Until the first step of training it holds zeros.

        Args:
            variable: a weight of the model, such as `layer.kernel`.
        """
        pairs = list(zip(self._weights(), self._averages, strict=True)) if self.built else []
        pairs += [(each.variable, each.average) for each in self._included]
        return next((average for each, average in pairs if each is variable), None)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Puts the averages into the model inside the block, and restores the weights after it.

        The block evaluates, predicts or saves; a model that is saved inside the block has the
        averages as its weights. Before the first step of training, the weights stay.

        Raises:
            ValueError: for an optimizer that has no model yet; after the block, if the block has
                trained the model. The weights are then those from before the block.
        """
        if not self.built:
            validation.fail(
                "The averages need a model that was trained.",
                f"an optimizer {self.name!r} without weights",
                "Compile a model with this optimizer, and call fit first.",
            )
        updates, weights = self._count(), self._weights()
        weights = [*weights, *(each.attached() for each in self._included)]
        averages = [*self._averages, *(each.average for each in self._included)]
        values = [ops.copy(variable) for variable in weights]
        try:
            if updates:
                for variable, average in zip(weights, averages, strict=True):
                    variable.assign(ops.copy(average))
            yield
        finally:
            for variable, value in zip(weights, values, strict=True):
                variable.assign(value)
        if self._count() != updates:
            validation.fail(
                "A model must not be trained while the averages are its weights.",
                f"{self._count() - updates} steps inside applied()",
                "Call fit outside the block; load the model again, its averages are now wrong.",
            )

    def _count(self) -> int:
        """Returns how often the averages have moved; `int()` fails on several replicas."""
        return int(ops.convert_to_numpy(self.updates))

    @property
    def variables(self) -> list[keras.Variable]:
        """Returns the variables of this optimizer, then those of the inner one."""
        return [*super().variables, *self.inner_optimizer.variables]

    @property
    def learning_rate(self) -> Any:
        """Returns the learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    @property
    def iterations(self) -> Any:
        """Returns the number of steps of the inner optimizer."""
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """Scales the loss as the inner optimizer does."""
        return self.inner_optimizer.scale_loss(loss)

    def finalize_variable_values(self, var_list: Sequence[keras.Variable]) -> None:
        """Leaves the weights alone at the end of `fit`."""

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "inner_optimizer": keras.saving.serialize_keras_object(self.inner_optimizer),
            "decay": self.decay,
            "num_updates": self.num_updates,
            "zero_debias": self.zero_debias,
            "only": self.only,
            "included": [each.config() for each in self._included],
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> "ExponentialMovingAverage":
        inner = keras.saving.deserialize_keras_object(
            config["inner_optimizer"], custom_objects=custom_objects
        )
        arguments = {**config, "inner_optimizer": inner}
        included = arguments.pop("included", ())  # absent in files of older versions
        made = cls(**arguments)
        made._included = [made._new_included(**each) for each in included]
        return made


class _Included:
    """Holds a variable that is averaged although it is not trained, and its average.

    Args:
        path: the variable's path.
        average: the variable that holds the average.
        biased: the average before its division; None without `zero_debias`.
    """

    def __init__(self, path: str, average: keras.Variable, biased: keras.Variable | None) -> None:
        self.path, self.average, self.biased = path, average, biased
        self.variable: keras.Variable | None = None

    def attach(self, variable: keras.Variable) -> None:
        """Names the variable that is averaged.

        Raises:
            ValueError: for a variable of another name or shape than the loaded average.
        """
        same = self.path.split("/")[-1] == variable.path.split("/")[-1]
        if not same or tuple(self.average.shape) != tuple(variable.shape):
            validation.fail(
                "A loaded model must name the variables in the order of the saved model.",
                f"{variable.path} of shape {tuple(variable.shape)} for the average of {self.path} "
                f"of shape {tuple(self.average.shape)}",
                "Pass the same list to include as before the model was saved.",
            )
        self.variable = variable

    def attached(self) -> keras.Variable:
        """Returns the variable of the model.

        Raises:
            ValueError: in a loaded model, before `include`.
        """
        if self.variable is None:
            validation.fail(
                "A loaded model must name the variables again that are averaged but not trained.",
                f"an average of {self.path} without its variable",
                "Call optimizer.include([...]) with the variables before fit or applied.",
            )
        return self.variable

    def config(self) -> dict[str, Any]:
        return {"path": self.path, "shape": list(self.average.shape), "dtype": self.average.dtype}


class AveragedEvaluation(keras.callbacks.Callback):
    """Evaluates under the averages of an `ExponentialMovingAverage`, in `fit` and `evaluate`.

    The weights are restored after each evaluation; training never sees the averages. TF1: a second
    program that restored `averages.variables_to_restore()`, and evaluated beside the training.

    The optimizer with the averages is found in the model, also inside a `LossScaleOptimizer`. After
    an evaluation that ended with an error the weights are still the averages, because Keras informs
    no callback; call `restore` then. The next evaluation or training does so by itself.

    Raises:
        ValueError: when training or evaluation begins, for a model whose optimizer is another one.

    >>> layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = keras.Sequential([keras.Input((1,)), layer])
    >>> model.compile(ExponentialMovingAverage(keras.optimizers.SGD(0.5), decay=0.75), "mse")
    >>> ones = keras.ops.ones((1, 1))
    >>> history = model.fit(ones, 3 * ones, validation_data=(ones, 3 * ones), verbose=0,
    ...                     callbacks=[AveragedEvaluation()])
    >>> history.history["val_loss"]  # (3 - 1.5) ** 2; the weight itself is 3
    [2.25]
    """

    def __init__(self) -> None:
        super().__init__()
        self._stack = contextlib.ExitStack()

    def restore(self) -> None:
        """Restores the weights after an error; does nothing if they are already restored."""
        self._stack.close()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Checks that the model's optimizer has averages."""
        self.restore()
        _averages_of(self.model)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Puts the averages into the model."""
        self.restore()
        self._stack.enter_context(_averages_of(self.model).applied())

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Restores the weights."""
        self.restore()


def _averages_of(model: keras.Model) -> ExponentialMovingAverage:
    """Returns the optimizer with averages of a compiled model."""
    for optimizer in wrapped_optimizers.from_outside(model.optimizer):
        if isinstance(optimizer, ExponentialMovingAverage):
            return optimizer
    return validation.fail(
        "The model must be compiled with tf_recipes.ExponentialMovingAverage.",
        f"optimizer={model.optimizer!r}",
        "Compile with ExponentialMovingAverage(optimizer, decay=0.999).",
    )


def _check_inner(inner: keras.optimizers.Optimizer) -> None:
    """Checks that the inner optimizer neither averages by itself nor scales the loss."""
    if inner.use_ema:
        validation.fail(
            "`inner_optimizer` must not overwrite the weights with averages of its own.",
            "use_ema=True",
            "Leave use_ema out: ExponentialMovingAverage takes its place.",
        )
    if isinstance(inner, (keras.optimizers.LossScaleOptimizer, ExponentialMovingAverage)):
        kind = type(inner).__name__
        validation.fail(
            "`inner_optimizer` must be the optimizer that changes the weights.",
            f"inner_optimizer={kind}",
            "Pass the optimizer itself. A LossScaleOptimizer goes around this one: "
            "LossScaleOptimizer(ExponentialMovingAverage(optimizer, decay)).",
        )


def _checked_names(only: Sequence[str]) -> list[str]:
    """Returns the list of names in `only`, of which there must be one."""
    if isinstance(only, str) or not only or not all(isinstance(each, str) for each in only):
        validation.fail(
            "`only` must be a list of paths of weights, or None.",
            f"only={only!r}",
            "Pass for example only=['hidden1'], or leave the argument out.",
        )
    return list(only)


def _begins(variable: keras.Variable, name: str) -> bool:
    """Returns whether the path of a variable is `name`, or begins with the part `name`."""
    return variable.path == name or variable.path.startswith(name.rstrip("/") + "/")
