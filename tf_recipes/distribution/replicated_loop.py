"""Many steps of a global batch, each split between the replicas of a strategy."""

import tensorflow as tf

from tf_recipes._support import replicas
from tf_recipes.distribution.batch_shares import check_batch_size
from tf_recipes.fast_fit import batches

# Steps of one compiled call. All workers must make the same calls, so time cannot decide it, as it
# does on one machine; until a call ends, Ctrl-C is not heard.
STEPS_PER_CALL = 20


class DistributedLoop:
    """Runs a Keras model's steps on several replicas, with the numbers of one.

    TF1: `tf.train.SyncReplicasOptimizer`, which averaged gradients on parameter servers. Here every
    replica holds all weights and all data, computes the gradients of its own rows, and adds its to
    those of the others (all-reduce). For the same global batch any number of replicas gives the
    same trajectory, to rounding.

    A batch of another size, the last of an epoch, is computed as a whole by every replica.

    Args:
        model: a compiled, built `keras.Model`, made in `strategies.scope`.
        step: its `train_step` or `test_step`.
        strategy: a `tf.distribute.Strategy`.

    References:
        Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017.
    """

    def __init__(self, model, step, strategy):
        self._model, self._step, self._strategy = model, step, strategy
        self._count = strategy.num_replicas_in_sync
        self._first = _first_local_replica(strategy)
        self._local = self._count if self._first is None else len(strategy.extended.worker_devices)
        self._first = self._first or 0
        self._run = tf.function(self._steps, autograph=False)
        self._results = tf.function(self._summed_metrics, autograph=False)

    def __call__(self, holder, order, batch_size, start, stop):
        """Runs the steps `start` to `stop - 1` of an epoch; every worker makes the same calls.

        Args:
            holder: the data, see `fast_fit.arrays.holder`.
            order: int64 tensor, the rows in the epoch's order.
            batch_size: int, rows of one step over all replicas, a multiple of their number.
            start: int.
            stop: int, above `start`.

        Returns:
            `{metric: scalar tensor}` over all replicas, as of the last step.

        Raises:
            ValueError: for a batch size that cannot be shared out equally.
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

    def _call(self, holder, order, first, steps, batch_size, shared):
        data, rows, first = holder.chunk(order, first, first + steps * batch_size)
        self._run(data, rows, tf.constant(first), tf.constant(steps), batch_size, shared)

    def _steps(self, data, rows, first, steps, batch_size, shared):
        one = self._shared_step if shared else self._whole_step

        def body(step):
            start = first + step * batch_size
            one(data, rows, start, batch_size)
            return (step + 1,)

        tf.while_loop(lambda step: step < steps, body, (0,), parallel_iterations=1)

    def _summed_metrics(self):
        """The metrics over all replicas, whose sums are then shared out among them again.

        So a run that goes on from a checkpoint, which holds the sums, adds in the same order.
        """
        for variable in self._model.metrics_variables:
            variable.assign(tf.convert_to_tensor(variable.value))
        return self._model.get_metrics_result()

    def _shared_step(self, data, rows, start, batch_size):
        """Each replica computes its own part of the batch."""
        each = batch_size // self._count
        # only what this worker needs, and once for all its devices
        batch = gather(data, rows, start + self._first * each, self._local * each)

        def replica(batch):
            index = tf.distribute.get_replica_context().replica_id_in_sync_group
            place = tf.range(each) + (index - self._first) * each
            with replicas.sharing(replicas.Share(index, self._count, total)):
                self._step(gather(batch, place, 0, each))

        self._strategy.run(replica, args=(batch,))

    def _whole_step(self, data, rows, start, batch_size):
        """Every replica computes the whole batch; the metrics count that of the first."""

        def replica(batch):
            index = tf.distribute.get_replica_context().replica_id_in_sync_group
            before = [(v, tf.identity(v.value)) for v in self._model.metrics_variables]
            self._step(batch)
            for variable, old in before:
                variable.assign(tf.where(index == 0, variable.value, old))

        self._strategy.run(replica, args=(gather(data, rows, start, batch_size),))


def total(tensor):
    """The sum of a tensor over all replicas; called in each of them."""
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tensor)


def gather(data, rows, start, count):
    """The `count` rows of the structure `data` that `rows` names from its place `start` on."""
    return batches.gather(data, tf.slice(rows, [start], [count]))


def _first_local_replica(strategy):
    """The number of this worker's first replica, or None on a single machine."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return None
    resolver = strategy.cluster_resolver
    jobs = resolver.cluster_spec().as_dict()
    before = 0 if resolver.task_type == "chief" else len(jobs.get("chief", ()))
    return (before + resolver.task_id) * len(strategy.extended.worker_devices)
