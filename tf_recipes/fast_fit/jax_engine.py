"""Runs the loop of `FastFitModel` on JAX.

On this backend Keras' `fit` passes the state of a training (weights, averages, slots, metrics) to
`train_function(state, iterator)`. Here that function runs many steps as one compiled loop over
arrays on the device, and reads nothing from the iterator. The order of an epoch is the one that
Keras' iterator would draw, see `numpy_order`.
"""

import contextlib
import copy
import math
import operator
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import keras
from jax import lax

from tf_recipes.fast_fit import jax_data, python_draws
from tf_recipes.fast_fit.arrays import PATIENCE
from tf_recipes.fast_fit.engine import Engine
from tf_recipes.fast_fit.fit_arguments import FitArguments
from tf_recipes.fast_fit.held_interrupt import HeldInterrupt
from tf_recipes.fast_fit.numpy_order import NumPyOrders

# The parts of Keras' state of a training, and of an evaluation.
STATE = {
    "train": ("trainable", "non_trainable", "optimizer", "metrics"),
    "test": ("trainable", "non_trainable", "metrics"),
}
SHORTEST_FIXED, FIXED_LENGTHS = 10, 3  # loops of a fixed number of steps: the least, how many loops


class BackendEngine(Engine):
    """Lends Keras' `fit` two functions that call compiled loops."""

    def __init__(self, model: Any, jit_compile: bool | str) -> None:
        super().__init__(model, jit_compile)
        self._loops: dict[str, Loop] = {}
        self._copies = jax_data.copies()
        self._interrupt = HeldInterrupt()
        self._state: dict[str, list[Any]] = {}  # the newest arrays, by the names of `STATE`
        self._reset_to: list[Any] | None = None  # the metrics' arrays after they were reset

    def supports(self, arguments: FitArguments) -> bool:
        distribution = keras.distribution.distribution()
        is_replicated = distribution is None or (
            type(distribution) is keras.distribution.DataParallel and jax.process_count() == 1
        )
        return bool(self._model.jit_compile) and is_replicated

    def allows(self, kind: str, feed: Any) -> bool:
        if feed.loop.allows is None:
            feed.loop.allows = _keeps_the_state(self._model, kind, feed.specs())
        return feed.loop.allows

    def keras_arguments(self, arguments: FitArguments) -> dict[str, Any]:
        return arguments.without_callbacks()

    def most_steps(self, arguments: FitArguments) -> int:
        return jax_data.LONGEST

    def feeds(self, arguments: FitArguments, steps: int) -> tuple[Any, Any]:
        size = arguments.batch_size
        self._copies.begin()
        held = jax_data.holder(arguments.arrays, size, self._model.memory_budget, self._copies)
        feed = Feed(self, "train", held, arguments.shuffle, size, steps)
        test_feed = None
        if arguments.validation is not None:
            left = max(0, self._model.memory_budget - held.bytes)
            size = arguments.validation_batch_size
            held = jax_data.holder(arguments.validation, size, left, self._copies)
            test_feed = Feed(self, "test", held, False, size, steps)
        self._copies.end()
        self._state = {
            name: [each.value for each in variables] for name, variables in self._variables()
        }
        return feed, test_feed

    def repair(self) -> None:
        for name, variables in self._variables():
            for variable, value in zip(variables, self._state.get(name, ()), strict=False):
                if _is_lost(variable) and not value.is_deleted():
                    variable.assign(value)

    def _variables(self) -> Iterator[tuple[str, list[Any]]]:
        """Yields the variables of each part of the state, with the part's name."""
        model = self._model
        optimizer = [] if model.optimizer is None else model.optimizer.variables
        lists = (model.trainable_variables, model.non_trainable_variables, optimizer)
        yield from zip(STATE["train"], (*lists, model.metrics_variables), strict=True)

    def call(
        self, kind: str, loop: "Loop", state: Any, **arguments: Any
    ) -> tuple[dict[str, Any], Any]:
        """Calls a loop, and knows the newest state if Ctrl-C comes meanwhile.

        Keras has taken the arrays of the state out of the variables, and the loop gives them away.
        So Ctrl-C waits for the end of a call of the compiled function, which takes no longer than
        `PATIENCE`, but for a compilation.
        """

        @contextlib.contextmanager
        def holding() -> Iterator[Callable[[Any], None]]:
            with self._interrupt.holding():
                yield note
            try:
                self._interrupt.give_out()
            except BaseException:
                self.repair()  # Keras needs the weights at the end of `fit`, and after it
                raise

        def note(state: Any) -> None:
            self._state |= dict(zip(STATE[kind], state, strict=True))

        note(state)
        return loop(_without_repeats(state), holding=holding, **arguments)

    def results(self) -> dict[str, Any] | None:
        values = [variable.value for variable in self._model.metrics_variables]
        for loop in self._loops.values():
            arrays, logs = loop.results
            # JAX's arrays never change.
            if len(arrays) == len(values) and all(map(operator.is_, arrays, values)):
                return dict(logs)
        return None

    def reset_metrics(self) -> bool:
        variables = self._model.metrics_variables
        known = self._reset_to is not None and len(self._reset_to) == len(variables)
        if not known or any(value.is_deleted() for value in self._reset_to or ()):
            return False
        for variable, value in zip(variables, self._reset_to or (), strict=True):
            variable.assign(value)
        return True

    def note_reset(self) -> None:
        metrics = keras.tree.flatten(
            [[each, list(getattr(each, "metrics", ()))] for each in self._model.metrics]
        )
        # What other metrics do when they are reset is not known.
        if all(type(each).__module__.partition(".")[0] == "keras" for each in metrics):
            self._reset_to = [variable.value for variable in self._model.metrics_variables]

    def loop(self, kind: str) -> "Loop":
        if kind not in self._loops:
            self._loops[kind] = Loop(self._model, kind)
        return self._loops[kind]

    def forget(self, kind: str) -> None:
        self._loops.pop(kind, None)


