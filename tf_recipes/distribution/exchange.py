"""Bytes and words between workers, over the connections that carry the gradients."""

import numpy as np
import tensorflow as tf

_LONGEST = 512  # bytes of a word


class Exchange:
    """All workers make the same calls, in the same order.

    Args:
        strategy: a `tf.distribute.MultiWorkerMirroredStrategy`.
        index: int, this worker's place among all.
        count: int, how many there are.
    """

    def __init__(self, strategy, index, count):
        self._strategy, self._index, self._count = strategy, index, count

    def from_chief(self, content):
        """The bytes that worker 0 calls this with."""
        mine = self._index == 0
        length = int(self._sum(np.array([len(content) if mine else 0], np.int32))[0])
        if not length:  # which TensorFlow's all-reduce does not survive
            return b""
        padded = np.zeros(-(-length // 4) * 4, np.uint8)
        if mine:
            padded[:length] = np.frombuffer(content, np.uint8)
        return self._sum(padded.view(np.int32)).tobytes()[:length]

    def gather(self, word):
        """The words that the workers call this with, in their order, each cut to 512 bytes."""
        table = np.zeros((self._count, _LONGEST), np.uint8)
        content = np.frombuffer(word.encode()[:_LONGEST], np.uint8)
        table[self._index, : len(content)] = content
        rows = self._sum(table.view(np.int32)).view(np.uint8)
        return [row.tobytes().rstrip(b"\0").decode(errors="ignore") for row in rows]

    def _sum(self, array):
        """The sum over workers; a worker with several replicas adds its array once."""
        local = len(self._strategy.extended.worker_devices)

        @tf.function(autograph=False)
        def add(tensor):
            def replica(tensor):
                context = tf.distribute.get_replica_context()
                first = context.replica_id_in_sync_group % local == 0
                own = tf.where(first, tensor, tf.zeros_like(tensor))
                return context.all_reduce(tf.distribute.ReduceOp.SUM, own)

            return self._strategy.run(replica, args=(tensor,))

        summed = add(tf.constant(array))
        return self._strategy.experimental_local_results(summed)[0].numpy()
