"""Ports the embedding and the GRU; the inputs have other names than the placeholders.

TF1's `GRUCell` resets the state before its product, so `reset_after` is False. Its two kernels are
parts of Keras' two: `TF1GRUCell` keeps them as TF1 had them.
"""

import keras
from keras import layers, ops

import tf_recipes


class TF1GRUCell(layers.Layer):
    """Computes a step of `tf.nn.rnn_cell.GRUCell`, with the variables of TF1."""

    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.state_size = self.output_size = units
        self.reset_after = reset_after

    def build(self, input_shape):
        """Creates kernels and biases; the biases of the gates start at 1."""
        rows, units = input_shape[-1] + self.state_size, self.state_size
        self.gates_kernel = self.add_weight(shape=(rows, 2 * units), name="gates_kernel")
        self.gates_bias = self.add_weight(shape=(2 * units,), initializer="ones", name="gates_bias")
        self.candidate_kernel = self.add_weight(shape=(rows, units), name="candidate_kernel")
        self.candidate_bias = self.add_weight(
            shape=(units,), initializer="zeros", name="candidate_bias"
        )

    def call(self, inputs, states):
        """Returns the outputs and the new state, both (batch, units)."""
        (state,) = states
        gates = ops.matmul(ops.concatenate([inputs, state], axis=1), self.gates_kernel)
        reset, update = ops.split(ops.sigmoid(gates + self.gates_bias), 2, axis=1)
        if self.reset_after:
            n_inputs = inputs.shape[-1]
            product = ops.matmul(inputs, self.candidate_kernel[:n_inputs])
            product += reset * ops.matmul(state, self.candidate_kernel[n_inputs:])
        else:
            joined = ops.concatenate([inputs, reset * state], axis=1)
            product = ops.matmul(joined, self.candidate_kernel)
        candidate = ops.tanh(product + self.candidate_bias)
        state = update * state + (1 - update) * candidate
        return state, [state]


class LengthMask(layers.Layer):
    """Turns lengths (batch,) into a bool mask (batch, `steps`)."""

    def __init__(self, steps, **kwargs):
        super().__init__(**kwargs)
        self.steps = steps

    def call(self, lengths):
        """Returns which steps are before the end of their sequence."""
        return ops.arange(self.steps) < lengths[:, None]


def build(
    cell="keras", reset_after=False, optimizer=tf_recipes.Adam, learning_rate=0.02, from_logits=True
):
    """Returns the compiled model; `cell="tf1"` keeps TF1's variables, "keras" has Keras' GRU."""
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    sizes = keras.Input((), dtype="int32", name="sizes")
    vectors = layers.Embedding(
        13, 5, embeddings_initializer="glorot_uniform", name="encoder_embedding"
    )(tokens)
    if cell == "keras":
        reader = layers.GRU(8, reset_after=reset_after, name="encoder_gru")
    else:
        reader = layers.RNN(TF1GRUCell(8, reset_after=reset_after, name="cell"), name="encoder_gru")
    state = reader(vectors, mask=LengthMask(6)(sizes))
    logits = layers.Dense(1, name="output")(state)
    model = keras.Model([tokens, sizes], logits)
    model.compile(
        optimizer=optimizer(learning_rate),
        loss=keras.losses.BinaryCrossentropy(from_logits=from_logits),
    )
    return model