class Feed:
    """Replaces Keras' `train_function`: each call runs the next steps of the epoch.

    Args:
        engine: the `BackendEngine` of the model.
        kind: "train" or "test".
        holder: the data, see `jax_data.holder`.
        shuffle: bool, whether the rows are in another order in each epoch.
        batch_size: int.
        steps: int, the most steps of one call.
    """

    def __init__(
        self,
        engine: BackendEngine,
        kind: str,
        holder: "jax_data.Resident | jax_data.Streamed",
        shuffle: bool,
        batch_size: int,
        steps: int,
    ) -> None:
        self._engine, self._kind = engine, kind
        self.loop, self._holder = engine.loop(kind), holder
        self._orders = NumPyOrders(holder.count, shuffle, holder.order)
        self._batch_size, self._steps = batch_size, steps
        self._iterator = None

    def on(self, loop: "Loop") -> "Feed":
        """Returns a copy at the same place of the same data, which runs another loop."""
        other = copy.copy(self)
        other.loop = loop
        return other

    def specs(self) -> Any:
        """Returns a structure of `jax.ShapeDtypeStruct`, the first batch."""
        return self._holder.specs(min(self._batch_size, self._holder.count))

    def __call__(self, state: Any, iterator: Any) -> tuple[dict[str, Any], Any]:
        """Runs the next steps of the epoch.

        Args:
            state: Keras' tuple of lists of arrays. The arrays must not be used afterwards.
            iterator: Keras creates a new one for each epoch; nothing is read from it.

        Returns:
            `{metric: scalar array}` after the last step, and the new state.
        """
        count = self._holder.count
        if iterator is not self._iterator:
            self._iterator, self._start = iterator, 0
            self._order = self._orders.next()
        start, steps = self._start, math.ceil(count / self._batch_size)
        self._start = min(start + self._steps, steps)
        return self._engine.call(
            self._kind,
            self.loop,
            state,
            holder=self._holder,
            order=self._order,
            batch_size=self._batch_size,
            start=start,
            stop=self._start,
            meanwhile=self._orders.draw_ahead if self._start == steps else None,
        )


