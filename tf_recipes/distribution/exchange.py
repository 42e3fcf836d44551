"""Sends bytes and texts between workers, over the connections that carry the gradients."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

_MAX_TEXT_BYTES = 512


class Exchange:
    """Exchanges bytes and texts; all workers must make the same calls, in the same order.

    Args:
        strategy: a `tf.distribute.MultiWorkerMirroredStrategy`.
        index: int, the index of this worker.
        count: int, the number of workers.
    """

    def __init__(self, strategy: tf.distribute.Strategy, index: int, count: int) -> None:
        self._strategy, self._index, self._count = strategy, index, count

    def from_chief(self, content: bytes) -> bytes:
        """Returns the `content` that worker 0 passed; the `content` of other workers is ignored."""
        is_chief = self._index == 0
        length = int(self._sum(np.array([len(content) if is_chief else 0], np.int32))[0])
        if not length:  # TensorFlow's all-reduce fails on an empty array
            return b""
        padded = np.zeros(-(-length // 4) * 4, np.uint8)
        if is_chief:
            padded[:length] = np.frombuffer(content, np.uint8)
        return self._sum(padded.view(np.int32)).tobytes()[:length]

    def gather(self, text: str) -> list[str]:
        """Returns the texts of all workers in the workers' order, each cut to 512 bytes."""
        table = np.zeros((self._count, _MAX_TEXT_BYTES), np.uint8)
        content = np.frombuffer(text.encode()[:_MAX_TEXT_BYTES], np.uint8)
        table[self._index, : len(content)] = content
        rows = self._sum(table.view(np.int32)).view(np.uint8)
        return [row.tobytes().rstrip(b"\0").decode(errors="ignore") for row in rows]

    def _sum(self, array: NDArray[Any]) -> NDArray[Any]:
        """Returns the sum over workers; a worker with several replicas adds its array once."""
        local_count = len(self._strategy.extended.worker_devices)

        @tf.function(autograph=False)
        def add(tensor: tf.Tensor) -> Any:
            def replica(tensor: tf.Tensor) -> tf.Tensor:
                context = tf.distribute.get_replica_context()
                is_first = context.replica_id_in_sync_group % local_count == 0
                own = tf.where(is_first, tensor, tf.zeros_like(tensor))
                return context.all_reduce(tf.distribute.ReduceOp.SUM, own)

            return self._strategy.run(replica, args=(tensor,))

        summed = add(tf.constant(array))
        return self._strategy.experimental_local_results(summed)[0].numpy()
