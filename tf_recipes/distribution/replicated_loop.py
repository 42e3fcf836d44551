"""Runs steps on global batches, each divided between the replicas of a strategy."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tf_recipes._support import replicas
from tf_recipes.distribution.batch_shares import check_batch_size
from tf_recipes.fast_fit import batches

# Steps of one compiled call. All workers must make the same calls, so the number cannot depend on
# measured time, as it does on one machine. Ctrl-C takes effect only when a call has ended.
STEPS_PER_CALL = 20


class DistributedLoop:
    """Runs a Keras model's steps on several replicas, with the results of one replica.

    TF1: `tf.train.SyncReplicasOptimizer`, which averaged gradients on parameter servers. Here every
    replica holds all weights and all data, and computes the gradients of its own rows; an
    all-reduce sums the gradients of all replicas. For the same global batch any number of replicas
    gives the same trajectory, to rounding.

    Every replica computes the whole last batch of an epoch if that batch is smaller.

    Args:
        model: a compiled, built `keras.Model`, made in `strategies.scope`.
        step: the `train_step` or the `test_step` of the model.
        strategy: a `tf.distribute.Strategy`.

    References:
        Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017.
    """

    def __init__(
        self,
        model: keras.Model,
        step: Callable[[Any], Any],
        strategy: tf.distribute.Strategy,
    ) -> None:
        self._model, self._step, self._strategy = model, step, strategy
        self._count = strategy.num_replicas_in_sync
        # The index of this worker's first replica, and the number of this worker's replicas.
        first = _first_local_replica(strategy)
        self._local_count = self._count if first is None else len(strategy.extended.worker_devices)
        self._first = first or 0
        self._run = tf.function(self._steps, autograph=False)
        self._results = tf.function(self._summed_metrics, autograph=False)

    def __call__(
        self, holder: Any, order: tf.Tensor, batch_size: int, start: int, stop: int
    ) -> dict[str, Any]:
        """Runs the steps `start` to `stop - 1` of an epoch; every worker must make the same calls.

        Args:
            holder: the data, see `fast_fit.batches.holder`.
            order: int64 tensor, the rows in the epoch's order.
            batch_size: int, rows of one step over all replicas, a multiple of the number of
                replicas.
            start: int, the first step.
            stop: int, above `start`.

        Returns:
            `{metric: scalar tensor}` over all replicas, after the last step.

        Raises:
            ValueError: if the replicas cannot take equal shares of the batch.
        """
        check_batch_size(batch_size, self._count)
        full = len(order) // batch_size
        with self._strategy.scope():
            while start < min(stop, full):
                steps = min(STEPS_PER_CALL, holder.steps, min(stop, full) - start)
                self._call(holder, order, start * batch_size, steps, batch_size, True)
                start += steps
            if start < stop:
                rest = len(order) - full * batch_size
                self._call(holder, order, full * batch_size, 1, rest, False)
            return self._results()

    def _call(
        self,
        holder: Any,
        order: tf.Tensor,
        first: int,
        steps: int,
        batch_size: int,
        split: bool,
    ) -> None:
        """Runs `steps` steps from row `first` of the order on, in one compiled call."""
        data, rows, first = holder.chunk(order, first, first + steps * batch_size)
        self._run(data, rows, tf.constant(first), tf.constant(steps), batch_size, split)

    def _steps(
        self,
        data: Any,
        rows: tf.Tensor,
        first: tf.Tensor,
        steps: tf.Tensor,
        batch_size: int,
        split: bool,
    ) -> None:
        run_step = self._split_step if split else self._whole_step

        def body(step: tf.Tensor) -> tuple[tf.Tensor]:
            start = first + step * batch_size
            run_step(data, rows, start, batch_size)
            return (step + 1,)

        tf.while_loop(lambda step: step < steps, body, (0,), parallel_iterations=1)

    def _summed_metrics(self) -> dict[str, Any]:
        """Returns the metrics over all replicas, and divides their sums between the replicas again.

        A checkpoint holds the sums. A run that continues from a checkpoint divides the sums, too,
        and so adds in the same order as an uninterrupted run.
        """
        for variable in self._model.metrics_variables:
            variable.assign(tf.convert_to_tensor(variable.value))
        return self._model.get_metrics_result()

    def _split_step(self, data: Any, rows: tf.Tensor, start: tf.Tensor, batch_size: int) -> None:
        """Runs a step in which each replica computes its own share of the batch."""
        share_size = batch_size // self._count
        # Only the rows of this worker are gathered, once for all its devices.
        batch = gather(data, rows, start + self._first * share_size, self._local_count * share_size)

        def replica(batch: Any) -> None:
            index = tf.distribute.get_replica_context().replica_id_in_sync_group
            places = tf.range(share_size) + (index - self._first) * share_size
            with replicas.sharing(replicas.Share(index, self._count, total)):
                self._step(gather(batch, places, 0, share_size))

        self._strategy.run(replica, args=(batch,))

    def _whole_step(self, data: Any, rows: tf.Tensor, start: tf.Tensor, batch_size: int) -> None:
        """Runs a step in which every replica computes the whole batch.

        The metrics count the batch once, on the first replica.
        """

        def replica(batch: Any) -> None:
            index = tf.distribute.get_replica_context().replica_id_in_sync_group
            before = [(v, tf.identity(v.value)) for v in self._model.metrics_variables]
            self._step(batch)
            for variable, old in before:
                variable.assign(tf.where(index == 0, variable.value, old))

        self._strategy.run(replica, args=(gather(data, rows, start, batch_size),))


def total(tensor: tf.Tensor) -> tf.Tensor:
    """Returns the sum of a tensor over all replicas; every replica must call it."""
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tensor)


def gather(data: Any, rows: tf.Tensor, start: Any, count: int) -> Any:
    """Returns the rows of the structure `data` whose numbers are `rows[start : start + count]`."""
    return batches.gather(data, tf.slice(rows, [start], [count]))


def _first_local_replica(strategy: tf.distribute.Strategy) -> int | None:
    """Returns the index of this worker's first replica, or None on a single machine."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return None
    resolver = strategy.cluster_resolver
    jobs = resolver.cluster_spec().as_dict()
    before = 0 if resolver.task_type == "chief" else len(jobs.get("chief", ()))
    return (before + resolver.task_id) * len(strategy.extended.worker_devices)