class Loop:
    """Runs a Keras model's steps on batches that are gathered inside one compiled function.

    Args:
        model: a compiled `keras.Model`.
        kind: "train" or "test".

    Attributes:
        allows: bool, whether the step can run in a loop; None before that is known.
    """

    allows: bool | None = None

    def __init__(self, model: Any, kind: str) -> None:
        self._model = model
        self._step = model.train_step if kind == "train" else model.test_step
        self._run = jax.jit(
            self._steps, static_argnames=("batch_size", "length"), donate_argnames="state"
        )
        # The last results: the arrays of the metrics, and `{metric: number}` for these.
        self.results: tuple[list[Any], dict[str, Any]] = ([], {})
        self._seconds: float | None = None  # for one step
        self._has_run: set[tuple[int, int | None]] = set()  # batch size and fixed length

    def __call__(
        self,
        state: Any,
        holder: "jax_data.Resident | jax_data.Streamed",
        order: Any,
        batch_size: int,
        start: int,
        stop: int,
        holding: Callable[[], Any] = lambda: contextlib.nullcontext(lambda state: None),
        meanwhile: Callable[[], object] | None = None,
    ) -> tuple[dict[str, Any], Any]:
        """Runs the steps `start` to `stop - 1` of an epoch; returns the metrics and the new state.

        Args:
            state: Keras' tuple of lists of arrays, donated.
            holder: the data, see `jax_data.holder`.
            order: the rows in the epoch's order, from `holder.order`.
            batch_size: int, rows of one step. The last step of the epoch takes the remaining rows.
            start: int.
            stop: int, above `start`.
            holding: returns the context of a call of the compiled function, which yields a function
                that is told the new state.
            meanwhile: is called while the device runs.
        """
        full = holder.count // batch_size
        logs: dict[str, Any] = {}
        while start < min(stop, full):
            steps = min(min(stop, full) - start, holder.steps, self._patient_steps())
            length = self._fixed_length(steps, batch_size, start)
            began = time.perf_counter()
            chunk = holder.chunk(order, start * batch_size, steps * batch_size)
            with holding() as note:
                logs, state = self._call(state, chunk, steps, batch_size, length, meanwhile)
                note(state)
            # The first call includes the compilation, so its time says nothing about a step.
            if (batch_size, length) in self._has_run:
                self._seconds = (time.perf_counter() - began) / steps
            self._has_run.add((batch_size, length))
            start += steps
        if start < stop:
            remaining = holder.count - full * batch_size
            chunk = holder.chunk(order, full * batch_size, remaining)
            with holding() as note:
                logs, state = self._call(state, chunk, 1, remaining, None, meanwhile)
                note(state)
        self.results = state[-1], logs
        return logs, state

    def _call(
        self,
        state: Any,
        chunk: Any,
        steps: int,
        batch_size: int,
        length: int | None,
        meanwhile: Callable[[], object] | None,
    ) -> tuple[dict[str, Any], Any]:
        """Runs steps, and waits for them: else Ctrl-C would wait for all calls of an epoch."""
        *state, metrics = state
        logs, state = self._run(
            tuple(state), metrics, *chunk, steps, batch_size=batch_size, length=length
        )
        if meanwhile is not None:
            meanwhile()
        return jax.device_get(logs), state

    def _patient_steps(self) -> int:
        """Returns the most steps of one call; the first two compile and measure with one step."""
        if self._seconds is None:
            return 1
        return max(1, int(PATIENCE / max(self._seconds, 1e-9)))

    def _fixed_length(self, steps: int, batch_size: int, start: int) -> int | None:
        """Returns the number of steps to compile into the loop, or None for a loop of any length.

        A GPU asks the host after each step whether another one follows, unless the number of steps
        is a constant of the program. A CPU asks itself. So off the CPU the lengths with which an
        epoch begins are compiled, after the first epoch.
        """
        if jax.default_backend() == "cpu" or steps < SHORTEST_FIXED:
            return None
        if (batch_size, steps) in self._has_run:
            return steps
        lengths = sum(length is not None for _, length in self._has_run)
        is_new = start == 0 and self._seconds is not None and lengths < FIXED_LENGTHS
        return steps if is_new else None

    def _steps(
        self,
        state: Any,
        metrics: Any,
        data: Any,
        rows: Any,
        first: Any,
        steps: Any,
        *,
        batch_size: int,
        length: int | None,
    ) -> tuple[dict[str, Any], Any]:
        """Runs `steps` steps, or `length` steps if that is not None. JAX compiles this function.

        The state is donated but for the arrays of the metrics, so that the values to which they are
        reset can be used again.
        """
        state = (*state, metrics)
        kinds = jax.tree.map(lambda value: value.dtype, state)
        state = jax.tree.map(lax.convert_element_type, state, kinds)  # no weak types

        def body(step: Any, state: Any) -> Any:
            here = lax.dynamic_slice_in_dim(rows, first + step * batch_size, batch_size)
            batch = jax.tree.map(lambda leaf: jax_data.shared_out(jax_data.taken(leaf, here)), data)
            _, state = self._step(state, batch)
            return jax.tree.map(
                jax_data.replicated, jax.tree.map(lax.convert_element_type, state, kinds)
            )

        state = lax.fori_loop(0, steps if length is None else length, body, state)
        mapping = list(zip(self._model.metrics_variables, state[-1], strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return self._model.get_metrics_result(), state


def _without_repeats(state: Any) -> Any:
    """Returns the state with a copy of each array that it has twice; none can be given away twice.

    So it is after the average of the weights (`use_ema`) has become the weights.
    """
    seen: set[int] = set()

    def once(array: Any) -> Any:
        if id(array) in seen:
            return array.copy()
        seen.add(id(array))
        return array

    return tuple([once(array) for array in each] for each in state)


def _is_lost(variable: Any) -> bool:
    """Returns whether a variable has no value, or one that was given away."""
    try:
        return variable.value.is_deleted()
    except TypeError:  # Keras has taken its value, and has no initializer for another one
        return True


def _keeps_the_state(model: Any, kind: str, specs: Any) -> bool:
    """Returns whether a traced step gives a state like the one that it gets.

    False also if the step cannot be traced, or draws random numbers of Python or NumPy while it is
    traced: these numbers depend on how often it is traced. Tracing runs nothing.
    """
    lists = [model.trainable_variables, model.non_trainable_variables, model.metrics_variables]
    if kind == "train":
        lists.insert(2, model.optimizer.variables)
    state = tuple([jax.eval_shape(lambda v=v: v.value) for v in each] for each in lists)
    before = python_draws.states()
    try:
        step = model.train_step if kind == "train" else model.test_step
        _, after = jax.eval_shape(step, state, specs)
    except Exception:
        return False  # Keras' own `fit` then raises an error, or can do what the trace cannot
    if before != python_draws.states():
        python_draws.restore(before)
        return False
    return jax.tree.map(_kind, state) == jax.tree.map(_kind, tuple(after))


def _kind(spec: Any) -> tuple[Any, ...]:
    return spec.shape, spec.dtype
