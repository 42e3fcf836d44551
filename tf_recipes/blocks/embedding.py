"""Defines an embedding whose looked-up rows have a largest norm."""

from typing import Any

import keras
from keras import ops

from tf_recipes._support import tf1_names, validation
from tf_recipes.blocks import max_norm as norms


@keras.saving.register_keras_serializable(package="tf_recipes")
class Embedding(keras.layers.Embedding):
    """Looks up rows of a table, and scales those down whose L2 norm is above `max_norm`.

    TF1: `tf.nn.embedding_lookup(table, ids, max_norm=max_norm)`. `keras.layers.Embedding` has no
    such argument. Its `embeddings_constraint` is something else: it changes the table after each
    step of training. Here the table keeps its rows, and the outputs are clipped; the gradient flows
    through the clipping, so that a row above `max_norm` is only turned, and its length stays or
    grows.

    The norm is computed in float32 at least, and the outputs have the layer's compute dtype.

    Args:
        input_dim: int, rows of the table.
        output_dim: int, size of a row.
        max_norm: float > 0, the largest norm of an output; None for no limit.
        **kwargs: Keras' other arguments. The table starts from Keras' uniform distribution up to
            0.05. TF1's `get_variable` started from Glorot's: pass
            `embeddings_initializer="glorot_uniform"`.

    Shapes: inputs of any shape, whole numbers from 0 to `input_dim - 1`; the outputs have one more
    axis, of size `output_dim`.

    An id outside the table is refused as in TF1: by TensorFlow's kernels on a processor, which
    raise `tf.errors.InvalidArgumentError`. On a GPU these give a row of zeros, as TF1's did. JAX
    cannot raise while a step runs: there a negative id counts from the end, as in
    `keras.layers.Embedding`, and one above the last gives NaN.

    Raises:
        ValueError: for a `max_norm` that is not a positive number.

    >>> table = keras.ops.array([[3.0, 4.0], [0.3, 0.4]])
    >>> layer = Embedding(2, 2, max_norm=1.0, weights=[table])
    >>> layer(keras.ops.array([0, 1])).numpy().round(2).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.30000001192092896, 0.4000000059604645]]

    References:
        Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013,
        for the rule of the norm.
    """

    @tf1_names.refused(
        renamed={"vocab_size": "input_dim", "embed_dim": "output_dim"},
        gone={
            **dict.fromkeys(("ids", "params"), "Call the layer with the ids; it holds the table."),
            "initializer": "Pass embeddings_initializer.",
            "regularizer": "Pass embeddings_regularizer.",
            "unique": "Leave it out: it changed the speed alone.",
            "partition_strategy": "Leave it out: the table is one variable.",
            "validate_indices": "Leave it out: an id outside the table is always refused.",
            **tf1_names.VARIABLES,
        },
    )
    def __init__(
        self, input_dim: int, output_dim: int, max_norm: float | None = None, **kwargs: Any
    ) -> None:
        if max_norm is not None:
            validation.number("max_norm", max_norm, 0, open_low=True)
        super().__init__(input_dim, output_dim, **kwargs)
        self.max_norm = max_norm

    def call(self, inputs: Any) -> Any:
        if keras.backend.standardize_dtype(inputs.dtype) not in ("int32", "int64"):
            inputs = ops.cast(inputs, "int32")
        rows = _rows(ops.convert_to_tensor(self.embeddings), inputs)
        if self.max_norm is None:
            return ops.cast(rows, self.compute_dtype)
        rows = ops.cast(rows, keras.backend.result_type(rows.dtype, "float32"))
        return ops.cast(norms.clip_by_norm(rows, self.max_norm, axis=-1), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "max_norm": self.max_norm}


def _rows(table: Any, ids: Any) -> Any:
    """Returns rows of a table; on TensorFlow without Keras' reading of negative ids."""
    if keras.backend.backend() != "tensorflow":
        return ops.take(table, ids, axis=0)
    import tensorflow as tf

    return tf.gather(table, ids)
